package mail

import (
	"time"

	"openmates"
)

// Record is a message that the server sent or tried to send, without its
// content. It is kept as long as a budget needs it.
type Record struct {
	Pot       string       // budgets count the records of one pot
	Recipient string       // hash of the mailbox; "" = nothing was delivered
	Sender    openmates.ID // the user who caused it; 0 = none
	TeamID    openmates.ID // 0 = none
	At        time.Time
}

// Scope is what a mail budget applies to.
type Scope string

// The scopes.
const (
	ToRecipient Scope = "recipient"
	BySender    Scope = "sender"
	ByTeam      Scope = "team"
	ByServer    Scope = "server"
)

// Budget limits the messages of a scope within any period of this length.
type Budget struct {
	Scope  Scope
	Most   int
	Within time.Duration
}

// Refusal says which budget is used up, and when it has room again.
type Refusal struct {
	Scope Scope
	Again time.Time
}
