package mail

import (
	"strings"
	"testing"
)

func TestAddress(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ada@example.org": "ada@example.org", " Ada.L+x@EXAMPLE.Org ": "Ada.L+x@example.org", "a@localhost": "a@localhost",
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
	got := HTML("Hello <b>Ada</b>,\nplease open\n\nhttps://mates.example.org/x?a=1&b=2\n\njavascript:alert(1) https://no.example\n")
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
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Address(s)
		if err != nil {
			return
		}
		if strings.ContainsAny(got, "\r\n <>,") || strings.Count(got, "@") < 1 {
			t.Errorf("%q becomes %q", s, got)
		}
		if again, err := Address(got); err != nil || again != got {
			t.Errorf("%q becomes %q, then %q (%v)", s, got, again, err)
		}
	})
}
