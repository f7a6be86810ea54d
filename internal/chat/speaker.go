package chat

import (
	"fmt"
	"strings"
	"unicode"

	"openmates"
	"openmates/internal/spelling"
)

// The text of a message tells the model who said what, and people choose both
// their names and their texts. So that nobody can fake another person's words,
// a message has a fixed form: a one-line name of harmless characters, ": ", and
// a text of which every further line is marked.

// somebody is the name of a person who hides theirs from the mate.
const somebody = "Somebody"

// mark starts every further line of a message.
const mark = "| "

// speakers names people for a mate, by their accounts here and not by what they
// call themselves on a network. People with the same name are numbered.
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

// nameable reduces a name to letters, digits and a few signs without meaning in
// a message.
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

// said returns a message as a model reads it.
func said(name, text string) string { return name + ": " + marked(text) }

// breaks replaces everything that can start a line (Unicode Standard, section
// 5.8, Newline Guidelines).
var breaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n") //nolint:gochecknoglobals // never written

// marked marks every line of a text except the first.
func marked(text string) string {
	return strings.ReplaceAll(breaks.Replace(text), "\n", "\n"+mark)
}

// oneLine returns a short text without line breaks.
func oneLine(text string) string { return strings.Join(strings.Fields(breaks.Replace(text)), " ") }
