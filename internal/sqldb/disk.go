package sqldb

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"openmates"
)

// disk records whether the last write failed because of the disk.
type disk struct {
	hurt atomic.Pointer[openmates.Error]
}

// note records how a write ended. Errors caused by the disk get a message for
// the person.
func (d *disk) note(err error) error {
	if err == nil {
		if d.hurt.Load() != nil {
			d.hurt.Store(nil)
		}
		return nil
	}
	if e := diskError(err); e != nil {
		d.hurt.Store(e)
		return e
	}
	return err
}

func diskFull() openmates.Text {
	return openmates.T("This server's disk is full, so nothing was saved. Tell a server admin, and try again once there's free space.")
}

func diskShut() openmates.Text {
	return openmates.T("This server can't write to its disk, so nothing was saved. Tell a server admin, and try again once it's fixed.")
}

// diskError returns a message for people if the disk caused err, else nil.
func diskError(err error) *openmates.Error {
	var sentence openmates.Text
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			sentence = diskFull()
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
			sentence = diskShut()
		}
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "53100": // disk_full
			sentence = diskFull()
		case "25006": // read_only_sql_transaction
			sentence = diskShut()
		}
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		sentence = diskFull()
	case errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EIO), errors.Is(err, fs.ErrPermission):
		sentence = diskShut()
	}
	if sentence == "" {
		return nil
	}
	return &openmates.Error{Code: openmates.EUnavailable, Message: sentence, Err: err}
}

// Ready reports whether the database can serve: it responds and can be written
// to. After a write that failed because of the disk it tries another, to notice
// when the disk accepts writes again.
func (db *DB) Ready(ctx context.Context) error {
	if err := db.Ping(ctx); err != nil {
		return &openmates.Error{Code: openmates.EUnavailable, Message: openmates.T("The database isn't responding."), Err: err}
	}
	hurt, err := db.engine.space()
	if err != nil || !hurt {
		return err
	}
	_, err = db.Exec(ctx, Soft, `INSERT INTO revisions (kind, n) VALUES ('', 0) ON CONFLICT (kind) DO UPDATE SET n = 0`)
	return err
}

// spaceNeeded is how much room a disk needs to count as not full: some answers
// are written before anybody can react.
const spaceNeeded = 1 << 20

// space reports whether the last write failed because of the disk, and returns
// an error if the disk is full now. What it writes to find out is removed
// before it reaches the disk.
func (l *lite) space() (hurt bool, err error) {
	name := filepath.Join(l.dir, ".space")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err == nil {
		_, err = f.Write(make([]byte, spaceNeeded))
		err = errors.Join(err, f.Close(), os.Remove(name))
	}
	if e := diskError(err); e != nil {
		return true, e
	}
	return l.disk.hurt.Load() != nil, nil // another process may have removed it
}

// space implements engine. PostgreSQL's disk can't be checked from here.
func (p *postgres) space() (hurt bool, err error) { return p.disk.hurt.Load() != nil, nil }
