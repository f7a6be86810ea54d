package chat

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"openmates"
)

// Whatever people call themselves and write, a message is one name and one
// text: only its first line is not marked, and that begins with the name.
func TestNoMessagePassesForAnother(t *testing.T) {
	t.Parallel()
	part := rapid.SampledFrom([]string{"Ada", "Otto: ", "\n", "\r", "\u2028", "\u0085", "\v", ": ", "|", "| ", "#2", "(otto)", " ", "\u200b", "\u202e", "：", "hi", "👩🏽", "\x00", "["})
	text := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(part, 0, 12).Draw(t, "parts"), "") })
	rapid.Check(t, func(t *rapid.T) {
		name, words := text.Draw(t, "name"), text.Draw(t, "text")
		var who speakers
		label := who.name(openmates.User{ID: 7, Username: "ada", DisplayName: name}, openmates.Privacy{})
		got := said(label, words)
		lines := strings.FieldsFunc(got, func(r rune) bool { return strings.ContainsRune("\n\r\v\f\u0085\u2028\u2029", r) })
		if !strings.HasPrefix(lines[0], label+": ") || strings.ContainsAny(label, ":|#()[]\n") || label == "" || len([]rune(label)) > longestName {
			t.Fatalf("it begins %q with the name %q", lines[0], label)
		}
		if strings.ContainsFunc(label, func(r rune) bool { return unicode.Is(unicode.C, r) }) {
			t.Fatalf("the name %q has what nobody sees", label)
		}
		for _, l := range lines[1:] {
			if !strings.HasPrefix(l, mark) {
				t.Fatalf("the line %q is not marked", l)
			}
		}
	})
}

func TestSpeakersAreTold(t *testing.T) {
	t.Parallel()
	hidden := openmates.Privacy{Usual: map[openmates.Fact]bool{openmates.FactName: false}}
	named := openmates.Privacy{Usual: map[openmates.Fact]bool{openmates.FactUsername: true}}
	who := speakers{mate: "sophia"}
	for _, c := range []struct {
		user    openmates.User
		privacy openmates.Privacy
		want    string
	}{
		{openmates.User{ID: 1, Username: "ada", DisplayName: "Ada"}, openmates.Privacy{}, "Ada"},
		{openmates.User{ID: 2, Username: "ada2", DisplayName: "Ada"}, openmates.Privacy{}, "Ada #2"},
		{openmates.User{ID: 1, Username: "ada", DisplayName: "Ada"}, openmates.Privacy{}, "Ada"},
		{openmates.User{ID: 3, Username: "eve", DisplayName: "Ada #2"}, openmates.Privacy{}, "Ada 2"},
		{openmates.User{ID: 3, Username: "eve", DisplayName: "Eve"}, named, "Eve (eve)"},
		{openmates.User{ID: 4, Username: "zed", DisplayName: "Zed"}, hidden, "Somebody"},
		{openmates.User{ID: 5, Username: "yan", DisplayName: "Yan"}, hidden, "Somebody #2"},
		{openmates.User{}, openmates.Privacy{}, "Somebody #3"}, // an account that is gone
		{openmates.User{ID: 6, Username: "x", DisplayName: "::\n"}, openmates.Privacy{}, "Somebody #4"},
	} {
		if got := who.name(c.user, c.privacy); got != c.want {
			t.Errorf("%+v is called %q, want %q", c.user, got, c.want)
		}
	}
}
