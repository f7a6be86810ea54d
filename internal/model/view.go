package model

import (
	"context"
	"slices"

	"openmates"
)

// View is a provider as the pages show it, without its key.
type View struct {
	openmates.Provider
	API     Kind
	HasKey  bool
	KeyPage string // where its keys are created, "" if unknown
	Models  []ModelView
	Enabled int // number of enabled models
	Missing int // of these, not listed by the provider
	NoPrice int // of these, without a price
}

// ModelView is a model as the pages show it.
type ModelView struct { //nolint:revive // a view of a model, next to that of a provider
	openmates.ProviderModel
	Class   string           // what it is good for, if known
	Propose *openmates.Price // a suggested list price; nil if a price is set or none is known
	Talks   bool             // it probably writes text
	Serves  []string         // names of the mates that use it now
}

// Providers lists the providers.
func (r *Room) Providers(ctx context.Context) ([]View, error) {
	s, err := r.now(ctx)
	if err != nil {
		return nil, err
	}
	serves, err := r.serves(ctx, s)
	if err != nil {
		return nil, err
	}
	all := make([]View, 0, len(s.providers))
	for _, p := range s.providers {
		all = append(all, s.view(p, serves))
	}
	return all, nil
}

// Provider returns one of them.
func (r *Room) Provider(ctx context.Context, name string) (View, error) {
	all, err := r.Providers(ctx)
	if err != nil {
		return View{}, err
	}
	if i := slices.IndexFunc(all, func(v View) bool { return v.Name == name }); i >= 0 {
		return all[i], nil
	}
	return View{}, openmates.Errorf(openmates.ENotFound, "There's no provider with that name (any more).")
}

// serves returns the mates that each model answers for now, by its full name.
func (r *Room) serves(ctx context.Context, s *state) (map[string][]string, error) {
	mates, err := r.cfg.Store.Mates(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string][]string{}
	for _, mate := range mates {
		if m, err := s.pick(mate, r.cfg.Default); err == nil && on(mate) {
			names[m.Name()] = append(names[m.Name()], mate.Name)
		}
	}
	return names, nil
}

func (s *state) view(p openmates.Provider, serves map[string][]string) View {
	v := View{Provider: p, API: kindOf(p.Kind), HasKey: p.Key != ""}
	v.KeyPage = v.API.keyPage(p.URL)
	v.Key = ""
	for _, m := range s.modelsOf(p.ID) {
		mv := ModelView{ProviderModel: m, Talks: talks(m.Model), Serves: serves[m.Name()]}
		if about, ok := knownModel(m.Model); ok {
			mv.Class = about.class
			if !m.Priced {
				mv.Propose = &about.price
			}
		}
		v.Models = append(v.Models, mv)
		if m.Enabled {
			v.Enabled++
			if !m.Listed {
				v.Missing++
			}
			if !m.Priced {
				v.NoPrice++
			}
		}
	}
	return v
}

// Defaults are the models for mates without their own.
type Defaults struct {
	Set     openmates.ModelDefaults
	Choices []string                  // full names of the enabled models
	Now     map[string]string         // by class, "" = none: the model that answers; missing if none can
	Broken  map[string]openmates.Text // by class: why the default can't answer
}

// Defaults returns which models answer by default.
func (r *Room) Defaults(ctx context.Context) (Defaults, error) {
	s, err := r.now(ctx)
	if err != nil {
		return Defaults{}, err
	}
	d := Defaults{Set: s.defaults, Now: map[string]string{}, Broken: map[string]openmates.Text{}}
	for _, m := range s.models {
		if m.Enabled {
			d.Choices = append(d.Choices, m.Name())
		}
	}
	for _, class := range append(openmates.Classes(), "") {
		if m, err := s.pick(openmates.Mate{Class: class}, r.cfg.Default); err == nil {
			d.Now[class] = m.Name()
		}
		if name := defaultOf(s.defaults, class); name != "" {
			if _, err := s.model(name); err != nil {
				d.Broken[class] = openmates.TextOf(err)
			}
		}
	}
	return d, nil
}

// Effect is what happens to a mate's model.
type Effect struct {
	Mate openmates.Mate
	From string         // the model that answers now
	To   string         // "" = none
	Why  openmates.Text // why the mate has no model
}

// Impact returns the mates for which another model, or none, would answer
// without a provider; those left without a model come first.
func (r *Room) Impact(ctx context.Context, name string) ([]Effect, error) {
	s, err := r.now(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := s.provider(name); err != nil {
		return nil, err
	}
	mates, err := r.cfg.Store.Mates(ctx)
	if err != nil {
		return nil, err
	}
	after := s.without(name)
	var mute, others []Effect
	for _, mate := range mates {
		was, err := s.pick(mate, r.cfg.Default)
		if err != nil || !on(mate) {
			continue
		}
		will, err := after.pick(mate, r.cfg.Default)
		switch {
		case err != nil:
			mute = append(mute, Effect{Mate: mate, From: was.Name(), Why: openmates.TextOf(err)})
		case will.Name() != was.Name():
			others = append(others, Effect{Mate: mate, From: was.Name(), To: will.Name()})
		}
	}
	return append(mute, others...), nil
}

// on reports whether a mate answers anybody.
func on(m openmates.Mate) bool { return m.Enabled && !m.Archived }

// Mute lists the enabled mates without a model, each with the reason.
func (r *Room) Mute(ctx context.Context) ([]Effect, error) {
	s, err := r.now(ctx)
	if err != nil {
		return nil, err
	}
	mates, err := r.cfg.Store.Mates(ctx)
	if err != nil {
		return nil, err
	}
	var mute []Effect
	for _, mate := range mates {
		if _, err := s.pick(mate, r.cfg.Default); err != nil && on(mate) {
			mute = append(mute, Effect{Mate: mate, From: mate.Model, Why: openmates.TextOf(err)})
		}
	}
	return mute, nil
}
