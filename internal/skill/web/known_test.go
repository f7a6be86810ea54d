package web_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/skill"
	"openmates/internal/skill/web"
)

// What a model makes up is not read, whatever it is made of: only what people
// wrote, or a page that was read in the same turn.
func TestOnlyAddressesThatWereNamedAreRead(t *testing.T) {
	t.Parallel()
	s := serve(t, "127.0.0.1:0", html(`<p>Hello. <a href="/deep/page?x=1#top">more</a></p>`))
	a, err := web.New(web.Config{Trust: []netip.AddrPort{s.addr()}, Pace: 1})
	if err != nil {
		t.Fatal(err)
	}
	r, err := skill.New(a)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(address string, said ...string) (skill.Result, error) {
		t.Helper()
		args, err := json.Marshal(map[string]any{"url": address})
		if err != nil {
			t.Fatal(err)
		}
		return r.Run(t.Context(), "web_read", skill.Call{Arguments: args, Said: said})
	}
	host := s.URL[len("http://"):]
	for _, said := range []string{
		s.URL + "/a/b?q=x y", // the space ends it: /a/b?q=x
		"Read " + s.URL + "/a/b?q=x, please.", "(" + s.URL + "/a/b?q=x)", "<" + s.URL + "/a/b?q=x>", "[text](" + s.URL + "/a/b?q=x)", "see:" + s.URL + "/a/b?q=x!",
		"**" + s.URL + "/a/b?q=x**", host + "/a/b?q=x", s.URL + "/a/b/?q=x#part", strings.ToUpper("http") + s.URL[len("http"):] + "/a/b?q=%78", "first\n" + s.URL + "/a/b?q=x\nlast",
		"„" + s.URL + "/a/b?q=x“",
	} {
		if _, err := ask(s.URL+"/a/b?q=x", "nothing", said); err != nil {
			t.Errorf("named in %q: %v", said, err)
		}
		if _, err := ask(s.URL, said); err != nil {
			t.Errorf("the front page of what is named in %q: %v", said, err)
		}
	}
	hits := s.hits.Load()
	for _, said := range []string{"", "Read my mind.", s.URL, s.URL + "/a/b", s.URL + "/a/b?q=", s.URL + "/a/b?q=xy", s.URL + "/a/b/c?q=x", "http://example.org/?u=" + s.URL + "/a/b?q=xx", host + ".evil.example/a/b?q=x"} {
		res, err := ask(s.URL+"/a/b?q=x", said)
		if openmates.CodeOf(err) != openmates.EInvalid || !strings.Contains(openmates.MessageOf(err), "Ask the person for the link") {
			t.Errorf("not named in %q: %q, %v", said, res.Text, err)
		}
	}
	if n := s.hits.Load(); n != hits {
		t.Errorf("the page was asked %d times", n-hits)
	}
	// A page makes the pages that it links to known.
	first, err := ask(s.URL+"/", "Look at "+s.URL)
	if err != nil || !first.Source {
		t.Fatalf("%+v, %v", first, err)
	}
	if _, err := ask(s.URL+"/deep/page?x=1", first.Text); err != nil {
		t.Error(err)
	}
	if _, err := ask(s.URL+"/deep/page?x=2", first.Text); err == nil {
		t.Error("an address was read that the page does not name")
	}
}

// An internal name, a missing name, an internal address and an unreachable host
// all give the same error, and none sooner than the minimum delay.
func TestNobodyLearnsWhichNamesThereAreInside(t *testing.T) {
	t.Parallel()
	inside := serve(t, "127.0.0.1:0", html("secret"))
	gone := serve(t, "127.0.0.1:0", html(""))
	gone.Close()
	const pace = 150 * time.Millisecond
	r := open(t, web.Config{
		Pace: pace, Trust: []netip.AddrPort{gone.addr()}, Ports: []uint16{80, inside.addr().Port()},
		Resolver: serveNames(t, map[string][]string{"intranet.test": {"127.0.0.1"}, "metadata.test": {"169.254.169.254"}}),
	})
	var first string
	for _, address := range []string{
		"http://intranet.test:" + inside.port() + "/", "http://metadata.test/", "http://nowhere.test/", "http://localhost:" + inside.port() + "/", "http://localhost/",
		"http://127.0.0.1/", "http://10.0.0.1/", "http://[::1]/", "http://2130706433/", gone.URL,
	} {
		begun := time.Now()
		_, err := r.read(t, map[string]any{"url": address})
		if took := time.Since(begun); took < pace {
			t.Errorf("%s: after %s", address, took)
		}
		said := string(openmates.CodeOf(err)) + " " + openmates.MessageOf(err)
		if first == "" {
			first = said
		}
		if said != first || err == nil {
			t.Errorf("%s: %q, the first one %q", address, said, first)
		}
	}
	if inside.hits.Load() != 0 {
		t.Error("the server inside was asked")
	}
}

func FuzzKnown(f *testing.F) {
	f.Add("https://example.org/a?b=c", "see [x](https://example.org/a?b=c).")
	f.Add("http://xn--e1afmkfd.test:8080/%zz", "\x00://(")
	f.Fuzz(func(t *testing.T, address, text string) {
		if web.Known(address, text) && !strings.Contains(strings.ToLower(text), ".") && !strings.Contains(text, "://") {
			t.Errorf("%q is known from %q", address, text)
		}
	})
}
