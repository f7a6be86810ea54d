package web

import (
	"io"
	"regexp"
	"strings"
)

// csvWriter writes tables for spreadsheets. Every cell is in quotes, and none
// can be taken for a formula (OWASP, CSV Injection).
type csvWriter struct {
	to  io.Writer
	err error
}

// row writes one line.
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

// aFormula is where one can begin: at the start of a cell, and behind all that
// some spreadsheet takes for the end of one.
var aFormula = regexp.MustCompile("(^|[;,|\"'\t\r\n])([  ]*)([=+\\-@\t\r＝＋－＠])") //nolint:gochecknoglobals // nobody writes it

// harmless keeps a spreadsheet from taking a cell, or a part of it, for a
// formula: what begins like one is preceded by an apostrophe.
func harmless(cell string) string {
	return aFormula.ReplaceAllString(cell, "$1$2'$3")
}
