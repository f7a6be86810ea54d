package model_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/llm/llmtest"
	"openmates/internal/llm/openai"
	"openmates/internal/model"
	"openmates/internal/polltest"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

func TestWhoAnswers(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, err := w.room.Choose(t.Context(), openmates.Mate{})
	w.says(err, openmates.ENotFound, "No model is set up")
	far := w.server(llmtest.Config{Models: []string{"gpt-5", "gpt-5-mini", "gpt-5-nano", "other", "text-embedding-3"}})
	w.add(model.Draft{Kind: model.KindCompatible, Label: "House", URL: far.URL()})
	is := func(want string, m openmates.Mate) {
		t.Helper()
		if got, err := w.room.Answering(t.Context(), m); err != nil || got != want {
			t.Errorf("%+v is answered by %q, %v; want %q", m, got, err, want)
		}
	}
	is("house/gpt-5-mini", openmates.Mate{})
	is("house/gpt-5-nano", openmates.Mate{Class: openmates.ClassQuick})
	is("house/gpt-5", openmates.Mate{Class: openmates.ClassDeep})
	is("house/other", openmates.Mate{Model: "house/other", Class: openmates.ClassDeep})

	w.ok(w.room.SetDefaults(t.Context(), admin, openmates.ModelDefaults{Any: "house/other", Deep: "house/gpt-5-mini"}))
	is("house/other", openmates.Mate{})
	is("house/other", openmates.Mate{Class: openmates.ClassQuick})
	is("house/gpt-5-mini", openmates.Mate{Class: openmates.ClassDeep})

	// What a mate names it gets, or nothing: never another one.
	for name, want := range map[string]string{
		"house/text-embedding-3": "isn't enabled", "house/nothing": "has no model", "gone/x": "belong to any provider of this server", "gpt-5": "belong to any provider of this server",
	} {
		_, err := w.room.Answering(t.Context(), openmates.Mate{Model: name})
		w.says(err, openmates.ENotFound, want)
	}
	w.says(w.room.SetDefaults(t.Context(), admin, openmates.ModelDefaults{Quick: "gone/x"}), openmates.EInvalid, "belong to any provider of this server")

	// A default that is switched off is passed over, and the page says so.
	w.ok(w.room.SetModels(t.Context(), admin, "house", []model.Edit{{Model: "other"}}))
	is("house/gpt-5-mini", openmates.Mate{})
	d, err := w.room.Defaults(t.Context())
	w.ok(err)
	if !strings.Contains(d.Broken[""].String(), "isn't enabled") || slices.Contains(d.Choices, "house/other") || d.Now[""] != "house/gpt-5-mini" {
		t.Errorf("defaults: %+v", d)
	}
	w.noKey()
}

// Keys that are revoked and models that vanish while mates answer show at the
// provider, and the next success clears it.
func TestTroubleWhileAnsweringIsNoted(t *testing.T) {
	t.Parallel()
	w := setup(t)
	far := w.server(llmtest.Config{Key: canary, Models: []string{"a", "b"}})
	w.add(model.Draft{Kind: model.KindCompatible, Label: "House", URL: far.URL(), Key: canary})
	mate := openmates.Mate{Model: "house/a"}
	for _, tc := range []struct {
		kind llm.Kind
		want string
	}{
		{llm.KindBadKey, "doesn't accept this key"}, {llm.KindNoCredit, "is out of credit"}, {llm.KindUnavailable, "nothing to fix on your side"},
	} {
		far.Script(llmtest.Reply{Fail: &llmtest.Failure{Kind: tc.kind}})
		if _, err := w.ask(mate); err == nil {
			t.Errorf("%v: no failure", tc.kind)
		}
		if got := w.view("house").Problem; !strings.Contains(got.String(), tc.want) {
			t.Errorf("%v: the page says %q", tc.kind, got)
		}
		if _, err := w.ask(mate); err != nil {
			t.Error(err)
		}
		if got := w.view("house").Problem; got != "" {
			t.Errorf("%v: after a success the page says %q", tc.kind, got)
		}
	}
	// What says nothing of the provider is not noted.
	far.Script(llmtest.Reply{Fail: &llmtest.Failure{Kind: llm.KindTooLong}}, llmtest.Reply{Fail: &llmtest.Failure{Kind: llm.KindRateLimited}})
	for range 2 {
		_, _ = w.ask(mate)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	c, err := w.room.Choose(t.Context(), mate)
	w.ok(err)
	_, _ = llm.Generate(gone, c.Model, llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Text: "x"}}})
	if got := w.view("house").Problem; got != "" {
		t.Errorf("the page says %q", got)
	}
	far.Script(llmtest.Reply{Fail: &llmtest.Failure{Kind: llm.KindNoModel}})
	_, _ = w.ask(mate)
	if v := w.view("house"); v.Missing != 1 || v.Models[0].Listed || v.Problem != "" {
		t.Errorf("a model that is gone: %+v", v)
	}
	w.noKey()
}

func TestModelsThatComeAndGo(t *testing.T) {
	t.Parallel()
	w := setup(t)
	first := w.server(llmtest.Config{Models: []string{"a", "b"}})
	second := w.server(llmtest.Config{Models: []string{"b", "c"}})
	p := w.add(model.Draft{Kind: model.KindCompatible, Label: "House", URL: first.URL()})
	w.ok(w.room.SetModels(t.Context(), admin, "house", []model.Edit{{Model: "a", Enabled: true, Input: "1.5", Output: "6"}, {Model: "b", Enabled: true}}))
	c, err := w.room.Choose(t.Context(), openmates.Mate{Model: "house/a"})
	w.ok(err)
	if want := (openmates.Price{Input: 1_500_000, Cached: 1_500_000, Output: 6_000_000}); c.Price != want || !c.Priced {
		t.Errorf("the price is %+v", c.Price)
	}
	_, err = w.room.Change(t.Context(), admin, p.Name, model.Draft{URL: second.URL()})
	w.ok(err)
	got := map[string][3]bool{}
	for _, m := range w.view("house").Models {
		got[m.Model] = [3]bool{m.Enabled, m.Listed, m.Priced}
	}
	if len(got) != 3 || got["a"] != [3]bool{true, false, true} || got["b"] != [3]bool{true, true, false} || got["c"] != [3]bool{false, true, false} {
		t.Errorf("models (enabled, listed, priced): %v", got)
	}
	w.ok(w.room.AddModel(t.Context(), admin, "house", " unlisted/one "))
	if name, err := w.ask(openmates.Mate{Model: "house/unlisted/one"}); err != nil || name != "house/unlisted/one" {
		t.Errorf("a model added by name: %q, %v", name, err)
	}
	w.says(w.room.AddModel(t.Context(), admin, "house", "b"), openmates.EConflict, "already")
	w.says(w.room.SetModels(t.Context(), admin, "house", []model.Edit{{Model: "b", Input: "1"}}), openmates.EInvalid, "a number for input and one for output")
	w.says(w.room.SetModels(t.Context(), admin, "house", []model.Edit{{Model: "b", Input: "1", Output: "-2"}}), openmates.EInvalid, "isn't an amount")
	w.ok(w.room.Free(t.Context(), admin, "house"))
	if v := w.view("house"); v.NoPrice != 0 {
		t.Errorf("%d without a price", v.NoPrice)
	}
	second.Close()
	_, err = w.room.Refresh(t.Context(), admin, "house")
	w.says(err, openmates.EUnavailable, "Nothing is listening")
	if v := w.view("house"); len(v.Models) != 4 || !strings.Contains(v.Problem.String(), "Nothing is listening") {
		t.Errorf("after it went away: %d models, %q", len(v.Models), v.Problem)
	}
}

func TestKeysStayWithTheirHost(t *testing.T) {
	t.Parallel()
	w := setup(t)
	far, thief := w.server(llmtest.Config{Key: canary}), w.server(llmtest.Config{})
	w.add(model.Draft{Kind: model.KindCompatible, Label: "House", URL: far.URL(), Key: canary})
	_, err := w.room.Change(t.Context(), admin, "house", model.Draft{Label: "House", URL: thief.URL()})
	w.says(err, openmates.EInvalid, "entered for another host")
	if thief.Conns() > 0 {
		t.Error("the other host was asked with the stored key")
	}
	_, err = w.room.Change(t.Context(), admin, "house", model.Draft{Label: "Home", URL: far.URL()})
	w.ok(err)
	if _, err := w.ask(openmates.Mate{}); err != nil {
		t.Errorf("the stored key is lost: %v", err)
	}
	_, err = w.room.Change(t.Context(), admin, "house", model.Draft{URL: far.URL(), Key: "sk-revoked"})
	w.says(err, openmates.EInvalid, "doesn't accept this key")
	if _, err := w.ask(openmates.Mate{}); err != nil {
		t.Errorf("a wrong key took the place of the right one: %v", err)
	}
	_, err = w.room.Change(t.Context(), admin, "house", model.Draft{URL: thief.URL(), NoKey: true})
	w.ok(err)
	if v := w.view("house"); v.HasKey {
		t.Error("the key is still stored")
	}
	w.noKey()
}

func TestRemovingTellsWhoLosesTheirModel(t *testing.T) {
	t.Parallel()
	w := setup(t)
	house, spare := w.server(llmtest.Config{Models: []string{"m"}}), w.server(llmtest.Config{Models: []string{"s"}})
	w.add(model.Draft{Kind: model.KindCompatible, Label: "House", URL: house.URL()})
	w.add(model.Draft{Kind: model.KindCompatible, Label: "Spare", URL: spare.URL()})
	w.ok(w.room.SetDefaults(t.Context(), admin, openmates.ModelDefaults{Any: "house/m"}))
	w.mate("sophia", "house/m", "")
	w.mate("mark", "", "")
	w.mate("lisa", "spare/s", "")
	effects, err := w.room.Impact(t.Context(), "house")
	w.ok(err)
	if len(effects) != 2 || effects[0].Mate.Handle != "sophia" || effects[0].To != "" || effects[0].Why == "" ||
		effects[1].Mate.Handle != "mark" || effects[1].From != "house/m" || effects[1].To != "spare/s" {
		t.Errorf("impact: %+v", effects)
	}
	w.ok(w.room.Remove(t.Context(), admin, "house"))
	mute, err := w.room.Mute(t.Context())
	w.ok(err)
	if len(mute) != 1 || mute[0].Mate.Handle != "sophia" {
		t.Errorf("mute: %+v", mute)
	}
	if name, err := w.ask(openmates.Mate{}); err != nil || name != "spare/s" {
		t.Errorf("the others are answered by %q, %v", name, err)
	}
	w.says(w.room.Remove(t.Context(), admin, "house"), openmates.ENotFound, "no provider with that name")
	all, err := w.db.Audit(t.Context(), 0, 0, 1)
	w.ok(err)
	if all[0].Action != "provider.remove" || all[0].Target != "house" || all[0].After != "" || !strings.Contains(all[0].Before, "compatible") {
		t.Errorf("audit: %+v", all[0])
	}
}

// Providers of the settings list their models by themselves, can have prices,
// and are not changed by the pages.
func TestProvidersOfTheSettings(t *testing.T) {
	t.Parallel()
	w := setup(t)
	far := w.server(llmtest.Config{Key: canary, Models: []string{"a", "b"}})
	service, err := openai.New(openai.Config{URL: far.URL(), Key: canary})
	w.ok(err)
	fix := func(c *model.Config) {
		c.Fixed = []model.Fixed{{Provider: openmates.Provider{Name: "openai", Kind: model.KindOpenAI, Label: "OpenAI"}, Service: service}}
	}
	for range 2 { // a second process finds the row of the first
		w.room = w.open(w.db, fix)
	}
	if name, err := w.ask(openmates.Mate{}); err != nil || name != "openai/a" {
		t.Errorf("answered by %q, %v", name, err)
	}
	if name, err := w.ask(openmates.Mate{Model: "openai/unlisted"}); err != nil || name != "openai/unlisted" {
		t.Errorf("answered by %q, %v", name, err)
	}
	if c, err := w.room.Choose(t.Context(), openmates.Mate{}); err != nil || !c.Fixed {
		t.Errorf("chosen %+v, %v", c, err)
	}
	v := w.view("openai")
	if !v.Fixed || len(v.Models) != 2 || v.HasKey {
		t.Errorf("the provider is %+v", v)
	}
	w.ok(w.room.SetModels(t.Context(), admin, "openai", []model.Edit{{Model: "b", Enabled: true, Input: "1", Output: "2"}}))
	w.says(w.room.Remove(t.Context(), admin, "openai"), openmates.EForbidden, "comes from the settings")
	_, err = w.room.Change(t.Context(), admin, "openai", model.Draft{Key: "sk"})
	w.says(err, openmates.EForbidden, "comes from the settings")
	// Without the setting it is gone, and its name is free no more.
	w.room = w.open(w.db)
	if all, _ := w.room.Providers(t.Context()); len(all) != 0 {
		t.Errorf("it is shown without its setting: %+v", all)
	}
	w.add(model.Draft{Kind: model.KindCompatible, Label: "OpenAI", URL: far.URL(), Key: canary})
	if v := w.view("openai-2"); v.Fixed {
		t.Error("the name was taken over")
	}
	w.noKey()
}

func TestOtherProcessesHearOfChanges(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		w := &world{T: t, db: open(), log: &lines{}}
		w.room = w.open(w.db)
		far := w.server(llmtest.Config{Key: canary, Models: []string{"a"}})
		there := open(func(c *store.Config) { c.Watch = time.Millisecond })
		told := make(chan string, 100)
		other := w.open(there)
		there.OnChange(func(kind string) { told <- kind })
		_, err := other.Choose(t.Context(), openmates.Mate{})
		w.says(err, openmates.ENotFound, "No model")
		w.add(model.Draft{Kind: model.KindCompatible, Label: "House", URL: far.URL(), Key: canary})
		late := time.After(polltest.Patience)
		for {
			if c, err := other.Choose(t.Context(), openmates.Mate{}); err == nil && c.Name == "house/a" {
				break
			}
			select {
			case <-told:
			case <-late:
				t.Fatal("the other process never heard of the provider")
			}
		}
		w.noKey()
	})
}
