package chat

import (
	"context"
	"errors"
	"sync"
	"time"

	"openmates/internal/llm"
)

// errStopped cancels an answer that a person stopped.
var errStopped = errors.New("stopped by a person")

const (
	stopLook           = time.Second
	stopAsked llm.Stop = "stopped"
)

// stoppable returns a context that is cancelled with errStopped when somebody,
// in any process, stops the answer to a turn. The returned func ends the watch.
// An answer that is ready before the first check needs no goroutine.
func (r *Room) stoppable(ctx context.Context, key string) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	written := r.desk.begins(key, cancel)
	var looks sync.WaitGroup
	looks.Add(1)
	first := time.AfterFunc(stopLook, func() {
		defer looks.Done()
		r.lookForStop(ctx, key, cancel)
	})
	return ctx, func() {
		written()
		cancel(nil)
		if first.Stop() {
			looks.Done()
		}
		looks.Wait()
	}
}

func (r *Room) lookForStop(ctx context.Context, key string, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(stopLook)
	defer tick.Stop()
	for ctx.Err() == nil {
		if stop, err := r.cfg.Store.Stopped(ctx, key); err == nil && stop {
			cancel(errStopped)
			return
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}
