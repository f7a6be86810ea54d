package web

import (
	"encoding/csv"
	"strings"
	"testing"
)

// Whatever is in a cell, a table reads back as what was written, and however a
// program splits it, no part of it begins a formula.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"=1", "a;=1", "\"=1", "a\",\"=1", ";\"\"=", "a\r\n@b", "'=", ";;=", "\xff=", "\u00a0=1"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		var w strings.Builder
		table := csvWriter{to: &w}
		if table.row(a, b); table.err != nil {
			t.Fatal(table.err)
		}
		rows, err := csv.NewReader(strings.NewReader(w.String())).ReadAll()
		tidy := func(s string) string { return strings.ReplaceAll(harmless(s), "\r\n", "\n") }
		if err != nil || len(rows) != 1 || len(rows[0]) != 2 || rows[0][0] != tidy(a) || rows[0][1] != tidy(b) {
			t.Errorf("%q, %q reads back as %q, %v", a, b, rows, err)
		}
		for _, part := range strings.FieldsFunc(w.String(), func(c rune) bool { return strings.ContainsRune(";\t\r\n", c) }) {
			if part = strings.TrimLeft(part, "\""); part != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(part)[0]) {
				t.Errorf("%q has a part %q", w.String(), part)
			}
		}
	})
}
