package mail

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// looksLikeLink reports whether a mail program would make a link of something in a
// line: a scheme, or letters on both sides of a dot or an @.
func looksLikeLink(line string) bool {
	return regexp.MustCompile(`(?i)[a-z]:/|www\.\S|[\p{L}\p{N}][.。．｡@＠][\p{L}\p{N}]`).MatchString(line)
}

func TestQuotedIsShortAndReadable(t *testing.T) {
	t.Parallel()
	if got := Quoted(strings.Repeat("n", 500)); len([]rune(got)) > maxQuoted+4 {
		t.Errorf("%d characters are quoted", len([]rune(got)))
	}
	for in, want := range map[string]string{"Ada": "“Ada”", "J.R.R. Tolkien": "“J. R. R. Tolkien”", " Dr. Ada  L ": "“Dr. Ada L”", "": "“”"} {
		if got := Quoted(in); got != want {
			t.Errorf("%q is quoted as %s", in, got)
		}
	}
}

func FuzzQuoted(f *testing.F) {
	for _, s := range []string{"", "Ada", "Your bank: https://evil.example", "a\r\nBcc: x@y.z", "”. https://x", "\u202eevil", "evil。example", "x\xff.y", strings.Repeat("é.", 90)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Quoted(s)
		inside := strings.TrimSuffix(strings.TrimPrefix(got, "“"), "”")
		if len(inside) != len(got)-len("“”") || strings.ContainsAny(inside, "“”\"") || len([]rune(inside)) > maxQuoted+2 {
			t.Errorf("%q is quoted as %q", s, got)
		}
		if looksLikeLink(inside) || strings.ContainsFunc(inside, func(c rune) bool { return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' }) {
			t.Errorf("%q becomes %q", s, got)
		}
	})
}

func FuzzMailbox(f *testing.F) {
	f.Add("Ada.L+x@EXAMPLE.org")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Address(s)
		if err != nil {
			return
		}
		local, domain, _ := strings.Cut(a, "@")
		if mailbox(a) != mailbox(strings.ToUpper(local[:1])+local[1:]+"@"+strings.ToUpper(domain)) && local[0] < 0x80 {
			t.Errorf("%q is two mailboxes", a)
		}
	})
}
