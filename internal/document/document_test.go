package document_test

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"openmates/internal/document"
)

// serve makes the test's own program the process that reads.
const serve = "read-document"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == serve {
		if env := os.Environ(); len(env) > 0 { // a file is read where no secret of ours is
			os.Exit(9)
		}
		os.Exit(document.Serve(os.Args[2:], os.Stdin, os.Stdout))
	}
	goleak.VerifyTestMain(m)
}

func reader() document.Reader {
	return document.Reader{Program: os.Args[0], Args: []string{serve}}
}

// packed is a zip file of these parts.
func packed(t *testing.T, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(parts[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func docx(t *testing.T, body string) []byte {
	return packed(t, "[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"word/document.xml", `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`+body+`</w:body></w:document>`)
}

func xlsx(t *testing.T) []byte {
	const main = `http://schemas.openxmlformats.org/spreadsheetml/2006/main`
	return packed(t,
		"xl/workbook.xml", `<workbook xmlns="`+main+`" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Costs" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/styles.xml", `<styleSheet xmlns="`+main+`"><numFmts count="0"/><cellXfs count="1"><xf numFmtId="0"/></cellXfs></styleSheet>`,
		"xl/sharedStrings.xml", `<sst xmlns="`+main+`" count="2" uniqueCount="2"><si><t>Rent</t></si><si><t>Grüße</t></si></sst>`,
		"xl/worksheets/sheet1.xml", `<worksheet xmlns="`+main+`"><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1"><f>6*7</f><v>42</v></c></row><row r="2"><c r="A2" t="s"><v>1</v></c></row></sheetData></worksheet>`)
}

// pdfOf is a PDF of one page with this content stream, compressed.
func pdfOf(t *testing.T, content []byte) []byte {
	t.Helper()
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	_, _ = w.Write(content)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	var at []int
	for i, o := range []string{
		"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
		fmt.Sprintf("<</Length %d/Filter/FlateDecode>>\nstream\n%s\nendstream", z.Len(), z.String()),
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
	} {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, xref)
	return b.Bytes()
}

func TestTextIsReadFromWhatFilesHold(t *testing.T) {
	t.Parallel()
	slide := func(s string) string {
		return `<p:sld xmlns:p="p" xmlns:a="a"><a:p><a:r><a:t>` + s + `</a:t></a:r></a:p></p:sld>`
	}
	for name, c := range map[string]struct {
		data []byte
		kind document.Kind
		want string
	}{
		"text":               {[]byte("Grüße\n"), document.Text, "Grüße\n"},
		"text with its mark": {[]byte("\xEF\xBB\xBFa,b\n1,2\n"), document.Text, "a,b\n1,2\n"},
		"UTF-16":             {[]byte("\xFF\xFEG\x00r\x00\xFC\x00\xDF\x00e\x00=\xD8\x00\xDE"), document.Text, "Grüße😀"},
		"UTF-16, big end":    {[]byte("\xFE\xFF\x00G\x00r"), document.Text, "Gr"},
		"Windows-1252":       {[]byte("\x93Gr\xFC\xDFe\x94"), document.Text, "“Grüße”"},
		"a lost character":   {[]byte("a\uFFFDb"), document.Text, "a\uFFFDb"},
		"Latin-1":            {[]byte("Gr\xFC\xDFe"), document.Text, "Grüße"},
		"a log with colours": {[]byte("\x1b[31mred\x1b[0m\n"), document.Text, "\x1b[31mred\x1b[0m\n"},
		"JSON":               {[]byte(`{"a":[1]}`), document.Text, `{"a":[1]}`},
		"HTML":               {[]byte("<html><body>hi</body></html>"), document.Text, "<html><body>hi</body></html>"},
		"Word": {docx(t, `<w:p><w:r><w:t>Hello </w:t></w:r><w:r><w:t>there</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl><w:p><w:r><w:t>1</w:t><w:br/><w:t>2</w:t></w:r></w:p>`),
			document.Word, "Hello there\na \tb \t\n1\n2\n"},
		"a spreadsheet":  {xlsx(t), document.Sheet, "\n--- sheet Costs ---\nRent\t\t42\nGrüße\n"},
		"a presentation": {packed(t, "ppt/presentation.xml", "<p/>", "ppt/slides/slide10.xml", slide("ten"), "ppt/slides/slide2.xml", slide("two")), document.Slides, "\n--- slide 1 ---\ntwo\n\n--- slide 2 ---\nten\n"},
		"PDF":            {pdfOf(t, []byte("BT /F1 12 Tf 10 100 Td (Hello PDF) Tj ET")), document.PDF, "Hello PDF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if k := document.KindOf(c.data); k != c.kind {
				t.Errorf("it is %q", k)
			}
			text, cut, err := reader().Read(t.Context(), c.data, 1000)
			if err != nil || cut || strings.TrimSpace(text) != strings.TrimSpace(c.want) {
				t.Errorf("got %q, cut %t, %v; want %q", text, cut, err, c.want)
			}
		})
	}
}

func TestLongFilesAreCut(t *testing.T) {
	t.Parallel()
	line := "a line of a long file, ü\n"
	for name, data := range map[string][]byte{
		"text": []byte(strings.Repeat(line, 1000)),
		"Word": docx(t, strings.Repeat(`<w:p><w:r><w:t>a line of a long file, ü</w:t></w:r></w:p>`, 1000)),
	} {
		text, cut, err := reader().Read(t.Context(), data, 1001)
		if err != nil || !cut || len(text) > 1001 || len(text) < 900 || !utf8.ValidString(text) || !strings.HasSuffix(text, "\n") {
			t.Errorf("%s: %d bytes, cut %t, %v", name, len(text), cut, err)
		}
	}
}

func TestWhatHasNoTextIsRefused(t *testing.T) {
	t.Parallel()
	for name, data := range map[string][]byte{
		"a program": []byte("\x7fELF\x02\x01\x01\x00\x00\x00"), "zeros": make([]byte, 100), "a zip file": packed(t, "a.txt", "hello"),
		"a voice message": []byte("OggS\x00\x02\x00\x00"), "a picture": picture(t, 3, 3, false),
	} {
		if text, _, err := reader().Read(t.Context(), data, 1000); !errors.Is(err, document.ErrKind) || text != "" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

// A file that is damaged, or unpacks to gigabytes, ends its own process.
func TestABadFileHarmsNobody(t *testing.T) {
	t.Parallel()
	bomb := docx(t, "<w:p><w:r><w:t>"+strings.Repeat("x", 100<<20)+"</w:t></w:r></w:p>")
	for name, data := range map[string][]byte{
		"half a PDF":     pdfOf(t, []byte("BT (x) Tj ET"))[:300],
		"an empty PDF":   []byte("%PDF-1.4\n"),
		"a broken docx":  docx(t, "<w:p><w:t"),
		"a bomb in docx": bomb,
		"a bomb in PDF":  pdfOf(t, []byte("BT /F1 12 Tf ("+strings.Repeat("x", 100<<20)+") Tj ET")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if len(data) > document.MostBytes {
				t.Fatalf("the file itself is %d bytes", len(data))
			}
			r := reader()
			r.Memory = 60 << 20
			text, _, err := r.Read(t.Context(), data, 1000)
			if !errors.Is(err, document.ErrBroken) && (err != nil || len(text) > 1000) {
				t.Errorf("%d bytes, %v", len(text), err)
			}
		})
	}
}

func TestReadingEndsWithItsContextAndItsTime(t *testing.T) {
	t.Parallel()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := reader().Read(gone, docx(t, ""), 10); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	r := reader()
	r.Patience = time.Nanosecond
	if _, _, err := r.Read(t.Context(), docx(t, ""), 10); !errors.Is(err, document.ErrBroken) {
		t.Errorf("no time: %v", err)
	}
}

func picture(t *testing.T, w, h int, holes bool) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			img.Set(x, y, color.RGBA{uint8(x), uint8(y), uint8(x * y), 255})
		}
	}
	if holes {
		img.Set(0, 0, color.RGBA{})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPicturesFitModels(t *testing.T) {
	t.Parallel()
	size := func(s document.Shown) image.Point {
		cfg, _, err := image.DecodeConfig(bytes.NewReader(s.Data))
		if err != nil {
			t.Fatal(err)
		}
		return image.Pt(cfg.Width, cfg.Height)
	}
	small := picture(t, 40, 30, false)
	if s, err := document.Show(small); err != nil || s.Type != "image/png" || !bytes.Equal(s.Data, small) {
		t.Errorf("a small one: %s, %v", s.Type, err)
	}
	if s, err := document.Show(picture(t, 3000, 1000, false)); err != nil || s.Type != "image/jpeg" || size(s) != image.Pt(1568, 522) {
		t.Errorf("a large one: %s of %v, %v", s.Type, size(s), err)
	}
	if s, err := document.Show(picture(t, 1000, 2000, true)); err != nil || s.Type != "image/png" || size(s) != image.Pt(784, 1568) {
		t.Errorf("one with holes: %s of %v, %v", s.Type, size(s), err)
	}
	var anim bytes.Buffer
	frame := image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.Black, color.White})
	if err := gif.EncodeAll(&anim, &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	if s, err := document.Show(anim.Bytes()); err != nil || s.Type != "image/gif" {
		t.Errorf("a GIF: %s, %v", s.Type, err)
	}
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, frame, nil); err != nil {
		t.Fatal(err)
	}
	if document.KindOf(photo.Bytes()) != document.Picture {
		t.Error("a photo is no picture")
	}
	huge := bytes.Clone(small)
	copy(huge[16:], "\x00\x01\x86\xa0\x00\x01\x86\xa0") // 100,000 by 100,000, says its header
	for name, data := range map[string][]byte{"huge": huge, "half": small[:len(small)/2], "none": []byte("GIF89a")} {
		if s, err := document.Show(data); err != nil && !errors.Is(err, document.ErrBroken) || err == nil && name != "half" {
			t.Errorf("%s: %s, %v", name, s.Type, err)
		}
	}
}

func FuzzKindOf(f *testing.F) {
	f.Add([]byte("hello"), 3)
	f.Add([]byte("\xFF\xFEa\x00"), 1)
	f.Add([]byte("PK\x03\x04"), 9)
	f.Fuzz(func(t *testing.T, data []byte, most int) {
		most = max(most, 0)
		if document.KindOf(data) != document.Text {
			return
		}
		text, _, err := reader().Read(t.Context(), data, most)
		if err != nil || !utf8.ValidString(text) || len(text) > most {
			t.Errorf("%q became %q, %v", data, text, err)
		}
	})
}
