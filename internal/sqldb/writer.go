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
	sync  bool  // what PRAGMA synchronous stands at
	lost  error // why SQLite gave the running transaction up; nil = it did not
}

type pending struct {
	ctx  context.Context
	d    Durability
	fn   func(*Tx) error
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
// had never begun. Where SQLite gave the whole transaction up because of one of
// them, or there was no room for all, each of the others has a transaction of
// its own, so that what is told of a write is true of it.
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
// reports whether SQLite gave the transaction up, and at which write; nil means
// at the commit. Then nothing of any of them is there.
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
			_ = w.raw("ROLLBACK") // where SQLite has done it already, this fails
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

// gaveUp reports whether SQLite may have rolled back the whole transaction by
// itself because of err: https://sqlite.org/lang_transaction.html, "Response To
// Errors Within A Transaction". What came after it would be a transaction of
// its own.
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

// fail tells err to all that have none of their own.
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

// one runs a write, within a savepoint where others share the transaction.
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
	case w.lost != nil: // also where fn did not pass it on
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

// call keeps a panic of one write from the others.
func (w *writer) call(p *pending) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in a write: %v\n%s", r, debug.Stack())
		}
	}()
	// The driver watches a context with a goroutine per statement; a write is
	// over sooner than that.
	return p.fn(&Tx{ctx: context.WithoutCancel(p.ctx), on: w})
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

// raw runs a statement of the transaction itself.
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

// ExecContext runs a statement prepared. Only who leads calls it.
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

// part is a statement of a write. After SQLite gave the transaction up it would
// be a transaction of its own, so there is none.
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
