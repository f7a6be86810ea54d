package messenger

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rivo/uniseg"
)

// Markdown is what of it a network shows. Everything else is rewritten for it.
type Markdown struct {
	Tables     bool // GitHub's tables
	LongFences bool // a fence of four backticks holds one of three
}

// Adapt rewrites a Markdown text into what the network shows: a table becomes an
// aligned block of code, or a list where it is too wide for that, and a long
// fence becomes a short one, in which the backticks of the fences within it are
// replaced by a letter that looks like them.
func Adapt(text string, m Markdown) string {
	if !m.Tables {
		text = adaptTables(text)
	}
	if !m.LongFences {
		text = shortFences(text)
	}
	return text
}

const (
	fence = "```" // the shortest
	// likeTick looks like a backtick and marks nothing: a modifier letter.
	likeTick = "\u02cb"
)

var ticksInCode = regexp.MustCompile("`{3,}") //nolint:gochecknoglobals // nobody writes it

// shortFences makes every fence one of three backticks, with no three of them
// within any code.
func shortFences(text string) string {
	if !strings.Contains(text, fence) {
		return text
	}
	var out strings.Builder
	done := 0
	for _, s := range scan(text).spans {
		ticks := strings.TrimLeft(s.close, "\n >\t")
		if s.from < done || ticks == "" || ticks[0] != '`' {
			continue
		}
		out.WriteString(text[done:s.from])
		open, body, closing := text[s.from:s.inner], text[s.inner:s.to], ""
		if i := strings.LastIndex(body, ticks); s.ends && i >= 0 {
			closing = ticks + strings.TrimLeft(body[i:], "`")
			body = strings.TrimRight(body[:i], "`")
		}
		if s.close[0] == '\n' {
			open, closing = strings.Replace(open, ticks, fence, 1), strings.Replace(closing, ticks, fence, 1)
		}
		body = ticksInCode.ReplaceAllStringFunc(body, func(run string) string { return strings.Repeat(likeTick, len(run)) })
		out.WriteString(open + body + closing)
		done = s.to
	}
	return out.String() + text[done:]
}

// widest is how many columns a table may have to be shown as it is: more are
// wrapped on a phone.
const widest = 60

var ruler = regexp.MustCompile(`^[ \t]*\|?[ \t]*:?-+:?[ \t]*(\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$`) //nolint:gochecknoglobals // nobody writes it

// adaptTables rewrites the tables of a text that are not within code.
func adaptTables(text string) string {
	if !strings.Contains(text, "|") {
		return text
	}
	blocks := scan(text).spans
	var out strings.Builder
	for at := 0; at < len(text); {
		end, rows := tableAt(text, at)
		if rows == nil || slices.ContainsFunc(blocks, func(s span) bool { return s.from <= at && at < s.to && s.close[0] == '\n' }) {
			_, next := lineAt(text, at)
			out.WriteString(text[at:next])
			at = next
			continue
		}
		out.WriteString(drawn(rows))
		if end < len(text) {
			out.WriteByte('\n')
		}
		at = end
	}
	return out.String()
}

// tableAt reads the table that begins with the line at a place: its cells, row
// by row, nil if there is none, and where it ends.
func tableAt(text string, at int) (end int, rows [][]string) {
	head, next := lineAt(text, at)
	if !strings.Contains(head, "|") || next >= len(text) {
		return at, nil
	}
	rule, after := lineAt(text, next)
	if !strings.Contains(rule, "|") || !ruler.MatchString(rule) || len(cells(rule)) != len(cells(head)) {
		return at, nil
	}
	rows = [][]string{cells(head)}
	for at = after; at < len(text); {
		line, next := lineAt(text, at)
		if strings.TrimSpace(line) == "" || !strings.Contains(line, "|") {
			break
		}
		row := cells(line)
		for len(row) < len(rows[0]) {
			row = append(row, "")
		}
		rows = append(rows, row[:len(rows[0])])
		at = next
	}
	return at, rows
}

// cells are those of a row; a "|" that is escaped, or in code, parts none.
func cells(row string) []string {
	row = strings.TrimSpace(row)
	row = strings.TrimPrefix(row, "|")
	var all []string
	var cell strings.Builder
	code := false
	for i := 0; i < len(row); i++ {
		switch {
		case row[i] == '\\' && i+1 < len(row) && row[i+1] == '|':
			i++
			cell.WriteByte('|')
		case row[i] == '|' && !code:
			all = append(all, strings.TrimSpace(cell.String()))
			cell.Reset()
		default:
			code = code != (row[i] == '`')
			cell.WriteByte(row[i])
		}
	}
	if last := strings.TrimSpace(cell.String()); last != "" || len(all) == 0 {
		all = append(all, last)
	}
	return all
}

// drawn is a table as a block of code, or as a list where it is too wide.
func drawn(rows [][]string) string {
	width := make([]int, len(rows[0]))
	total := 2 * (len(width) - 1)
	for c := range width {
		for _, row := range rows {
			width[c] = max(width[c], uniseg.StringWidth(bare(row[c])))
		}
		total += width[c]
	}
	if total > widest {
		return listed(rows)
	}
	var out strings.Builder
	out.WriteString(fence + "\n")
	for n, row := range rows {
		var line strings.Builder
		for c, cell := range row {
			cell = bare(cell)
			line.WriteString(cell + strings.Repeat(" ", width[c]-uniseg.StringWidth(cell)+2))
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
		if n == 0 {
			var rule strings.Builder
			for _, w := range width {
				rule.WriteString(strings.Repeat("─", max(w, 1)) + "  ")
			}
			out.WriteString(strings.TrimRight(rule.String(), " ") + "\n")
		}
	}
	return out.String() + fence
}

// listed is a table as a list: each row under its first cell.
func listed(rows [][]string) string {
	var out []string
	for _, row := range rows[1:] {
		out = append(out, "- **"+strings.Trim(row[0], "*_")+"**")
		for c := 1; c < len(row); c++ {
			if row[c] != "" {
				out = append(out, "  - "+rows[0][c]+": "+row[c])
			}
		}
	}
	if out == nil {
		return strings.Join(rows[0], " · ")
	}
	return strings.Join(out, "\n")
}

// bare is a cell without marks that code would show.
func bare(cell string) string {
	for _, m := range [...]string{"**", "__", "~~", "`"} {
		cell = strings.ReplaceAll(cell, m, "")
	}
	return cell
}
