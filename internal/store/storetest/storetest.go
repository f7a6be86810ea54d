// Package storetest runs tests against real databases: SQLite in the test's
// folder, and PostgreSQL in a schema of its own if OPENMATES_TEST_POSTGRES is
// set to its address. It cleans up afterwards.
package storetest

import (
	"bytes"
	"database/sql"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"openmates"
	"openmates/internal/secret"
	"openmates/internal/sqldb/sqldbtest"
	"openmates/internal/store"
)

// Open opens the test's database. Another call opens the same database again,
// as another process would. It is closed when the test ends.
type Open func(change ...func(*store.Config)) *store.DB

// Each runs a test on every available engine.
func Each(t *testing.T, run func(t *testing.T, open Open)) {
	t.Helper()
	sqldbtest.EachEngine(t, func(t *testing.T, engine string) { run(t, One(t, engine)) })
}

// One returns a new database on one engine, "sqlite" or "postgres", and skips
// the test if the engine isn't available.
func One(t testing.TB, engine string) Open {
	t.Helper()
	if engine == "sqlite" {
		return opener(t, "", t.TempDir())
	}
	return opener(t, sqldbtest.Address(t), t.TempDir())
}

// SQLite opens a new SQLite database for tests of other packages.
func SQLite(t testing.TB, change ...func(*store.Config)) *store.DB {
	t.Helper()
	return opener(t, "", t.TempDir())(change...)
}

// Clock sets the database's clock.
func Clock(now func() time.Time) func(*store.Config) {
	return func(c *store.Config) { c.Clock = now }
}

// Shared makes SQLite share leases between processes as well.
func Shared(c *store.Config) { c.Shared = true }

func opener(t testing.TB, address, dir string) Open {
	ring, err := secret.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return func(change ...func(*store.Config)) *store.DB {
		t.Helper()
		c := store.Config{URL: address, Dir: dir, Seal: ring, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
		for _, f := range change {
			f(&c)
		}
		db, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
}

// Exec runs a statement directly on the database and returns its error.
func Exec(t testing.TB, c store.Config, text string, args ...any) error {
	t.Helper()
	driver, address := "pgx", c.URL
	if address == "" {
		driver, address = "sqlite", filepath.Join(c.Dir, "openmates.db")
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(), text, args...)
	return err
}

// World is a team with one member, one mate and its bot, which is installed in
// the workspace "guild". The member's account there is "account".
type World struct {
	Team openmates.Team
	User openmates.User
	Mate openmates.Mate
	Bot  openmates.Bot
}

// Seed creates a World.
func Seed(t testing.TB, db *store.DB) World {
	t.Helper()
	ctx := t.Context()
	var w World
	var err error
	check := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w.Team, err = db.AddTeam(ctx, openmates.Team{Slug: "acme", Name: "Acme"})
	check()
	w.User, err = db.AddUser(ctx, openmates.User{Username: "ada", DisplayName: "Ada"}, "")
	check()
	err = db.AddMember(ctx, openmates.Membership{TeamID: w.Team.ID, UserID: w.User.ID, Role: openmates.RoleMember})
	check()
	w.Mate, err = db.SaveMate(ctx, openmates.Mate{Handle: "sophia", Name: "Sophia", Prompt: "You are Sophia."})
	check()
	w.Bot, err = db.SaveBot(ctx, openmates.Bot{MateID: w.Mate.ID, Network: "discord", AppID: "app", UserID: "bot", Name: "Sophia", Secrets: openmates.Secrets{"token": "token", "secret": "secret"}})
	check()
	_, err = db.AddInstallation(ctx, openmates.Installation{BotID: w.Bot.ID, TeamID: w.Team.ID, Workspace: "guild", Name: "Guild"})
	check()
	_, err = db.AddIdentity(ctx, openmates.Identity{UserID: w.User.ID, Network: "discord", AccountID: "account", Name: "ada"})
	check()
	return w
}
