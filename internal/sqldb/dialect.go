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

// dialect is where the two engines' SQL and errors differ.
type dialect struct {
	goose     goose.Dialect
	schema    func(string) string
	forUpdate string // locks the rows of a SELECT
}

// sqliteWords: SQLite has one writer and needs no row locks. INTEGER PRIMARY
// KEY is its 64-bit key that is also the row ID.
var sqliteWords = dialect{ //nolint:gochecknoglobals // never written
	goose:  goose.DialectSQLite3,
	schema: func(s string) string { return strings.ReplaceAll(s, "BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY") },
}

// postgresWords: WITHOUT ROWID is SQLite's. It stores a table's rows in the
// tree of their key; otherwise SQLite would have two trees and write to both.
// Migrations must spell it exactly like this, or PostgreSQL rejects the file.
var postgresWords = dialect{ //nolint:gochecknoglobals // never written
	goose:     goose.DialectPostgres,
	schema:    func(s string) string { return strings.ReplaceAll(s, ") WITHOUT ROWID;", ");") },
	forUpdate: " FOR UPDATE",
}

// Duplicate reports whether err violates a unique key, and which: key contains
// the names of the key's columns or its own name.
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

// Collision reports whether err may mean that a generated ID was already taken.
func Collision(err error) bool {
	if e, is := errors.AsType[*sqlite.Error](err); is {
		return e.Code() == sqlite3.SQLITE_CONSTRAINT_ROWID ||
			e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY && strings.Contains(e.Error(), ".id")
	}
	key, ok := Duplicate(err)
	return ok && strings.HasSuffix(key, "_pkey")
}

// Orphan reports whether err is a reference to a row that doesn't exist.
func Orphan(err error) bool {
	if e, is := errors.AsType[*sqlite.Error](err); is {
		return e.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
	}
	e, is := errors.AsType[*pgconn.PgError](err)
	return is && e.Code == "23503"
}

// passing reports whether PostgreSQL ended the transaction only because of a
// concurrent one (deadlock, serialization).
func passing(err error) bool {
	e, is := errors.AsType[*pgconn.PgError](err)
	return is && (e.Code == "40P01" || e.Code == "40001")
}

// Away reports whether err means that PostgreSQL can't be reached now, so that
// waiting may help. A rejected password or a missing database doesn't count.
func Away(err error) bool {
	if e, is := errors.AsType[*pgconn.PgError](err); is {
		switch e.Code[:2] {
		case "08", "53", "57": // connection failed, too many connections, shutting down or starting up
			return true
		}
		return false
	}
	if _, is := errors.AsType[*pgconn.ConnectError](err); is {
		return true
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) || pgconn.Timeout(err)
}
