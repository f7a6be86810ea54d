package messengertest

import (
	"context"
	"fmt"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// Say makes a person say something to a bot. It is kept until a listener of the
// bot has passed it on. An empty Key is replaced by a generated one.
func (n *Network) Say(bot openmates.ID, in messenger.Inbound) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.said == nil {
		n.said = map[openmates.ID][]messenger.Inbound{}
	}
	in.BotID, in.Network = bot, "memory"
	if in.Key == "" {
		in.Key = fmt.Sprintf("memory:%v:%s:%d", bot, in.Text, len(n.said[bot]))
	}
	n.said[bot] = append(n.said[bot], in)
	if n.news != nil {
		close(n.news)
		n.news = nil
	}
}

// deliver passes on messages, in order, and drops one only after the product
// has accepted it.
func (n *Network) deliver(ctx context.Context, bot openmates.ID, h messenger.Host) error {
	for {
		n.mu.Lock()
		if n.news == nil {
			n.news = make(chan struct{})
		}
		news, waiting := n.news, n.said[bot]
		n.mu.Unlock()
		if len(waiting) == 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-news:
			}
			continue
		}
		if err := h.Receive(ctx, waiting[0]); err != nil {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Millisecond):
			}
			continue
		}
		n.mu.Lock()
		n.said[bot] = n.said[bot][1:]
		n.mu.Unlock()
	}
}
