package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// leaser is queue.Leaser for one engine. Within one process, too, only one
// caller holds a name.
type leaser interface {
	Hold(ctx context.Context, name string, do func(context.Context) error) error
	free() error
}

// fileLeaser holds names by locks on files, which the operating system frees
// at the moment the process dies. The files stay: removing one would let two
// processes lock two files of the same name.
type fileLeaser struct{ dir string }

const fileRetry = 100 * time.Millisecond

func (l fileLeaser) Hold(ctx context.Context, name string, do func(context.Context) error) error {
	lock := flock.New(filepath.Join(l.dir, fileName(name)), flock.SetPermissions(0o600))
	ok, err := lock.TryLockContext(ctx, fileRetry)
	if err != nil {
		return fmt.Errorf("hold %q: %w", name, err)
	}
	if !ok {
		return fmt.Errorf("hold %q: not given", name)
	}
	defer lock.Close()
	return do(ctx)
}

func (l fileLeaser) free() error { return nil }

// fileName is readable and, by the hash, unique.
func fileName(name string) string {
	sum := sha256.Sum256([]byte(name))
	readable := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, name)
	return readable[:min(len(readable), 40)] + "." + hex.EncodeToString(sum[:4]) + ".lock"
}

// advisoryLeaser holds names by PostgreSQL's session advisory locks (manual
// 13.3.5), all on one connection of the process. The server frees them when
// the connection ends: at once when the process dies, and after serverPatience
// when nothing is heard of it, which is longer than clientPatience, after which
// this side gives up by itself.
type advisoryLeaser struct {
	db  *sql.DB
	log *slog.Logger

	mu      sync.Mutex
	current *session
	running sync.WaitGroup
}

type session struct {
	log  *slog.Logger
	ctx  context.Context // ends when the session is lost
	lose context.CancelCauseFunc

	mu   sync.Mutex // guards conn, which takes one statement at a time
	conn *sql.Conn
	held map[string]bool
}

const (
	leaseRetry     = 500 * time.Millisecond
	leasePing      = 2 * time.Second
	clientPatience = 3 * time.Second // for one answer
	serverPatience = "7s"            // > leasePing + clientPatience
)

const lockKey = `hashtextextended(current_schema() || ':' || $1, 0)`

var errSession = errors.New("the connection that holds the leases is lost")

func (l *advisoryLeaser) Hold(ctx context.Context, name string, do func(context.Context) error) error {
	for {
		s, ok, err := l.try(ctx, name)
		if ok {
			return s.during(ctx, name, do)
		}
		if err != nil && ctx.Err() == nil {
			l.log.WarnContext(ctx, "can't ask for a lease", "lease", name, "err", err)
		}
		pause := time.NewTimer(leaseRetry/2 + rand.N(leaseRetry))
		select {
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		case <-pause.C:
		}
	}
}

func (l *advisoryLeaser) try(ctx context.Context, name string) (*session, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	s, err := l.session(ctx)
	if err != nil {
		return nil, false, err
	}
	ok, err := s.try(name)
	return s, ok, err
}

// during runs do while the session lives.
func (s *session) during(ctx context.Context, name string, do func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(s.ctx, func() { cancel(context.Cause(s.ctx)) })
	defer stop()
	defer s.free(name)
	return do(ctx)
}

// session gives the connection, a new one where the last was lost.
func (l *advisoryLeaser) session(ctx context.Context) (*session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current != nil && l.current.ctx.Err() == nil {
		return l.current, nil
	}
	ctx, cancel := context.WithTimeout(ctx, clientPatience)
	defer cancel()
	conn, err := l.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for _, set := range []string{
		"SET idle_session_timeout = '" + serverPatience + "'", // PostgreSQL 14
		"SET tcp_keepalives_idle = 3", "SET tcp_keepalives_interval = 2", "SET tcp_keepalives_count = 2",
	} {
		if _, err := conn.ExecContext(ctx, set); err != nil {
			l.log.WarnContext(ctx, "the database can't watch over leases; a lost machine's may stay held for long", "err", err)
		}
	}
	s := &session{log: l.log, conn: conn, held: map[string]bool{}}
	s.ctx, s.lose = context.WithCancelCause(context.Background())
	l.current = s
	l.running.Go(s.watch)
	return s, nil
}

// watch asks for a sign of life until there is none.
func (s *session) watch() {
	tick := time.NewTicker(leasePing)
	defer tick.Stop()
	for s.ctx.Err() == nil {
		select {
		case <-s.ctx.Done():
		case <-tick.C:
			var n int
			_ = s.ask(&n, `SELECT 1`)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// ErrBadConn makes the pool drop the connection instead of keeping it,
	// and with it the locks.
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = s.conn.Close()
}

// ask runs one statement; a failure loses the session. The caller's context
// has no say: cancelling a statement would break the connection for all.
func (s *session) ask(dest any, query string, args ...any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked(dest, query, args...)
}

func (s *session) asked(dest any, query string, args ...any) error {
	if s.ctx.Err() != nil {
		return errSession
	}
	ctx, cancel := context.WithTimeout(context.Background(), clientPatience)
	defer cancel()
	err := s.conn.QueryRowContext(ctx, query, args...).Scan(dest)
	if err != nil {
		if len(s.held) > 0 {
			s.log.ErrorContext(ctx, "the leases are lost; they will be asked for again", "held", len(s.held), "err", err)
		}
		s.lose(errSession)
	}
	return err
}

func (s *session) try(name string) (ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[name] { // PostgreSQL would give it twice to one session
		return false, nil
	}
	err = s.asked(&ok, `SELECT pg_try_advisory_lock(`+lockKey+`)`, name)
	if ok {
		s.held[name] = true
	}
	return ok, err
}

func (s *session) free(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ok bool
	_ = s.asked(&ok, `SELECT pg_advisory_unlock(`+lockKey+`)`, name)
	delete(s.held, name)
}

// free ends the session and with it all locks.
func (l *advisoryLeaser) free() error {
	l.mu.Lock()
	if l.current != nil {
		l.current.lose(errClosed)
	}
	l.mu.Unlock()
	l.running.Wait()
	return l.db.Close()
}
