package model_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/llm/anthropic"
	"openmates/internal/llm/google"
	"openmates/internal/llm/llmtest"
	"openmates/internal/llm/openai"
	"openmates/internal/model"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

const (
	canary = "sk-canary-8Vn"
	admin  = openmates.ID(7)
)

// world is a room over a real database; providers are servers on loopback.
type world struct {
	*testing.T
	db   *store.DB
	room *model.Room
	log  *lines
}

type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func adapters() map[string]func(openmates.Provider) (llm.Provider, error) {
	speaksOpenAI := func(p openmates.Provider) (llm.Provider, error) {
		return openai.New(openai.Config{URL: p.URL, Key: p.Key})
	}
	return map[string]func(openmates.Provider) (llm.Provider, error){
		model.KindOpenAI: speaksOpenAI, model.KindCompatible: speaksOpenAI,
		model.KindAnthropic: func(p openmates.Provider) (llm.Provider, error) {
			return anthropic.New(anthropic.Config{URL: p.URL, Key: p.Key})
		},
		model.KindGoogle: func(p openmates.Provider) (llm.Provider, error) {
			return google.New(google.Config{URL: p.URL, Key: p.Key})
		},
	}
}

func setup(t *testing.T, change ...func(*model.Config)) *world {
	t.Helper()
	w := &world{T: t, db: storetest.SQLite(t), log: &lines{}}
	w.room = w.open(w.db, change...)
	return w
}

// open is a room as a process has it.
func (w *world) open(db *store.DB, change ...func(*model.Config)) *model.Room {
	w.Helper()
	c := model.Config{
		Store: db, Audit: db.AddAudit, Adapters: adapters(), Patience: 10 * time.Second,
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&c)
	}
	r, err := model.New(c)
	w.ok(err)
	w.ok(r.Settle(w.Context()))
	db.OnChange(func(string) { r.Forget() })
	return r
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// says checks the code and the sentence of a refusal.
func (w *world) says(err error, code openmates.Code, part string) {
	w.Helper()
	if openmates.CodeOf(err) != code || !strings.Contains(openmates.MessageOf(err), part) {
		w.Errorf("got %v, want %s with %q", err, code, part)
	}
	if strings.Contains(openmates.MessageOf(err), canary) {
		w.Error("the sentence holds the key")
	}
}

func (w *world) server(c llmtest.Config) *llmtest.Server {
	w.Helper()
	s, err := llmtest.New(c)
	w.ok(err)
	w.Cleanup(s.Close)
	return s
}

func (w *world) add(d model.Draft) openmates.Provider {
	w.Helper()
	p, err := w.room.Add(w.Context(), admin, d)
	w.ok(err)
	return p
}

func (w *world) view(name string) model.View {
	w.Helper()
	v, err := w.room.Provider(w.Context(), name)
	w.ok(err)
	return v
}

func (w *world) mate(handle, model, class string) openmates.Mate {
	w.Helper()
	m, err := w.db.SaveMate(w.Context(), openmates.Mate{Handle: handle, Name: strings.ToUpper(handle[:1]) + handle[1:], Prompt: "p", Model: model, Class: class, Enabled: true})
	w.ok(err)
	return m
}

func (w *world) ask(mate openmates.Mate) (string, error) {
	c, err := w.room.Choose(w.Context(), mate)
	if err != nil {
		return "", err
	}
	_, err = llm.Generate(w.Context(), c.Model, llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Text: "Hello"}}})
	return c.Name, err
}

// Each kind, from a wrong key to an answer.
func TestEveryKindIsCheckedAndAnswers(t *testing.T) {
	t.Parallel()
	for kind, api := range map[string]llmtest.API{
		model.KindOpenAI: llmtest.OpenAI, model.KindCompatible: llmtest.OpenAI,
		model.KindAnthropic: llmtest.Anthropic, model.KindGoogle: llmtest.Google,
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			far := w.server(llmtest.Config{API: api, Key: canary, Models: []string{"b", "a"}})
			_, err := w.room.Add(t.Context(), admin, model.Draft{Kind: kind, Label: "Mine", URL: far.URL(), Key: "sk-wrong"})
			w.says(err, openmates.EInvalid, "doesn't accept this key")
			p := w.add(model.Draft{Kind: kind, Label: "Mine", URL: far.URL(), Key: canary})
			v := w.view(p.Name)
			if v.Name != "mine" || v.Key != "" || !v.HasKey || len(v.Models) != 2 || v.Enabled != 2 || v.NoPrice != 2 || v.Problem != "" {
				t.Errorf("the provider is %+v", v)
			}
			if name, err := w.ask(openmates.Mate{Model: "mine/b"}); err != nil || name != "mine/b" {
				t.Errorf("answered with %q, %v", name, err)
			}
			if _, err := w.room.Try(t.Context(), "mine", "a"); err != nil {
				t.Error(err)
			}
			w.noKey()
		})
	}
}

// noKey looks for the key in the log and in the audit record.
func (w *world) noKey() {
	w.Helper()
	if strings.Contains(w.log.String(), canary) {
		w.Error("the log holds the key")
	}
	all, err := w.db.Audit(context.WithoutCancel(w.Context()), 0, 0, 1000)
	w.ok(err)
	if len(all) == 0 {
		w.Error("nothing is on the audit record")
	}
	for _, e := range all {
		if strings.Contains(e.Before+e.After, canary) || e.Actor != admin && e.Actor != 0 {
			w.Errorf("audit: %+v", e)
		}
	}
}

// What can be wrong with an address and a key, each with its own cure.
func TestEachTroubleHasItsCure(t *testing.T) {
	t.Parallel()
	serve := func(h http.HandlerFunc) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	html := serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><h1>Welcome</h1>"))
	})
	status := func(code int) string {
		return serve(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", code) })
	}
	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug) // it logs the handshakes that fail here
	tls.StartTLS()
	t.Cleanup(tls.Close)
	slow := make(chan struct{})
	t.Cleanup(func() { close(slow) })
	silent := serve(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-slow:
		case <-r.Context().Done():
		}
	})
	empty := serve(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"data":[]}`)) })
	other := serve(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"data":"?"}`)) })
	elsewhere := serve(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://else.example/", http.StatusFound)
	})
	hangsUp := serve(func(w http.ResponseWriter, _ *http.Request) {
		if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = c.Close()
		}
	})
	for name, tc := range map[string]struct {
		url, key string
		code     openmates.Code
		want     string
	}{
		"wrong key":         {status(401), "sk-x", openmates.EInvalid, "doesn't accept this key"},
		"no key":            {status(401), "", openmates.EInvalid, "requires a key"},
		"no credit":         {status(402), "sk-x", openmates.EUnavailable, "is out of credit"},
		"too many requests": {status(429), "sk-x", openmates.EUnavailable, "Wait a minute"},
		"no such host":      {"http://nowhere.invalid/v1", "", openmates.EInvalid, `no host named "nowhere.invalid"`},
		"refused":           {"http://127.0.0.1:1/v1", "", openmates.EUnavailable, "Nothing is listening at 127.0.0.1:1. Is it running there?"},
		"in a container":    {"http://127.0.0.1:1/v1", "", openmates.EUnavailable, "host.docker.internal"},
		"web page":          {html, "", openmates.EInvalid, "There's a web page at 127.0.0.1"},
		"no API":            {status(404) + "/api", "", openmates.EUnavailable, "/api/v1"},
		"no list":           {status(404), "", openmates.EUnavailable, "/v1"},
		"their trouble":     {status(503), "", openmates.EUnavailable, "is having problems (status 503)"},
		"certificate":       {tls.URL, "", openmates.EUnavailable, "is signed by an authority that this server"},
		"http for https":    {"http" + strings.TrimPrefix(tls.URL, "https"), "", openmates.EInvalid, "Start the address with https"},
		"https for http":    {"https" + strings.TrimPrefix(empty, "http"), "", openmates.EInvalid, "http://"},
		"silent":            {silent, "", openmates.EUnavailable, "didn't answer within 300ms"},
		"empty":             {empty, "", openmates.EUnavailable, "load a model there first"},
		"another API":       {other, "", openmates.EUnavailable, "not as OpenAI's API does"},
		"redirect":          {elsewhere, "", openmates.EInvalid, "Enter the address it redirects to"},
		"hangs up":          {hangsUp, "", openmates.EUnavailable, "closed the connection"},
		"no address":        {"", "", openmates.EInvalid, "Enter the address of the API, such as http://127.0.0.1:11434/v1."},
		"not an address":    {"127.0.0.1:11434", "", openmates.EInvalid, "http://"},
		"key in it":         {"https://k@host/v1", "", openmates.EInvalid, "the key has its own field"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, func(c *model.Config) {
				if name == "silent" {
					c.Patience = 300 * time.Millisecond
				}
			})
			d := model.Draft{Kind: model.KindCompatible, Label: "House", URL: tc.url, Key: openmates.Secret(tc.key)}
			_, err := w.room.Add(t.Context(), admin, d)
			w.says(err, tc.code, tc.want)
			if all, _ := w.room.Providers(t.Context()); len(all) > 0 {
				t.Error("it was saved all the same")
			}
			d.Anyway = true
			p, err := w.room.Add(t.Context(), admin, d)
			if tc.code == openmates.EInvalid {
				w.says(err, tc.code, tc.want)
				return
			}
			w.ok(err)
			if v := w.view(p.Name); !strings.Contains(v.Problem.String(), tc.want) {
				t.Errorf("the page says %q", v.Problem)
			}
		})
	}
}

func TestOllamaIsNamedWhereItShouldRun(t *testing.T) {
	t.Parallel()
	w := setup(t)
	// Nothing is asked of port 11434: the sentence is that of a refusal there.
	w.room = w.open(w.db, func(c *model.Config) {
		c.Adapters[model.KindCompatible] = func(p openmates.Provider) (llm.Provider, error) {
			return openai.New(openai.Config{URL: "http://127.0.0.1:1"})
		}
	})
	_, err := w.room.Add(t.Context(), admin, model.Draft{Kind: model.KindCompatible, URL: "http://127.0.0.1:11434/v1"})
	w.says(err, openmates.EUnavailable, "Is Ollama running there?")
}
