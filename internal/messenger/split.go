package messenger

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Cut splits off the first message of a Markdown text that is longer than limit
// (in the units of measure): part fits the limit, rest is what remains, "" if
// the whole text fits.
//
// It prefers to cut between paragraphs, then lines, then words. Links,
// addresses and short code stay in one piece if they fit into a message, and
// what a reader sees as one character always does: a flag or a family emoji
// (Unicode UAX #29, grapheme clusters). Code blocks, bold text and the like that
// are cut are closed in part and opened again in rest; blanks at the cut are
// dropped, and nothing else changes.
func Cut(text string, limit int, measure func(string) int) (part, rest string) {
	if measure(text) <= limit {
		return text, ""
	}
	room := fit(text, limit, measure)
	// Text far after the cut doesn't affect it.
	seen := text[:min(len(text), fit(text, 3*limit, measure)+1)]
	l := scan(strings.ToValidUTF8(seen, ""))
	for {
		at := l.cutBefore(text, room)
		part, rest = l.cutAt(text, at)
		over := measure(part) - limit
		switch {
		case over <= 0 && len(rest) < len(text):
			return part, rest
		case over > 0 && room > 1 && fit(text, measure(text[:at])-over, measure) < at:
			room = fit(text, measure(text[:at])-over, measure)
		default: // marks that fill a message by themselves
			return text[:room], text[room:]
		}
	}
}

// cutAt cuts at a place, with the marks that this needs.
func (l layout) cutAt(text string, at int) (part, rest string) {
	var open, closing strings.Builder
	spans := l.around(at)
	for i := range spans {
		open.WriteString(spans[i].open)
		closing.WriteString(spans[len(spans)-1-i].close)
	}
	trimmed := strings.TrimRightFunc(text[:at], unicode.IsSpace)
	if trimmed == "" {
		trimmed = text[:at]
	}
	return trimmed + closing.String(), open.String() + strings.TrimLeft(text[at:], "\n")
}

// cutBefore finds the best place to cut at or before room: not within an atom,
// not right behind what opens a span, and not in the first half, where a cut
// would waste too much, unless there is no other.
func (l layout) cutBefore(text string, room int) int {
	for _, sep := range []string{"\n\n", "\n", " "} {
		for head := text[:room]; ; {
			i := strings.LastIndex(head, sep)
			if i <= room/2 {
				break
			}
			if at := i + len(sep); !marked(text[at:]) && l.whole(at) == at {
				return at
			}
			head = text[:i]
		}
	}
	if at := l.whole(room); at > 0 {
		return at
	}
	return room
}

// whole is the last place at or before at where nothing is cut that should stay
// whole.
func (l layout) whole(at int) int {
	for {
		was := at
		for _, a := range l.atoms {
			if a.from < at && at < a.to {
				at = a.from
			}
		}
		for _, s := range l.spans {
			if s.from < at && at <= s.inner && at < s.to {
				at = s.from
			}
			if s.ends && s.close[0] != '\n' && s.to-len(s.close) < at && at < s.to {
				at = s.to - len(s.close)
			}
		}
		if at == was {
			return at
		}
	}
}

// Closed returns a text as it can be shown while it is still growing: it closes
// an open code block.
func Closed(text string) string {
	if !strings.Contains(text, fence) {
		return text
	}
	for _, s := range scan(text).spans {
		if !s.ends && s.close[0] == '\n' {
			return strings.TrimRightFunc(text, unicode.IsSpace) + s.close
		}
	}
	return text
}

// fit returns the length in bytes of the longest prefix of whole grapheme
// clusters within the limit. A single cluster that is longer than the limit is
// cut between code points, so that cutting always ends.
func fit(text string, limit int, measure func(string) int) int {
	n, used, state := 0, 0, -1
	for rest := text; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		used += measure(cluster)
		if used > limit {
			break
		}
		n += len(cluster)
	}
	if n > 0 {
		return n
	}
	for n, used = 0, 0; n < len(text); {
		_, size := utf8.DecodeRuneInString(text[n:])
		used += measure(text[n : n+size])
		if used > limit && n > 0 {
			break
		}
		n += size
	}
	return n
}

// marked reports whether text begins with a mark that belongs to the space
// before it.
func marked(text string) bool {
	cluster, _, _, _ := uniseg.FirstGraphemeClusterInString(" "+text, -1) //nolint:dogsled // the library returns as many
	return cluster != " "
}
