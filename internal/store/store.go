// Package store keeps the product's state: in one SQLite file by default, in
// PostgreSQL for many machines. Both run the same SQL.
//
// It promises that a method which returned nil has happened as a whole and
// stays: hard writes survive a power failure, soft ones the death of the
// process (docs/adr/0004-durability.md tells which is which and why). What
// does not exist is openmates.ENotFound, what somebody else has already is
// openmates.EConflict. Credentials are sealed before they are written.
//
// It refuses to start on a schema that is newer than the program, and to let a
// transaction out: every exported method is one.
package store

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"openmates"
)

// Sealer seals credentials for their place; package secret has one.
type Sealer interface {
	Seal(place string, plain openmates.Secret) (string, error)
	Open(place, sealed string) (openmates.Secret, error)
	// MAC is a keyed hash of text for one place; Verify compares.
	MAC(place string, text openmates.Secret) string
	Verify(place string, text openmates.Secret, mac string) bool
}

// Config holds what a DB needs.
type Config struct {
	URL   string       // "" = openmates.db in Dir; a path = SQLite there; postgres://… = PostgreSQL
	Dir   string       // data folder, for SQLite's file and its locks
	Seal  Sealer       // required
	Log   *slog.Logger // required
	Now   func() time.Time
	Watch time.Duration // how often changes by other processes are looked for; 0 = each second
	// Shared has leases in rows also on SQLite, as they are on PostgreSQL, so
	// that tests of many processes need no other database.
	Shared bool
}

// DB is the database. It is safe for concurrent use.
type DB struct {
	engine
	seal Sealer
	log  *slog.Logger
	now  func() time.Time
	ids  *ids
	leaser

	mu        sync.Mutex
	listeners []func(kind string)
	stop      context.CancelFunc
	watching  sync.WaitGroup
}

// engine is what differs between SQLite and PostgreSQL, apart from the words
// in dialect.go.
type engine interface {
	querier
	// write runs fn in one transaction of the given durability. fn may run
	// more than once, each time from a clean state.
	write(ctx context.Context, d durability, fn func(*tx) error) error
	// exec runs one statement as a transaction of its own.
	exec(ctx context.Context, d durability, query string, args ...any) (int64, error)
	words() dialect
	leases(*slog.Logger) leaser
	// space reports whether the last write met a disk that takes nothing, and
	// returns an error if the disk has no room now.
	space() (hurt bool, err error)
	close() error
}

// durability says what a returned write has survived.
type durability int

const (
	hard durability = iota // a power failure
	soft                   // the death of the process
)

// Open opens the database and brings its schema up to date.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Seal == nil || c.Log == nil {
		return nil, errors.New("store: Config needs Seal and Log")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Watch <= 0 {
		c.Watch = time.Second
	}
	e, err := openEngine(ctx, c)
	if err != nil {
		return nil, err
	}
	db := &DB{engine: e, seal: c.Seal, log: c.Log.With("pkg", "store"), now: c.Now, ids: newIDs(c.Now), leaser: e.leases(c.Log)}
	if c.Shared {
		db.leaser = newLeases(e, c.Log)
	}
	ctx, db.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := db.watch(ctx, c.Watch); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func openEngine(ctx context.Context, c Config) (engine, error) {
	if strings.HasPrefix(c.URL, "postgres://") || strings.HasPrefix(c.URL, "postgresql://") {
		return openPostgres(ctx, c.URL)
	}
	path := strings.TrimPrefix(strings.TrimPrefix(c.URL, "sqlite://"), "sqlite:")
	if strings.Contains(path, "://") {
		return nil, openmates.Errorf(openmates.EInvalid,
			"The database's address must be empty, the path of a SQLite file, or begin with postgres://.")
	}
	if path == "" {
		path = filepath.Join(c.Dir, "openmates.db")
	}
	return openSQLite(ctx, path, filepath.Join(c.Dir, "locks"))
}

// Close ends what is running and closes the database. Methods called later
// fail.
func (db *DB) Close() error {
	db.stop()
	db.watching.Wait()
	return errors.Join(db.leaser.free(), db.engine.close())
}

// Leases are the leases as rows, nil where they are locks on files.
func (db *DB) Leases() *Leases {
	l, _ := db.leaser.(*Leases)
	return l
}

// Ping says whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	var n int
	_, err := get(ctx, db, `SELECT 1`, nil, &n)
	return err
}

// update is a hard write.
func (db *DB) update(ctx context.Context, fn func(*tx) error) error {
	return db.apply(ctx, hard, fn)
}

// apply writes and then tells the listeners what has changed.
func (db *DB) apply(ctx context.Context, d durability, fn func(*tx) error) error {
	var kinds []string
	err := db.write(ctx, d, func(t *tx) error {
		t.kinds = nil
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
