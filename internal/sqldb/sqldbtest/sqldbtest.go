// Package sqldbtest runs tests against real databases: SQLite in the test's
// folder and, if OPENMATES_TEST_POSTGRES is the address of one, PostgreSQL in
// the test's own schema. It leaves nothing behind.
package sqldbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"openmates/internal/sqldb"
)

// Env is the setting that names a PostgreSQL server.
const Env = "OPENMATES_TEST_POSTGRES"

// Open opens the test's database. Each call opens the same one, as another
// process would. The test closes it when it ends.
type Open func(change ...func(*sqldb.Config)) *sqldb.DB

// Each runs a test on every available engine.
func Each(t *testing.T, run func(t *testing.T, open Open)) {
	t.Helper()
	EachEngine(t, func(t *testing.T, engine string) { run(t, One(t, engine)) })
}

// EachEngine runs a test once for each engine, by its name.
func EachEngine(t *testing.T, run func(t *testing.T, engine string)) {
	t.Helper()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			run(t, engine)
		})
	}
}

// EachAddress runs a test once for each engine, with the address that a program
// is given for a new database: "" for SQLite.
func EachAddress(t *testing.T, run func(t *testing.T, address string)) {
	t.Helper()
	EachEngine(t, func(t *testing.T, engine string) {
		if engine == "postgres" {
			run(t, Address(t))
			return
		}
		run(t, "")
	})
}

// One returns a new database of one engine, "sqlite" or "postgres". The test is
// skipped if that isn't available.
func One(t testing.TB, engine string) Open {
	t.Helper()
	c := Config(t)
	if engine == "postgres" {
		c.URL = Address(t)
	}
	return func(change ...func(*sqldb.Config)) *sqldb.DB {
		t.Helper()
		c := c
		for _, f := range change {
			f(&c)
		}
		db, err := sqldb.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
}

// Config returns the configuration of a SQLite database in the test's folder,
// with a table of names and values.
func Config(t testing.TB) sqldb.Config {
	return sqldb.Config{Name: "test", Dir: t.TempDir(), Migrations: Tables(), Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

// Tables returns the schema of Config: the tables that package sqldb needs, and
// "pairs" with the columns name and value.
func Tables() fs.FS {
	return fstest.MapFS{"0001_tables.sql": {Data: []byte(`
		CREATE TABLE revisions (kind TEXT PRIMARY KEY, n BIGINT NOT NULL) WITHOUT ROWID;
		CREATE TABLE processes (id TEXT PRIMARY KEY, beat BIGINT NOT NULL);
		CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL REFERENCES processes (id) ON DELETE CASCADE);
		CREATE TABLE pairs (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
		CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE);`)}}
}

// Shared stores leases in rows even on SQLite.
func Shared(c *sqldb.Config) { c.Shared = true }

// Address creates an empty schema on the server that Env names, and returns an
// address that uses only this schema. The test is skipped if Env isn't set.
func Address(t testing.TB) string {
	t.Helper()
	server := os.Getenv(Env)
	if server == "" {
		t.Skip(Env + " is not set")
	}
	return schema(t, server)
}

// Run runs a statement without the engine and returns the database's error.
func Run(t testing.TB, c sqldb.Config, text string, args ...any) error {
	t.Helper()
	driver, address := "pgx", c.URL
	if address == "" {
		driver, address = "sqlite", filepath.Join(c.Dir, c.Name+".db")
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(), text, args...)
	return err
}

// schema creates an empty schema on a PostgreSQL server and returns an address
// that uses only this schema.
func schema(t testing.TB, address string) string {
	t.Helper()
	conf, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal("the address in " + Env + " can't be read")
	}
	name := "test_" + strings.ToLower(rand.Text())
	do := func(ctx context.Context, text string) error {
		db := stdlib.OpenDB(*conf)
		defer db.Close()
		_, err := db.ExecContext(ctx, text)
		return err
	}
	if err := do(t.Context(), "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := do(context.Background(), "DROP SCHEMA "+name+" CASCADE"); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal("the address in " + Env + " can't be read")
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}
