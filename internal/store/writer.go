package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"openmates"
)

// writer is SQLite's one writing connection. Whoever finds it free commits in
// its own goroutine, which saves two changes of goroutine for each write. Writes
// that come meanwhile wait, and the first of them commits all of them in one
// transaction, so that one fsync serves them all. A batch with a hard write in
// it is synced; a batch of soft writes is not, but goes to the operating system
// before anyone hears of it.
type writer struct {
	db   *sql.DB
	conn *sql.Conn

	mu      sync.Mutex
	idle    sync.Cond // busy has become false
	busy    bool      // somebody commits, who alone uses conn, stmts and sync
	closed  bool
	waiting []*pending

	stmts map[string]*sql.Stmt
	sync  bool // what PRAGMA synchronous stands at
}

type pending struct {
	ctx  context.Context
	d    durability
	fn   func(*tx) error
	err  error
	turn chan []*pending // the batch to commit, or nothing when it was committed
}

const mostInBatch = 256

var errClosed = errors.New("the database is closed")

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{db: db, conn: conn, stmts: map[string]*sql.Stmt{}, sync: true}
	w.idle.L = &w.mu
	return w, nil
}

// do runs fn and waits for its commit. A context that ends before fn began
// keeps it from running; later it changes nothing, so that the caller always
// knows what has happened.
func (w *writer) do(ctx context.Context, d durability, fn func(*tx) error) error {
	p := &pending{ctx: ctx, d: d, fn: fn}
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return errClosed
	}
	if !w.busy {
		w.busy = true
		w.mu.Unlock()
		w.lead([]*pending{p})
		return p.err
	}
	p.turn = make(chan []*pending, 1)
	w.waiting = append(w.waiting, p)
	w.mu.Unlock()
	select {
	case batch := <-p.turn:
		w.lead(batch)
	case <-ctx.Done():
		if w.leave(p) {
			return ctx.Err()
		}
		w.lead(<-p.turn)
	}
	return p.err
}

// leave takes a write back that nobody has begun.
func (w *writer) leave(p *pending) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := slices.Index(w.waiting, p)
	if n < 0 {
		return false
	}
	w.waiting = slices.Delete(w.waiting, n, n+1)
	return true
}

// lead commits a batch, in which the caller's write comes first, and makes the
// first of those who came meanwhile do the same. Of nothing there is nothing to
// do: somebody else has led.
func (w *writer) lead(batch []*pending) {
	if len(batch) == 0 {
		return
	}
	defer w.next(batch[1:])
	w.commit(batch)
}

// next tells those whose write was committed, and hands the connection on.
func (w *writer) next(committed []*pending) {
	for _, p := range committed {
		p.turn <- nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(w.waiting), mostInBatch)
	if n == 0 {
		w.busy = false
		w.idle.Broadcast()
		return
	}
	batch := slices.Clone(w.waiting[:n])
	w.waiting = slices.Delete(w.waiting, 0, n)
	batch[0].turn <- batch
}

// commit runs a batch as one transaction, and each write that fails as if it
// had never begun.
func (w *writer) commit(batch []*pending) {
	live := make([]*pending, 0, len(batch))
	sync := false
	for _, p := range batch {
		if p.err = p.ctx.Err(); p.err == nil {
			live = append(live, p)
			sync = sync || p.d == hard
		}
	}
	if len(live) == 0 {
		return
	}
	err := w.level(sync)
	if err == nil {
		err = w.raw("BEGIN IMMEDIATE")
	}
	if err != nil {
		fail(live, err)
		return
	}
	worked := 0
	for _, p := range live {
		if p.err = w.one(p, len(live) > 1); p.err == nil {
			worked++
		}
	}
	if worked == 0 {
		_ = w.raw("ROLLBACK")
		return
	}
	if err := w.raw("COMMIT"); err != nil {
		_ = w.raw("ROLLBACK")
		fail(live, err)
	}
}

// fail tells err to all that have none of their own.
func fail(batch []*pending, err error) {
	if busy(err) {
		err = &openmates.Error{Code: openmates.EUnavailable,
			Message: "The database is busy. Please try again.", Err: err}
	}
	for _, p := range batch {
		if p.err == nil {
			p.err = fmt.Errorf("write: %w", err)
		}
	}
}

// one runs a write, within a savepoint where others share the transaction.
func (w *writer) one(p *pending, shared bool) (err error) {
	if !shared {
		return w.call(p)
	}
	if err := w.raw("SAVEPOINT one"); err != nil {
		return err
	}
	if err = w.call(p); err != nil {
		if e := w.raw("ROLLBACK TO one"); e != nil {
			return errors.Join(err, e)
		}
	}
	return errors.Join(err, w.raw("RELEASE one"))
}

// call keeps a panic of one write from the others.
func (w *writer) call(p *pending) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in a write: %v\n%s", r, debug.Stack())
		}
	}()
	// The driver watches a context with a goroutine per statement; a write is
	// over sooner than that.
	return p.fn(&tx{ctx: context.WithoutCancel(p.ctx), on: w})
}

// level sets how the next commit is synced. SQLite acts on this pragma while
// it compiles it, so it can't be prepared beforehand.
func (w *writer) level(sync bool) error {
	if w.sync == sync {
		return nil
	}
	text := "PRAGMA synchronous=NORMAL"
	if sync {
		text = "PRAGMA synchronous=FULL"
	}
	if _, err := w.conn.ExecContext(context.Background(), text); err != nil {
		return err
	}
	w.sync = sync
	return nil
}

func (w *writer) raw(text string) error {
	_, err := w.ExecContext(context.Background(), text)
	return err
}

func (w *writer) stmt(text string) (*sql.Stmt, error) {
	if s := w.stmts[text]; s != nil {
		return s, nil
	}
	s, err := w.conn.PrepareContext(context.Background(), text)
	if err == nil {
		w.stmts[text] = s
	}
	return s, err
}

// ExecContext runs a statement prepared. Only who leads calls it.
func (w *writer) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	s, err := w.stmt(text)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// QueryContext is ExecContext for a statement that gives rows.
func (w *writer) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	s, err := w.stmt(text)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// close waits for the writes that were begun or wait; later ones fail.
func (w *writer) close() error {
	w.mu.Lock()
	w.closed = true
	for w.busy {
		w.idle.Wait()
	}
	w.mu.Unlock()
	var errs []error
	for _, s := range w.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, w.conn.Close(), w.db.Close())...)
}
