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

// porch is where requests arrive. Every role has it, since every process is
// asked for its health, also while it waits at its start for what it needs.
type porch struct {
	server *http.Server
	at     net.Listener
	open   sync.Once
	served chan error
	inside atomic.Pointer[http.Handler] // nil until the start is done
	lacks  atomic.Pointer[string]       // what the start waits for
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

// begin answers from now on.
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
	_, _ = io.WriteString(w, text+"\n") //nolint:gosec // plain text, and none of it from outside
}

// serve lets requests in until ctx ends.
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

// databaseAway and natsAway say what is missing, in /readyz and at the start.
func databaseAway() openmates.Text { return openmates.T("The database isn't responding.") }

func natsAway() openmates.Text {
	return openmates.T("NATS isn't responding. Until it does, messages are answered about a second later.")
}

const patience = 500 * time.Millisecond

// patient does one step of the start, again and again while the database is
// away.
func (srv *service) patient(ctx context.Context, step func(context.Context) error) error {
	for waits := false; ; {
		err := step(ctx)
		if err == nil && waits {
			srv.porch.lacks.Store(nil)
			srv.log.Info("the database answers; the start goes on")
		}
		if err == nil || !sqldb.Away(err) || ctx.Err() != nil {
			return err
		}
		if !waits {
			waits = true
			lacks := databaseAway().String()
			srv.porch.lacks.Store(&lacks)
			srv.porch.begin()
			srv.log.Warn("the database does not answer; the start waits for it", "err", err)
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

// ready says whether the server can serve, and if not, all that is missing.
func (srv *service) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var lacks []openmates.Text
	err := srv.db.Ping(ctx)
	if err != nil {
		lacks = append(lacks, databaseAway())
	} else if err = srv.db.Ready(ctx); err != nil { // a disk that takes nothing
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
