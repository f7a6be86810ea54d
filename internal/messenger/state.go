package messenger

import (
	"time"

	"openmates"
)

// Phase is the phase of a listener.
type Phase string

// The phases. BadCredentials and NeedsAttention need a person; all others
// recover by themselves.
const (
	Off            Phase = "off"
	Starting       Phase = "starting"
	Connected      Phase = "connected"
	Reconnecting   Phase = "reconnecting"
	BadCredentials Phase = "bad_credentials"
	NeedsAttention Phase = "needs_attention"
)

// State is the state of a listener. Reason and Cure are complete sentences for
// the admin, or "".
type State struct {
	Phase      Phase
	Since      time.Time
	Reason     openmates.Text
	Cure       openmates.Text
	Workspaces int
	Latency    time.Duration // of the last heartbeat; 0 = unknown
	LastEvent  time.Time
}

// Final reports whether only a person can change the state.
func (p Phase) Final() bool { return p == Off || p == BadCredentials || p == NeedsAttention }

// Unreadable is the state of a bot whose stored credentials, in the words of its
// network, this server can't read.
func Unreadable(labels []openmates.Text) State {
	return State{
		Phase:  BadCredentials,
		Reason: openmates.T("Saved credentials can't be read because this server's key is missing or has changed: %s.", openmates.And(labels)),
		Cure:   openmates.T("Restore the old key and restart the server, or enter the credentials again on the bot’s page."),
	}
}
