package chat

import (
	"context"
	"fmt"
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
		return c, nil, nil
	}
	provider, _, _ := strings.Cut(c.Name, "/")
	what := openmates.T("the model %s", c.Name)
	if !by.Limits.Allows(openmates.KindProvider, provider) {
		what = openmates.T("the provider %s", provider)
	}
	return c, r.refuse(t, openmates.TroubleNotAllowed, notAllowed(what, by)), nil
}
