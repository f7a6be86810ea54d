package identity

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"

	"github.com/trustelem/zxcvbn"
)

// commonWords are words that people use in passwords and that zxcvbn's English
// lists lack: words of other languages, and the product's own.
//
//go:embed common_words.txt
var commonWords string

const (
	// minGuesses is how many guesses a password must withstand. zxcvbn calls
	// 10^8 "safely unguessable" for a slow hash, and 10^10 "very unguessable".
	// This lies between: ten random characters pass, a name with a year doesn't.
	minGuesses = 3e9
	// maxScored is how many characters are looked at. The time that zxcvbn
	// takes grows with the cube of the length; 64 characters take some 10 ms.
	maxScored = 64
)

// guesses estimates how many attempts somebody needs who knows how people make
// passwords, and who knows the words in about: names of the user. Spaces and
// signs within a listed phrase don't make it stronger. It ignores what comes after
// maxScored characters, so it never overestimates a long password.
func guesses(password string, about ...string) float64 {
	if r := []rune(password); len(r) > maxScored {
		password = string(r[:maxScored])
	}
	words := slices.Concat(about, strings.Fields(commonWords))
	joined := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("-_.", r) {
			return -1
		}
		return r
	}, password)
	n := zxcvbn.PasswordStrength(password, words).Guesses
	if known := zxcvbn.PasswordStrength(joined, words); len(known.Sequence) == 1 && known.Sequence[0].Pattern == "dictionary" {
		return min(n, known.Guesses)
	}
	return n
}
