package connecttest

import (
	"context"
	"strconv"

	"openmates"
	"openmates/internal/messenger"
)

// Leaves lists which bot left which workspace, in order: "1001 w1".
func (n *Network) Leaves() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.left...)
}

// Sent lists what bots have posted, in order.
func (n *Network) Sent() []messenger.Outbound {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]messenger.Outbound(nil), n.sent...)
}

// Send implements messenger.Connector.
func (n *Network) Send(_ context.Context, _ openmates.Bot, out messenger.Outbound) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, s := range n.sent {
		if s.Key == out.Key && s.Part == out.Part {
			return strconv.Itoa(i + 1), nil
		}
	}
	n.sent = append(n.sent, out)
	return strconv.Itoa(len(n.sent)), nil
}

// Open lets a bot find these channels in a workspace from now on.
func (n *Network) Open(app, workspace string, s messenger.Survey) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.surveys == nil {
		n.surveys = map[[2]string]messenger.Survey{}
	}
	n.surveys[[2]string{app, workspace}] = s
}

// Leave implements messenger.Leaver.
func (n *Network) Leave(_ context.Context, b openmates.Bot, workspace string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.left = append(n.left, b.AppID+" "+workspace)
	delete(n.surveys, [2]string{b.AppID, workspace})
	return nil
}

// Survey implements messenger.Surveyor.
func (n *Network) Survey(_ context.Context, b openmates.Bot, workspace string) (messenger.Survey, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, ok := n.surveys[[2]string{b.AppID, workspace}]
	if !ok {
		return s, openmates.Errorf(openmates.ENotFound, "The bot is not there any more.")
	}
	return s, nil
}
