package messenger

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Cut splits off the first message of a text that is longer than limit (in the
// units of measure): part fits the limit, rest is what remains, "" if the whole
// text fits. It prefers to cut between paragraphs, then lines, then
// words, and never inside what a reader sees as one character: a flag or a family
// emoji stays whole (Unicode UAX #29, grapheme clusters). A fenced code block (CommonMark
// §4.5, backtick fences) that is cut is closed in part and opened again, with
// its info string, in rest.
//
// Where Cut splits depends only on the text up to the cut, so a text that is
// still growing is split at the same places as the finished one.
func Cut(text string, limit int, measure func(string) int) (part, rest string) {
	if measure(text) <= limit {
		return text, ""
	}
	room := fit(text, limit, measure)
	at := breakBefore(text, room)
	part, rest = text[:at], text[at:]
	if fence := openFence(part); fence != "" {
		room = fit(text, limit-measure("\n```"), measure)
		at = breakBefore(text, room)
		part, rest = text[:at], text[at:]
		if fence = openFence(part); fence != "" && strings.TrimSpace(part) != fence {
			return strings.TrimRightFunc(part, unicode.IsSpace) + "\n```", fence + "\n" + strings.TrimPrefix(rest, "\n")
		}
	}
	trimmed := strings.TrimRightFunc(part, unicode.IsSpace)
	if trimmed == "" {
		trimmed = part
	}
	return trimmed, strings.TrimLeft(rest, "\n")
}

// Closed returns a text as it can be shown while it is still growing: an open
// code block is closed.
func Closed(text string) string {
	if openFence(text) == "" {
		return text
	}
	return strings.TrimRightFunc(text, unicode.IsSpace) + "\n```"
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

// breakBefore finds the best place to cut at or before room, but not in the
// first half, where a cut would waste too much.
func breakBefore(text string, room int) int {
	for _, sep := range []string{"\n\n", "\n", " "} {
		for head := text[:room]; ; {
			i := strings.LastIndex(head, sep)
			if i <= room/2 {
				break
			}
			if at := i + len(sep); !marked(text[at:]) {
				return at
			}
			head = text[:i]
		}
	}
	return room
}

// marked reports whether text begins with a mark that belongs to the space
// before it.
func marked(text string) bool {
	cluster, _, _, _ := uniseg.FirstGraphemeClusterInString(" "+text, -1) //nolint:dogsled // the library returns as many
	return cluster != " "
}

// openFence is the opening line of the code block that text ends in, "" if it
// ends outside of one. Only backtick fences at the start of a line count.
func openFence(text string) string {
	open := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case !strings.HasPrefix(line, "```"):
		case open != "":
			open = ""
		case !strings.Contains(line[3:], "`"):
			open = clipFence(line)
		}
	}
	return open
}

// clipFence keeps an info string from filling the message it is repeated in.
func clipFence(line string) string {
	const most = 40
	if len(line) <= most {
		return line
	}
	return "```"
}
