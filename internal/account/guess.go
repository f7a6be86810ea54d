package account

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed common_passwords.txt
var commonPasswords string

//go:embed common_words.txt
var commonWords string

// enough is how many pieces of guesswork a password has to be made of.
const enough = 6

// guesser knows how people make passwords that are easy to guess: a word that
// everybody takes, a name of the product or of the person, a walk over the
// keyboard, a year, all of it repeated, with letters put as digits.
type guesser struct {
	listed map[string]bool // whole passwords
	words  []string        // pieces of them, the longest first
}

func newGuesser() *guesser {
	g := &guesser{listed: map[string]bool{}}
	for line := range strings.Lines(commonPasswords) {
		g.listed[strings.TrimSpace(line)] = true
	}
	for word := range strings.FieldsSeq(commonWords) {
		g.words = append(g.words, word)
	}
	slices.SortFunc(g.words, func(a, b string) int { return len(b) - len(a) })
	return g
}

// common says whether a password is one of those that attackers try first, as
// it is or with what people put behind it.
func (g *guesser) common(low string) bool {
	return g.listed[low] || g.listed[strings.TrimRight(low, "0123456789!?.*#")]
}

// weight counts what somebody has to guess: each piece that follows a rule
// counts as one, and a word from the list as two, however long they are and
// however often they come; each character that follows none counts as one.
func (g *guesser) weight(low string, about ...string) int {
	if unit := repeated(low); unit != "" {
		return 1 + g.weight(unit, about...)
	}
	n, seen := 0, map[string]bool{}
	for s, plain := low, plainLetters(low); s != ""; {
		l := max(g.word(s, about), g.word(plain, about))
		if l > 0 {
			if !seen[plain[:l]] {
				n += 2
			}
			seen[plain[:l]] = true
		} else if l = max(year(s), walk(s), same(s)); l > 0 {
			n++
		} else {
			var r rune
			r, l = utf8.DecodeRuneInString(s)
			if !unicode.IsSpace(r) && !strings.ContainsRune("-_.", r) { // what stands between words
				n++
			}
		}
		s, plain = s[l:], plain[l:]
	}
	return n
}

// word is how long the listed or personal word is that s begins with.
func (g *guesser) word(s string, about []string) int {
	longest := 0
	for _, a := range about {
		if len(a) >= 3 && strings.HasPrefix(s, a) {
			longest = max(longest, len(a))
		}
	}
	for _, w := range g.words {
		if len(w) <= longest {
			break
		}
		if strings.HasPrefix(s, w) {
			return len(w)
		}
	}
	return longest
}

// year is how long the year, or the date in digits, is that s begins with.
func year(s string) int {
	digits := 0
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	if digits == 8 { // 24121990, 19901224
		return 8
	}
	if digits >= 4 && (strings.HasPrefix(s, "18") || strings.HasPrefix(s, "19") || strings.HasPrefix(s, "20")) {
		return 4
	}
	return 0
}

// rows are what fingers walk along: the keyboards of several countries, row by
// row and column by column, the digits and the alphabet.
func rows() []string {
	return []string{
		"1234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiopü", "asdfghjklöä", "yxcvbnm",
		"azertyuiop", "qsdfghjklm", "wxcvbn", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik", "zaq1xsw2cde3vfr4bgt5nhy6mju7", "qazwsxedcrfvtgbyhnujm",
		"1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "147258369", "!@#$%^&*()", "!\"§$%&/()=",
	}
}

// walk is how long the walk over keyboard, digits or alphabet is that s begins
// with, either way; shorter than three is none.
func walk(s string) int {
	longest := 0
	for _, row := range rows() {
		longest = max(longest, along(s, row), along(s, backwards(row)))
	}
	if longest < 3 {
		return 0
	}
	return longest
}

func along(s, row string) int {
	first, size := utf8.DecodeRuneInString(s)
	at := strings.IndexRune(row, first)
	if at < 0 {
		return 0
	}
	n := size
	for rest := row[at+size:]; rest != "" && n < len(s); {
		r, l := utf8.DecodeRuneInString(rest)
		got, _ := utf8.DecodeRuneInString(s[n:])
		if r != got {
			break
		}
		n += l
		rest = rest[l:]
	}
	if utf8.RuneCountInString(s[:n]) < 3 {
		return 0
	}
	return n
}

// same is how long the run of one character is that s begins with; shorter
// than three is none.
func same(s string) int {
	first, size := utf8.DecodeRuneInString(s)
	n := size
	for n < len(s) {
		r, l := utf8.DecodeRuneInString(s[n:])
		if r != first {
			break
		}
		n += l
	}
	if n < 3*size {
		return 0
	}
	return n
}

// repeated is what a password consists of twice or more, "" for nothing.
func repeated(s string) string {
	for l := 1; l <= len(s)/2; l++ {
		if len(s)%l == 0 && strings.Repeat(s[:l], len(s)/l) == s && utf8.ValidString(s[:l]) {
			return s[:l]
		}
	}
	return ""
}

// plainLetters undoes the digits and signs that people put for letters. It
// keeps the length, so that a place in the one is the same in the other.
func plainLetters(s string) string {
	return strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i", "8", "b").Replace(s)
}

func backwards(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}
