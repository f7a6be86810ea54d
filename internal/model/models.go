package model

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"openmates"
	"openmates/internal/llm"
)

// Edit is what an admin entered for one model. Prices are per million tokens;
// if all are empty there is no price.
type Edit struct {
	Model                 string
	Enabled               bool
	Input, Cached, Output string
}

// recordOfModel describes a model in the audit log, for a person.
func recordOfModel(m openmates.ProviderModel) string {
	text := "not enabled"
	if m.Enabled {
		text = "enabled"
	}
	if !m.Priced {
		return text + ", no price"
	}
	return fmt.Sprintf("%s, %s in, %s cached, %s out", text, m.Price.Input, m.Price.Cached, m.Price.Output)
}

// SetModels applies the edits to a provider's models, all or nothing. Models
// that aren't listed stay unchanged.
func (r *Room) SetModels(ctx context.Context, actor openmates.ID, provider string, edits []Edit) error {
	s, err := r.now(ctx)
	if err != nil {
		return err
	}
	if _, err := s.provider(provider); err != nil {
		return err
	}
	var changed []openmates.ProviderModel
	before, after := map[string]string{}, map[string]string{}
	for _, e := range edits {
		m, known := s.byName[provider+"/"+e.Model]
		if !known {
			return openmates.Errorf(openmates.ENotFound, "The model %q is no longer available here. Reload the page.", e.Model)
		}
		was := m
		m.Enabled = e.Enabled
		if m.Price, m.Priced, err = parsePrices(e); err != nil {
			return err
		}
		if m != was {
			changed = append(changed, m)
			before[m.Model], after[m.Model] = recordOfModel(was), recordOfModel(m)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return r.within(ctx, func(ctx context.Context) error {
		if err := r.cfg.Store.SaveModels(ctx, changed...); err != nil {
			return err
		}
		return r.record(ctx, actor, "model.change", provider, before, after)
	})
}

// Free sets the price of a provider's models without a price to 0, such as for
// models on your own machine.
func (r *Room) Free(ctx context.Context, actor openmates.ID, provider string) error {
	s, err := r.now(ctx)
	if err != nil {
		return err
	}
	p, err := s.provider(provider)
	if err != nil {
		return err
	}
	var edits []Edit
	for _, m := range s.modelsOf(p.ID) {
		if !m.Priced {
			edits = append(edits, Edit{Model: m.Model, Enabled: m.Enabled, Input: "0", Cached: "0", Output: "0"})
		}
	}
	return r.SetModels(ctx, actor, provider, edits)
}

// AddModel adds and enables a model by name, for a provider that doesn't list
// all of its models.
func (r *Room) AddModel(ctx context.Context, actor openmates.ID, provider, model string) error {
	model = strings.TrimSpace(model)
	if err := validModel(model); err != nil {
		return err
	}
	s, err := r.now(ctx)
	if err != nil {
		return err
	}
	p, err := s.provider(provider)
	if err != nil {
		return err
	}
	m, known := s.byName[provider+"/"+model]
	if known && m.Enabled {
		return openmates.Errorf(openmates.EConflict, "%s is already in the list, and mates can use it.", model)
	}
	if !known {
		m = openmates.ProviderModel{ProviderID: p.ID, Provider: provider, Model: model}
	}
	m.Enabled = true
	return r.within(ctx, func(ctx context.Context) error {
		if err := r.cfg.Store.SaveModels(ctx, m); err != nil {
			return err
		}
		return r.record(ctx, actor, "model.add", provider, nil, map[string]string{m.Model: recordOfModel(m)})
	})
}

// SetDefaults sets which models answer for mates without their own.
func (r *Room) SetDefaults(ctx context.Context, actor openmates.ID, d openmates.ModelDefaults) error {
	s, err := r.now(ctx)
	if err != nil {
		return err
	}
	for _, class := range append(openmates.Classes(), "") {
		if name := defaultOf(d, class); name != "" {
			if _, err := s.model(name); err != nil {
				return &openmates.Error{Code: openmates.EInvalid, Message: openmates.TextOf(err), Err: err}
			}
		}
	}
	if d == s.defaults {
		return nil
	}
	return r.within(ctx, func(ctx context.Context) error {
		if err := r.cfg.Store.SetModelDefaults(ctx, d); err != nil {
			return err
		}
		return r.record(ctx, actor, "model.defaults", "server", s.defaults, d)
	})
}

// Trial is the answer of a model that was tried.
type Trial struct {
	Model string // full name
	Text  string // untrusted
	Took  time.Duration
}

// trialFor is how long a model may take for a greeting.
const trialFor = 45 * time.Second

// Try asks a model for a sentence. That proves more than a list of models does:
// the account has credit and the model works. A failure is
// openmates.EUnavailable with a sentence that says how to fix it.
func (r *Room) Try(ctx context.Context, provider, model string) (Trial, error) {
	t := Trial{Model: provider + "/" + model}
	s, err := r.now(ctx)
	if err != nil {
		return t, err
	}
	p, err := s.provider(provider)
	if err != nil {
		return t, err
	}
	m, known := s.byName[t.Model]
	if !known || s.services[provider] == nil {
		return t, openmates.Errorf(openmates.ENotFound, "%s has no model %q here.", p.Label, model)
	}
	ctx, cancel := context.WithTimeout(ctx, trialFor)
	defer cancel()
	begun := r.cfg.Clock()
	// Reasoning models use up tokens first.
	a, err := llm.Generate(ctx, &watched{s.services[provider].Model(model), r, m}, llm.Request{
		Messages:  []llm.Message{{Role: llm.RoleUser, Text: "Say hello in one short sentence."}},
		MaxTokens: 1000,
	})
	t.Took = r.cfg.Clock().Sub(begun)
	if err != nil {
		r.log.InfoContext(ctx, "a model failed its trial", "model", t.Model, "err", err)
		sentence := r.modelTrouble(p, model, err)
		if ctx.Err() != nil {
			sentence = openmates.T("%s didn't answer within %s. Try again, or choose a faster model.", t.Model, trialFor)
		}
		return t, &openmates.Error{Code: openmates.EUnavailable, Message: sentence, Err: err}
	}
	t.Text = strings.TrimSpace(a.Text)
	return t, nil
}

// Run keeps the lists of models up to date until ctx ends: those of the
// settings' providers right away, because nobody opens a page for them, all of
// them a few times a day, and those that failed more often.
func (r *Room) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for first := true; ; first = false {
		if err := r.refreshStale(ctx, first); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "refresh the models", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// stale is the age at which a list is refreshed.
const stale = 6 * time.Hour

func (r *Room) refreshStale(ctx context.Context, first bool) error {
	s, err := r.now(ctx)
	if err != nil {
		return err
	}
	for _, p := range slices.Clone(s.providers) {
		old := r.cfg.Clock().Sub(p.Checked)
		empty := len(s.modelsOf(p.ID)) == 0
		if first && p.Fixed || old > stale || old > time.Minute && (empty || p.Problem != "") {
			// The problem is now recorded on the provider.
			if _, err := r.Refresh(ctx, 0, p.Name); openmates.CodeOf(err) == openmates.EInternal {
				return err
			}
		}
	}
	return nil
}
