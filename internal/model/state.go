package model

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"openmates"
	"openmates/internal/llm"
)

// state is everything needed to choose a model, read at one moment. It is never
// modified.
type state struct {
	providers []openmates.Provider
	services  map[string]llm.Provider // by provider name
	models    []openmates.ProviderModel
	byName    map[string]openmates.ProviderModel
	defaults  openmates.ModelDefaults
}

// Settle stores the providers from the settings, so that their models can have
// prices. If a provider from the pages already has the name, it gets another
// one.
func (r *Room) Settle(ctx context.Context) error {
	for _, f := range r.cfg.Fixed {
		name, err := r.settle(ctx, f.Provider)
		if openmates.CodeOf(err) == openmates.EConflict { // another process already did
			name, err = r.settle(ctx, f.Provider)
		}
		if err != nil {
			return fmt.Errorf("note the provider %s of the settings: %w", f.Name, err)
		}
		r.fixed[name] = f.Service
	}
	r.Forget()
	return nil
}

func (r *Room) settle(ctx context.Context, p openmates.Provider) (string, error) {
	all, err := r.cfg.Store.Providers(ctx)
	if err != nil {
		return "", err
	}
	p.Fixed, p.Key = true, ""
	for _, try := range []string{p.Name, p.Name + "-settings"} {
		p.Name = try
		i := slices.IndexFunc(all, func(q openmates.Provider) bool { return q.Name == try })
		if i >= 0 && !all[i].Fixed {
			continue
		}
		if i >= 0 {
			was := all[i]
			p.ID, p.Checked, p.Problem = was.ID, was.Checked, was.Problem
			if p == was {
				return p.Name, nil
			}
		}
		_, err := r.cfg.Store.SaveProvider(ctx, p)
		return p.Name, err
	}
	return "", openmates.Errorf(openmates.EConflict, "The names for the provider %q from the settings are already used by providers added on the pages.", p.Name)
}

// now returns the state, from memory if nothing has changed.
func (r *Room) now(ctx context.Context) (*state, error) {
	if s := r.state.Load(); s != nil {
		return s, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.state.Load(); s != nil {
		return s, nil
	}
	since := r.since.Load()
	s, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	r.state.Store(s)
	if r.since.Load() != since {
		r.state.Store(nil)
	}
	return s, nil
}

func (r *Room) read(ctx context.Context) (*state, error) {
	providers, err := r.cfg.Store.Providers(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the providers: %w", err)
	}
	models, err := r.cfg.Store.ProviderModels(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the models: %w", err)
	}
	s := &state{services: map[string]llm.Provider{}, byName: map[string]openmates.ProviderModel{}}
	if s.defaults, err = r.cfg.Store.ModelDefaults(ctx); err != nil {
		return nil, fmt.Errorf("read the default models: %w", err)
	}
	stored := map[openmates.ID]string{} // the kind by provider
	for _, p := range providers {
		service, shown := r.service(p)
		if !shown {
			continue
		}
		if p.KeyLost {
			p.Problem = openmates.T("The saved key was encrypted with another key of this server and can't be decrypted. Enter it again.")
		}
		s.providers = append(s.providers, p)
		s.services[p.Name] = service
		stored[p.ID] = p.Kind
	}
	for _, m := range models {
		// The scripted model is free without anybody saying so.
		m.Priced = m.Priced || stored[m.ProviderID] == KindScripted
		if stored[m.ProviderID] != "" {
			s.models = append(s.models, m)
			s.byName[m.Name()] = m
		}
	}
	for id := range r.made {
		if stored[id] == "" {
			delete(r.made, id)
		}
	}
	return s, nil
}

// service returns a provider's adapter: the existing one if nothing that it was
// created from has changed, or nil if none can be created. ok is false for a
// provider from settings that no longer exist, which isn't shown.
func (r *Room) service(p openmates.Provider) (llm.Provider, bool) {
	if p.Fixed {
		f := r.fixed[p.Name]
		return f, f != nil
	}
	a := adapter{kind: p.Kind, url: p.URL, key: p.Key}
	if was, ok := r.made[p.ID]; ok && was.kind == a.kind && was.url == a.url && was.key == a.key {
		return was.service, true
	}
	service, err := r.make(p)
	if err != nil {
		r.log.Warn("a provider can't be used", "provider", p.Name, "err", err)
		return nil, true
	}
	a.service = service
	r.made[p.ID] = a
	return service, true
}

func (r *Room) make(p openmates.Provider) (llm.Provider, error) {
	adapt := r.cfg.Adapters[p.Kind]
	if adapt == nil {
		return nil, openmates.Errorf(openmates.EInvalid, "This version of OpenMates doesn't know providers of the kind %q.", p.Kind)
	}
	return adapt(p)
}

func (s *state) provider(name string) (openmates.Provider, error) {
	for _, p := range s.providers {
		if p.Name == name {
			return p, nil
		}
	}
	return openmates.Provider{}, openmates.Errorf(openmates.ENotFound, "There's no provider with that name (any more).")
}

func (s *state) modelsOf(id openmates.ID) []openmates.ProviderModel {
	var all []openmates.ProviderModel
	for _, m := range s.models {
		if m.ProviderID == id {
			all = append(all, m)
		}
	}
	return all
}

// model looks up a full name. A provider from the settings may be asked for any
// model that nobody disabled.
func (s *state) model(name string) (openmates.ProviderModel, error) {
	m, known := s.byName[name]
	provider, id, _ := strings.Cut(name, "/")
	p, err := s.provider(provider)
	switch {
	case err != nil || id == "":
		return m, openmates.Errorf(openmates.ENotFound, "The model %q doesn't belong to any provider of this server.", name)
	case s.services[provider] == nil:
		return m, openmates.Errorf(openmates.ENotFound, "The provider %s of the model %q has invalid settings.", p.Label, name)
	case !known && p.Fixed:
		return openmates.ProviderModel{ProviderID: p.ID, Provider: p.Name, Model: id, Enabled: true}, nil
	case !known:
		return m, openmates.Errorf(openmates.ENotFound, "The provider %s has no model %q.", p.Label, id)
	case !m.Enabled:
		return m, openmates.Errorf(openmates.ENotFound, "The model %q isn't enabled on this server.", name)
	}
	return m, nil
}

// without returns the state as it would be without a provider.
func (s *state) without(name string) *state {
	d := s.defaults
	for _, class := range append(openmates.Classes(), "") {
		if strings.HasPrefix(defaultOf(d, class), name+"/") {
			d = d.With(class, "")
		}
	}
	after := &state{services: map[string]llm.Provider{}, byName: map[string]openmates.ProviderModel{}, defaults: d}
	for _, p := range s.providers {
		if p.Name != name {
			after.providers = append(after.providers, p)
			after.services[p.Name] = s.services[p.Name]
		}
	}
	for _, m := range s.models {
		if m.Provider != name {
			after.models = append(after.models, m)
			after.byName[m.Name()] = m
		}
	}
	return after
}

// defaultOf returns the default of a class, "" being any.
func defaultOf(d openmates.ModelDefaults, class string) string {
	if class == "" {
		return d.Any
	}
	return d.Of(class)
}
