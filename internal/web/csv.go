package web

import (
	"io"
	"regexp"
	"strings"
)

// csvWriter writes CSV for spreadsheets. Every cell is quoted, and no cell is
// interpreted as a formula (OWASP, CSV Injection).
type csvWriter struct {
	to  io.Writer
	err error
}

// row writes one row.
func (w *csvWriter) row(cells ...string) {
	if w.err != nil {
		return
	}
	var b strings.Builder
	for i, c := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.WriteString(strings.ReplaceAll(harmless(c), `"`, `""`))
		b.WriteByte('"')
	}
	b.WriteString("\r\n") // RFC 4180
	_, w.err = io.WriteString(w.to, b.String())
}

// aFormula matches where a formula may begin: at the start of a cell, or after
// a character that some spreadsheet treats as the end of one.
var aFormula = regexp.MustCompile("(^|[;,|\"'\t\r\n])([  ]*)([=+\\-@\t\r＝＋－＠])") //nolint:gochecknoglobals // nobody writes it

// harmless keeps spreadsheets from interpreting a cell, or part of it, as a
// formula, by inserting an apostrophe before it.
func harmless(cell string) string {
	return aFormula.ReplaceAllString(cell, "$1$2'$3")
}
