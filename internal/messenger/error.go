package messenger

import (
	"fmt"

	"openmates"
)

// SendError says why a message could not be posted or edited. It is returned
// only after the connector itself has retried.
type SendError struct {
	Kind   SendKind
	Reason openmates.Text // complete sentence for the admin
	Err    error
}

// SendKind says what a failed Send means for the turn.
type SendKind int

// The kinds.
const (
	SendLater   SendKind = iota // the network has problems or limits us: try again later
	SendGone                    // channel or message no longer exists: there is nobody to answer
	SendDenied                  // a permission is missing: the Reason names it
	SendBroken                  // the credential is invalid: the listener's state tells the admin
	SendInvalid                 // the network will never accept this text
)

// Error returns the text for the log.
func (e *SendError) Error() string { return fmt.Sprintf("send: %s: %v", e.Reason, e.Err) }

// Unwrap returns the cause.
func (e *SendError) Unwrap() error { return e.Err }

// Again reports whether the same call can succeed later.
func (e *SendError) Again() bool { return e.Kind == SendLater }
