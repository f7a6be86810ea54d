package chat

import (
	"fmt"
	"strings"
	"unicode"

	"openmates"
	"openmates/internal/spelling"
)

// A model is told who says what in the text of the messages, and people write
// both their names and their texts. So that neither can pass for somebody
// else's words, a message has one form: a name that is one line of harmless
// characters, ": ", and a text of which every line but the first is marked.

// somebody is who shows a mate no name.
const somebody = "Somebody"

// mark begins every further line of a message.
const mark = "| "

// speakers names people to a mate, each by their account here and not by what
// they call themselves on a network. Two of the same name are numbered.
type speakers struct {
	mate string // handle
	ids  map[string][]openmates.ID
}

func (s *speakers) name(u openmates.User, p openmates.Privacy) string {
	seen := openmates.Seen{}
	if u.ID != 0 {
		seen = u.SeenBy(p, s.mate)
	}
	name := nameable(seen.Name)
	if seen.Username != "" {
		name += " (" + seen.Username + ")"
	}
	if s.ids == nil {
		s.ids = map[string][]openmates.ID{}
	}
	for i, id := range s.ids[name] {
		if id == u.ID {
			return numbered(name, i)
		}
	}
	s.ids[name] = append(s.ids[name], u.ID)
	return numbered(name, len(s.ids[name])-1)
}

func numbered(name string, i int) string {
	if i == 0 {
		return name
	}
	return fmt.Sprintf("%s #%d", name, i+1)
}

const longestName = 60

// nameable makes a name of letters, digits and a few signs that mean nothing in
// the form of a message.
func nameable(name string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.So) || strings.ContainsRune("-.'’&,_", r) {
			return r
		}
		return ' '
	}, name)
	clean = strings.TrimSpace(spelling.Prefix(strings.Join(strings.Fields(clean), " "), longestName))
	if strings.IndexFunc(clean, func(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.So) }) < 0 {
		return somebody
	}
	return clean
}

// said is a message as a model reads it.
func said(name, text string) string { return name + ": " + marked(text) }

// breaks are what reads as the beginning of a line (Unicode Standard, section
// 5.8, Newline Guidelines).
var breaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n") //nolint:gochecknoglobals // a table that nobody writes

// marked marks every line of a text but the first.
func marked(text string) string {
	return strings.ReplaceAll(breaks.Replace(text), "\n", "\n"+mark)
}

// oneLine is a short text without breaks.
func oneLine(text string) string { return strings.Join(strings.Fields(breaks.Replace(text)), " ") }
