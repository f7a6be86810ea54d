package openmates

import (
	"context"
	"errors"
)

// ErrLost is the cause with which a context ends whose lease another process
// may have now. What was begun under it must stop at once and leave no trace.
var ErrLost = errors.New("the lease is lost")

type fenceKey struct{}

// WithFence gives a context for work that only the holder of a lease may do.
// check says whether this process still is the holder, see Fence.
func WithFence(ctx context.Context, check func(context.Context) error) context.Context {
	return context.WithValue(ctx, fenceKey{}, check)
}

// Fence returns nil if the process may still act in the way that ctx is for:
// it still holds the lease, or none is needed. While it is not certain, it
// waits. A process that was paused, or that lost sight of the others, may have
// been replaced without knowing; so whoever changes something outside calls
// Fence as late as possible before that. The error is ErrLost, or ctx's.
func Fence(ctx context.Context) error {
	check, _ := ctx.Value(fenceKey{}).(func(context.Context) error)
	if check == nil {
		return nil
	}
	return check(ctx)
}
