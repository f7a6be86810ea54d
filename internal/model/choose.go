package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"openmates"
	"openmates/internal/llm"
)

// Choose returns the model that answers for a mate: its own, or else the
// default of its class, the server's default, the one in the settings, or the
// enabled model that fits best. If there is none, the error is
// openmates.ENotFound with a sentence for an admin.
func (r *Room) Choose(ctx context.Context, mate openmates.Mate) (llm.Choice, error) {
	s, err := r.now(ctx)
	if err != nil {
		return llm.Choice{}, err
	}
	m, err := s.pick(mate, r.cfg.Default)
	if openmates.CodeOf(err) == openmates.ENotFound && mate.Model == "" {
		if s, err = r.firstLists(ctx, s); err != nil {
			return llm.Choice{}, err
		}
		m, err = s.pick(mate, r.cfg.Default)
	}
	if err != nil {
		return llm.Choice{}, err
	}
	service := s.services[m.Provider]
	_, fixed := r.fixed[m.Provider]
	return llm.Choice{
		Name: m.Name(), Price: m.Price, Priced: m.Priced, Fixed: fixed,
		Model: &watched{r.cfg.Wrap(service.Model(m.Model)), r, m},
	}, nil
}

// Answering returns the name of the model that answers for a mate. Errors are
// as for Choose.
func (r *Room) Answering(ctx context.Context, mate openmates.Mate) (string, error) {
	s, err := r.now(ctx)
	if err != nil {
		return "", err
	}
	m, err := s.pick(mate, r.cfg.Default)
	if err != nil {
		return "", err
	}
	return m.Name(), nil
}

// tryAgain is how long to wait after a provider failed to list its models.
const tryAgain = 5 * time.Second

// firstLists asks the settings' providers that haven't listed their models yet,
// so that nobody has to open a page for it.
func (r *Room) firstLists(ctx context.Context, s *state) (*state, error) {
	for _, p := range s.providers {
		if !p.Fixed || len(s.modelsOf(p.ID)) > 0 || r.cfg.Clock().Sub(p.Checked) < tryAgain {
			continue
		}
		if _, err := r.Refresh(ctx, 0, p.Name); err != nil {
			if e, ok := errors.AsType[*llm.Error](err); !ok || e.Again() {
				return s, fmt.Errorf("list the models of %s: %w", p.Name, errors.Unwrap(err))
			}
		}
	}
	return r.now(ctx)
}

func (s *state) pick(mate openmates.Mate, settings string) (openmates.ProviderModel, error) {
	if mate.Model != "" {
		return s.model(mate.Model)
	}
	for _, name := range []string{s.defaults.Of(mate.Class), s.defaults.Any, settings} {
		if name == "" {
			continue
		}
		if m, err := s.model(name); err == nil {
			return m, nil
		}
	}
	return s.automatic(mate.Class)
}

// automatic returns the enabled model that fits a class best, as far as its
// name is known. The scripted one is only used if there is no other.
func (s *state) automatic(class string) (openmates.ProviderModel, error) {
	class = cmp.Or(class, openmates.ClassBalanced)
	rank := func(m openmates.ProviderModel) int {
		p, _ := s.provider(m.Provider)
		about, known := knownModel(m.Model)
		switch {
		case p.Kind == KindScripted:
			return 4
		case known && about.class == class:
			return 0
		case known && about.class == openmates.ClassBalanced:
			return 1
		case known:
			return 2
		}
		return 3
	}
	var fit []openmates.ProviderModel
	for _, m := range s.models {
		if m.Enabled && s.services[m.Provider] != nil {
			fit = append(fit, m)
		}
	}
	if len(fit) == 0 {
		return openmates.ProviderModel{}, openmates.Errorf(openmates.ENotFound, "No model is set up. A server admin can add one under Providers.")
	}
	return slices.MinFunc(fit, func(a, b openmates.ProviderModel) int {
		listed := func(m openmates.ProviderModel) int {
			if m.Listed {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(listed(a), listed(b)))
	}), nil
}

// watched is a model whose failures are recorded on its provider, and whose
// next success clears them.
type watched struct {
	llm.Model
	room *Room
	m    openmates.ProviderModel
}

// Stream implements llm.Model.
func (w *watched) Stream(ctx context.Context, req llm.Request) iter.Seq2[llm.Piece, error] {
	return func(yield func(llm.Piece, error) bool) {
		noted := false
		for p, err := range w.Model.Stream(ctx, req) {
			if !noted {
				w.room.note(ctx, w.m, err)
				noted = true
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// note records how a request ended, if that is news. Otherwise it only reads
// memory.
func (r *Room) note(ctx context.Context, m openmates.ProviderModel, err error) {
	s, stateErr := r.now(ctx)
	if stateErr != nil {
		return
	}
	p, gone := s.provider(m.Provider)
	if gone != nil || p.ID != m.ProviderID {
		return
	}
	var problem openmates.Text
	if err != nil {
		e, ok := errors.AsType[*llm.Error](err)
		if !ok {
			return
		}
		switch e.Kind {
		case llm.KindBadKey, llm.KindNoCredit, llm.KindUnavailable, llm.KindBarred:
			problem = r.diagnose(p, err).sentence
		case llm.KindNoModel:
			r.noteGone(ctx, s, m)
			return
		default:
			return
		}
	}
	if p.Problem == problem {
		return
	}
	r.write(ctx, "note the state of a provider", func(ctx context.Context) error {
		return r.cfg.Store.SetProviderProblem(ctx, p.ID, problem)
	})
	r.log.InfoContext(ctx, "a provider's state has changed", "provider", p.Name, "problem", problem)
}

// noteGone records that a provider no longer has a model.
func (r *Room) noteGone(ctx context.Context, s *state, m openmates.ProviderModel) {
	m, known := s.byName[m.Name()]
	if !known || !m.Listed {
		return
	}
	m.Listed = false
	r.write(ctx, "note that a model is gone", func(ctx context.Context) error { return r.cfg.Store.SaveModels(ctx, m) })
}

// write does a small write that must not fail the answer it belongs to.
func (r *Room) write(ctx context.Context, what string, do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := do(ctx); err != nil {
		r.log.WarnContext(ctx, what, "err", err)
	}
	r.Forget()
}
