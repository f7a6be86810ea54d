package chat

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	sweepEvery  = 30 * time.Second
	sweepAtOnce = 100
	// keepTrials is how long the answer to a trial is kept.
	keepTrials = 15 * time.Minute
)

// Sweep releases, until ctx ends, the reservations of turns that ended without
// being settled, and deletes the answers to trials. Several processes may do so
// at once.
func (r *Room) Sweep(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return r.tidy(ctx, chore{
			every: sweepEvery, atOnce: sweepAtOnce, do: func() (int, error) { return r.cfg.Store.FreeHeld(ctx, sweepAtOnce) },
			failed: "money that ended turns hold could not be freed", done: "money that ended turns held was freed", level: slog.LevelInfo,
		})
	})
	g.Go(func() error {
		return r.tidy(ctx, chore{
			every: sweepEvery, atOnce: sweepAtOnce,
			do:     func() (int, error) { return r.cfg.Store.ForgetTrials(ctx, r.cfg.Clock().Add(-keepTrials), sweepAtOnce) },
			failed: "trials could not be forgotten", done: "trials were forgotten", level: slog.LevelDebug,
		})
	})
	return g.Wait()
}
