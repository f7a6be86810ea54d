// Package sqldb runs the same SQL on SQLite and on PostgreSQL.
//
// A write that returned nil has happened completely and is durable: a Hard one
// survives a power failure, a Soft one the death of the process. The package
// creates the schema from numbered files, shares one fsync among concurrent
// writes, generates increasing IDs, tells caches in every process what has
// changed, and lets one process at a time hold a lease.
//
// It refuses to start on a schema that is newer than the program. It knows none
// of the product's tables. It needs three of its own, which the schema's files
// must create: revisions (kind TEXT PRIMARY KEY, n BIGINT), processes (id TEXT
// PRIMARY KEY, beat BIGINT) and leases (name TEXT PRIMARY KEY, holder TEXT,
// which references processes and is deleted with its row).
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"openmates"
)

// Config configures a DB.
type Config struct {
	// URL is the path of a SQLite file, or starts with postgres://; "" =
	// Name.db in Dir.
	URL        string
	Name       string       // of the program; required
	Dir        string       // folder of SQLite's file, unless URL names one, and of its locks
	Migrations fs.FS        // the schema's files, 0001_name.sql and so on; required
	Log        *slog.Logger // required
	Clock      func() time.Time
	Watch      time.Duration // how often to check for changes by other processes; 0 = every second
	// Shared stores leases in rows even on SQLite, as on PostgreSQL, so that
	// tests with several processes don't need PostgreSQL.
	Shared bool
}

// DB is a database. It is safe for concurrent use.
type DB struct {
	engine engine
	log    *slog.Logger
	now    func() time.Time
	ids    *ids
	leaser

	mu        sync.Mutex
	listeners []func(kind string)
	stop      context.CancelFunc
	watching  sync.WaitGroup
}

// engine is what differs between SQLite and PostgreSQL, apart from the words in
// dialect.go.
type engine interface {
	Querier
	// write runs fn in a transaction of the given durability. It may run fn
	// more than once, each time from a clean state.
	write(ctx context.Context, d Durability, fn func(*Tx) error) error
	// exec runs one statement in its own transaction.
	exec(ctx context.Context, d Durability, query string, args ...any) (int64, error)
	words() dialect
	leases(*slog.Logger) leaser
	// space reports whether the last write failed because of the disk, and
	// returns an error if the disk is full now.
	space() (hurt bool, err error)
	close() error
}

// Durability says what a completed write survives.
type Durability int

const (
	// Hard writes survive a power failure.
	Hard Durability = iota
	// Soft writes survive the death of the process.
	Soft
)

// Open opens the database and migrates its schema.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Name == "" || c.Migrations == nil || c.Log == nil {
		return nil, errors.New("sqldb: Config needs Name, Migrations and Log")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Watch <= 0 {
		c.Watch = time.Second
	}
	log := c.Log.With("pkg", "sqldb")
	e, err := openEngine(ctx, c)
	if err != nil {
		return nil, err
	}
	db := &DB{engine: e, log: log, now: c.Clock, ids: &ids{now: c.Clock}, leaser: e.leases(log)}
	if c.Shared {
		db.leaser = newLeases(e, log)
	}
	ctx, db.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := db.watch(ctx, c.Watch); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func openEngine(ctx context.Context, c Config) (engine, error) {
	if strings.HasPrefix(c.URL, "postgres://") || strings.HasPrefix(c.URL, "postgresql://") {
		return openPostgres(ctx, c)
	}
	path := strings.TrimPrefix(strings.TrimPrefix(c.URL, "sqlite://"), "sqlite:")
	if strings.Contains(path, "://") {
		return nil, openmates.Errorf(openmates.EInvalid,
			"The database's address must be empty, the path of a SQLite file, or start with postgres://.")
	}
	if path == "" {
		path = filepath.Join(c.Dir, c.Name+".db")
	}
	return openSQLite(ctx, path, filepath.Join(c.Dir, "locks"), c.Migrations)
}

// Close waits for running writes and closes the database. Methods called later
// fail.
func (db *DB) Close() error {
	db.stop()
	db.watching.Wait()
	return errors.Join(db.leaser.free(), db.engine.close())
}

// Leases returns the leases if they are rows, or nil if they are file locks.
func (db *DB) Leases() *Leases {
	l, _ := db.leaser.(*Leases)
	return l
}

// Ping returns an error if the database doesn't respond.
func (db *DB) Ping(ctx context.Context) error {
	var n int
	_, err := Get(ctx, db, `SELECT 1`, nil, &n)
	return err
}

// NextID returns an ID that is higher than all others that this process has
// drawn.
func (db *DB) NextID() openmates.ID { return db.ids.next() }

// ForUpdate returns the end of a SELECT that locks its rows until the
// transaction ends: FOR UPDATE on PostgreSQL, and nothing on SQLite, which has
// one writer.
func (db *DB) ForUpdate() string { return db.engine.words().forUpdate }

// Query implements Querier. Inside a transaction of this database it sees the
// transaction's own writes.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if t := db.joined(ctx); t != nil {
		return t.Query(ctx, query, args...)
	}
	return db.engine.Query(ctx, query, args...)
}

// Exec runs one statement in its own transaction, or as part of ctx's, and
// returns the number of rows that it changed. It doesn't notify caches.
func (db *DB) Exec(ctx context.Context, d Durability, query string, args ...any) (n int64, err error) {
	if t := db.joined(ctx); t != nil {
		err = t.join(func(t *Tx) error {
			n, err = t.Exec(query, args...)
			return err
		})
		return n, err
	}
	return db.engine.exec(ctx, d, query, args...)
}

// Update is a Hard Write.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	return db.Write(ctx, Hard, fn)
}

// Write runs fn in one transaction, or as part of ctx's, and then notifies
// caches of the changes. If fn returns an error nothing has changed. fn may run
// more than once, each time from a clean state, and must wait for nothing but
// the database.
func (db *DB) Write(ctx context.Context, d Durability, fn func(*Tx) error) error {
	if t := db.joined(ctx); t != nil {
		return t.join(fn)
	}
	var kinds []string
	err := db.engine.write(ctx, d, func(t *Tx) error {
		if err := fn(t); err != nil {
			return err
		}
		kinds = t.kinds
		return t.countChanges()
	})
	if err == nil {
		db.tell(kinds)
	}
	return err
}

// Within runs do in one Hard transaction. All reads and writes with the context
// passed to do belong to it: either all of it happens or, if do or any write in
// it fails, nothing. Like fn in Write, do may run more than once and must wait
// for nothing but the database. It must not use another context for the
// database, which would wait for this transaction to end, nor pass its own to
// another goroutine. A nested Within joins the same transaction.
func (db *DB) Within(ctx context.Context, do func(ctx context.Context) error) error {
	if db.joined(ctx) != nil {
		return do(ctx)
	}
	return db.Update(ctx, func(t *Tx) error {
		defer func() { t.over = true }()
		err := do(context.WithValue(ctx, txKey{db}, t))
		if err == nil || Collision(t.failed) || passing(t.failed) {
			err = t.failed
		}
		return err
	})
}

// InTransaction reports whether ctx comes from Within.
func (db *DB) InTransaction(ctx context.Context) bool { return db.joined(ctx) != nil }

// txKey is the context key of a database's transaction.
type txKey struct{ db *DB }

func (db *DB) joined(ctx context.Context) *Tx {
	t, _ := ctx.Value(txKey{db}).(*Tx)
	return t
}
