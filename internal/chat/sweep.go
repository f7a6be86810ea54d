package chat

import (
	"context"
	"log/slog"
	"time"
)

const (
	// kept is for how long a turn that no queue carries counts as being
	// answered after its process was last heard of, which is every keepEvery.
	kept       = 2 * time.Minute
	keepEvery  = 30 * time.Second
	settleTime = 10 * time.Second

	sweepEvery  = 30 * time.Second
	sweepAtOnce = 100
)

// keep says that a turn is being answered until the function that it gives is
// called. An answer that is quick costs nothing.
func (r *Room) keep(ctx context.Context, key string) func() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	first := time.AfterFunc(keepEvery, func() {
		defer close(done)
		tick := time.NewTicker(keepEvery)
		defer tick.Stop()
		for ctx.Err() == nil {
			if err := r.cfg.Store.KeepTurn(ctx, key, r.cfg.Clock().Add(kept)); err != nil && ctx.Err() == nil {
				r.cfg.Log.Warn("it could not be said that a turn is being answered", "key", key, "err", err)
			}
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	})
	return func() {
		cancel()
		if !first.Stop() {
			<-done
		}
	}
}

// Sweep ends, until ctx ends, turns that nobody answers any more because their
// process has died, and frees the money that they and others hold. Several
// processes may do so at once.
func (r *Room) Sweep(ctx context.Context) error {
	return r.tidy(ctx, chore{
		every: sweepEvery, atOnce: sweepAtOnce, do: func() (int, error) { return r.cfg.Store.EndTurns(ctx, r.cfg.Clock(), sweepAtOnce) },
		failed: "turns that nobody answers could not be ended", done: "turns that nobody answered any more were ended", level: slog.LevelInfo,
	})
}
