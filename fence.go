package openmates

import (
	"context"
	"errors"
)

// ErrLost is the cancellation cause of a context whose lease another process
// may now hold. Work under it must stop immediately and leave no trace.
var ErrLost = errors.New("the lease is lost")

type fenceKey struct{}

// WithFence returns a context for work that only the holder of a lease may do.
// check reports whether this process is still the holder, see Fence.
func WithFence(ctx context.Context, check func(context.Context) error) context.Context {
	return context.WithValue(ctx, fenceKey{}, check)
}

// Fence returns nil if the process may still act under ctx: it still holds the
// lease, or none is needed. While that is uncertain, it waits. A process that
// was paused or cut off may have been replaced without knowing, so code that
// changes something outside must call Fence as late as possible before that.
// The error is ErrLost, or ctx's.
func Fence(ctx context.Context) error {
	check, _ := ctx.Value(fenceKey{}).(func(context.Context) error)
	if check == nil {
		return nil
	}
	return check(ctx)
}
