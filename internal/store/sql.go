package store

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"openmates"
	"openmates/internal/sqldb"
)

// must turns "no row was changed" into ENotFound.
func must(t *sqldb.Tx, what openmates.Text, query string, args ...any) error {
	n, err := t.Exec(query, args...)
	if err == nil && n == 0 {
		return missing(what)
	}
	return err
}

// first reads one row or says that what is missing.
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

// taken turns the breach of a unique key into EConflict with this sentence,
// and the reference to nothing into ENotFound. Without a sentence a breach is a
// fault of the program and stays as it is: nobody is told an empty sentence.
func taken(err error, sentence openmates.Text) error {
	if _, ok := sqldb.Duplicate(err); ok && sentence.String() != "" {
		return &openmates.Error{Code: openmates.EConflict, Message: sentence, Err: err}
	}
	if sqldb.Orphan(err) {
		return &openmates.Error{Code: openmates.ENotFound, Message: openmates.T("This refers to something that doesn't exist (any more)."), Err: err}
	}
	return err
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
