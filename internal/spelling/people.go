package spelling

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"openmates"
)

// Person is Name for a person's name. It rejects names that pose as the
// product, or as somebody whose account is gone.
func Person(s string) (string, error) {
	s, err := Name(s, openmates.T("your name"), Longest)
	if err != nil {
		return "", err
	}
	switch strings.TrimPrefix(strings.ToLower(s), "a ") {
	case "openmates", strings.TrimPrefix(openmates.FormerMember, "a "):
		return "", openmates.Errorf(openmates.EInvalid, "%q could be mistaken for someone else. Enter the name people call you.", s)
	}
	return s, nil
}

// Team checks the name and slug of a team to be created; slug "" = derived from
// the name. The error is EInvalid.
func Team(name, slug string) (openmates.Team, error) {
	name, err := Name(name, openmates.T("the team's name"), Longest)
	if err != nil {
		return openmates.Team{}, err
	}
	if slug = Fold(slug); slug == "" {
		if slug = Slug(name); slug == "" {
			return openmates.Team{}, openmates.Errorf(openmates.EInvalid, "Enter an address of a–z and 0–9 for %s; we can't derive one from the name.", name)
		}
	}
	if err := openmates.ValidSlug(slug); err != nil {
		return openmates.Team{}, err
	}
	return openmates.Team{Slug: slug, Name: name}, nil
}

// Text checks a multi-line text that may be empty, such as what somebody writes
// about themselves. The error is EInvalid.
func Text(s string, what openmates.Text, most int) (string, error) {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	bad := func(c rune) bool {
		return unicode.IsControl(c) && c != '\n' && c != '\t' || unicode.Is(unicode.Cf, c) && c != '\u200d' && c != '\u200c'
	}
	switch n := utf8.RuneCountInString(s); {
	case n > most:
		return s, openmates.Errorf(openmates.EInvalid, "Shorten %s to at most %d characters; there are %d.", what, most, n)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, bad):
		return s, openmates.Errorf(openmates.EInvalid, "Enter %s without control characters.", what)
	}
	return s, nil
}
