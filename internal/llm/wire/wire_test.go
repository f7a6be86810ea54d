package wire_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lines is a Decoder of events that are words: "end" is the last that counts,
// "over" the last of all, "bad" can't be read.
type lines struct {
	wire.Tally
	at wire.Progress
}

func (l *lines) Event(ev wire.Event) (string, error) {
	said := strings.Trim(string(ev.Data), `"`)
	switch said {
	case "end":
		l.at = wire.Whole
		return "", nil
	case "over":
		l.at = wire.Over
		return "", nil
	case "bad":
		return "", errors.New("bad")
	}
	return said, nil
}
func (l *lines) Progress() wire.Progress { return l.at }
func (l *lines) End() wire.End {
	return wire.End{Usage: llm.Usage{Output: 1}, Stop: llm.StopEnd}
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// net/http notices that a client has left only when its body is read.
		_, _ = io.Copy(io.Discard, r.Body)
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func client(t *testing.T, c wire.Config) *wire.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c.HTTP = &http.Client{Transport: transport}
	c.Refusal = func(status int, body []byte) *llm.Error {
		return &llm.Error{Kind: wire.ByStatus(status), Err: wire.Words("", "", body)}
	}
	w, err := wire.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func pump(t *testing.T, c *wire.Client) (text string, whole bool, err error) {
	t.Helper()
	s, err := c.Post(t.Context(), "/", llm.Request{}, map[string]string{})
	if err != nil {
		return "", false, err
	}
	defer s.Close()
	s.Pump(&lines{}, func(p llm.Piece, e error) bool {
		text += p.Text
		whole = whole || p.Stop != ""
		err = e
		return true
	})
	return text, whole, err
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for url, ok := range map[string]bool{
		"https://api.example.com/v1": true, "http://localhost:11434/v1/": true, " http://[::1]:80 ": true,
		"": false, "api.example.com": false, "ftp://x": false, "https://": false, "http://%zz": false,
		"https://user:pass@x/v1": false, "https://x/v1?key=1": false, "https://x/#a": false,
	} {
		_, err := wire.New(wire.Config{URL: url})
		if (err == nil) != ok || err != nil && openmates.CodeOf(err) != openmates.EInvalid {
			t.Errorf("%q: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "pass") {
			t.Errorf("%q: %v repeats the password", url, err)
		}
	}
	if _, err := wire.New(wire.Config{URL: "http://x", Header: map[string]string{"A": "sk-1\nsk-2"}}); err == nil || strings.Contains(err.Error(), "sk-") {
		t.Errorf("a key of two lines: %v", err)
	}
}

// A redirect would carry x-api-key to whichever host it names.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 307, 308} {
		other := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
		s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, status) })
		c := client(t, wire.Config{URL: s.URL, Header: map[string]string{"X-Api-Key": "sk-1"}})
		_, _, err := pump(t, c)
		if e, ok := errors.AsType[*llm.Error](err); !ok || e.Kind != llm.KindInvalid || e.Status != status {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// The request is ended because of the silence, not because the caller gave up.
func TestSilence(t *testing.T) {
	t.Parallel()
	for _, say := range []string{"", "data: word\n\n"} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if say != "" {
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, say)
				_ = http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
		})
		_, whole, err := pump(t, client(t, wire.Config{URL: s.URL, Idle: 20 * time.Millisecond}))
		e, ok := errors.AsType[*llm.Error](err)
		if !ok || !e.Again() || whole || !strings.Contains(err.Error(), "nothing arrived") {
			t.Errorf("%q: %v", say, err)
		}
	}
}

func TestASlowReaderIsNoSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		said := answering("data: word\n\ndata: over\n\n")
		c, err := wire.New(wire.Config{URL: "http://model.example", Idle: 300 * time.Millisecond, HTTP: &http.Client{Transport: said}})
		if err != nil {
			t.Fatal(err)
		}
		stream, err := c.Post(t.Context(), "/", llm.Request{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		stream.Pump(&lines{}, func(p llm.Piece, err error) bool {
			if err != nil {
				t.Errorf("the reader's time was taken for silence: %v", err)
			}
			if p.Text != "" {
				time.Sleep(600 * time.Millisecond)
			}
			return true
		})
	})
}

// answering is a transport without a network, for tests in a bubble: it answers
// byte by byte, for as long as the request lives.
type answering string

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	body := alive{r.Context(), iotest.OneByteReader(strings.NewReader(string(a)))}
	return &http.Response{StatusCode: http.StatusOK, Request: r, Body: io.NopCloser(body),
		Header: http.Header{"Content-Type": {"text/event-stream"}}}, nil
}

type alive struct {
	ctx context.Context
	io.Reader
}

func (a alive) Read(b []byte) (int, error) {
	if err := a.ctx.Err(); err != nil {
		return 0, err
	}
	return a.Reader.Read(b)
}

// What breaks behind the answer's end does not take the answer back.
func TestEndOfAnAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		say   string
		abort bool
		hang  bool
		whole bool
	}{
		"over":                          {"data: a\n\ndata: over\n\n", false, false, true},
		"over, then silence":            {"data: a\n\ndata: over\n\n", false, true, true},
		"over, then a break":            {"data: a\n\ndata: over\n\n", true, false, true},
		"whole, then the end":           {"data: a\n\ndata: end\n\n", false, false, true},
		"whole, then a break":           {"data: a\n\ndata: end\n\n", true, false, true},
		"whole, then silence":           {"data: a\n\ndata: end\n\n", false, true, true},
		"whole, then something odd":     {"data: a\n\ndata: end\n\ndata: bad\n\n", false, false, true},
		"something odd":                 {"data: a\n\ndata: bad\n\ndata: over\n\n", false, false, false},
		"the end in the middle":         {"data: a\n\n", false, false, false},
		"no empty line behind the last": {"data: a\n\ndata: over", false, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, c.say)
				_ = http.NewResponseController(w).Flush()
				if c.abort {
					panic(http.ErrAbortHandler)
				}
				if c.hang {
					<-r.Context().Done()
				}
			})
			text, whole, err := pump(t, client(t, wire.Config{URL: s.URL, Idle: 500 * time.Millisecond}))
			if text != "a" || whole != c.whole || (err == nil) != c.whole {
				t.Errorf("got %q, whole %v, %v", text, whole, err)
			}
		})
	}
}

// A stream is one whatever its Content-Type says, and so is a document.
func TestDocumentsAndStreamsAreToldApartByWhatTheyAre(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ kind, body string }{
		"a list":                       {"application/json; charset=utf-8", ` ["a", "over"]`},
		"a list that is called events": {"text/event-stream", `["a","over"]`},
		"something behind it":          {"text/event-stream", "[\"a\",\"over\"]\n\ndata: [DONE]\n\n"},
		"events":                       {"text/event-stream", "\n\ndata: a\n\ndata: over\n\n"},
		"events that are called JSON":  {"application/json", "data: a\n\ndata: over\n\n"},
		"without a name":               {"", "data: a\n\ndata: over\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.kind)
				_, _ = io.WriteString(w, c.body)
			})
			if text, whole, err := pump(t, client(t, wire.Config{URL: s.URL})); text != "a" || !whole || err != nil {
				t.Errorf("got %q, whole %v, %v", text, whole, err)
			}
		})
	}
}

func TestGetOfNonsense(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") })
	var into struct{}
	err := client(t, wire.Config{URL: s.URL}).Get(t.Context(), "/models", &into)
	if e, ok := errors.AsType[*llm.Error](err); !ok || e.Kind != llm.KindInvalid {
		t.Errorf("got %v", err)
	}
}

func TestContextBeforeAnything(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client(t, wire.Config{URL: "http://127.0.0.1:1"}).Post(ctx, "/", llm.Request{}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	_, err = client(t, wire.Config{URL: "http://127.0.0.1:1"}).Post(t.Context(), "/", llm.Request{}, func() {})
	if e, ok := errors.AsType[*llm.Error](err); !ok || e.Kind != llm.KindInvalid {
		t.Errorf("what can't be written: %v", err)
	}
}

func TestAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, value string
		want        time.Duration
	}{
		{"Retry-After", "7", 7 * time.Second},
		{"Retry-After", " 1.5 ", 1500 * time.Millisecond},
		{"Retry-After", "Mon, 23 Nov 2026 12:01:00 GMT", time.Minute},
		{"Retry-After", "Mon, 23 Nov 2026 11:01:00 GMT", 0},
		{"Retry-After-Ms", "250", 250 * time.Millisecond},
		{"Retry-After", "", 0}, {"Retry-After", "-3", 0}, {"Retry-After", "soon", 0},
		{"Retry-After", "1e300", 0}, {"Retry-After", "NaN", 0}, {"Retry-After-Ms", "NaN", 0}, {"Retry-After", "99999999", 0},
	} {
		if got := wire.After(http.Header{c.name: {c.value}}, now); got != c.want {
			t.Errorf("%s: %q: got %v, want %v", c.name, c.value, got, c.want)
		}
	}
}

func TestCallID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"call_1", "toolu_01AbC-x", strings.Repeat("a", 40)} {
		if got := wire.CallID(id); got != id {
			t.Errorf("%q became %q", id, got)
		}
	}
	for _, id := range []string{"", "a b", "x~y", strings.Repeat("a", 41), "ü"} {
		got := wire.CallID(id)
		if got == id || got != wire.CallID(id) || wire.CallID(got) != got {
			t.Errorf("%q became %q", id, got)
		}
	}
	if wire.CallID("x~y") == wire.CallID("x~z") {
		t.Error("two calls became one")
	}
	if a, b := wire.NewCallID(), wire.NewCallID(); a == b || wire.CallID(a) != a {
		t.Errorf("new ids %q and %q", a, b)
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		` {"a":1} `: `{"a":1}`, "": "{}", "{": `{"invalid":"{"}`, "[1]": `{"invalid":"[1]"}`, "\xff": `{"invalid":"\ufffd"}`,
	} {
		if got := string(wire.Arguments(in)); got != want {
			t.Errorf("%q: got %s", in, got)
		}
	}
	if got := string(wire.Parameters(nil)); got != `{"type":"object","properties":{}}` {
		t.Errorf("no parameters: %s", got)
	}
}
