package sqldb_test

import (
	"context"
	"errors"
	"testing"

	"openmates/internal/sqldb"
	"openmates/internal/sqldb/sqldbtest"
)

// What is written with the context of Within happens as a whole: also a failure
// that the function does not pass on undoes all of it, and it reads what it has
// written.
func TestWithinHappensAsAWhole(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, open sqldbtest.Open) {
		db := open()
		add := func(ctx context.Context, name string) error {
			_, err := db.Exec(ctx, sqldb.Hard, `INSERT INTO pairs (name, value) VALUES ($1, '')`, name)
			return err
		}
		count := func(ctx context.Context) (n int64) {
			_, err := sqldb.Get(ctx, db, `SELECT COUNT(*) FROM pairs`, nil, &n)
			ok(t, err)
			return n
		}
		var kept context.Context
		ok(t, db.Within(t.Context(), func(ctx context.Context) error {
			kept = ctx //nolint:fatcontext // what happens to one that is kept is the question
			ok(t, add(ctx, "one"))
			return db.Within(ctx, func(ctx context.Context) error {
				err := add(ctx, "two")
				same(t, count(ctx), 2)
				return err
			})
		}))
		same(t, count(t.Context()), 2)
		if err := add(kept, "late"); err == nil {
			t.Error("written in a transaction that has ended")
		}
		failed := errors.New("failed")
		if err := db.Within(t.Context(), func(ctx context.Context) error { return errors.Join(add(ctx, "three"), failed) }); !errors.Is(err, failed) {
			t.Errorf("Within: %v", err)
		}
		if err := db.Within(t.Context(), func(ctx context.Context) error {
			ok(t, add(ctx, "four"))
			_ = add(ctx, "one") // there already
			return nil
		}); err == nil {
			t.Error("committed what had failed")
		}
		same(t, count(t.Context()), 2)
	})
}
