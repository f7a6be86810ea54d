// Package spelling normalises names: those that people choose (their own, a
// team's, a mate's, a token's) and those that a network or a provider sends.
//
// A name that it returns is in NFC with single spaces, has at least one visible
// character and no invisible one, and has a limited length. None of its words
// mixes alphabets that look alike. A name converted for a path consists of a–z,
// 0–9 and hyphens, with umlauts transcribed. Texts are cut between characters
// as readers see them.
//
// It doesn't know whether a name is taken: that is up to the database.
package spelling

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"openmates"
)

// Longest is the default maximum length of a name, in characters.
const Longest = 80

// Name checks a name that is shown to others and returns its normal form. what
// says in the error which name is meant. The error is EInvalid.
func Name(s string, what openmates.Text, most int) (string, error) {
	if !utf8.ValidString(s) {
		return "", openmates.Errorf(openmates.EInvalid, "Enter %s again: some of its characters are broken.", what)
	}
	if len(s) > 16*most { // too long to examine
		return "", tooLong(s, what, most)
	}
	s = norm.NFC.String(strings.TrimSpace(s))
	if !Visible(s) {
		return "", openmates.Errorf(openmates.EInvalid, "Enter %s.", what)
	}
	if i := firstHidden(s); i >= 0 {
		c, _ := utf8.DecodeRuneInString(s[i:])
		return "", openmates.Errorf(openmates.EInvalid, "Remove the invisible character %s from %s.", fmt.Sprintf("U+%04X", c), what)
	}
	s = strings.Join(strings.Fields(s), " ")
	switch {
	case utf8.RuneCountInString(s) > most:
		return "", tooLong(s, what, most)
	case piled(s):
		return "", openmates.Errorf(openmates.EInvalid, "Enter %s with fewer accents per letter.", what)
	case mixed(s):
		return "", openmates.Errorf(openmates.EInvalid, "Enter each word of %s in one alphabet: some of its letters only look alike.", what)
	}
	return s, nil
}

func tooLong(s string, what openmates.Text, most int) error {
	return openmates.Errorf(openmates.EInvalid, "Shorten %s to at most %d characters; it has %d.", what, most, utf8.RuneCountInString(s))
}

// Line is Name for a text of one line that may be empty.
func Line(s string, what openmates.Text, most int) (string, error) {
	if strings.TrimSpace(s) == "" && utf8.ValidString(s) {
		return "", nil
	}
	return Name(s, what, most)
}

// Clean makes a name that a network or a provider sent fit to be shown: it
// removes invisible characters and cuts what is too long. It returns "" if
// nothing visible is left.
func Clean(s string, most int) string {
	if len(s) > 64*most {
		s = s[:64*most] // a character cut in half is removed below
	}
	s = norm.NFC.String(strings.ToValidUTF8(s, ""))
	var b strings.Builder
	for s != "" {
		i := firstHidden(s)
		if i < 0 {
			b.WriteString(s)
			break
		}
		c, n := utf8.DecodeRuneInString(s[i:])
		b.WriteString(s[:i])
		if unicode.IsSpace(c) {
			b.WriteByte(' ')
		}
		s = s[i+n:]
	}
	s = strings.Join(strings.Fields(b.String()), " ")
	if firstHidden(s) >= 0 { // a joiner without its neighbour
		s = strings.Join(strings.Fields(strings.Map(func(c rune) rune {
			if ignorable(c) {
				return -1
			}
			return c
		}, s)), " ")
	}
	if !Visible(s) {
		return ""
	}
	if utf8.RuneCountInString(s) > most {
		s = strings.TrimRightFunc(Prefix(s, most-1), func(c rune) bool { return unicode.IsSpace(c) || unicode.IsMark(c) || ignorable(c) }) + "…"
	}
	return norm.NFC.String(s)
}

// Visible reports whether s has a visible character.
func Visible(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool {
		return unicode.In(c, unicode.L, unicode.N, unicode.P, unicode.S) && !ignorable(c) && !blank(c)
	})
}

// firstHidden returns the index of the first invisible character, or -1. The
// joiners and variation selectors that scripts and emoji need are allowed after
// what they belong to.
func firstHidden(s string) int {
	var before rune
	for i, c := range s {
		switch {
		case unicode.IsControl(c), unicode.In(c, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs, unicode.Noncharacter_Code_Point), blank(c):
			return i
		case c == '\u200d' || c == '\u200c':
			after, n := utf8.DecodeRuneInString(s[i+utf8.RuneLen(c):])
			if n == 0 || !joinable(before) || !joinable(after) {
				return i
			}
		case c == '\ufe0e' || c == '\ufe0f':
			if !unicode.In(before, unicode.S, unicode.N, unicode.P) || ignorable(before) {
				return i
			}
		case ignorable(c):
			return i
		}
		before = c
	}
	return -1
}

// joinable reports whether a joiner may be next to c: it changes how the
// letters of some scripts and emoji are drawn, and nothing else.
func joinable(c rune) bool {
	return unicode.In(c, unicode.L, unicode.M, unicode.So, unicode.Sk) && !unicode.In(c, alike()...) && (!ignorable(c) || c == '\ufe0f')
}

// alike returns the alphabets with letters that look like those of another.
func alike() []*unicode.RangeTable {
	return []*unicode.RangeTable{
		unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee, unicode.Coptic, unicode.Lisu,
		unicode.Canadian_Aboriginal, unicode.Carian, unicode.Deseret, unicode.Elbasan, unicode.Glagolitic, unicode.Gothic,
		unicode.Lycian, unicode.Lydian, unicode.Old_Italic, unicode.Osage, unicode.Runic, unicode.Tifinagh, unicode.Warang_Citi,
	}
}

// ignorable reports whether c is in Unicode's Default_Ignorable_Code_Point, as
// derived in DerivedCoreProperties.txt: characters without a glyph. The few
// format characters with a glyph don't belong in a name either.
func ignorable(c rune) bool {
	return unicode.In(c, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// blank reports whether c is a letter or symbol that is invisible, or a
// placeholder for something missing.
func blank(c rune) bool {
	switch c {
	case '\u2800', // an empty Braille cell
		'\U0001d159',               // a note without a head
		'\U00013441', '\U00013442', // a placeholder for a hieroglyph
		'\ufffc', '\ufffd': // an object, a lost character
		return true
	}
	return false
}

// mostMarks is how many accents a letter may have: Vietnamese uses two, pointed
// Hebrew up to three.
const mostMarks = 4

// piled reports whether a letter has so many marks that they cover the lines
// around it.
func piled(s string) bool {
	n := 0
	for _, c := range norm.NFD.String(s) {
		if n++; !unicode.In(c, unicode.Mn, unicode.Me) {
			n = 0
		}
		if n > mostMarks {
			return true
		}
	}
	return false
}

// mixed reports whether a word has letters from several alphabets that look
// alike: "аdmin" starts with a Cyrillic letter. Letters in another style, such
// as bold mathematical or fullwidth ones, count as a separate alphabet.
func mixed(s string) bool {
	alike := alike()
	for word := range strings.FieldsFuncSeq(s, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsMark(c) }) {
		is := -1
		for _, c := range word {
			this := slices.IndexFunc(alike, func(t *unicode.RangeTable) bool { return unicode.Is(t, c) })
			if another(c) {
				this = len(alike)
			}
			if this >= 0 && is >= 0 && this != is {
				return true
			}
			is = max(is, this)
		}
	}
	return false
}

// another reports whether c is a Latin or Greek letter in another style. Signs
// such as µ and ª, which people type within words, are not.
func another(c rune) bool {
	if c < '\u2100' || !unicode.IsLetter(c) {
		return false
	}
	plain := []rune(norm.NFKD.String(string(c)))
	return len(plain) == 1 && plain[0] != c && unicode.In(plain[0], unicode.Latin, unicode.Greek)
}
