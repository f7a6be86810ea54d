package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/base64"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"openmates"
)

// Querier runs queries: a DB, or a Tx.
type Querier interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// runner runs statements on one connection.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Tx is an open transaction. It is for one goroutine, and only until the
// function that received it returns.
type Tx struct {
	ctx    context.Context
	on     runner
	kinds  []string // the kinds that it changes, for the caches
	failed error    // error of the first part that failed
	over   bool
}

var errOver = errors.New("this transaction has ended")

// Context is the context of the transaction's statements.
func (t *Tx) Context() context.Context { return t.ctx }

// Query implements Querier. It uses the transaction's own context.
func (t *Tx) Query(_ context.Context, query string, args ...any) (*sql.Rows, error) {
	if t.over {
		return nil, errOver
	}
	return t.on.QueryContext(t.ctx, query, plain(args)...)
}

// Exec returns the number of rows that were changed.
func (t *Tx) Exec(query string, args ...any) (int64, error) {
	res, err := t.on.ExecContext(t.ctx, query, plain(args)...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Get reads one row in the transaction.
func (t *Tx) Get(query string, args []any, dest ...any) (bool, error) {
	return Get(t.ctx, t, query, args, dest...)
}

// Changed records that caches of this kind are outdated once this commits.
func (t *Tx) Changed(kind string) {
	if !slices.Contains(t.kinds, kind) {
		t.kinds = append(t.kinds, kind)
	}
}

// join runs a part of the transaction. After a failed part, no other part runs
// and nothing is committed.
func (t *Tx) join(fn func(*Tx) error) error {
	if t.over {
		return errOver
	}
	if t.failed == nil {
		t.failed = fn(t)
	}
	return t.failed
}

// Get reads at most one row.
func Get(ctx context.Context, q Querier, query string, args []any, dest ...any) (bool, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	if !rows.Next() {
		return false, rows.Err()
	}
	if err := rows.Scan(dest...); err != nil {
		return false, err
	}
	return true, rows.Close()
}

// Row is one row of a result.
type Row interface{ Scan(dest ...any) error }

// List reads all rows; scan reads one.
func List[T any](ctx context.Context, q Querier, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// plain converts arguments to types that both drivers accept: times become
// milliseconds, named string and integer types their values. PostgreSQL rejects
// text with NUL or invalid UTF-8, which people and models do send, so both are
// removed for either engine. A Secret is refused, because it must be sealed
// before it is stored.
func plain(args []any) []any {
	for i, a := range args {
		switch v := a.(type) {
		case string:
			args[i] = clean(v)
		case int64, bool, nil:
		case int:
			args[i] = int64(v)
		case time.Time:
			args[i] = Millis(v)
		case openmates.Secret:
			args[i] = refused{}
		default:
			switch r := reflect.ValueOf(a); r.Kind() {
			case reflect.String:
				args[i] = clean(r.String())
			case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
				args[i] = r.Int()
			}
		}
	}
	return args
}

// refused is an argument that no driver accepts.
type refused struct{}

func (refused) Value() (driver.Value, error) {
	return nil, errors.New("a secret must be sealed before it is written")
}

func clean(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// Millis returns a time as it is stored: Unix milliseconds, 0 for the zero
// time.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// TimeOf is the inverse of Millis.
func TimeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Bytes are stored in text columns, which both engines have: unchanged if they
// are text, as almost all are, else in base64 after a mark.
const base64Mark = "\x01base64:"

// EncodeBytes returns bytes as they are stored.
func EncodeBytes(b []byte) string {
	if utf8.Valid(b) && !slices.Contains(b, 0) && !strings.HasPrefix(string(b), base64Mark) {
		return string(b)
	}
	return base64Mark + base64.StdEncoding.EncodeToString(b)
}

// DecodeBytes is the inverse of EncodeBytes.
func DecodeBytes(s string) ([]byte, error) {
	if rest, ok := strings.CutPrefix(s, base64Mark); ok {
		return base64.StdEncoding.DecodeString(rest)
	}
	return []byte(s), nil
}
