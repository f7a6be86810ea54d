package wire

import (
	"strings"
)

// tags are what models put around thoughts that their server leaves in the
// text: most families, Mistral's Magistral, ByteDance's Seed and Kimi-VL.
var tags = [...]struct{ open, end string }{ //nolint:gochecknoglobals // never written
	{"<think>", "</think>"},
	{"<thinking>", "</thinking>"},
	{"<thought>", "</thought>"},
	{"<reasoning>", "</reasoning>"},
	{"<seed:think>", "</seed:think>"},
	{"[THINK]", "[/THINK]"},
	{"◁think▷", "◁/think▷"},
}

// Thoughts removes the thoughts from a text that arrives in pieces. A block of
// thoughts starts at the start of a line. If a server has removed the opening
// tag, a closing one at the end of its line makes everything before it a
// thought. Tags within code are text.
//
// The zero value passes text on immediately and only holds back what may become
// a tag.
type Thoughts struct {
	// Hold holds back all text until a closing tag, or the end, for models
	// whose servers remove the opening tag.
	Hold bool

	stage stage
	end   string          // the tag that ends the block
	begun bool            // after a block, whose following spaces aren't part of the answer
	held  string          // undecided text
	looks int             // number of tags examined that may not count
	shown strings.Builder // text passed on since the last block
	// Lone reports whether there was a closing tag without an opening one.
	Lone bool
}

type stage int

const (
	starting stage = iota // only spaces so far
	thinking              // within a block
	flowing               // within the answer
)

const blanks = " \t\r\n"

const (
	mostHeld  = 256 << 10 // bytes that Hold may hold back
	mostLooks = 500       // each one reads all text passed on
)

// Add handles a piece. It returns the next text of the answer and the next
// thought. drop means that all text returned before is a thought, too.
func (t *Thoughts) Add(piece string) (text, thought string, drop bool) {
	if t.stage == flowing && t.held == "" && !strings.ContainsAny(piece, "<[◁") {
		t.shown.WriteString(piece)
		return piece, "", false
	}
	t.held += piece
	var out, inner strings.Builder
	for {
		was, n := t.stage, len(t.held)
		switch t.stage {
		case starting:
			t.start()
		case thinking:
			t.think(&inner)
		case flowing:
			if t.flow(&out, &inner) {
				drop = true
			}
		}
		if t.stage == was && len(t.held) == n || t.held == "" {
			break
		}
	}
	return out.String(), inner.String(), drop
}

// Rest returns what is still held back at the end of the answer: text or, in an
// unclosed block, a thought.
func (t *Thoughts) Rest() (text, thought string, drop bool) {
	if t.stage == thinking {
		thought, t.held = t.held, ""
		return "", thought, false
	}
	t.Hold = false
	text, thought, drop = t.Add("\n") // a closing tag at the very end ends its line
	text = strings.TrimSuffix(text, "\n")
	text += strings.TrimSuffix(t.held, "\n")
	t.held = ""
	return text, thought, drop
}

// start checks whether the answer starts with a block.
func (t *Thoughts) start() {
	said := strings.TrimLeft(t.held, blanks)
	if t.begun {
		t.held = said
	}
	for _, g := range tags {
		if rest, ok := strings.CutPrefix(said, g.open); ok {
			t.stage, t.end, t.held = thinking, g.end, rest
			return
		}
		if strings.HasPrefix(g.open, said) {
			return // it may become one
		}
	}
	if t.Hold && len(t.held) < mostHeld && !t.closes() {
		return
	}
	t.stage = flowing
}

// closes reports whether the held text has a closing tag that counts.
func (t *Thoughts) closes() bool {
	at, _, _ := t.next(t.held)
	return at >= 0
}

// think reads a block.
func (t *Thoughts) think(inner *strings.Builder) {
	if before, after, ok := strings.Cut(t.held, t.end); ok {
		inner.WriteString(before)
		t.held, t.stage, t.begun = after, starting, true
		t.shown.Reset()
		return
	}
	keep := partial(t.held, t.end)
	inner.WriteString(t.held[:len(t.held)-keep])
	t.held = t.held[len(t.held)-keep:]
}

// flow passes on the answer up to the next tag that counts.
func (t *Thoughts) flow(out, inner *strings.Builder) (drop bool) {
	at, size, end := t.next(t.held)
	if at < 0 {
		keep := t.doubtful()
		t.pass(out, t.held[:len(t.held)-keep])
		t.held = t.held[len(t.held)-keep:]
		return false
	}
	before := t.held[:at]
	t.held = t.held[at+size:]
	if end != "" { // a block starts
		t.pass(out, before)
		t.stage, t.end = thinking, end
		return false
	}
	inner.WriteString(out.String() + before)
	out.Reset()
	drop = t.shown.Len() > 0
	t.shown.Reset()
	t.Lone, t.Hold = true, false
	t.stage, t.begun = starting, true
	return drop
}

func (t *Thoughts) pass(out *strings.Builder, text string) {
	out.WriteString(text)
	t.shown.WriteString(text)
}

// next returns the position of the first tag in text that counts: an opening
// one, with the tag that ends its block, or a closing one.
func (t *Thoughts) next(text string) (at, size int, end string) {
	at = -1
	for _, g := range tags {
		if i := t.place(text, g.open, t.opens); i >= 0 && (at < 0 || i < at) {
			at, size, end = i, len(g.open), g.end
		}
		if i := t.place(text, g.end, t.ends); i >= 0 && (at < 0 || i < at) && !t.Lone {
			at, size, end = i, len(g.end), ""
		}
	}
	return at, size, end
}

// place returns the first position of a tag where it counts.
func (t *Thoughts) place(text, tag string, counts func(before, after string) bool) int {
	for from := 0; ; {
		i := strings.Index(text[from:], tag)
		if i < 0 {
			return -1
		}
		i += from
		if t.looks++; t.looks > mostLooks {
			return -1
		}
		if counts(text[:i], text[i+len(tag):]) {
			return i
		}
		from = i + len(tag)
	}
}

// opens reports whether an opening tag between these texts counts.
func (t *Thoughts) opens(before, _ string) bool {
	all := t.shown.String() + before
	line := all[strings.LastIndexByte(all, '\n')+1:]
	return strings.TrimSpace(line) == "" && !inCode(all)
}

// ends reports whether a closing tag between these texts counts.
func (t *Thoughts) ends(before, after string) bool {
	line, _, whole := strings.Cut(after, "\n")
	return whole && strings.TrimSpace(line) == "" && !inCode(t.shown.String()+before)
}

// inCode reports whether a text ends within a fenced block or a code span.
func inCode(text string) bool {
	fenced := false
	for line := range strings.Lines(text) {
		if whole := strings.HasSuffix(line, "\n"); strings.HasPrefix(strings.TrimLeft(line, " >-*\t"), "```") {
			fenced = !fenced
		} else if !fenced && !whole {
			return strings.Count(line, "`")%2 == 1
		}
	}
	return fenced
}

// doubtful returns how many bytes at the end of the held text may become a tag
// that counts, or are a closing tag whose line isn't complete.
func (t *Thoughts) doubtful() int {
	most := 0
	for _, g := range tags {
		most = max(most, partial(t.held, g.open))
		if t.Lone {
			continue
		}
		most = max(most, partial(t.held, g.end))
		if i := strings.LastIndex(t.held, g.end); i >= 0 && strings.Trim(t.held[i+len(g.end):], " \t\r") == "" && !inCode(t.shown.String()+t.held[:i]) {
			most = max(most, len(t.held)-i)
		}
	}
	return most
}

// partial returns how many bytes at the end of text start a tag.
func partial(text, tag string) int {
	for n := min(len(text), len(tag)-1); n > 0; n-- {
		if strings.HasSuffix(text, tag[:n]) {
			return n
		}
	}
	return 0
}

// Open reports whether text was passed on without a closing tag after it.
func (t *Thoughts) Open() bool { return t.stage == flowing && !t.Lone }
