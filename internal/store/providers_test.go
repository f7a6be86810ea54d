package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/model"
	"openmates/internal/secret"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

func TestProviders(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		p, err := db.SaveProvider(ctx, openmates.Provider{Name: "openai", Kind: "openai", Label: "OpenAI", URL: "http://x",
			Key: "sk-canary", Checked: time.Date(2026, 5, 1, 12, 0, 0, 1234, time.UTC)})
		ok(t, err)
		got, err := db.Provider(ctx, "openai")
		ok(t, err)
		same(t, got, p)
		same(t, got.Key.Reveal(), "sk-canary")
		_, err = db.SaveProvider(ctx, openmates.Provider{Name: "openai"})
		is(t, err, model.ErrNameTaken)
		_, err = db.SaveProvider(ctx, openmates.Provider{ID: 5, Name: "x"})
		is(t, err, model.ErrNoProvider)
		_, err = db.Provider(ctx, "nowhere")
		is(t, err, model.ErrNoProvider)

		fixed, err := db.SaveProvider(ctx, openmates.Provider{Name: "local", Kind: "compatible", Label: "Local", Fixed: true})
		ok(t, err)
		p.Label, p.Key, p.Problem = "Mine", "sk-other", openmates.T("The key is revoked.")
		p, err = db.SaveProvider(ctx, p)
		ok(t, err)
		all, err := db.Providers(ctx)
		ok(t, err)
		same(t, all, []openmates.Provider{p, fixed})
		same(t, all[0].Key.Reveal(), "sk-other")

		ok(t, db.SetProviderProblem(ctx, p.ID, ""))
		got, err = db.Provider(ctx, "openai")
		ok(t, err)
		same(t, got.Problem, openmates.Text(""))
		ok(t, db.SetProviderProblem(ctx, 5, openmates.T("It is gone.")))
	})
}

func TestProviderModels(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		a, err := db.SaveProvider(ctx, openmates.Provider{Name: "a", Kind: "openai"})
		ok(t, err)
		b, err := db.SaveProvider(ctx, openmates.Provider{Name: "b", Kind: "google"})
		ok(t, err)
		ok(t, db.ListModels(ctx, a.ID, []string{"one", "two"}, func(m string) bool { return m == "one" }))
		ok(t, db.ListModels(ctx, b.ID, []string{"x/y"}, func(string) bool { return true }))
		one := openmates.ProviderModel{ProviderID: a.ID, Provider: "a", Model: "one", Enabled: true, Listed: true}
		two := openmates.ProviderModel{ProviderID: a.ID, Provider: "a", Model: "two", Listed: true}
		far := openmates.ProviderModel{ProviderID: b.ID, Provider: "b", Model: "x/y", Enabled: true, Listed: true}
		models := func() []openmates.ProviderModel {
			t.Helper()
			all, err := db.ProviderModels(ctx)
			ok(t, err)
			return all
		}
		same(t, models(), []openmates.ProviderModel{one, two, far})

		one.Priced, one.Price = true, openmates.Price{Input: 1_250_000, Cached: 125_000, Output: 10_000_000}
		two.Enabled = true
		byHand := openmates.ProviderModel{ProviderID: a.ID, Provider: "a", Model: "by-hand", Enabled: true}
		ok(t, db.SaveModels(ctx, one, two, byHand))
		same(t, models(), []openmates.ProviderModel{byHand, one, two, far})

		// What is gone from the list stays with its price, and comes back as it was.
		ok(t, db.ListModels(ctx, a.ID, []string{"two", "three"}, func(string) bool { return false }))
		one.Listed = false
		three := openmates.ProviderModel{ProviderID: a.ID, Provider: "a", Model: "three", Listed: true}
		same(t, models(), []openmates.ProviderModel{byHand, one, three, two, far})
		ok(t, db.ListModels(ctx, a.ID, []string{"one"}, func(string) bool { return false }))
		same(t, models()[1].Listed && models()[1].Priced, true)
		want(t, db.ListModels(ctx, 5, []string{"one"}, func(string) bool { return false }), openmates.ENotFound)
		want(t, db.SaveModels(ctx, openmates.ProviderModel{ProviderID: 5, Model: "m"}), openmates.ENotFound)

		d := openmates.ModelDefaults{Any: "a/one", Deep: "b/x/y", Quick: "a/two"}
		ok(t, db.SetModelDefaults(ctx, d))
		got, err := db.ModelDefaults(ctx)
		ok(t, err)
		same(t, got, d)
		ok(t, db.RemoveProvider(ctx, a.ID))
		same(t, models(), []openmates.ProviderModel{far})
		got, err = db.ModelDefaults(ctx)
		ok(t, err)
		same(t, got, openmates.ModelDefaults{Deep: "b/x/y"})
		want(t, db.RemoveProvider(ctx, a.ID), openmates.ENotFound)
	})
}

func TestChangesOfProvidersAreTold(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		here, ctx := open(func(c *store.Config) { c.Watch = time.Hour }), t.Context()
		var told []string
		here.OnChange(func(kind string) { told = append(told, kind) })
		since := func(what string, n int) {
			t.Helper()
			if len(told) != n {
				t.Errorf("%s: told of %v", what, told)
			}
			told = nil
		}
		p, err := here.SaveProvider(ctx, openmates.Provider{Name: "a"})
		ok(t, err)
		since("a new provider", 1)
		ok(t, here.SetProviderProblem(ctx, p.ID, openmates.T("Its key is revoked.")))
		since("a problem", 1)
		ok(t, here.SetProviderProblem(ctx, p.ID, openmates.T("Its key is revoked.")))
		since("a problem that is known", 0)
		ok(t, here.ListModels(ctx, p.ID, []string{"m"}, func(string) bool { return true }))
		since("a list", 1)
		ok(t, here.SetModelDefaults(ctx, openmates.ModelDefaults{Any: "a/m"}))
		since("a default", 1)
		ok(t, here.RemoveProvider(ctx, p.ID))
		since("a removal", 1)
	})
}

// The key is in none of the database's files, and under another key of the
// server the provider says what to do.
func TestKeysOfProvidersAreSealed(t *testing.T) {
	t.Parallel()
	const canary = "sk-canary-4Tq"
	dir := t.TempDir()
	in := func(c *store.Config) { c.Dir = dir }
	db := storetest.SQLite(t, in)
	_, err := db.SaveProvider(t.Context(), openmates.Provider{Name: "a", Key: canary})
	ok(t, err)
	files, err := filepath.Glob(filepath.Join(dir, "openmates.db*"))
	ok(t, err)
	if len(files) == 0 {
		t.Fatal("no database was written")
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		ok(t, err)
		if strings.Contains(string(b), canary) {
			t.Errorf("%s holds the key", filepath.Base(f))
		}
	}
	other, err := secret.New([]byte(strings.Repeat("o", 32)))
	ok(t, err)
	db = storetest.SQLite(t, in, func(c *store.Config) { c.Seal = other })
	p, err := db.Provider(t.Context(), "a")
	ok(t, err)
	if p.Key != "" || !p.KeyLost {
		t.Errorf("under another key: %+v", p)
	}
}
