package messenger

import (
	"regexp"
	"slices"
	"strings"
)

// span is a formatted part of a text. When the text is cut inside it, the first
// part needs close at its end and the rest needs open at its start.
type span struct {
	from, to    int // bytes; to is len(text) while it is still open
	inner       int // where the content begins
	open, close string
	ends        bool // its closing mark is in the text
}

// atom is a part of a text that must not be cut.
type atom struct{ from, to int }

// layout is what matters about a Markdown text when cutting it.
type layout struct {
	spans []span // sorted by start
	atoms []atom // sorted by start
}

// The marks of Markdown and of networks, longest first.
var marks = [...]string{"***", "**", "__", "~~", "||", "*", "_"} //nolint:gochecknoglobals // a table that nobody writes

var (
	// lead is what may precede a fence: quotes, lists, blanks.
	lead = regexp.MustCompile(`^(?:[ \t]*(?:>|[-*+]|\d{1,9}[.)])(?:[ \t]|$))*[ \t]*`) //nolint:gochecknoglobals // nobody writes it
	// whole matches atoms: links, images, URLs, and anything in angle brackets.
	whole = regexp.MustCompile(`^(?:!?\[[^\]\n]{0,500}\]\([^)\s]*(?: "[^"\n]{0,300}")?\)|https?://[^\s<>]+|<[^<>\s]{1,1000}>)`) //nolint:gochecknoglobals // nobody writes it
)

// scan returns the layout of a text. It parses code as CommonMark does (§4.5
// and §6.1), except that an unclosed run of three or more backticks starts a
// block anywhere, as on chat networks.
func scan(text string) layout {
	var l layout
	for at := 0; at < len(text); {
		line, next := lineAt(text, at)
		before := lead.FindString(line)
		if fence, ok := fenceAt(text, at, len(before)); ok {
			l.spans = append(l.spans, fence)
			at = fence.to
			continue
		}
		end := next
		for end < len(text) && !paragraphEnds(text, end) {
			_, end = lineAt(text, end)
		}
		at = l.inline(text, at, end)
	}
	return l
}

// lineAt returns the line that begins at an offset, without its end, and the
// offset of the next line.
func lineAt(text string, at int) (line string, next int) {
	if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
		return text[at : at+i], at + i + 1
	}
	return text[at:], len(text)
}

// paragraphEnds reports whether the line at an offset ends a paragraph: it is
// blank or opens a fence.
func paragraphEnds(text string, at int) bool {
	line, _ := lineAt(text, at)
	if strings.TrimSpace(line) == "" {
		return true
	}
	_, fence := opening(line, len(lead.FindString(line)))
	return fence
}

// opening returns the backticks that open a fence on a line, after its lead.
func opening(line string, leadLen int) (ticks string, ok bool) {
	rest := line[leadLen:]
	n := len(rest) - len(strings.TrimLeft(rest, "`"))
	if n < 3 || strings.Contains(rest[n:], "`") {
		return "", false
	}
	return rest[:n], true
}

// fenceAt returns the code block that begins with the line at an offset.
func fenceAt(text string, at, leadLen int) (span, bool) {
	line, next := lineAt(text, at)
	ticks, ok := opening(line, leadLen)
	if !ok {
		return span{}, false
	}
	within := container(line[:leadLen])
	s := span{from: at, to: len(text), inner: next, open: within + clipFence(line[leadLen:], ticks) + "\n", close: "\n" + within + ticks}
	for i := next; i < len(text); {
		line, end := lineAt(text, i)
		if closes(line[len(lead.FindString(line)):], ticks) {
			s.to, s.ends = end, true
			break
		}
		i = end
	}
	return s, true
}

// closes reports whether a line, without its lead, closes a fence. Words may
// follow after a blank: models write that, and networks accept it.
func closes(line, ticks string) bool {
	rest := strings.TrimLeft(line, "`")
	return len(line)-len(rest) >= len(ticks) && !strings.Contains(rest, "`") && (strings.TrimSpace(rest) == "" || rest[0] == ' ')
}

// container returns the lead of the lines inside: quotes stay, list marks
// become blanks.
func container(lead string) string {
	return strings.Map(func(r rune) rune {
		if r == '>' || r == '\t' {
			return r
		}
		return ' '
	}, lead)
}

// clipFence keeps a long info string from filling each message that repeats it.
func clipFence(line, ticks string) string {
	const most = 40
	if len(line) <= most {
		return strings.TrimRight(line, " \t\r")
	}
	return ticks
}

// inline parses a paragraph and returns where to continue: after it, or after a
// code block that begins in the middle of a line.
func (l *layout) inline(text string, at, end int) int {
	var open []span
	for at < end {
		switch c := text[at]; {
		case c == '\\':
			at += 2
		case c == '`':
			next, code := l.code(text, at, end)
			if code {
				l.keep(open, len(text))
				return next
			}
			at = next
		case c == '[' || c == '!' || c == '<' || c == 'h':
			n := len(whole.FindString(text[at:end]))
			if n > 0 {
				l.atoms = append(l.atoms, atom{at, at + n})
			}
			at += max(n, 1)
		case strings.IndexByte("*_~|", c) >= 0:
			at, open = l.mark(text, at, end, open)
		default:
			at++
		}
	}
	l.keep(open, end)
	return min(at, len(text))
}

// code reads a run of backticks: a span of code, a block that begins in the
// middle of a line (then reading goes on behind it), or nothing.
func (l *layout) code(text string, at, end int) (next int, block bool) {
	n := len(text[at:end]) - len(strings.TrimLeft(text[at:end], "`"))
	ticks := text[at : at+n]
	if closing := run(text[at+n:end], ticks); closing >= 0 {
		to := at + n + closing + n
		l.spans = append(l.spans, span{from: at, to: to, inner: at + n, open: ticks, close: ticks, ends: true})
		if to-at <= shortCode {
			l.atoms = append(l.atoms, atom{at, to})
		}
		return to, false
	}
	if n < 3 {
		return at + n, false
	}
	s := span{from: at, to: len(text), inner: at + n, open: ticks + "\n", close: "\n" + ticks}
	if line, _ := lineAt(text, at+n); aWord.MatchString(line) && strings.IndexByte(text[at:], '\n') >= 0 {
		s.inner, s.open = at+n+len(line)+1, ticks+line+"\n"
	}
	if closing := run(text[at+n:], ticks); closing >= 0 {
		s.to, s.ends = at+n+closing+n, true
	}
	l.spans = append(l.spans, s)
	return s.to, true
}

// shortCode is the maximum length of an inline code span that is kept in one
// piece.
const shortCode = 200

var aWord = regexp.MustCompile(`^[\w+#.-]{0,20}[ \t\r]*$`) //nolint:gochecknoglobals // nobody writes it

// run finds a run of exactly these backticks.
func run(text, ticks string) int {
	for at := 0; ; {
		i := strings.Index(text[at:], ticks)
		if i < 0 {
			return -1
		}
		i += at
		n := len(text[i:]) - len(strings.TrimLeft(text[i:], "`"))
		if n == len(ticks) {
			return i
		}
		at = i + n
	}
}

// mark reads a mark such as ** : the end of what it opened, or a beginning.
func (l *layout) mark(text string, at, end int, open []span) (int, []span) {
	i := slices.IndexFunc(marks[:], func(m string) bool { return strings.HasPrefix(text[at:end], m) })
	if i < 0 {
		return at + 1, open
	}
	m := marks[i]
	after, before := at+len(m), blankAt(text, at-1)
	if !before {
		for n, s := range slices.Backward(open) {
			if s.open == m && s.inner < at {
				s.to, s.ends = after, true
				l.spans = append(l.spans, s)
				return after, slices.Delete(open, n, n+1)
			}
		}
	}
	opens := !blankAt(text, after) && (before || strings.IndexByte("([{\"'*_~|>", text[max(at-1, 0)]) >= 0 || m[0] == '*' && len(m) > 1 || m[0] == '|' || m[0] == '~')
	if opens {
		open = append(open, span{from: at, to: len(text), inner: after, open: m, close: m})
	}
	return after, open
}

// blankAt reports whether there is nothing, or a blank, at a place.
func blankAt(text string, at int) bool {
	return at < 0 || at >= len(text) || strings.IndexByte(" \t\r\n", text[at]) >= 0
}

// keep takes the marks that nothing closed. Only those of a text that is still
// growing may yet be closed.
func (l *layout) keep(open []span, end int) {
	for _, s := range open {
		s.to = end
		l.spans = append(l.spans, s)
	}
}

// around are the spans that a place is in, outermost first.
func (l layout) around(at int) []span {
	var all []span
	for _, s := range l.spans {
		if s.from < at && at < s.to && (s.ends || s.close[0] == '\n') && !(at == s.to-len(s.close) && s.close[0] != '\n') {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b span) int { return a.from - b.from })
	return all
}

// WithoutCode returns a text with blanks in place of its code, in which networks
// read no mentions.
func WithoutCode(text string) string {
	if !strings.Contains(text, "`") {
		return text
	}
	b := []byte(text)
	for _, s := range scan(text).spans {
		if strings.HasSuffix(s.close, "`") {
			for i := s.from; i < s.to; i++ {
				b[i] = ' '
			}
		}
	}
	return string(b)
}
