// Package spelling is the one place that knows how names are spelled: those
// that people choose (their own, a team's, a mate's, a token's) and those that
// a network or a provider sends.
//
// A name that it returns has one form (Unicode's NFC, single spaces), at least
// one visible character and no invisible one, and a bounded length. No word of it
// mixes alphabets that look alike. What it makes of a name for a path is a–z,
// 0–9 and hyphens, with umlauts written out. Texts are cut between characters as
// readers see them.
//
// It does not know whether a name is taken: that is up to the database.
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

// Longest is how many characters a name may have where its place does not say
// otherwise.
const Longest = 80

// Name checks a name that is shown to others and returns its one form. what
// says in the refusal which name is meant. The error is EInvalid.
func Name(s string, what openmates.Text, most int) (string, error) {
	if !utf8.ValidString(s) {
		return "", openmates.Errorf(openmates.EInvalid, "Enter %s again: some of its characters are broken.", what)
	}
	if len(s) > 16*most { // nothing that long is worth reading closely
		return "", tooLong(s, what, most)
	}
	s = norm.NFC.String(strings.TrimSpace(s))
	if !Visible(s) {
		return "", openmates.Errorf(openmates.EInvalid, "Enter %s.", what)
	}
	if i := firstHidden(s); i >= 0 {
		c, _ := utf8.DecodeRuneInString(s[i:])
		return "", openmates.Errorf(openmates.EInvalid, "Please remove the invisible character %s from %s.", fmt.Sprintf("U+%04X", c), what)
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
	return openmates.Errorf(openmates.EInvalid, "Please shorten %s to at most %d characters; it has %d.", what, most, utf8.RuneCountInString(s))
}

// Line is Name for a text of one line that may be empty.
func Line(s string, what openmates.Text, most int) (string, error) {
	if strings.TrimSpace(s) == "" && utf8.ValidString(s) {
		return "", nil
	}
	return Name(s, what, most)
}

// Clean makes a name that a network or a provider sent fit to be shown: what
// can't be seen is left out, and what is too long is cut. It returns "" where
// nothing is left to see.
func Clean(s string, most int) string {
	if len(s) > 64*most {
		s = s[:64*most] // a character cut in half is left out below
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
	if firstHidden(s) >= 0 { // a joiner that has lost its neighbour
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

// Visible reports whether s has a character that leaves ink.
func Visible(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool {
		return unicode.In(c, unicode.L, unicode.N, unicode.P, unicode.S) && !ignorable(c) && !blank(c)
	})
}

// firstHidden returns where the first character is that can't be seen, -1 for
// nowhere. The joiners and variation selectors that scripts and emoji need are
// fine after what they belong to.
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

// joinable reports whether a joiner may stand next to c: it changes how the
// letters of some scripts and how emoji are drawn, and nothing else.
func joinable(c rune) bool {
	return unicode.In(c, unicode.L, unicode.M, unicode.So, unicode.Sk) && !unicode.In(c, alike()...) && (!ignorable(c) || c == '\ufe0f')
}

// alike are the alphabets whose letters look like those of another.
func alike() []*unicode.RangeTable {
	return []*unicode.RangeTable{
		unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee, unicode.Coptic, unicode.Lisu,
		unicode.Canadian_Aboriginal, unicode.Carian, unicode.Deseret, unicode.Elbasan, unicode.Glagolitic, unicode.Gothic,
		unicode.Lycian, unicode.Lydian, unicode.Old_Italic, unicode.Osage, unicode.Runic, unicode.Tifinagh, unicode.Warang_Citi,
	}
}

// ignorable is Unicode's Default_Ignorable_Code_Point, by its derivation in
// DerivedCoreProperties.txt: what is drawn as nothing. The few format
// characters that are drawn don't belong into a name either.
func ignorable(c rune) bool {
	return unicode.In(c, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// blank reports whether c is a letter or a symbol that leaves no ink, or only
// means something that isn't there.
func blank(c rune) bool {
	switch c {
	case '\u2800', // an empty cell of Braille
		'\U0001d159',               // a note without a head
		'\U00013441', '\U00013442', // the place of a hieroglyph
		'\ufffc', '\ufffd': // an object, a character that was lost
		return true
	}
	return false
}

// mostMarks is how many accents one letter may carry: Vietnamese has two,
// pointed Hebrew up to three.
const mostMarks = 4

// piled reports whether so many marks stand on one letter that they cover the
// lines around.
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

// mixed reports whether a word has letters of several of the alphabets whose
// letters look alike: "аdmin" begins with a Cyrillic one. Letters of another
// cut, such as the bold ones of mathematics or the wide ones of East Asia, are
// an alphabet of their own.
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

// another reports whether c is a Latin or Greek letter in another cut. Signs
// such as µ and ª, which people type within words, are not.
func another(c rune) bool {
	if c < '\u2100' || !unicode.IsLetter(c) {
		return false
	}
	plain := []rune(norm.NFKD.String(string(c)))
	return len(plain) == 1 && plain[0] != c && unicode.In(plain[0], unicode.Latin, unicode.Greek)
}
