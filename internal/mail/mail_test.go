package mail

import (
	"strings"
	"testing"
)

func TestAddress(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ada@example.org": "ada@example.org", " Ada.L+x@EXAMPLE.Org ": "ada.l+x@example.org", "a@localhost": "a@localhost",
		"ada@MÜLLER.example": "ada@xn--mller-kva.example", "ada@mu\u0308ller.example": "ada@xn--mller-kva.example", "ada@xn--mller-kva.example": "ada@xn--mller-kva.example",
		"\u212aim@example.org": "", "käthe@example.org": "", "kim@e\u212aample.org": "kim@ekample.org", "ada@xn--a.example": "", "ada@exa_mple.org": "", "ada@example.org.": "",
		"": "", "ada": "", "@example.org": "", "ada@": "", "Ada <ada@example.org>": "", "ada@example.org, eve@example.org": "",
		"ada@example.org\r\nBcc: eve@example.org": "", "ada@exa mple.org": "", "\"a b\"@example.org": "", "ada@host": "",
		strings.Repeat("a", 65) + "@example.org": "", "ada@" + strings.Repeat("a", 260) + ".org": "", "ada@[127.0.0.1]": "",
	} {
		got, err := Address(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestHTMLShowsTextAsItIs(t *testing.T) {
	t.Parallel()
	got := HTML("en", "Hello <b>Ada</b>,\nplease open\n\nhttps://mates.example.org/x?a=1&b=2\n\njavascript:alert(1) https://no.example\n")
	for _, part := range []string{"Hello &lt;b&gt;Ada&lt;/b&gt;,<br>please open", `<a href="https://mates.example.org/x?a=1&amp;b=2">`} {
		if !strings.Contains(got, part) {
			t.Errorf("lacks %q: %s", part, got)
		}
	}
	for _, bad := range []string{"<img", "<b>", `href="javascript`, `href="https://no`} {
		if strings.Contains(got, bad) {
			t.Errorf("holds %q: %s", bad, got)
		}
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("ada@example.org")
	f.Add("a@b.c\r\nBcc: x@y.z")
	f.Add("\u212aim@example.org")
	f.Add("ada@müller.example")
	f.Add("ada@xn--a.example")
	f.Add("0@0.\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Address(s)
		if err != nil {
			return
		}
		if strings.ContainsFunc(got, func(c rune) bool { return c > '~' || c >= 'A' && c <= 'Z' }) {
			t.Errorf("%q becomes %q, which is not the one form", s, got)
		}
		if strings.ContainsAny(got, "\r\n <>,") || strings.Count(got, "@") < 1 {
			t.Errorf("%q becomes %q", s, got)
		}
		if again, err := Address(got); err != nil || again != got {
			t.Errorf("%q becomes %q, then %q (%v)", s, got, again, err)
		}
	})
}
