package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"openmates"
)

// querier reads.
type querier interface {
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// runner runs statements on one connection.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// tx is a transaction that is being made.
type tx struct {
	ctx   context.Context
	on    runner
	kinds []string // what it changes, for the caches
}

func (t *tx) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.on.QueryContext(ctx, query, plain(args)...)
}

// exec gives the number of rows that were changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	res, err := t.on.ExecContext(t.ctx, query, plain(args)...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// get reads one row in the transaction.
func (t *tx) get(query string, args []any, dest ...any) (bool, error) {
	return get(t.ctx, t, query, args, dest...)
}

// must turns "no row was changed" into ENotFound.
func (t *tx) must(what, query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err == nil && n == 0 {
		return missing(what)
	}
	return err
}

// changed notes that caches of this kind are out of date once this commits.
func (t *tx) changed(kind string) {
	if !slices.Contains(t.kinds, kind) {
		t.kinds = append(t.kinds, kind)
	}
}

// get reads at most one row.
func get(ctx context.Context, q querier, query string, args []any, dest ...any) (bool, error) {
	rows, err := q.query(ctx, query, args...)
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

// list reads all rows; scan reads one.
func list[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.query(ctx, query, args...)
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

// first reads one row or says that what is missing.
func first[T any](ctx context.Context, q querier, what string, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	all, err := list(ctx, q, scan, query, args...)
	if err != nil || len(all) == 0 {
		var zero T
		if err == nil {
			err = missing(what)
		}
		return zero, err
	}
	return all[0], nil
}

type scanner interface{ Scan(dest ...any) error }

func missing(what string) error {
	return openmates.Errorf(openmates.ENotFound, "%s doesn't exist (any more).", what)
}

// plain turns the vocabulary's types into those that both drivers take.
// PostgreSQL refuses text with a NUL or with broken UTF-8, which people and
// models do send, so neither engine is given any.
func plain(args []any) []any {
	for i, a := range args {
		switch v := a.(type) {
		case string:
			args[i] = clean(v)
		case openmates.ID:
			args[i] = int64(v)
		case openmates.Micros:
			args[i] = int64(v)
		case int:
			args[i] = int64(v)
		case time.Time:
			args[i] = millis(v)
		case openmates.Network:
			args[i] = clean(string(v))
		case openmates.TurnState:
			args[i] = string(v)
		case openmates.Role:
			args[i] = string(v)
		case openmates.Limits:
			args[i] = encodeLimits(v)
		}
	}
	return args
}

func clean(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// millis is the column's form of a time: Unix milliseconds, 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Limits that set nothing are stored as "{}", so that reading them costs
// nothing.
const noLimits = "{}"

func encodeLimits(l openmates.Limits) string {
	if reflect.ValueOf(l).IsZero() {
		return noLimits
	}
	b, err := json.Marshal(l)
	if err != nil { // can't be: Limits holds strings and numbers only
		panic(err)
	}
	return string(b)
}

func decodeLimits(s string) (l openmates.Limits, err error) {
	if s == noLimits || s == "" {
		return l, nil
	}
	if err := json.Unmarshal([]byte(s), &l); err != nil {
		return l, fmt.Errorf("read limits: %w", err)
	}
	return l, nil
}

// Bytes are kept in text columns, which both engines have alike: as they are
// where they are text, as nearly all are, else in base64 behind a mark.
const base64Mark = "\x01base64:"

func encodeBytes(b []byte) string {
	if utf8.Valid(b) && !slices.Contains(b, 0) && !strings.HasPrefix(string(b), base64Mark) {
		return string(b)
	}
	return base64Mark + base64.StdEncoding.EncodeToString(b)
}

func decodeBytes(s string) ([]byte, error) {
	if rest, ok := strings.CutPrefix(s, base64Mark); ok {
		return base64.StdEncoding.DecodeString(rest)
	}
	return []byte(s), nil
}
