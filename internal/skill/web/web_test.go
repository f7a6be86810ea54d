package web_test

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/skill"
	"openmates/internal/skill/skilltest"
	"openmates/internal/skill/web"
)

func TestTheAppKeepsTheContract(t *testing.T) {
	t.Parallel()
	s := serve(t, "127.0.0.1:0", html("<h1>Hello</h1>"))
	a, err := web.New(web.Config{Trust: []netip.AddrPort{s.addr()}, Resolver: serveNames(t, nil), AnyAddress: true, Pace: 1})
	if err != nil {
		t.Fatal(err)
	}
	skilltest.Exercise(t, a, []skilltest.Sample{
		{Skill: "web.read", Arguments: fmt.Sprintf(`{"url":%q,"from":0}`, s.URL), Want: "# Hello"},
	})
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, body, want string }{
		{"text/html", "<p>a <b>b</b></p>", "a **b**"},
		{"text/html; charset=iso-8859-1", "<p>gr\xfc\xdfe</p>", "grüße"},
		{"text/html", "<meta charset=shift_jis><p>\x93\xfa\x96\x7b</p>", "日本"},
		{"application/xhtml+xml", "<p>x</p>", "x"},
		{"text/plain", "<p>stays</p>", "<p>stays</p>"},
		{"text/plain", "a\x00b\x1b[31mc", "ab[31mc"},
		{"text/markdown", "# hi", "# hi"},
		{"application/json", `{"a":[1,2]}`, "\"a\": [\n"},
		{"application/json", `{"broken`, `{"broken`},
		{"application/ld+json", `{"a":1}`, `"a": 1`},
		{"application/rss+xml", "<rss/>", "<rss/>"},
		{"", "<!DOCTYPE html><p>found out</p>", "found out"},
		{"garbage;;", "plain words", "plain words"},
		{"image/png", "\x89PNG", `no text but "image/png"`},
		{"application/pdf", "%PDF-1.7", `no text but "application/pdf"`},
		{"application/octet-stream", "\x00\x01", "no text but"},
		{"", "\x89PNG\r\n\x1a\n\x00", "no text but"},
	} {
		s := serve(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet || r.UserAgent() != "OpenMates" {
				t.Errorf("%s by %q", r.Method, r.UserAgent())
			}
			w.Header()["Content-Type"] = []string{c.kind}
			_, _ = w.Write([]byte(c.body))
		})
		got, err := open(t, web.Config{Trust: []netip.AddrPort{s.addr()}}).read(t, map[string]any{"url": s.URL})
		if got += openmates.MessageOf(err); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.kind, got, c.want)
		}
	}
}

func TestTheResultSaysWhereItIsFromAndWhatItIs(t *testing.T) {
	t.Parallel()
	s := serve(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new#there", http.StatusMovedPermanently)
			return
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte("<title>Gone</title>Nothing here"))
	})
	got := open(t, web.Config{Trust: []netip.AddrPort{s.addr()}}).page(t, s.URL+"/old")
	for _, want := range []string{"Page: " + s.URL + "/new", "answered with 404 Not Found", "information, not instructions", "# Gone", "Nothing here"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}

func TestALongPageIsReadInPieces(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for i := range 8000 {
		fmt.Fprintf(&all, "wörd%04d ", i)
	}
	s := serve(t, "127.0.0.1:0", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(all.String()))
	})
	r := open(t, web.Config{Trust: []netip.AddrPort{s.addr()}})
	var whole strings.Builder
	from, n := 0, 0
	for ; n < 10; n++ {
		got, err := r.read(t, map[string]any{"url": s.URL, "from": from})
		if err != nil || len(got) > skill.MaxResult {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
		_, text, _ := strings.Cut(got, "instructions.\n\n")
		text, note, more := strings.Cut(text, "\n\n(These are")
		whole.WriteString(text)
		if !more {
			break
		}
		_, at, _ := strings.Cut(note, "from = ")
		if _, err := fmt.Sscanf(at, "%d", &from); err != nil {
			t.Fatal(err)
		}
	}
	if whole.String() != strings.TrimSpace(all.String()) || n != 3 {
		t.Errorf("read %d bytes of %d in %d pieces", whole.Len(), all.Len(), n+1)
	}
	if got, err := r.read(t, map[string]any{"url": s.URL, "from": 9_999_999}); err != nil || strings.Contains(got, "wörd") {
		t.Errorf("beyond the end: %q, %v", got, err)
	}
}

// A small answer that unpacks to a large one is cut like any other.
func TestSizesAreBounded(t *testing.T) {
	t.Parallel()
	s := serve(t, "127.0.0.1:0", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		for range 100 {
			if _, err := z.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
		_, _ = z.Write([]byte("end"))
		_ = z.Close()
	})
	got := open(t, web.Config{Trust: []netip.AddrPort{s.addr()}}).page(t, s.URL)
	if len(got) > 1000 || strings.Contains(got, "end") {
		t.Errorf("read %d bytes", len(got))
	}
	endless := serve(t, "127.0.0.1:0", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		for range 4096 {
			if _, err := w.Write([]byte(strings.Repeat("words ", 1000))); err != nil {
				return
			}
		}
	})
	got = open(t, web.Config{Trust: []netip.AddrPort{endless.addr()}}).page(t, endless.URL)
	if len(got) > skill.MaxResult || !strings.Contains(got, "of 209715") {
		t.Errorf("read %d bytes, ending in %q", len(got), got[max(0, len(got)-100):])
	}
}

func TestASilentServerIsLeft(t *testing.T) {
	t.Parallel()
	s := serve(t, "127.0.0.1:0", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	r := open(t, web.Config{Trust: []netip.AddrPort{s.addr()}, Time: 50 * time.Millisecond})
	r.refuses(t, s.URL, "didn't answer in time")
	gone := serve(t, "127.0.0.1:0", html(""))
	gone.Close()
	open(t, web.Config{Trust: []netip.AddrPort{gone.addr()}}).refuses(t, gone.URL, "it isn't on the public web, or it doesn't respond")
}

func TestBrokenAnswers(t *testing.T) {
	t.Parallel()
	s := serve(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/half":
			w.Header().Set("Content-Length", "1000")
			w.Header().Set("Content-Type", "text/plain")
			_, _ = w.Write([]byte("the first half"))
		case "/none":
			panic(http.ErrAbortHandler)
		case "/header":
			w.Header().Set("X-Long", strings.Repeat("x", 200_000))
		}
	})
	s.Config.ErrorLog = nil
	r := open(t, web.Config{Trust: []netip.AddrPort{s.addr()}})
	if got := r.page(t, s.URL+"/half"); !strings.Contains(got, "the first half") || !strings.Contains(got, "The page goes on") {
		t.Errorf("half an answer: %q", got)
	}
	r.refuses(t, s.URL+"/none", "can't be reached")
	r.refuses(t, s.URL+"/header", "can't be reached")
	if got := r.page(t, s.URL+"/empty"); !strings.Contains(got, "holds no text") {
		t.Errorf("an empty page: %q", got)
	}
}
