package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"modernc.org/sqlite"
)

// lite is SQLite: any number of readers and one writer (writer.go).
type lite struct {
	readers *sql.DB
	cached  sync.Map // SQL text → *sql.Stmt of readers
	writer  *writer
	locks   string // folder of the lock files
}

const liteReaders = 8

func openSQLite(ctx context.Context, path, locks string) (engine, error) {
	for _, dir := range []string{filepath.Dir(path), locks} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make the data folder: %w", err)
		}
	}
	out := dsn(path, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "wal_autocheckpoint(2000)")
	db, err := sql.Open("sqlite", out)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if err := migrate(ctx, db, sqliteWords); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	// The file holds people's messages.
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	w, err := newWriter(ctx, db)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	readers, err := sql.Open("sqlite", dsn(path, "query_only(1)"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), w.close())
	}
	readers.SetMaxOpenConns(liteReaders)
	readers.SetMaxIdleConns(liteReaders)
	return &lite{readers: readers, writer: w, locks: locks}, nil
}

// dsn names the file as a URI, in which no character of the path has a meaning.
func dsn(path string, pragmas ...string) string {
	q := url.Values{"_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// query reads with a prepared statement. A read takes microseconds, so it is
// not interrupted: watching the context would cost a goroutine each time.
func (l *lite) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	stmt, ok := l.cached.Load(query)
	if !ok {
		made, err := l.readers.PrepareContext(ctx, query)
		if err != nil {
			return nil, err
		}
		var lost bool
		if stmt, lost = l.cached.LoadOrStore(query, made); lost {
			_ = made.Close()
		}
	}
	return stmt.(*sql.Stmt).QueryContext(ctx, plain(args)...) //nolint:forcetypeassert // nothing else is cached
}

func (l *lite) write(ctx context.Context, d durability, fn func(*tx) error) error {
	for try := 0; ; try++ {
		err := l.writer.do(ctx, d, fn)
		if err == nil || try == 3 || !collision(err) {
			return err
		}
	}
}

func (l *lite) exec(ctx context.Context, d durability, query string, args ...any) (n int64, err error) {
	err = l.write(ctx, d, func(t *tx) error {
		n, err = t.exec(query, args...)
		return err
	})
	return n, err
}

func (l *lite) words() dialect { return sqliteWords }

func (l *lite) leases(*slog.Logger) leaser { return fileLeaser{l.locks} }

func (l *lite) close() error {
	return errors.Join(l.writer.close(), l.readers.Close())
}

// busy says whether another process kept the database locked for too long.
func busy(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == 5 // SQLITE_BUSY
}
