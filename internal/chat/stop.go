package chat

import (
	"context"
	"errors"
	"time"

	"openmates/internal/llm"
)

// errStopped ends an answer that a person wants no more of.
var errStopped = errors.New("stopped by a person")

const (
	stopLook           = time.Second
	stopAsked llm.Stop = "stopped"
)

// stoppable gives a context that ends with errStopped when somebody asked, in
// whichever process, to stop the answer to a turn. The function that comes with
// it ends the looking.
func (r *Room) stoppable(ctx context.Context, key string) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(stopLook)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if stop, err := r.cfg.Store.Stopped(ctx, key); err == nil && stop {
				cancel(errStopped)
				return
			}
		}
	}()
	return ctx, func() { cancel(nil); <-done }
}
