package llmtest

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"time"

	"openmates"
	"openmates/internal/llm"
)

// T is the part of *testing.T or *testing.B that the servers and tests need.
type T interface {
	Helper()
	Cleanup(f func())
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Runner is a T that runs subtests, like *testing.T.
type Runner[X any] interface {
	T
	Parallel()
	Run(name string, f func(X)) bool
}

// Open creates the provider to test.
type Open func(url string, key openmates.Secret, c *http.Client) (llm.Provider, error)

// Start starts a server for one test.
func Start(t T, c Config) *Server {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatalf("start the server: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// Exercise tests that an adapter keeps llm's contract. The tests run in
// parallel, each with its own server. The adapter's package should check for
// leaked goroutines at the end.
func Exercise[X Runner[X]](t X, api API, open Open) {
	for _, c := range cases {
		t.Run(c.name, func(t X) {
			t.Parallel()
			c.run(newWorld(t, api, open))
		})
	}
	for _, table := range [...][]quirk{ways(), streams(), thinking(), refusalWords()} {
		for _, c := range table {
			if c.api == api || c.api == "" && api == OpenAI {
				t.Run(c.name, func(t X) {
					t.Parallel()
					c.run(newWorld(t, api, open))
				})
			}
		}
	}
}

// key is the key in all tests; no error may contain it.
const key = "sk-test-4711-secret-key"

// longest is how long anything in a test may take; only a failing test waits
// for it.
const longest = 30 * time.Second

// world is one test's server and provider.
type world struct {
	T
	api      API
	server   *Server
	provider llm.Provider
	client   *http.Client
	open     Open
}

func newWorld(t T, api API, open Open) *world {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	w := &world{T: t, api: api, open: open, client: &http.Client{Transport: transport}}
	w.server = Start(t, Config{API: api, Key: key})
	t.Cleanup(transport.CloseIdleConnections)
	w.provider = w.connect(w.server.URL(), key)
	return w
}

func (w *world) connect(url string, k openmates.Secret) llm.Provider {
	w.Helper()
	p, err := w.open(url, k, w.client)
	if err != nil {
		w.Fatalf("open the provider: %v", err)
	}
	return p
}

func (w *world) model() llm.Model { return w.provider.Model("model-a") }

func (w *world) context() context.Context {
	ctx, cancel := context.WithTimeout(w.Context(), longest)
	w.Cleanup(cancel)
	return ctx
}

// ask asks a question that the server answers with r.
func (w *world) ask(r Reply) (llm.Answer, error) {
	w.Helper()
	w.server.Script(r)
	return llm.Generate(w.context(), w.model(), question("hello"))
}

// answer is ask for an answer that must succeed.
func (w *world) answer(r Reply) llm.Answer {
	w.Helper()
	a, err := w.ask(r)
	if err != nil {
		w.Fatalf("ask: %v", err)
	}
	return a
}

// refused checks that err is an *llm.Error of this kind, without the key.
func (w *world) refused(err error, want llm.Kind) *llm.Error {
	w.Helper()
	e, ok := errors.AsType[*llm.Error](err)
	if !ok {
		w.Fatalf("got %v; want an *llm.Error (%s)", err, want)
	}
	if e.Kind != want {
		w.Errorf("got %v; want %s", err, want)
	}
	if e.Err == nil || strings.Contains(err.Error(), key) {
		w.Errorf("%q holds the key or no cause", err)
	}
	return e
}

func (w *world) equal(what string, got, want any) {
	w.Helper()
	if !reflect.DeepEqual(got, want) {
		w.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func question(text string) llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Text: text}}}
}
