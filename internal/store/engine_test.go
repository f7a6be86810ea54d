package store_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

func sqliteIn(t *testing.T) store.Config {
	return store.Config{Dir: t.TempDir(), Seal: noSeal{}, Log: slog.New(slog.DiscardHandler)}
}

type noSeal struct{}

func (noSeal) Seal(string, openmates.Secret) (string, error) { return "", nil }
func (noSeal) Open(string, string) (openmates.Secret, error) { return "", nil }
func (noSeal) MAC(string, openmates.Secret) string           { return "" }
func (noSeal) Verify(string, openmates.Secret, string) bool  { return false }

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"mysql://x", "postgres://user:canary-pw@[::bad", "postgres://user:canary-pw@127.0.0.1:1/db?connect_timeout=1"} {
		c := sqliteIn(t)
		c.URL = address
		_, err := store.Open(t.Context(), c)
		if err == nil || strings.Contains(err.Error(), "canary-pw") {
			t.Errorf("%s: %v", address, err)
		}
	}
	odd := filepath.Join(t.TempDir(), "a ?#%b", "file.db")
	c := sqliteIn(t)
	c.URL = "sqlite:" + odd
	db, err := store.Open(t.Context(), c)
	ok(t, err)
	ok(t, db.Ping(t.Context()))
	ok(t, db.Close())
	st, err := os.Stat(odd)
	ok(t, err)
	same(t, st.Mode().Perm(), os.FileMode(0o600))
	_, err = db.AddTeam(t.Context(), openmates.Team{Slug: "late"})
	if err == nil {
		t.Error("wrote after Close")
	}
}

// TestSecretsAreSealedAtRest looks for canaries in the files themselves.
func TestSecretsAreSealedAtRest(t *testing.T) {
	t.Parallel()
	var dir string
	db := storetest.SQLite(t, func(c *store.Config) { dir = c.Dir })
	w := storetest.Seed(t, db)
	const canary = "canary-credential-51"
	_, err := db.SaveBot(t.Context(), openmates.Bot{ID: w.Bot.ID, MateID: w.Mate.ID, Network: "discord", AppID: "app", Secrets: openmates.Secrets{"token": canary, "secret": canary}})
	ok(t, err)
	ok(t, db.AddState(t.Context(), "h", connect.BegunState{BotID: w.Bot.ID, UserID: w.User.ID, Verifier: canary, Expires: time.Now().Add(time.Hour)}))
	files, err := filepath.Glob(filepath.Join(dir, "openmates.db*"))
	ok(t, err)
	if len(files) < 2 {
		t.Fatalf("looked at %v", files)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		ok(t, err)
		if strings.Contains(string(b), canary) {
			t.Errorf("%s holds the credential", filepath.Base(f))
		}
	}
}

// TestManyWritersOneOfThemWrong mixes failing writes into shared commits.
func TestManyWritersOneOfThemWrong(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		_, err := db.AddTeam(ctx, openmates.Team{Slug: "taken"})
		ok(t, err)
		var all sync.WaitGroup
		for n := range 60 {
			all.Go(func() {
				slug := fmt.Sprint("team", n)
				if n%3 == 0 {
					slug = "taken"
				}
				_, err := db.AddTeam(ctx, openmates.Team{Slug: slug})
				if got := openmates.CodeOf(err); (n%3 == 0) != (got == openmates.EConflict) || n%3 != 0 && err != nil {
					t.Errorf("%s: %v", slug, err)
				}
			})
		}
		all.Wait()
		teams, err := db.Teams(ctx)
		ok(t, err)
		same(t, len(teams), 41)
	})
}
