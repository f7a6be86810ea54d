package messenger

import (
	"fmt"

	"openmates"
)

// SendError tells why a message could not be posted or edited. It reaches the
// caller only after the connector itself has retried.
type SendError struct {
	Kind   SendKind
	Reason openmates.Text // finished sentence for the admin
	Err    error
}

// SendKind says what a failed Send means for the turn.
type SendKind int

// The kinds.
const (
	SendLater   SendKind = iota // the network is in trouble or limits us: try again later
	SendGone                    // channel or message is gone: there is nobody to answer
	SendDenied                  // a permission is missing: the Reason names it
	SendBroken                  // the credential is dead: the listener's state tells the admin
	SendInvalid                 // the network refuses this text for good
)

// Error is the text for the log.
func (e *SendError) Error() string { return fmt.Sprintf("send: %s: %v", e.Reason, e.Err) }

// Unwrap returns the cause.
func (e *SendError) Unwrap() error { return e.Err }

// Again reports whether the same call can succeed later.
func (e *SendError) Again() bool { return e.Kind == SendLater }
