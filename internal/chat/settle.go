package chat

import (
	"context"
	"fmt"

	"openmates"
)

// The seventh step: record the outcome and its cost before anything more is
// posted.

// earlier returns what an earlier attempt has settled, and how many parts it
// has started to post.
func (r *Room) earlier(ctx context.Context, t *turn) (o openmates.Outcome, begun int, settled bool, err error) {
	if !t.again {
		return o, 0, false, nil
	}
	if o, begun, settled, err = r.cfg.Store.Settled(ctx, t.in.Key); err != nil {
		err = fmt.Errorf("job %s: read what was settled: %w", t.in.Key, err)
	}
	return o, begun, settled, err
}

// settle records the outcome and wakes everybody in this process who waits for
// it.
func (r *Room) settle(ctx context.Context, o openmates.Outcome) error {
	if err := openmates.Fence(ctx); err != nil {
		return err // another process settles it, perhaps with another text
	}
	if err := r.cfg.Store.Settle(ctx, o); err != nil {
		return fmt.Errorf("job %s: settle: %w", o.Key, err)
	}
	r.desk.settled(o)
	return nil
}
