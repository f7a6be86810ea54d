// Package discordtest is a simulator of Discord: a real HTTP and websocket
// server on loopback that implements Gateway v10, REST v10 and OAuth2 as in the
// official documentation, keeps people, applications, guilds, channels and
// messages in memory, fails on demand, and answers queries about what happened.
//
// A client that works with it uses the protocol correctly: the simulator
// rejects what Discord rejects, with the same codes, and enforces Discord's
// limits. It isn't a second product: voice, media, moderation, onboarding,
// emoji, stickers, polls and everything else that a text bot never uses answer
// 404. Nothing in it reaches beyond loopback.
package discordtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

// Config configures the simulator. The zero value works.
type Config struct {
	Addr              string           // default "127.0.0.1:0"
	Log               *slog.Logger     // default discards
	Clock             func() time.Time // default time.Now
	HeartbeatInterval time.Duration    // default 41.25 s
	ResumeWindow      time.Duration    // default 3 min: how long a closed session can be resumed
	NonceWindow       time.Duration    // default 5 min
	Identifies        int              // per 24 h and application, default 1000
	MaxConcurrency    int              // IDENTIFYs per 5 s and application, default 1
	RateLimits        bool             // answer 429 if a bucket is empty; the headers are always sent
	Haste             int              // how many times shorter the windows of rate limits are than Discord's, default 1
	File              string           // if set, the state is loaded from and saved to this file
}

// Open starts a simulator; Close stops it and everything that it started.
func Open(c Config) (*Server, error) {
	if c.Addr == "" {
		c.Addr = "127.0.0.1:0"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	c.HeartbeatInterval = orDuration(c.HeartbeatInterval, 41250*time.Millisecond)
	c.ResumeWindow = orDuration(c.ResumeWindow, 3*time.Minute)
	c.NonceWindow = orDuration(c.NonceWindow, 5*time.Minute)
	if c.Identifies == 0 {
		c.Identifies = 1000
	}
	if c.MaxConcurrency == 0 {
		c.MaxConcurrency = 1
	}
	if c.Haste == 0 {
		c.Haste = 1
	}
	s := newServer(c)
	ln, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen for the Discord simulator: %w", err)
	}
	s.ln = ln
	if err := s.load(); err != nil {
		ln.Close()
		return nil, err
	}
	mux := http.NewServeMux()
	s.routes(mux)
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	s.wg.Go(func() {
		if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("the Discord simulator stopped serving", "err", err)
		}
	})
	s.wg.Go(s.saver)
	return s, nil
}

func orDuration(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}

func newServer(c Config) *Server {
	return &Server{
		cfg: c, log: c.Log, done: make(chan struct{}),
		users: map[string]*user{}, tokens: map[string]*user{}, apps: map[string]*application{},
		bearers: map[string]*bearer{}, guilds: map[string]*guild{}, channels: map[string]*channel{},
		dms: map[[2]string]*channel{}, messages: map[string]*message{},
		nonces: map[nonceKey]nonceUse{}, files: map[string]*attachment{},
		sessions: map[string]*session{}, byUser: map[string][]*session{},
		conns: map[*conn]struct{}{}, watchers: map[*watcher]struct{}{},
		interactions: map[string]*interaction{},
		news:         make(chan struct{}), dirty: make(chan struct{}, 1),
	}
}

// TB is the part of testing.TB that Start needs, so that other code can import
// this package without importing testing.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Start opens a simulator that stops with the test.
func Start(t TB, c Config) *Server {
	t.Helper()
	s, err := Open(c)
	if err != nil {
		t.Fatalf("start the Discord simulator: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Fatalf("close the Discord simulator: %v", err)
		}
	})
	return s
}

// Close cuts all connections, saves the state if there is a file, and waits
// until every goroutine has ended.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.done)
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	for w := range s.watchers {
		w.endLocked()
		delete(s.watchers, w)
	}
	s.mu.Unlock()
	for _, c := range conns {
		c.cut()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
	s.wg.Wait()
	return s.save()
}

// URL returns the simulator's address: the chat page is at /, the developer
// portal at /developers.
func (s *Server) URL() string { return "http://" + s.ln.Addr().String() }

// API returns the replacement for https://discord.com/api; clients append /v10.
func (s *Server) API() string { return s.URL() + "/api" }

// Authorize returns the replacement for https://discord.com/oauth2/authorize,
// the consent page.
func (s *Server) Authorize() string { return s.URL() + "/oauth2/authorize" }

// gatewayURL returns the address for GET /gateway.
func (s *Server) gatewayURL() string { return "ws://" + s.ln.Addr().String() + "/gateway" }

// routes registers all handlers. Those on api are below /api, /api/v9 and
// /api/v10 and go through limits, faults and the record of requests.
func (s *Server) routes(mux *http.ServeMux) {
	api := http.NewServeMux()
	s.restRoutes(api)
	s.oauthRoutes(mux, api)
	s.portalRoutes(mux)
	s.pageRoutes(mux)
	mux.HandleFunc("/gateway", s.serveGateway)
	mux.HandleFunc("/gateway/", s.serveGateway)
	mux.HandleFunc("GET /attachments/{channel}/{attachment}/{name}", s.serveAttachment)
	serve := s.restMiddleware(api)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		rest := strings.TrimPrefix(r.URL.Path, "/api")
		for _, v := range []string{"/v10", "/v9"} {
			if after, ok := strings.CutPrefix(rest, v); ok && strings.HasPrefix(after, "/") {
				rest = after
				break
			}
		}
		r2 := r.WithContext(r.Context())
		u := *r.URL
		u.Path, u.RawPath = rest, ""
		r2.URL = &u
		serve.ServeHTTP(w, r2)
	})
}
