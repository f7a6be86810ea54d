package connect

import (
	"context"
	"fmt"

	"openmates"
)

// RemoveBot removes a bot from its mate: it leaves every workspace, its
// credentials are deleted, and its application is free for another mate. A
// workspace without other mates no longer belongs to a team. Questions and
// costs are kept. RemoveBot returns the names of the workspaces that the bot
// could not leave; it answers nobody there.
func (r *Room) RemoveBot(ctx context.Context, actor, mate openmates.ID, n openmates.Network) (stayed []string, err error) {
	b, m, err := r.must(ctx, mate, n)
	if err != nil {
		return nil, err
	}
	in, err := r.store.InstallationsOfBot(ctx, b.ID)
	if err != nil {
		return nil, fmt.Errorf("list where the bot is: %w", err)
	}
	// Delete it first: even a bot that can't leave, because its token was
	// reset, must not keep its credentials here.
	err = r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.RemoveBot(ctx, b.ID); err != nil {
			return err
		}
		return r.record(ctx, actor, "bot.remove", target(m, b), masked(b, b), nil)
	})
	if err != nil {
		return nil, err
	}
	r.log.InfoContext(ctx, "bot removed", "bot", b.ID, "network", b.Network, "app", b.AppID)
	r.changed()
	for _, i := range in {
		if !i.Left.IsZero() {
			continue
		}
		if err := r.leave(ctx, b, i.Workspace); err != nil {
			r.log.WarnContext(ctx, "a removed bot could not leave", "bot", b.ID, "workspace", string(i.Workspace), "err", err)
			stayed = append(stayed, named(i.Name, openmates.T("%s", i.Workspace)).String())
		}
	}
	return stayed, nil
}
