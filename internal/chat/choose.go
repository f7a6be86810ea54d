package chat

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/policy"
)

// The third step: which model answers.

// choose returns the mate's model, or a decision if there is none or a layer
// forbids it.
func (r *Room) choose(ctx context.Context, t *turn) (llm.Choice, *decision, error) {
	c, err := r.cfg.Model(ctx, t.asker.Mate)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return c, r.refuse(t, openmates.TroubleNoModel, noModel(t.asker.Mate)), nil
	}
	if err != nil {
		return c, nil, fmt.Errorf("choose model: %w", err)
	}
	ok, by, _ := policy.MayUse(t.asker, policy.Named(openmates.KindModel, c.Name))
	if ok {
		return c, r.priced(t, c), nil
	}
	provider, _, _ := strings.Cut(c.Name, "/")
	what := openmates.T("the model %s", c.Name)
	if !by.Limits.Allows(openmates.KindProvider, provider) {
		what = openmates.T("the provider %s", provider)
	}
	return c, r.refuse(t, openmates.TroubleNotAllowed, notAllowed(what, by)), nil
}

// priced decides a turn whose model has no price while a layer has a budget: what
// can't be counted would never use it up. A price of 0 is one.
func (r *Room) priced(t *turn, c llm.Choice) *decision {
	if c.Priced || !slices.ContainsFunc(t.asker.Layers, func(l openmates.Layer) bool { return l.Limits.PerMonth > 0 }) {
		return nil
	}
	return r.refuse(t, openmates.TroubleNoPrice, noPrice(c.Name))
}
