package discord

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// script answers requests one after the other; the last answer repeats.
type script struct {
	mu      sync.Mutex
	answers []answer
	at      []time.Time
	paths   []string
	bodies  []string
}

type answer struct {
	status int
	body   string
	header map[string]string
	err    error
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.answers[min(len(s.at), len(s.answers)-1)]
	s.at = append(s.at, time.Now())
	s.paths = append(s.paths, r.Method+" "+r.URL.Path)
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	s.bodies = append(s.bodies, string(body))
	if a.err != nil {
		return nil, a.err
	}
	h := http.Header{}
	for k, v := range a.header {
		h.Set(k, v)
	}
	return &http.Response{StatusCode: a.status, Header: h, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

func scripted(t *testing.T, answers ...answer) (*Connector, *script) {
	t.Helper()
	s := &script{answers: answers}
	d, err := New(Config{
		API: "http://discord.test/api", Authorize: "http://discord.test/oauth2/authorize",
		HTTP: &http.Client{Transport: s}, Rand: func() float64 { return 0.5 },
	})
	if err != nil {
		t.Fatal(err)
	}
	return d, s
}

var (
	someBot = openmates.Bot{ID: 1, AppID: "42", UserID: "42", Secrets: openmates.Secrets{"token": "tok"}}
	someOut = messenger.Outbound{Key: "discord:42:7", Channel: "9", ReplyTo: "7", Text: "hello", Ping: true}
	made    = answer{status: 200, body: `{"id":"1001"}`}
)

func TestSendTries(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answers []answer
		calls   int
		least   time.Duration
		most    time.Duration
		fails   messenger.SendKind // -1 = succeeds
	}{
		"at once":             {[]answer{made}, 1, 0, 0, -1},
		"429 to the letter":   {[]answer{{429, `{"retry_after":1.337}`, nil, nil}, made}, 2, 1337 * time.Millisecond, 1340 * time.Millisecond, -1},
		"429 in a header":     {[]answer{{429, `<html>`, map[string]string{"Retry-After": "2"}, nil}, made}, 2, 2 * time.Second, 2010 * time.Millisecond, -1},
		"429 global":          {[]answer{{429, `{"retry_after":0.7,"global":true}`, nil, nil}, made}, 2, 700 * time.Millisecond, 710 * time.Millisecond, -1},
		"429 without a time":  {[]answer{{429, ``, nil, nil}, made}, 2, time.Second, 1010 * time.Millisecond, -1},
		"429 of zero":         {[]answer{{429, `{"retry_after":0}`, nil, nil}, made}, 2, 50 * time.Millisecond, 60 * time.Millisecond, -1},
		"429 without end":     {[]answer{{429, `{"retry_after":1}`, nil, nil}}, maxTries, (maxTries - 1) * time.Second, maxTries * time.Second, messenger.SendLater},
		"429 of an hour":      {[]answer{{429, `{"retry_after":3600}`, nil, nil}, made}, 1, 0, 0, messenger.SendLater},
		"502 twice":           {[]answer{{502, ``, nil, nil}, {502, ``, nil, nil}, made}, 3, 300 * time.Millisecond, 2 * time.Second, -1},
		"500 without end":     {[]answer{{500, ``, nil, nil}}, maxTries, time.Second, time.Minute, messenger.SendLater},
		"no network":          {[]answer{{err: errors.New("reset")}, made}, 2, 100 * time.Millisecond, time.Second, -1},
		"no JSON":             {[]answer{{200, `<html>`, nil, nil}, made}, 2, 100 * time.Millisecond, time.Second, -1},
		"401":                 {[]answer{{401, `{"code":0}`, nil, nil}}, 2, 0, 0, messenger.SendBroken},
		"403 missing access":  {[]answer{{403, `{"code":50001}`, nil, nil}}, 1, 0, 0, messenger.SendDenied},
		"403 code as string":  {[]answer{{403, `{"code":"50013"}`, nil, nil}}, 1, 0, 0, messenger.SendDenied},
		"404 channel":         {[]answer{{404, `{"code":10003}`, nil, nil}}, 1, 0, 0, messenger.SendGone},
		"404 message":         {[]answer{{404, `{"code":10008}`, nil, nil}}, 1, 0, 0, messenger.SendGone},
		"400 form":            {[]answer{{400, `{"code":50035}`, nil, nil}}, 1, 0, 0, messenger.SendInvalid},
		"400 no history":      {[]answer{{400, `{"code":160002}`, nil, nil}, made}, 2, 0, 0, -1}, // without a reference
		"400 no message":      {[]answer{{400, `{"code":160002}`, nil, nil}}, 2, 0, 0, messenger.SendDenied},
		"403 closed DMs":      {[]answer{{403, `{"code":50007}`, nil, nil}}, 1, 0, 0, messenger.SendDenied},
		"403 user agent":      {[]answer{{403, `{"code":40333}`, nil, nil}}, 1, 0, 0, messenger.SendLater},
		"slow mode":           {[]answer{{400, `{"code":20016}`, nil, nil}}, 1, 0, 0, messenger.SendLater},
		"write limit":         {[]answer{{400, `{"code":20028}`, nil, nil}}, 1, 0, 0, messenger.SendLater},
		"413":                 {[]answer{{413, ``, nil, nil}}, 1, 0, 0, messenger.SendInvalid},
		"answer without a id": {[]answer{{200, `{}`, nil, nil}}, 1, 0, 0, messenger.SendLater},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d, s := scripted(t, c.answers...)
				start := time.Now()
				id, err := d.Send(t.Context(), via(someBot), someOut)
				took := time.Since(start)
				if len(s.at) != c.calls || took < c.least || took > c.most {
					t.Errorf("%d calls in %v, want %d in %v to %v", len(s.at), took, c.calls, c.least, c.most)
				}
				if c.fails < 0 {
					if err != nil || id != "1001" {
						t.Fatalf("%q, %v", id, err)
					}
					return
				}
				e, ok := errors.AsType[*messenger.SendError](err)
				if !ok || e.Kind != c.fails || !strings.HasSuffix(e.Reason.String(), ".") {
					t.Fatalf("got %+v, want kind %d", err, c.fails)
				}
				if strings.Contains(err.Error(), "tok") && !strings.Contains(err.Error(), "token") {
					t.Fatal("the token is in the error")
				}
			})
		})
	}
}

func TestSendGivesUpBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, _ := scripted(t, answer{429, `{"retry_after":20}`, nil, nil}, made)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		_, err := d.Send(ctx, via(someBot), someOut)
		if e, ok := errors.AsType[*messenger.SendError](err); !ok || !e.Again() || time.Since(start) != 0 {
			t.Fatalf("%v after %v", err, time.Since(start))
		}
	})
}

// One answer without rate limit left makes the next call wait, so that no 429
// comes at all.
func TestBucketsAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits := func(left string) answer {
			return answer{200, `{"id":"1001"}`, map[string]string{
				"X-RateLimit-Bucket": "abc", "X-RateLimit-Limit": "2", "X-RateLimit-Remaining": left, "X-RateLimit-Reset-After": "0.75",
			}, nil}
		}
		d, s := scripted(t, limits("1"), limits("0"), limits("1"), limits("1"))
		for range 2 {
			if _, err := d.Send(t.Context(), via(someBot), someOut); err != nil {
				t.Fatal(err)
			}
		}
		other := someOut
		other.Channel = "10"
		start := time.Now()
		if _, err := d.Send(t.Context(), via(someBot), other); err != nil || time.Since(start) != 0 {
			t.Fatalf("another channel waited %v, %v", time.Since(start), err)
		}
		if _, err := d.Send(t.Context(), via(someBot), someOut); err != nil {
			t.Fatal(err)
		}
		if wait := s.at[3].Sub(s.at[1]); wait != 750*time.Millisecond {
			t.Fatalf("waited %v, want 0.75 s", wait)
		}
	})
}

// A storm of answers stays below fifty requests in any second.
func TestGlobalRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, s := scripted(t, made)
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() { _, _ = d.Send(t.Context(), via(someBot), someOut) })
		}
		wg.Wait()
		if len(s.at) != 200 {
			t.Fatalf("%d requests", len(s.at))
		}
		for i := range s.at {
			if i >= 50 && s.at[i].Sub(s.at[i-50]) < time.Second {
				t.Fatalf("51 requests within %v", s.at[i].Sub(s.at[i-50]))
			}
		}
	})
}

func TestDeadTokenIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, s := scripted(t, answer{status: 401})
		for range 5 {
			_, err := d.Send(t.Context(), via(someBot), someOut)
			if e, ok := errors.AsType[*messenger.SendError](err); !ok || e.Kind != messenger.SendBroken {
				t.Fatal(err)
			}
		}
		if len(s.at) != 2 {
			t.Fatalf("%d requests with a dead token: %v", len(s.at), s.paths)
		}
		s.answers = []answer{made}
		renewed := someBot
		renewed.Secrets = renewed.Secrets.With(fieldToken, "new")
		if _, err := d.Send(t.Context(), via(renewed), someOut); err != nil {
			t.Fatal(err)
		}
	})
}

// A single 401 that the second request doesn't confirm has no effect.
func TestOneOddUnauthorized(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, _ := scripted(t, answer{status: 401}, answer{status: 200, body: `{"id":"42"}`}, made)
		_, _ = d.Send(t.Context(), via(someBot), someOut)
		if _, err := d.Send(t.Context(), via(someBot), someOut); err != nil {
			t.Fatal(err)
		}
	})
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, s := scripted(t, answer{403, `{"code":50013}`, nil, nil})
		for range invalidMost {
			d.rest.fuse.count(time.Now())
		}
		_, err := d.Send(t.Context(), via(someBot), someOut)
		if e, ok := errors.AsType[*messenger.SendError](err); !ok || e.Kind != messenger.SendLater || len(s.at) != 0 {
			t.Fatalf("%v after %d requests", err, len(s.at))
		}
		time.Sleep(invalidWindow + time.Minute) // synctest: no real time passes
		_, err = d.Send(t.Context(), via(someBot), someOut)
		if e, ok := errors.AsType[*messenger.SendError](err); !ok || e.Kind != messenger.SendDenied || len(s.at) != 1 {
			t.Fatalf("%v after %d requests", err, len(s.at))
		}
	})
}

func TestBreakerCounts(t *testing.T) {
	t.Parallel()
	for status, counts := range map[int]bool{200: false, 401: true, 403: true, 404: false, 429: true, 400: false} {
		synctest.Test(t, func(t *testing.T) {
			d, _ := scripted(t, answer{status, `{"retry_after":99}`, nil, nil})
			_, _ = d.Send(t.Context(), via(someBot), someOut)
			sum := 0
			for _, s := range d.rest.fuse.slots {
				sum += s.count
			}
			if (sum > 0) != counts {
				t.Errorf("status %d counted %d times", status, sum)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		d, _ := scripted(t, answer{429, `{"retry_after":99}`, map[string]string{"X-RateLimit-Scope": "shared"}, nil})
		_, _ = d.Send(t.Context(), via(someBot), someOut)
		for _, s := range d.rest.fuse.slots {
			if s.count != 0 {
				t.Error("a shared limit counts")
			}
		}
	})
}

func TestSendRefusesBeforeAsking(t *testing.T) {
	t.Parallel()
	d, s := scripted(t, made)
	for name, out := range map[string]messenger.Outbound{
		"2001 characters": {Channel: "9", Text: strings.Repeat("x", 2001)},
		"1001 emoji":      {Channel: "9", Text: strings.Repeat("😀", 1001)}, // two UTF-16 units each
		"nothing":         {Channel: "9", Text: " \n"},
		"no channel":      {Channel: "../x", Text: "hi"},
	} {
		_, err := d.Send(t.Context(), via(someBot), out)
		if e, ok := errors.AsType[*messenger.SendError](err); !ok || e.Kind != messenger.SendInvalid {
			t.Errorf("%s: %v", name, err)
		}
		if name != "no channel" {
			if err := d.Edit(t.Context(), via(someBot), "8", messenger.Outbound{Channel: "9", Text: out.Text}); err == nil {
				t.Errorf("%s: edited", name)
			}
		}
	}
	if err := d.Edit(t.Context(), via(someBot), "../8", messenger.Outbound{Channel: "9", Text: "hi"}); err == nil {
		t.Error("a message id that is none is taken")
	}
	if err := d.Typing(t.Context(), via(someBot), "x"); err == nil {
		t.Error("a channel id that is none is taken")
	}
	if len(s.at) != 0 {
		t.Errorf("requests were made: %v", s.paths)
	}
	if got := d.Info().Measure("a😀"); got != 3 {
		t.Errorf("measured %d UTF-16 units, want 3", got)
	}
	if _, err := d.Send(t.Context(), via(someBot), messenger.Outbound{Channel: "9", Text: strings.Repeat("x", 2000)}); err != nil {
		t.Error(err)
	}
}

func TestNonce(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, key := range []string{"a", "b", "discord:42:1308012345678901235"} {
		for part := range 50 {
			n := nonce(key, part)
			if len(n) > 25 || n == "" || seen[n] || n != nonce(key, part) {
				t.Fatalf("nonce %q", n)
			}
			seen[n] = true
		}
	}
}

func TestRequestBodies(t *testing.T) {
	t.Parallel()
	d, s := scripted(t, made)
	_, _ = d.Send(t.Context(), via(someBot), someOut)
	quiet := someOut
	quiet.Ping, quiet.ReplyTo = false, ""
	_, _ = d.Send(t.Context(), via(someBot), quiet)
	changed := someOut
	changed.Text = "changed"
	_ = d.Edit(t.Context(), via(someBot), "8", changed)
	quiet.Text = "changed"
	_ = d.Edit(t.Context(), via(someBot), "8", quiet)
	alone := quiet
	alone.Ping, alone.Asker = true, "1308012345678901234"
	_, _ = d.Send(t.Context(), via(someBot), alone)
	_ = d.Edit(t.Context(), via(someBot), "8", alone)
	n := nonce(someOut.Key, 0)
	for i, want := range []string{
		`{"content":"hello","nonce":"` + n + `","enforce_nonce":true,"allowed_mentions":{"parse":[],"replied_user":true},"flags":4,"message_reference":{"message_id":"7","fail_if_not_exists":false}}`,
		`{"content":"hello","nonce":"` + n + `","enforce_nonce":true,"allowed_mentions":{"parse":[],"replied_user":false},"flags":4}`,
		`{"content":"changed","allowed_mentions":{"parse":[],"replied_user":true},"flags":4}`,
		`{"content":"changed","allowed_mentions":{"parse":[],"replied_user":false},"flags":4}`,
		`{"content":"\u003c@1308012345678901234\u003e changed","nonce":"` + n + `","enforce_nonce":true,"allowed_mentions":{"parse":[],"users":["1308012345678901234"],"replied_user":false},"flags":4}`,
		`{"content":"\u003c@1308012345678901234\u003e changed","allowed_mentions":{"parse":[],"users":["1308012345678901234"],"replied_user":false},"flags":4}`,
	} {
		if s.bodies[i] != want {
			t.Errorf("sent %s\nwant %s", s.bodies[i], want)
		}
	}
}

// What was posted is found among other messages and other parts.
func TestSendMaybePosted(t *testing.T) {
	t.Parallel()
	page := answer{200, `[
		{"id":"15","author":{"id":"42"},"message_reference":{"message_id":"7"}},
		{"id":"14","author":{"id":"42"},"message_reference":{"message_id":"6"}},
		{"id":"13","author":{"id":"5"},"message_reference":{"message_id":"7"}},
		{"id":"12","author":{"id":"42"},"message_reference":{"message_id":"7"}},
		{"id":"11","author":{"id":"42"}}]`, nil, nil}
	for part, want := range []string{"12", "15", "1001"} {
		d, _ := scripted(t, page, made)
		out := someOut
		out.MaybePosted, out.Part = true, part
		if id, err := d.Send(t.Context(), via(someBot), out); err != nil || string(id) != want {
			t.Errorf("part %d: %q, %v; want %s", part, id, err, want)
		}
	}
	d, _ := scripted(t, answer{403, `{"code":50001}`, nil, nil}, made)
	out := someOut
	out.MaybePosted = true
	if id, err := d.Send(t.Context(), via(someBot), out); err != nil || id != "1001" {
		t.Errorf("without the right to read: %q, %v", id, err)
	}
}

func TestLimiterForgets(t *testing.T) {
	t.Parallel()
	l := newLimiter()
	now := t0
	for i := range 3 * maxBuckets {
		now = now.Add(time.Second)
		channel := string(rune('a' + i))
		l.take(now, "POST /channels/{}/messages", channel)
		l.answered(now, "POST /channels/{}/messages", channel)
	}
	if len(l.buckets) > maxBuckets {
		t.Fatalf("%d buckets are kept", len(l.buckets))
	}
}

func TestGates(t *testing.T) {
	t.Parallel()
	var g gates
	for i, want := range []time.Duration{0, 0, 5 * time.Second, 5 * time.Second, 10 * time.Second} {
		if got := g.reserve("1", t0, 2, 5*time.Second).Sub(t0); got != want {
			t.Fatalf("IDENTIFY %d after %v", i, got)
		}
	}
	if got := g.reserve("2", t0, 1, 5*time.Second); got != t0 {
		t.Fatal("one application waits for another")
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, c := range []Config{{}, {API: "x", Authorize: "y"}, {API: "https://d/api", Authorize: "javascript:1"}, {API: "https://d/api", Authorize: "https://d/a", Permissions: -1}} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	d, err := New(Config{API: "https://d/api/", Authorize: "https://d/a", MessageContent: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil || d.rest.base != "https://d/api/v10" || d.intents != 4609|32768 {
		t.Fatalf("%+v, %v", d, err)
	}
	if Default.String() != "377957239872" {
		t.Errorf("default permissions %s", Default)
	}
}
