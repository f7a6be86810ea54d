package client

import (
	"strings"
	"testing"

	"openmates"
)

func FuzzEvents(f *testing.F) {
	f.Add("event: text\ndata: {\"text\":\"a\"}\n\nevent: done\ndata: {\"text\":\"a\"}\n\n")
	f.Add("event: reset\ndata: {}\n\nevent: problem\ndata: {\"code\":\"limit\",\"detail\":\"Wait.\"}\n\n")
	f.Add(": alive\n\ndata: x\nevent: done\ndata: [")
	f.Fuzz(func(t *testing.T, stream string) {
		r, err := events(strings.NewReader(stream), func(string) {})
		if err != nil && r.Text != "" {
			t.Errorf("a reply beside an error: %+v %v", r, err)
		}
		if err == nil && !strings.Contains(stream, "event: done") {
			t.Errorf("%q ended well", stream)
		}
	})
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "mates.example", "ftp://mates.example", "https://", "https://mates.example/path", "://x"} {
		if _, err := New(Config{URL: bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	c, err := New(Config{URL: "https://mates.example/", Token: "canary"})
	if err != nil || c.base.String() != "https://mates.example" {
		t.Errorf("%v %v", c.base, err)
	}
	if got := Path("a/b", "..", "c?d#e", "ü"); got != "/a%2Fb/../c%3Fd%23e/%C3%BC" {
		t.Errorf("path %q", got)
	}
	p := error(&Problem{Code: openmates.ELimit, Detail: "Wait."})
	if openmates.CodeOf(p) != openmates.ELimit || openmates.MessageOf(p) != "Wait." {
		t.Errorf("%v", p)
	}
}
