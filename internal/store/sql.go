package store

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"openmates"
	"openmates/internal/sqldb"
)

// must runs a statement and returns ENotFound if it changed no row.
func must(t *sqldb.Tx, what openmates.Text, query string, args ...any) error {
	n, err := t.Exec(query, args...)
	if err == nil && n == 0 {
		return missing(what)
	}
	return err
}

// first reads one row and returns ENotFound, naming what, if there is none.
func first[T any](ctx context.Context, q sqldb.Querier, what openmates.Text, scan func(sqldb.Row) (T, error), query string, args ...any) (T, error) {
	all, err := sqldb.List(ctx, q, scan, query, args...)
	if err != nil || len(all) == 0 {
		var zero T
		if err == nil {
			err = missing(what)
		}
		return zero, err
	}
	return all[0], nil
}

func missing(what openmates.Text) error {
	return openmates.Errorf(openmates.ENotFound, "%s doesn't exist (any more).", what)
}

// taken turns a unique violation into EConflict with this sentence and a
// foreign key violation into ENotFound. Without a sentence, a unique violation
// is a bug and is returned unchanged.
func taken(err error, sentence openmates.Text) error {
	if _, ok := sqldb.Duplicate(err); ok && sentence.String() != "" {
		return &openmates.Error{Code: openmates.EConflict, Message: sentence, Err: err}
	}
	if sqldb.Orphan(err) {
		return &openmates.Error{Code: openmates.ENotFound, Message: openmates.T("This refers to something that doesn't exist (any more)."), Err: err}
	}
	return err
}

// noLimits is how empty limits are stored, so that they needn't be parsed.
const noLimits = "{}"

func encodeLimits(l openmates.Limits) string {
	if reflect.ValueOf(l).IsZero() {
		return noLimits
	}
	b, err := json.Marshal(l)
	if err != nil { // impossible: Limits holds only strings and numbers
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
