package llm

import (
	"fmt"
	"time"
)

// Kind says what a provider's error means for the caller.
type Kind int

// The kinds. Only the first three may go away by waiting.
const (
	KindUnavailable Kind = iota // network trouble, 5xx, overloaded
	KindRateLimited             // too many requests or tokens per time
	KindCut                     // the stream ended before the answer did
	KindBadKey                  // the key is wrong, revoked or not allowed
	KindNoCredit                // the account has no money left
	KindNoModel                 // no such model, or not for this key
	KindTooLong                 // the request exceeds the model's context
	KindFiltered                // the provider refuses the content
	KindInvalid                 // the provider rejects the request for another reason
	KindBarred                  // the provider, or a firewall, blocks requests from here: region, address
)

// Error is an error from a provider. Err never contains the key.
type Error struct {
	Kind   Kind
	Status int           // HTTP status; 0 = none
	After  time.Duration // how long the provider asks to wait; 0 = not given
	Err    error
}

// Error returns the text for the log.
func (e *Error) Error() string {
	return fmt.Sprintf("model: %s (status %d): %v", e.Kind, e.Status, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Again reports whether the same request can succeed later.
func (e *Error) Again() bool { return e.Kind <= KindCut }

// String returns the kind's name in the log.
func (k Kind) String() string {
	return [...]string{
		"unavailable", "rate limited", "cut", "bad key", "no credit",
		"no model", "too long", "filtered", "invalid", "barred",
	}[k]
}
