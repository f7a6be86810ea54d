package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"openmates"
	"openmates/internal/sqldb"
)

// porch is the HTTP server. Every role has one, because every process serves
// its health, even while it waits at startup.
type porch struct {
	server *http.Server
	at     net.Listener
	open   sync.Once
	served chan error
	inside atomic.Pointer[http.Handler] // nil until startup is complete
	lacks  atomic.Pointer[string]       // what startup is waiting for
}

func newPorch(at net.Listener, log *slog.Logger) *porch {
	p := &porch{at: at, served: make(chan error, 1)}
	p.server = &http.Server{
		Handler:           p,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return p
}

// begin starts answering requests.
func (p *porch) begin() {
	p.open.Do(func() {
		go func() { p.served <- p.server.Serve(p.at) }()
	})
}

// ServeHTTP implements http.Handler.
func (p *porch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := p.inside.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	status, text := http.StatusServiceUnavailable, "OpenMates is starting."
	if lacks := p.lacks.Load(); lacks != nil {
		text += " " + *lacks
	}
	if r.URL.Path == "/healthz" {
		status, text = http.StatusOK, "ok"
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Retry-After", "5")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") //nolint:gosec // plain text without outside input
}

// serve serves requests until ctx ends.
func (p *porch) serve(ctx context.Context, h http.Handler) error {
	p.inside.Store(&h)
	p.begin()
	select {
	case err := <-p.served:
		return fmt.Errorf("serve the web interface: %w", err)
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	return errors.Join(p.server.Shutdown(late), p.server.Close())
}

func (p *porch) close() error { return errors.Join(p.server.Close(), p.at.Close()) }

// databaseAway and natsAway are the messages for /readyz and startup.
func databaseAway() openmates.Text { return openmates.T("The database isn't responding.") }

func natsAway() openmates.Text {
	return openmates.T("NATS isn't responding. Until it does, messages are answered about a second later.")
}

const patience = 500 * time.Millisecond

// patient runs one startup step, retrying while the database is down.
func (srv *service) patient(ctx context.Context, step func(context.Context) error) error {
	for waits := false; ; {
		err := step(ctx)
		if err == nil && waits {
			srv.porch.lacks.Store(nil)
			srv.log.Info("the database responds; startup continues")
		}
		if err == nil || !sqldb.Away(err) || ctx.Err() != nil {
			return err
		}
		if !waits {
			waits = true
			lacks := databaseAway().String()
			srv.porch.lacks.Store(&lacks)
			srv.porch.begin()
			srv.log.Warn("the database doesn't respond; waiting for it", "err", err)
		}
		again := time.NewTimer(patience)
		select {
		case <-ctx.Done():
			again.Stop()
			return ctx.Err()
		case <-again.C:
		}
	}
}

// ready returns an error that lists everything that keeps the server from
// serving.
func (srv *service) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var lacks []openmates.Text
	err := srv.db.Ping(ctx)
	if err != nil {
		lacks = append(lacks, databaseAway())
	} else if err = srv.db.Ready(ctx); err != nil { // such as a full disk
		lacks = append(lacks, openmates.TextOf(err))
	}
	if srv.nats != nil && !srv.nats() {
		lacks = append(lacks, natsAway())
	}
	if len(lacks) == 0 {
		return nil
	}
	return &openmates.Error{Code: openmates.EUnavailable, Message: openmates.Sentences(lacks...), Err: err}
}
