package model

import (
	"context"
	"slices"

	"openmates"
)

// View is a provider as the pages show it: without its key.
type View struct {
	openmates.Provider
	API     Kind
	HasKey  bool
	KeyPage string // where its keys are made, "" if unknown
	Models  []ModelView
	Enabled int // how many models mates may use
	Missing int // of these, how many the provider doesn't list
	NoPrice int // of these, how many have no price
}

// ModelView is a model as the pages show it.
type ModelView struct { //nolint:revive // a view of a model, beside that of a provider
	openmates.ProviderModel
	Class   string           // what it is good for, as far as it is known
	Propose *openmates.Price // a list price that may be right; nil where one is set or none is known
	Talks   bool             // it seems to write text
	Serves  []string         // names of the mates that it answers for now
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

// Provider is one of them.
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

// serves tells for which mates each model answers now, by its full name.
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

// Defaults are the models that answer for mates without one of their own.
type Defaults struct {
	Set     openmates.ModelDefaults
	Choices []string                  // full names of the enabled models
	Now     map[string]string         // by class, "" = none: the model that answers; none where none can
	Broken  map[string]openmates.Text // by class: why what is set can't answer
}

// Defaults tells which models answer by default.
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
	Why  openmates.Text // a mate without a model: the reason
}

// Impact tells for which mates another model would answer, or none, without a
// provider; those that would be left without a model come first.
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

// on says whether a mate answers anybody.
func on(m openmates.Mate) bool { return m.Enabled && !m.Archived }

// Mute lists the mates that are on and have no model to answer with, each with
// the reason.
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
