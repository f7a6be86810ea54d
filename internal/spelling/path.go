package spelling

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"openmates"
)

// The maximum length of slugs and handles.
const (
	longestSlug   = 40
	longestHandle = 32
)

// Slug suggests a slug for a team's name: one that openmates.ValidSlug accepts,
// or "" if the name has no usable letter.
func Slug(name string) string {
	slug := Path(name, longestSlug)
	if slug != "" && openmates.ValidSlug(slug) != nil {
		slug = cut(slug, longestSlug-len("-team")) + "-team"
	}
	return slug
}

// Handle suggests a handle for a mate's name: one that openmates.ValidHandle
// accepts, or "" if the name has no usable letter.
func Handle(name string) string {
	handle := Path(name, longestHandle)
	if handle == "" {
		return ""
	}
	if c := handle[0]; c >= '0' && c <= '9' {
		handle = "mate-" + cut(handle, longestHandle-len("mate-"))
	}
	if openmates.ValidHandle(handle) != nil {
		handle = cut(handle, longestHandle-len("-mate")) + "-mate"
	}
	return handle
}

// Path converts a name for a path: a–z, 0–9 and single inner hyphens, up to
// most characters. Umlauts and the like are transcribed as in their languages;
// other letters lose their accents.
func Path(name string, most int) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(latin.Replace(norm.NFC.String(strings.ToLower(name)))) {
		if unicode.IsMark(r) {
			continue
		}
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9') {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte('-')
		}
		gap = false
		b.WriteRune(r)
		if b.Len() >= most {
			break
		}
	}
	return cut(b.String(), most)
}

func cut(s string, most int) string { return strings.TrimRight(s[:min(len(s), most)], "-") }

// latin transcribes letters that are more than a letter with an accent.
var latin = strings.NewReplacer( //nolint:gochecknoglobals // never written
	"ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "æ", "ae", "ø", "oe", "å", "aa", "œ", "oe",
	"þ", "th", "ð", "d", "đ", "d", "ł", "l", "ħ", "h", "ı", "i", "ŋ", "ng",
)
