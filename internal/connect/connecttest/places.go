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

// Sent lists the bots' messages, in order.
func (n *Network) Sent() []messenger.Outbound {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]messenger.Outbound(nil), n.sent...)
}

// Send implements messenger.Connector.
func (n *Network) Send(_ context.Context, _ messenger.Via, out messenger.Outbound) (openmates.MessageID, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, s := range n.sent {
		if s.Key == out.Key && s.Part == out.Part {
			return openmates.MessageID(strconv.Itoa(i + 1)), nil
		}
	}
	n.sent = append(n.sent, out)
	return openmates.MessageID(strconv.Itoa(len(n.sent))), nil
}

// Open returns a bot these channels in a workspace.
func (n *Network) Open(app string, workspace openmates.WorkspaceID, s messenger.Survey) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.surveys == nil {
		n.surveys = map[[2]string]messenger.Survey{}
	}
	n.surveys[[2]string{app, string(workspace)}] = s
}

// Leave implements messenger.Leaver.
func (n *Network) Leave(_ context.Context, via messenger.Via) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.left = append(n.left, via.Bot.AppID+" "+string(via.Workspace))
	delete(n.surveys, [2]string{via.Bot.AppID, string(via.Workspace)})
	return nil
}

// Survey implements messenger.Surveyor.
func (n *Network) Survey(_ context.Context, via messenger.Via) (messenger.Survey, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, ok := n.surveys[[2]string{via.Bot.AppID, string(via.Workspace)}]
	if !ok {
		return s, openmates.Errorf(openmates.ENotFound, "The bot is not there any more.")
	}
	return s, nil
}
