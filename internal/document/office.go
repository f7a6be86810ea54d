package document

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/thedatashed/xlsxreader"
)

// office tells the formats of Office Open XML apart by the part that each has.
func office(data []byte) Kind {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return Other
	}
	for _, f := range z.File {
		switch f.Name {
		case "word/document.xml":
			return Word
		case "xl/workbook.xml":
			return Sheet
		case "ppt/presentation.xml":
			return Slides
		}
	}
	return Other
}

// word reads the text of a word processor's file: paragraphs as lines, cells
// apart by tabs.
func word(data []byte, out *bounded) error {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	return part(z, "word/document.xml", out)
}

// slides reads the text of a presentation, slide by slide.
func slides(data []byte, out *bounded) error {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	var names []string
	for _, f := range z.File {
		if ok, _ := path.Match("ppt/slides/slide*.xml", f.Name); ok {
			names = append(names, f.Name)
		}
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(name, "ppt/slides/slide"), ".xml"))
		return n
	}
	slices.SortFunc(names, func(a, b string) int { return number(a) - number(b) })
	for i, name := range names {
		fmt.Fprintf(out, "\n--- slide %d ---\n", i+1)
		if err := part(z, name, out); err != nil {
			return err
		}
	}
	return nil
}

// part reads the text of one part. The two formats name their elements alike:
// t is text, p a paragraph, tab and br what they are, tc a cell, tr a row.
func part(z *zip.Reader, name string, out *bounded) error {
	f, err := z.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	in := xml.NewDecoder(f)
	text, cell := false, 0
	for !out.full() {
		t, err := in.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "t":
				text = true
			case "tab":
				out.write("\t")
			case "br", "cr":
				out.write("\n")
			case "tc":
				cell++
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "t":
				text = false
			case "p":
				out.write(map[bool]string{true: " ", false: "\n"}[cell > 0])
			case "tc":
				cell--
				out.write("\t")
			case "tr":
				out.write("\n")
			}
		case xml.CharData:
			if text {
				out.write(string(t))
			}
		}
	}
	return nil
}

// sheets reads the cells of a spreadsheet, sheet by sheet, as lines apart by
// tabs. Of a formula it has the value that was last calculated.
func sheets(data []byte, out *bounded) error {
	x, err := xlsxreader.NewReader(data)
	if err != nil {
		return err
	}
	for _, name := range x.Sheets {
		fmt.Fprintf(out, "\n--- sheet %s ---\n", name)
		for row := range x.ReadRows(name) {
			if row.Error != nil {
				return row.Error
			}
			at := 0
			var line strings.Builder
			for _, c := range row.Cells {
				for ; at < min(c.ColumnIndex(), mostColumns); at++ {
					line.WriteByte('\t')
				}
				line.WriteString(strings.ReplaceAll(c.Value, "\n", " "))
			}
			out.write(line.String() + "\n")
			if out.full() {
				return nil // the process exits, and any reader with it
			}
		}
	}
	return nil
}

// mostColumns bounds what a single cell far to the right can cost.
const mostColumns = 200
