package chat

import (
	"context"
	"log/slog"
	"time"
)

const (
	keepTurns  = 90 * 24 * time.Hour
	pruneEvery = time.Hour
	// Batch size; after each batch other writers get their turn.
	pruneAtOnce = 200
	prunePause  = 100 * time.Millisecond
)

// Prune removes from the journal, until ctx ends, what ended more than 90 days
// ago. Several processes may do so at once.
func (r *Room) Prune(ctx context.Context) error {
	return r.tidy(ctx, chore{
		every: pruneEvery, atOnce: pruneAtOnce,
		do:     func() (int, error) { return r.cfg.Store.PruneTurns(ctx, r.cfg.Clock().Add(-keepTurns), pruneAtOnce) },
		failed: "old turns could not be removed from the journal", done: "old turns were removed from the journal", level: slog.LevelDebug,
	})
}

// chore is regular maintenance of the journal, some turns at a time.
type chore struct {
	every        time.Duration
	atOnce       int
	do           func() (turns int, err error)
	failed, done string // for the log
	level        slog.Level
}

// tidy runs a chore immediately and then regularly, until ctx ends, with only
// short pauses while there is more to do.
func (r *Room) tidy(ctx context.Context, c chore) error {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pause.C:
		}
		next := c.every
		n, err := c.do()
		switch {
		case err != nil && ctx.Err() == nil:
			r.cfg.Log.Warn(c.failed, "err", err)
		case n > 0:
			r.cfg.Log.Log(ctx, c.level, c.done, "turns", n)
		}
		if n >= c.atOnce {
			next = prunePause
		}
		pause.Reset(next)
	}
}
