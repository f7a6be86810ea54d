package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"modernc.org/sqlite"

	"openmates"
)

// lite is SQLite: any number of readers and one writer (writer.go).
type lite struct {
	readers *sql.DB
	cached  sync.Map // SQL text → *sql.Stmt of readers
	writer  *writer
	disk    disk
	dir     string // folder of the file
	locks   string // folder of the lock files
}

const liteReaders = 8

func openSQLite(ctx context.Context, path, locks string, schema fs.FS) (engine, error) {
	if err := prepareFiles(path, locks); err != nil {
		return nil, unusable(path, err)
	}
	out := dsn(path, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "wal_autocheckpoint(2000)")
	db, err := sql.Open("sqlite", out)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if err := migrate(ctx, db, sqliteWords, schema); err != nil {
		return nil, errors.Join(unusable(path, err), db.Close())
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
	return &lite{readers: readers, writer: w, dir: filepath.Dir(path), locks: locks}, nil
}

// prepareFiles creates the folders and the file, private before the file
// contains a byte: it stores people's messages, and SQLite copies its mode to
// the files next to it. An existing file is not opened for this, because
// closing it would release the locks that this process holds on it (POSIX,
// fcntl).
func prepareFiles(path, locks string) error {
	for _, dir := range []string{filepath.Dir(path), locks} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case err == nil:
		return f.Close()
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm", path + "-journal"} {
		st, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && st.Mode().Perm()&0o077 == 0 {
			continue
		}
		if err == nil {
			err = os.Chmod(name, 0o600)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// unusable returns a message about why a database can't be opened, if the disk
// is the cause.
func unusable(path string, err error) error {
	err = fmt.Errorf("open %s: %w", path, err)
	if e := diskError(err); e != nil {
		sentence := openmates.T("The database %s can't be written to. Check the disk and its permissions, then start again.", path)
		if e.Message == diskFull() {
			sentence = openmates.T("The database %s can't be opened because the disk is full. Free some space, then start again.", path)
		}
		return &openmates.Error{Code: openmates.EInvalid, Message: sentence, Err: err}
	}
	return err
}

// dsn returns a URI for the file in which no character of the path is special.
func dsn(path string, pragmas ...string) string {
	q := url.Values{"_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// Query reads with a prepared statement. A read takes microseconds, so it isn't
// interrupted: watching the context would cost a goroutine each time.
func (l *lite) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
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

func (l *lite) write(ctx context.Context, d Durability, fn func(*Tx) error) error {
	for try := 0; ; try++ {
		err := l.writer.do(ctx, d, fn)
		if err == nil || try == 3 || !Collision(err) {
			return l.disk.note(err)
		}
	}
}

func (l *lite) exec(ctx context.Context, d Durability, query string, args ...any) (n int64, err error) {
	err = l.write(ctx, d, func(t *Tx) error {
		n, err = t.Exec(query, args...)
		return err
	})
	return n, err
}

func (l *lite) words() dialect { return sqliteWords }

func (l *lite) leases(*slog.Logger) leaser { return fileLeaser{l.locks} }

func (l *lite) close() error {
	return errors.Join(l.writer.close(), l.readers.Close())
}

// busy reports whether another process kept the database locked for too long.
func busy(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == 5 // SQLITE_BUSY
}
