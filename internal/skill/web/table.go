package web

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// table writes rows of cells. A nested table, or one with a single column, is
// for layout: its cells are written one after the other.
func (w *writer) table(n *html.Node, depth int) {
	rows := rowsOf(n)
	columns := 0
	for _, r := range rows {
		columns = max(columns, len(r))
	}
	nested := false
	for m := range n.Descendants() {
		nested = nested || m.DataAtom == atom.Table
	}
	if w.plain || nested || columns < 2 || columns > 40 {
		w.layout(n, rows, depth)
		return
	}
	w.block()
	for i, r := range rows {
		if *w.left -= 3 * columns; *w.left < 0 {
			break
		}
		cells := make([]string, columns)
		for j, c := range r {
			cells[j] = strings.ReplaceAll(w.inline(w.inner(true), c, depth), "|", `\|`)
		}
		w.b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
		if i == 0 {
			w.b.WriteString("|" + strings.Repeat(" --- |", columns) + "\n")
		}
	}
	w.block()
}

func (w *writer) layout(n *html.Node, rows [][]*html.Node, depth int) {
	for m := n.FirstChild; m != nil; m = m.NextSibling {
		if m.DataAtom == atom.Caption {
			w.block()
			w.children(m, depth)
		}
	}
	for _, r := range rows {
		for _, c := range r {
			w.block()
			w.children(c, depth+1)
		}
	}
	w.block()
}

// rowsOf returns the cells of a table, without those of nested tables.
func rowsOf(table *html.Node) [][]*html.Node {
	var rows [][]*html.Node
	sections := []*html.Node{table}
	for c := table.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom == atom.Thead || c.DataAtom == atom.Tbody || c.DataAtom == atom.Tfoot {
			sections = append(sections, c)
		}
	}
	for _, s := range sections {
		for r := s.FirstChild; r != nil; r = r.NextSibling {
			if r.DataAtom != atom.Tr || dropped(r) {
				continue
			}
			var cells []*html.Node
			for c := r.FirstChild; c != nil; c = c.NextSibling {
				if (c.DataAtom == atom.Td || c.DataAtom == atom.Th) && !dropped(c) {
					cells = append(cells, c)
				}
			}
			if len(cells) > 0 {
				rows = append(rows, cells)
			}
		}
	}
	return rows
}

// tidy trims lines and leaves one empty line between blocks. It doesn't change
// fenced code.
func tidy(s string) string {
	var out []string
	fence := ""
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, "\r\n")
		bare := strings.TrimLeft(line, "> ")
		switch {
		case fence != "":
			if strings.TrimRight(bare, " ") == fence {
				fence = ""
			}
		case strings.HasPrefix(bare, "```"):
			fence = bare[:len(bare)-len(strings.TrimLeft(bare, "`"))]
		default:
			line = strings.TrimRight(line, " \t")
			if line == "" && (len(out) == 0 || out[len(out)-1] == "") {
				continue
			}
		}
		out = append(out, line)
	}
	return strings.TrimRight(strings.Join(out, "\n"), " \n")
}
