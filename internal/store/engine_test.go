package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"openmates"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

func TestLease(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		dbs := []*store.DB{open(), open()}
		var inside, most, runs atomic.Int64
		var all sync.WaitGroup
		for n := range 6 {
			all.Go(func() {
				err := dbs[n%2].Hold(t.Context(), "one/name", func(context.Context) error {
					most.Store(max(most.Load(), inside.Add(1)))
					runs.Add(1)
					// Another name is free all the while.
					err := dbs[n%2].Hold(t.Context(), fmt.Sprint("free", n), func(context.Context) error { return nil })
					inside.Add(-1)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		same(t, [2]int64{most.Load(), runs.Load()}, [2]int64{1, 6})

		ctx, cancel := context.WithCancel(t.Context())
		held := make(chan struct{})
		all.Go(func() {
			err := dbs[0].Hold(ctx, "long", func(ctx context.Context) error {
				close(held)
				<-ctx.Done()
				return ctx.Err()
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Hold: %v", err)
			}
		})
		<-held
		waiting, stop := context.WithCancel(t.Context())
		stop()
		if err := dbs[1].Hold(waiting, "long", func(context.Context) error { t.Error("held twice"); return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("Hold: %v", err)
		}
		cancel()
		ok(t, dbs[1].Hold(t.Context(), "long", func(context.Context) error { return nil }))
		all.Wait()
	})
}

// TestLeaseEndsWithTheConnection cuts the connection that a lease lives on.
func TestLeaseEndsWithTheConnection(t *testing.T) {
	t.Parallel()
	open := storetest.One(t, "postgres")
	var conf store.Config
	db, other := open(func(c *store.Config) { conf = *c }), open()
	err := db.Hold(t.Context(), "name", func(ctx context.Context) error {
		storetest.CutLease(t, conf, "name")
		taken := make(chan struct{})
		go func() {
			defer close(taken)
			_ = other.Hold(t.Context(), "name", func(context.Context) error { return nil })
		}()
		for _, c := range []<-chan struct{}{ctx.Done(), taken} {
			select {
			case <-c:
			case <-time.After(10 * time.Second):
				t.Error("nobody noticed within ten seconds")
			}
		}
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Hold: %v", err)
	}
	ok(t, db.Hold(t.Context(), "name", func(context.Context) error { return nil }))
}

func TestRefusesNewerSchema(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		var c store.Config
		open(func(got *store.Config) { c = *got })
		storetest.PretendSchema(t, c, 9999)
		_, err := store.Open(t.Context(), c)
		want(t, err, openmates.EInvalid)
		if !strings.Contains(openmates.MessageOf(err), "newer version") {
			t.Errorf("got %v", err)
		}
	})
}

func sqliteIn(t *testing.T) store.Config {
	return store.Config{Dir: t.TempDir(), Seal: noSeal{}, Log: slog.New(slog.DiscardHandler)}
}

type noSeal struct{}

func (noSeal) Seal(string, openmates.Secret) (string, error) { return "", nil }
func (noSeal) Open(string, string) (openmates.Secret, error) { return "", nil }

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
	_, err := db.SaveBot(t.Context(), openmates.Bot{ID: w.Bot.ID, MateID: w.Mate.ID, Network: "discord", AppID: "app", Token: canary, Secret: canary})
	ok(t, err)
	ok(t, db.AddState(t.Context(), "h", openmates.ConnectState{BotID: w.Bot.ID, UserID: w.User.ID, Verifier: canary, Expires: time.Now().Add(time.Hour)}))
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
