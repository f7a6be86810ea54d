// Package llmtest is the other side of an adapter: a server on loopback with
// the wire format of a model's API, and the table of tests that all adapters of
// llm pass (Exercise).
//
// The server needs no setup: by default it answers everything with a sentence.
// It can be scripted (Reply), fails on demand, and records questions. Where the
// real API is documented it keeps to the format, and it only listens on
// loopback. It is fast enough for benchmarks.
//
// It doesn't import "testing", so that the demo and benchmarks can use it, nor
// any adapter.
package llmtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"openmates"
	"openmates/internal/llm"
)

// API is a wire format.
type API string

// The APIs.
const (
	OpenAI    API = "openai"    // chat completions
	Anthropic API = "anthropic" // messages
	Google    API = "google"    // generateContent, streamGenerateContent
	Responses API = "responses" // OpenAI's other API
)

// Config configures a Server; its zero value works.
type Config struct {
	API    API                  // "" = OpenAI
	Addr   string               // "" = 127.0.0.1 and a free port
	Key    openmates.Secret     // "" = any key, or none
	Models []string             // nil = two of them
	Answer func(Question) Reply // nil = Hello
}

// Question is a received request, in llm's terms.
type Question struct {
	Path      string
	Model     string
	System    string
	Messages  []llm.Message
	Tools     []llm.Tool
	MaxTokens int
	Stream    bool
	Header    http.Header // keys are masked
	Body      []byte      // as received

	noUsage bool // OpenAI: usage wasn't requested
}

// Last returns the text of the last message.
func (q Question) Last() string {
	if len(q.Messages) == 0 {
		return ""
	}
	return q.Messages[len(q.Messages)-1].Text
}

// Hello answers with a sentence that quotes the question.
func Hello(q Question) Reply { return Reply{Text: "You said: " + q.Last()} }

// Server is a running server. It is safe for concurrent use.
type Server struct {
	url     string
	key     string
	models  []string
	answer  func(Question) Reply
	dialect dialect
	http    *http.Server
	done    chan struct{}
	conns   atomic.Int64
	count   atomic.Int64
	flooded atomic.Int64
	memory  sync.Pool // of *builder

	mu      sync.Mutex
	script  []Reply
	asked   []Question
	busy    int
	waiting []chan struct{}
}

// keep limits the recorded questions, because benchmarks ask millions.
const keep = 1000

// New starts a server. The caller must Close it.
func New(c Config) (*Server, error) {
	d, ok := dialects[cmp.Or(c.API, OpenAI)]
	if !ok {
		return nil, fmt.Errorf("llmtest: unknown API %q", c.API)
	}
	ln, err := net.Listen("tcp", cmp.Or(c.Addr, "127.0.0.1:0"))
	if err != nil {
		return nil, fmt.Errorf("llmtest: %w", err)
	}
	if a, ok := ln.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		_ = ln.Close()
		return nil, fmt.Errorf("llmtest: %s is not on loopback", ln.Addr())
	}
	s := &Server{
		url: "http://" + ln.Addr().String(), key: c.Key.Reveal(),
		models: c.Models, answer: c.Answer, dialect: d, done: make(chan struct{}),
	}
	if s.models == nil {
		s.models = []string{"model-b", "model-a"}
	}
	if s.answer == nil {
		s.answer = Hello
	}
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: 10 * time.Second,
		ConnState: func(_ net.Conn, st http.ConnState) {
			if st == http.StateNew {
				s.conns.Add(1)
			}
		},
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(ln)
	}()
	return s, nil
}

// URL returns the base address for an adapter's Config.
func (s *Server) URL() string { return s.url + s.dialect.base() }

// Close closes all connections and stops the server.
func (s *Server) Close() {
	_ = s.http.Close()
	<-s.done
}

// Script queues replies for the next questions; after them, the Config's Answer
// is used again.
func (s *Server) Script(replies ...Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = append(s.script, replies...)
}

// Questions returns the received questions, oldest first, at most the last
// 1,000.
func (s *Server) Questions() []Question {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked[max(0, len(s.asked)-keep):])
}

// Count returns how many questions were received in total.
func (s *Server) Count() int { return int(s.count.Load()) }

// Flooded returns how many bytes of floods clients have read.
func (s *Server) Flooded() int { return int(s.flooded.Load()) }

// Conns returns how many connections were made in total.
func (s *Server) Conns() int { return int(s.conns.Load()) }

// Idle waits until no answer is in progress.
func (s *Server) Idle(ctx context.Context) error {
	s.mu.Lock()
	if s.busy == 0 {
		s.mu.Unlock()
		return nil
	}
	free := make(chan struct{})
	s.waiting = append(s.waiting, free)
	s.mu.Unlock()
	select {
	case <-free:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("llmtest: an answer is still under way: %w", ctx.Err())
	}
}

func (s *Server) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy++
}

func (s *Server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	if s.busy == 0 {
		for _, free := range s.waiting {
			close(free)
		}
		s.waiting = nil
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.begin()
	defer s.end()
	if s.key != "" && keyOf(r.Header) != s.key {
		s.dialect.refuse(w, Failure{Kind: llm.KindBadKey})
		return
	}
	if r.Method == http.MethodGet {
		s.dialect.list(w, r, s.models)
		return
	}
	body, err := read(r)
	if err != nil {
		return // the client is gone
	}
	q, err := s.dialect.ask(r, body)
	if errors.Is(err, errNoSuchPath) {
		http.NotFound(w, r)
		return
	}
	if err != nil {
		s.dialect.refuse(w, Failure{Kind: llm.KindInvalid, Message: err.Error()})
		return
	}
	q.Path, q.Body, q.Header = r.URL.Path, body, masked(r.Header)
	s.play(w, r, q, s.reply(q))
}

func read(r *http.Request) ([]byte, error) {
	if n := r.ContentLength; n >= 0 && n < 1<<20 {
		body := make([]byte, n)
		_, err := io.ReadFull(r.Body, body)
		return body, err
	}
	return io.ReadAll(r.Body)
}

// reply records the question and returns its answer.
func (s *Server) reply(q Question) Reply {
	s.count.Add(1)
	s.mu.Lock()
	if len(s.asked) >= 2*keep {
		s.asked = append(s.asked[:0], s.asked[keep:]...)
	}
	s.asked = append(s.asked, q)
	if len(s.script) > 0 {
		r := s.script[0]
		s.script = s.script[1:]
		s.mu.Unlock()
		return r
	}
	s.mu.Unlock()
	return s.answer(q)
}

// The headers with a key, for each API.
const (
	bearer       = "Authorization"
	anthropicKey = "X-Api-Key"
	googleKey    = "X-Goog-Api-Key"
)

func keyOf(h http.Header) string {
	if v, ok := strings.CutPrefix(h.Get(bearer), "Bearer "); ok {
		return v
	}
	return cmp.Or(h.Get(anthropicKey), h.Get(googleKey))
}

func masked(h http.Header) http.Header {
	h = h.Clone()
	for _, name := range []string{bearer, anthropicKey, googleKey} {
		if h.Get(name) != "" {
			h.Set(name, "•••")
		}
	}
	return h
}
