package sqldb

import (
	"context"
	"log/slog"
	"testing"
	"testing/fstest"
)

// testConfig is that of a database in a folder of the test; sqldbtest, which
// imports this package, has the same for the tests outside of it.
func testConfig(t *testing.T) Config { return configIn(t.TempDir()) }

func configIn(dir string) Config {
	return Config{Name: "test", Dir: dir, Log: slog.New(slog.DiscardHandler), Migrations: fstest.MapFS{"0001_tables.sql": {Data: []byte(`
		CREATE TABLE revisions (kind TEXT PRIMARY KEY, n BIGINT NOT NULL) WITHOUT ROWID;
		CREATE TABLE pairs (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;`)}}}
}

func setPair(ctx context.Context, db *DB, name, value string) error {
	_, err := db.Exec(ctx, Hard, `INSERT INTO pairs (name, value) VALUES ($1, $2)`, name, value)
	return err
}
