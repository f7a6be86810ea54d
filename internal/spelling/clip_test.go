package spelling_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"openmates/internal/spelling"
)

func TestATextIsCutBetweenCharactersThatAReaderSees(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text string
		most int
		want string
	}{
		{"hello", 5, "hello"},
		{"hello", 4, "hell…"},
		{"", 4, ""},
		{"ab👨‍👩‍👧‍👦c", 4, "ab…"},
		{"ab👨‍👩‍👧‍👦c", 9, "ab👨‍👩‍👧‍👦…"},
		{"🇩🇪🇫🇷", 3, "🇩🇪…"},
		{"e\u0301e\u0301", 3, "e\u0301…"},
		{"a" + strings.Repeat("\u0301", 1000), 3, "a\u0301\u0301…"},
		{"x", 0, "…"},
	} {
		if got := spelling.Clip(tc.text, tc.most); got != tc.want {
			t.Errorf("%q to %d: %q, want %q", tc.text, tc.most, got, tc.want)
		}
	}
}

func FuzzPrefix(f *testing.F) {
	f.Add("ab👨‍👩‍👧‍👦🇩🇪\xff", 4)
	f.Fuzz(func(t *testing.T, s string, most int) {
		if most &= 0xfff; !utf8.ValidString(s) {
			return
		}
		got := spelling.Prefix(s, most)
		if !strings.HasPrefix(s, got) || utf8.RuneCountInString(got) > most {
			t.Fatalf("%q to %d became %q", s, most, got)
		}
		if all := clusters(s); len(all) > 0 && utf8.RuneCountInString(all[0]) <= most && !slices.Equal(clusters(got), all[:len(clusters(got))]) {
			t.Errorf("%q to %d cuts a character: %q", s, most, got)
		}
	})
}

func clusters(s string) []string {
	var out []string
	for g := uniseg.NewGraphemes(s); g.Next(); {
		out = append(out, g.Str())
	}
	return out
}
