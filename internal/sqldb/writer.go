package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"openmates"
)

// writer is SQLite's only writing connection. A caller that finds it free
// commits in its own goroutine, which saves two goroutine switches per write.
// Writes that arrive meanwhile wait, and the first of them commits all of them
// in one transaction, so that they share one fsync. A batch that contains a
// hard write is synced. A batch of soft writes isn't, but it reaches the
// operating system before any caller returns.
type writer struct {
	db   *sql.DB
	conn *sql.Conn

	mu      sync.Mutex
	idle    sync.Cond // busy has become false
	busy    bool      // a goroutine is committing; only it uses conn, stmts and sync
	closed  bool
	waiting []*pending

	stmts map[string]*sql.Stmt
	sync  bool  // the current value of PRAGMA synchronous
	lost  error // why SQLite rolled back the running transaction; nil = it didn't
}

type pending struct {
	ctx  context.Context
	d    Durability
	fn   func(*Tx) error
	err  error
	turn chan []*pending // the batch to commit, or nil if another goroutine has committed it
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

// do runs fn and waits for its commit. If ctx ends before fn starts, fn doesn't
// run; later it has no effect, so that the caller always knows what has
// happened.
func (w *writer) do(ctx context.Context, d Durability, fn func(*Tx) error) error {
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

// leave withdraws a write that hasn't started.
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

// lead commits a batch that starts with the caller's write, and then makes the
// first waiting caller do the same. An empty batch means that another goroutine
// has already committed it.
func (w *writer) lead(batch []*pending) {
	if len(batch) == 0 {
		return
	}
	defer w.next(batch[1:])
	w.commit(batch)
}

// next wakes the callers whose writes are committed, and passes on the
// connection.
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

// commit runs a batch as one transaction; a write that fails leaves no trace.
// If SQLite rolled the whole transaction back because of one write, or the disk
// had no room for all of them, each of the others gets its own transaction, so
// that each caller gets the true result.
func (w *writer) commit(batch []*pending) {
	live := make([]*pending, 0, len(batch))
	for _, p := range batch {
		if p.err = p.ctx.Err(); p.err == nil {
			live = append(live, p)
		}
	}
	if len(live) == 0 {
		return
	}
	culprit, lost := w.together(live)
	if !lost || len(live) == 1 {
		return
	}
	for _, p := range live {
		if p != culprit {
			p.err = nil
			w.together([]*pending{p})
		}
	}
}

// together runs writes as one transaction and sets the error of each. It
// reports whether SQLite rolled the transaction back, and at which write (nil:
// at the commit). In that case none of the writes has happened.
func (w *writer) together(live []*pending) (culprit *pending, lost bool) {
	sync := slices.ContainsFunc(live, func(p *pending) bool { return p.d == Hard })
	err := w.level(sync)
	if err == nil {
		err = w.raw("BEGIN IMMEDIATE")
	}
	if err != nil {
		fail(live, err)
		return nil, false
	}
	w.lost = nil
	worked := 0
	for _, p := range live {
		p.err = w.one(p, len(live) > 1)
		if w.lost != nil {
			_ = w.raw("ROLLBACK") // fails if SQLite has already done it
			return p, true
		}
		if p.err == nil {
			worked++
		}
	}
	if worked == 0 {
		_ = w.raw("ROLLBACK")
		return nil, false
	}
	if err := w.raw("COMMIT"); err != nil {
		_ = w.raw("ROLLBACK")
		fail(live, err)
		return nil, gaveUp(err)
	}
	return nil, false
}

// gaveUp reports whether SQLite may have rolled back the whole transaction
// because of err: https://sqlite.org/lang_transaction.html, "Response To Errors
// Within A Transaction". Later statements would then be a transaction of their
// own.
func gaveUp(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_BUSY,
		sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_CORRUPT:
		return true
	}
	return false
}

// fail sets err on all writes without an error.
func fail(batch []*pending, err error) {
	if busy(err) {
		err = &openmates.Error{Code: openmates.EUnavailable,
			Message: openmates.T("The database is busy. Try again."), Err: err}
	}
	for _, p := range batch {
		if p.err == nil {
			p.err = fmt.Errorf("write: %w", err)
		}
	}
}

// one runs a write, in a savepoint if others share the transaction.
func (w *writer) one(p *pending, shared bool) (err error) {
	if shared {
		if err := w.raw("SAVEPOINT one"); err != nil {
			w.lost = err
			return err
		}
	}
	err = w.call(p)
	if w.lost == nil && gaveUp(err) { // while it read rows
		w.lost = err
	}
	switch {
	case w.lost != nil: // even if fn ignored it
		return errors.Join(err, w.lost)
	case !shared:
		return err
	}
	if err != nil {
		if e := w.raw("ROLLBACK TO one"); e != nil {
			w.lost = e
			return errors.Join(err, e)
		}
	}
	if e := w.raw("RELEASE one"); e != nil {
		w.lost = e
		return errors.Join(err, e)
	}
	return err
}

// call turns a panic in one write into an error, so that it doesn't affect the
// others.
func (w *writer) call(p *pending) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in a write: %v\n%s", r, debug.Stack())
		}
	}()
	// The driver would watch the context with a goroutine per statement; a
	// write is over sooner than that.
	return p.fn(&Tx{ctx: context.WithoutCancel(p.ctx), on: w})
}

// level sets how the next commit is synced. SQLite applies this pragma while it
// compiles it, so it can't be prepared.
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

// raw runs a statement that controls the transaction, such as BEGIN.
func (w *writer) raw(text string) error {
	s, err := w.stmt(text)
	if err == nil {
		_, err = s.ExecContext(context.Background())
	}
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

// ExecContext runs a prepared statement. Only the leader calls it.
func (w *writer) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	s, err := w.part(text)
	if err != nil {
		return nil, err
	}
	res, err := s.ExecContext(ctx, args...)
	w.note(err)
	return res, err
}

// QueryContext is ExecContext for a statement that returns rows.
func (w *writer) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	s, err := w.part(text)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args...)
	w.note(err)
	return rows, err
}

// part returns a prepared statement of a write. After SQLite has rolled back
// the transaction it fails, because the statement would be a transaction of its
// own.
func (w *writer) part(text string) (*sql.Stmt, error) {
	if w.lost != nil {
		return nil, w.lost
	}
	s, err := w.stmt(text)
	w.note(err)
	return s, err
}

func (w *writer) note(err error) {
	if err != nil && w.lost == nil && gaveUp(err) {
		w.lost = err
	}
}

// close waits for all pending writes; later ones fail.
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
