package store

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"openmates"
	"openmates/internal/sqldb"
)

// must runs a statement and returns none if it changed no row.
func must(t *sqldb.Tx, none error, query string, args ...any) error {
	n, err := t.Exec(query, args...)
	if err == nil && n == 0 {
		return none
	}
	return err
}

// first reads one row and returns none if there isn't any.
func first[T any](ctx context.Context, q sqldb.Querier, none error, scan func(sqldb.Row) (T, error), query string, args ...any) (T, error) {
	all, err := sqldb.List(ctx, q, scan, query, args...)
	if err != nil || len(all) == 0 {
		var zero T
		if err == nil {
			err = none
		}
		return zero, err
	}
	return all[0], nil
}

// taken turns a unique violation into this error and a foreign key violation
// into openmates.ErrReference. Without an error, a unique violation is a bug and
// is returned unchanged.
func taken(err, found error) error {
	if _, ok := sqldb.Duplicate(err); ok && found != nil {
		return fmt.Errorf("%w: %w", found, err)
	}
	if sqldb.Orphan(err) {
		return fmt.Errorf("%w: %w", openmates.ErrReference, err)
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
