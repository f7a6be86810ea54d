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

// errands is work that a request begins and does not wait for, so that how long
// the answer takes tells nothing about the work.
type errands struct {
	slots chan struct{}
	ctx   context.Context //nolint:containedctx // it ends with the room, not with a request
	stop  context.CancelFunc
	going sync.WaitGroup
}

func newErrands() *errands {
	e := &errands{slots: make(chan struct{}, mostErrands)}
	e.ctx, e.stop = context.WithCancel(context.Background())
	return e
}

// begin runs fn beside the request, or reports that too many run already.
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

// Close ends what requests began and did not wait for.
func (r *Room) Close() error {
	r.errands.stop()
	r.errands.going.Wait()
	return nil
}
