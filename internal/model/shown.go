package model

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"openmates"
)

// Shown is the default model as people see it.
type Shown struct {
	Name     string         // "" = none is set up
	Scripted bool           // no AI, but prepared answers
	Cure     openmates.Text // how to get a real one, as a finished sentence; "" where there is one
}

// Shown names the model that answers for a mate which names none.
func (r *Room) Shown(ctx context.Context) Shown {
	s, err := r.now(ctx)
	if err != nil {
		return Shown{Cure: openmates.T("Add a provider.")}
	}
	m, err := s.pick(openmates.Mate{}, r.cfg.Default)
	switch {
	case err != nil && len(r.cfg.Fixed) > 0:
		return Shown{Name: cmp.Or(r.cfg.Default, r.cfg.Fixed[0].Label+"/…")} // its list is loaded with the first question
	case err != nil && len(s.providers) > 0:
		return Shown{Cure: openmates.T("Enable a model on the provider's page.")}
	case err != nil:
		return Shown{Cure: openmates.T("Add a provider.")}
	}
	if p, err := s.provider(m.Provider); err == nil && p.Kind == KindScripted {
		return Shown{Name: p.Label, Scripted: true, Cure: openmates.T("Add a provider to get answers from a real model.")}
	}
	return Shown{Name: m.Name()}
}

// FullName completes the settings' model where it names no provider and only
// one can be meant. ok is false where it isn't clear which.
func FullName(name string, fixed []Fixed) (full string, ok bool) {
	if name == "" {
		return "", true
	}
	provider, _, named := strings.Cut(name, "/")
	switch {
	case named && slices.ContainsFunc(fixed, func(f Fixed) bool { return f.Name == provider }):
		return name, true
	case len(fixed) == 1:
		return fixed[0].Name + "/" + name, true
	case len(fixed) == 0 && named: // a provider of the pages
		return name, true
	}
	return name, false
}
