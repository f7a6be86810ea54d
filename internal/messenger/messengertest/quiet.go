package messengertest

import (
	"context"
	"slices"

	"openmates"
	"openmates/internal/messenger"
)

// Access implements messenger.AccessChecker.
func (n *Network) Access(_ context.Context, _ openmates.Bot, _, channel string) (messenger.Access, error) {
	if n.Closed == nil {
		return messenger.Access{Channel: "#" + channel, Replies: true, Reacts: true}, nil
	}
	return n.Closed(channel), nil
}

// React implements messenger.Reactor; Refuse is asked with the operation
// "react".
func (n *Network) React(ctx context.Context, _ openmates.Bot, channel, message, sign string) error {
	if err := fenced(ctx); err != nil {
		return err
	}
	if err := n.refusal("react", messenger.Outbound{Channel: channel, ReplyTo: message, Text: sign}); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.signs == nil {
		n.signs = map[string][]string{}
	}
	if !slices.Contains(n.signs[message], sign) {
		n.signs[message] = append(n.signs[message], sign)
	}
	n.tell()
	return nil
}

// Signs are the reactions to a message.
func (n *Network) Signs(message string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.signs[message])
}

// Whisper implements messenger.Whisperer; Refuse is asked with the operation
// "whisper".
func (n *Network) Whisper(ctx context.Context, _ openmates.Bot, account string, out messenger.Outbound) error {
	if err := fenced(ctx); err != nil {
		return err
	}
	if err := n.refusal("whisper", out); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.whispers = append(n.whispers, account+": "+out.Text)
	n.tell()
	return nil
}

// Whispers are the messages that were for one person alone.
func (n *Network) Whispers() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.whispers)
}
