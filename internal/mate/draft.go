package mate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"openmates"
	"openmates/internal/spelling"
)

// Draft is what an admin enters for a mate.
type Draft struct {
	Name        string
	Field       string
	Description string
	Prompt      string
	Model       string // "" = the default of the class
	Class       string
}

// Maximum lengths, in characters. A name must fit a messenger.
const (
	longestName        = 32
	longestField       = 80
	longestDescription = 300
	longestPrompt      = 20_000
)

func (d Draft) onto(m openmates.Mate) openmates.Mate {
	m.Name, m.Field, m.Description, m.Prompt, m.Model, m.Class = d.Name, d.Field, d.Description, d.Prompt, d.Model, d.Class
	return m
}

// checked returns the draft as it is stored, or an error that says what is
// wrong. The mate's current model may stay, even if it is missing for now.
func (r *Room) checked(ctx context.Context, d Draft, had string) (Draft, error) {
	var err error
	for _, f := range []struct {
		into        *string
		what        openmates.Text
		least, most int
	}{
		{into: &d.Name, what: openmates.T("the name"), least: 1, most: longestName},
		{into: &d.Field, what: openmates.T("the field"), least: 0, most: longestField},
		{into: &d.Description, what: openmates.T("the description"), least: 0, most: longestDescription},
	} {
		if *f.into, err = line(*f.into, f.what, f.least, f.most); err != nil {
			return d, err
		}
	}
	if d.Prompt, err = prompt(d.Prompt); err != nil {
		return d, err
	}
	if d.Class != "" && !slices.Contains(openmates.Classes(), d.Class) {
		return d, openmates.Errorf(openmates.EInvalid, "There's no model class with that name. Choose quick, balanced or deep.")
	}
	if d.Model = strings.TrimSpace(d.Model); d.Model == "" || d.Model == had {
		return d, nil
	}
	providers, err := r.providers(ctx)
	if err != nil {
		return d, err
	}
	for _, p := range providers {
		if slices.ContainsFunc(p.Parts, func(m Part) bool { return m.Name == d.Model }) {
			return d, nil
		}
	}
	return d, openmates.Errorf(openmates.EInvalid, "This model isn't enabled on this server. Choose one from the list; you can add models under Providers.")
}

// line checks a one-line text and normalises it.
func line(s string, what openmates.Text, least, most int) (string, error) {
	if least == 0 {
		return spelling.Line(s, what, most)
	}
	return spelling.Name(s, what, most)
}

// prompt checks a multi-line text.
func prompt(s string) (string, error) {
	s = strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"))
	s = strings.TrimPrefix(s, "\ufeff")
	switch n := utf8.RuneCountInString(s); {
	case !utf8.ValidString(s):
		return "", openmates.Errorf(openmates.EInvalid, "Paste the prompt again: some of its characters are broken.")
	case n == 0:
		return "", openmates.Errorf(openmates.EInvalid, "Enter the prompt: what the mate is told before every conversation.")
	case n > longestPrompt:
		return "", openmates.Errorf(openmates.EInvalid, "Shorten the prompt to at most %d characters; it has %d.", longestPrompt, n)
	}
	for _, c := range s {
		if c != '\n' && c != '\t' && unicode.IsControl(c) || hidden(c) {
			return "", badCharacter(openmates.T("the prompt"), c)
		}
	}
	return s, nil
}

// hidden reports whether a character is invisible but changes what is read: an
// admin must see what a mate is told. Scripts and emoji need the joiners and
// the directional marks (U+200C to U+200F).
func hidden(c rune) bool {
	return unicode.Is(unicode.Cf, c) && (c < '\u200c' || c > '\u200f') && c != '\u00ad'
}

func badCharacter(what openmates.Text, c rune) error {
	return openmates.Errorf(openmates.EInvalid, "Remove the invisible character %s from %s.", fmt.Sprintf("U+%04X", c), what)
}
