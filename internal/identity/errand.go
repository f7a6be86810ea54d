package identity

import (
	"context"
	"sync"
	"time"
)

const (
	mostErrands = 64
	errandTime  = time.Minute
)

// errands runs work that a request starts but doesn't wait for, so that the
// response time reveals nothing about it.
type errands struct {
	slots chan struct{}
	ctx   context.Context //nolint:containedctx // ends with the room, not with a request
	stop  context.CancelFunc
	going sync.WaitGroup
}

func newErrands() *errands {
	e := &errands{slots: make(chan struct{}, mostErrands)}
	e.ctx, e.stop = context.WithCancel(context.Background())
	return e
}

// begin runs fn in the background. It returns false if too many are running.
func (e *errands) begin(fn func(ctx context.Context)) bool {
	select {
	case e.slots <- struct{}{}:
	default:
		return false
	}
	e.going.Go(func() {
		defer func() { <-e.slots }()
		ctx, cancel := context.WithTimeout(e.ctx, errandTime)
		defer cancel()
		fn(ctx)
	})
	return true
}

// Close waits for the background work of requests.
func (r *Room) Close() error {
	r.errands.stop()
	r.errands.going.Wait()
	return nil
}
