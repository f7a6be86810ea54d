package spelling

import (
	"strings"

	"openmates"
)

// Username checks the name that a person signs in with and returns it in lower
// case: 2 to 32 characters a–z, 0–9, and single inner hyphens, dots or
// underscores, so that it fits into a path and a mention, and no word that
// means somebody else. The error is EInvalid.
func Username(s string) (string, error) {
	s = Fold(s)
	if n := len([]rune(s)); n < 2 || n > 32 {
		return "", openmates.Errorf(openmates.EInvalid, "A username has 2 to 32 characters.")
	}
	mark := true
	for _, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !letter && (mark || !strings.ContainsRune("-._", c)) {
			return "", openmates.Errorf(openmates.EInvalid, "A username can have a–z and 0–9, with single hyphens, dots or underscores between them.")
		}
		mark = !letter
	}
	if mark {
		return "", openmates.Errorf(openmates.EInvalid, "A username ends with a letter or a digit.")
	}
	if posing(s) {
		return "", openmates.Errorf(openmates.EInvalid, "The username %q could be mistaken for someone else. Choose a different one.", s)
	}
	return s, nil
}

// Fold converts A–Z to lower case and trims spaces. It doesn't change other
// letters: Unicode folds some of them into a–z, such as the Kelvin sign into k,
// so that two spellings would name one account.
func Fold(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'A' && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, strings.TrimSpace(s))
}

// posing reports whether a username reads as the server, its operators,
// everybody, or nobody in particular.
func posing(s string) bool {
	plain := strings.NewReplacer(".", "", "-", "", "_", "", "0", "o", "5", "s", "3", "e").Replace(s)
	for _, one := range []string{"i", "l"} {
		switch w := strings.ReplaceAll(plain, "1", one); w {
		case "administrator", "moderator", "support", "helpdesk", "security", "official", "staff", "owner", "operator",
			"webmaster", "postmaster", "hostmaster", "abuse", "noreply", "null", "undefined", "unknown", "anonymous",
			"formermember", "aformermember", "former", "deleted", "deleteduser":
			return true
		default:
			if openmates.IsReserved(w) {
				return true
			}
		}
	}
	return false
}
