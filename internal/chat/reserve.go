package chat

import (
	"context"
	"errors"
	"fmt"

	"openmates"
	"openmates/internal/llm"
)

// The fifth step: reserve one request and its money in every layer.

// reserve assembles the request and reserves what the answer may cost, or
// returns a decision if a layer's limit is used up.
func (r *Room) reserve(ctx context.Context, t *turn, c llm.Choice) (*talk, *decision, error) {
	req, err := r.request(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	tools := r.toolsFor(t)
	req.Tools = tools.shown
	u := reservation(c, openmates.Usage{
		TeamID: t.asker.Team.ID, UserID: t.asker.User.ID, MateID: t.asker.Mate.ID,
		Model: c.Name, At: r.cfg.Clock(),
	}, 0, req)
	err = r.cfg.Store.Reserve(ctx, t.in.Key, u, t.asker.Layers)
	if limit, ok := errors.AsType[*openmates.LimitError](err); ok {
		why, said := overLimit(limit, t.asker.Team, r.cfg.Clock())
		decided := r.refuse(t, why, said)
		decided.Until = limit.Until
		return nil, decided, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reserve: %w", err)
	}
	return &talk{
		room: r, key: t.in.Key, choice: c, req: req, tools: tools, usage: u, team: t.asker.Team, layers: t.asker.Layers,
		w:   written{seen: func(text func() string) { r.desk.grows(t.in.Key, text) }},
		say: func(said openmates.Text) string { return r.to(t.asker, said) },
	}, nil, nil
}

// reservation returns what to reserve before this call, on top of what was
// already spent. Once the call is made, its input is paid for in any case.
func reservation(c llm.Choice, u openmates.Usage, spent openmates.Micros, req llm.Request) openmates.Usage {
	u.Cost = spent.Plus(c.Price.Cost(llm.Estimate(req), 0, answerTokens))
	u.Sent = spent.Plus(c.Price.Cost(llm.Estimate(req), 0, 0))
	return u
}
