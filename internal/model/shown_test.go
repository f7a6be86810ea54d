package model_test

import (
	"testing"

	"openmates"
	"openmates/internal/llm/scripted"
	"openmates/internal/model"
)

// Without a provider people are told to add one; a default that the settings
// name is shown before its list is loaded; the scripted model never passes for
// a real one.
func TestWhatIsShownAsTheModel(t *testing.T) {
	t.Parallel()
	w := setup(t)
	if s := w.room.Shown(t.Context()); s.Name != "" || s.Cure.String() != "Add a provider." {
		t.Errorf("nothing is set up, and it shows %+v", s)
	}
	service, err := scripted.New(scripted.Config{})
	w.ok(err)
	w = setup(t, func(c *model.Config) {
		c.Fixed = []model.Fixed{{Service: service, Provider: openmates.Provider{Name: scripted.ID, Kind: model.KindScripted, Label: scripted.Name}}}
	})
	if s := w.room.Shown(t.Context()); s.Name != scripted.Name+"/…" || s.Scripted {
		t.Errorf("before its list is loaded it shows %+v", s)
	}
	w.ok(w.room.Settle(t.Context()))
	if _, err := w.room.Choose(t.Context(), openmates.Mate{}); err != nil {
		t.Fatal(err)
	}
	if s := w.room.Shown(t.Context()); s.Name != scripted.Name || !s.Scripted || s.Cure.String() == "" {
		t.Errorf("the scripted model answers, and it shows %+v", s)
	}
}

func TestTheSettingsModelByItsFullName(t *testing.T) {
	t.Parallel()
	of := func(names ...string) (all []model.Fixed) {
		for _, n := range names {
			all = append(all, model.Fixed{Provider: openmates.Provider{Name: n}})
		}
		return all
	}
	for _, c := range []struct {
		name, full string
		fixed      []model.Fixed
		ok         bool
	}{
		{"", "", of("openai", "google"), true},
		{"gpt", "openai/gpt", of("openai"), true},
		{"meta/llama", "openai/meta/llama", of("openai"), true},
		{"google/g", "google/g", of("openai", "google"), true},
		{"gpt", "gpt", of("openai", "google"), false},
		{"mine/m", "mine/m", nil, true},
		{"m", "m", nil, false},
	} {
		if full, ok := model.FullName(c.name, c.fixed); full != c.full || ok != c.ok {
			t.Errorf("%q among %d: %q, %t", c.name, len(c.fixed), full, ok)
		}
	}
}
