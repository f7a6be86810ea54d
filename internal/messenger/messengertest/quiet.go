package messengertest

import (
	"context"
	"slices"

	"openmates"
	"openmates/internal/messenger"
)

// Access implements messenger.AccessChecker.
func (n *Network) Access(_ context.Context, _ messenger.Via, channel openmates.ChannelID) (messenger.Access, error) {
	if n.Closed == nil {
		return messenger.Access{Channel: "#" + string(channel), Replies: true, Reacts: true}, nil
	}
	return n.Closed(channel), nil
}

// React implements messenger.Reactor; it calls Refuse with the operation
// "react".
func (n *Network) React(ctx context.Context, _ messenger.Via, m messenger.MessageRef, sign string) error {
	if err := fenced(ctx); err != nil {
		return err
	}
	if err := n.refusal("react", messenger.Outbound{Channel: m.Channel, ReplyTo: m.ID, Text: sign}); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.signs == nil {
		n.signs = map[openmates.MessageID][]string{}
	}
	if !slices.Contains(n.signs[m.ID], sign) {
		n.signs[m.ID] = append(n.signs[m.ID], sign)
	}
	n.tell()
	return nil
}

// Signs returns the reactions to a message.
func (n *Network) Signs(message openmates.MessageID) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.signs[message])
}

// Whisper implements messenger.Whisperer; it calls Refuse with the operation
// "whisper".
func (n *Network) Whisper(ctx context.Context, _ messenger.Via, account openmates.AccountID, out messenger.Outbound) error {
	if err := fenced(ctx); err != nil {
		return err
	}
	if err := n.refusal("whisper", out); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.whispers = append(n.whispers, string(account)+": "+out.Text)
	n.tell()
	return nil
}

// Whispers returns the private messages.
func (n *Network) Whispers() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.whispers)
}
