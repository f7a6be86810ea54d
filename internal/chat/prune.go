package chat

import (
	"context"
	"time"
)

const (
	keepTurns  = 90 * 24 * time.Hour
	pruneEvery = time.Hour
	// So many are removed at once, and then others may write.
	pruneAtOnce = 200
	prunePause  = 100 * time.Millisecond
)

// Prune removes from the journal, until ctx ends, what ended more than 90 days
// ago. Several processes may do so at once.
func (r *Room) Prune(ctx context.Context) error {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pause.C:
		}
		next := pruneEvery
		n, err := r.cfg.Store.PruneTurns(ctx, r.cfg.Now().Add(-keepTurns), pruneAtOnce)
		switch {
		case err != nil && ctx.Err() == nil:
			r.cfg.Log.Warn("old turns could not be removed from the journal", "err", err)
		case n > 0:
			r.cfg.Log.Debug("old turns were removed from the journal", "turns", n)
		}
		if n >= pruneAtOnce {
			next = prunePause
		}
		pause.Reset(next)
	}
}
