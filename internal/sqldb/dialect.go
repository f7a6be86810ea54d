package sqldb

import (
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// dialect is all that SQL and its errors have different in the two engines.
type dialect struct {
	goose     goose.Dialect
	schema    func(string) string
	forUpdate string // locks the rows that a SELECT names
}

// sqliteWords: SQLite has one writer and needs no row locks. INTEGER PRIMARY KEY
// is its word for a 64-bit key that is also the row's place.
var sqliteWords = dialect{ //nolint:gochecknoglobals // nobody writes it
	goose:  goose.DialectSQLite3,
	schema: func(s string) string { return strings.ReplaceAll(s, "BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY") },
}

// postgresWords: WITHOUT ROWID is SQLite's; it keeps a table's rows in the tree
// of their key, where SQLite would otherwise keep two trees and write to both.
// In any other spelling PostgreSQL refuses the file.
var postgresWords = dialect{ //nolint:gochecknoglobals // nobody writes it
	goose:     goose.DialectPostgres,
	schema:    func(s string) string { return strings.ReplaceAll(s, ") WITHOUT ROWID;", ");") },
	forUpdate: " FOR UPDATE",
}

// Duplicate reports whether err is a breach of a unique key, and of which: the
// answer holds the names of the key's columns or its own name.
func Duplicate(err error) (key string, ok bool) {
	if e, is := errors.AsType[*sqlite.Error](err); is {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
			return e.Error(), true
		}
	}
	if e, is := errors.AsType[*pgconn.PgError](err); is && e.Code == "23505" {
		return e.ConstraintName, true
	}
	return "", false
}

// Collision reports whether err can be a generated ID that was taken already.
func Collision(err error) bool {
	if e, is := errors.AsType[*sqlite.Error](err); is {
		return e.Code() == sqlite3.SQLITE_CONSTRAINT_ROWID ||
			e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY && strings.Contains(e.Error(), ".id")
	}
	key, ok := Duplicate(err)
	return ok && strings.HasSuffix(key, "_pkey")
}

// Orphan reports whether err is a reference to a row that does not exist.
func Orphan(err error) bool {
	if e, is := errors.AsType[*sqlite.Error](err); is {
		return e.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
	}
	e, is := errors.AsType[*pgconn.PgError](err)
	return is && e.Code == "23503"
}

// passing says whether PostgreSQL ended the transaction only because of
// another one at the same moment (deadlock, serialization).
func passing(err error) bool {
	e, is := errors.AsType[*pgconn.PgError](err)
	return is && (e.Code == "40P01" || e.Code == "40001")
}

// Away reports whether err says that PostgreSQL can't be reached now, or not
// yet, so that waiting may help. A refused password or a database that does not
// exist is not of that kind.
func Away(err error) bool {
	if e, is := errors.AsType[*pgconn.PgError](err); is {
		switch e.Code[:2] {
		case "08", "53", "57": // connection, too many of them, shutting down or starting up
			return true
		}
		return false
	}
	if _, is := errors.AsType[*pgconn.ConnectError](err); is {
		return true
	}
	_, unheard := errors.AsType[net.Error](err)
	return unheard || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) || pgconn.Timeout(err)
}
