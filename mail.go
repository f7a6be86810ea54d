package openmates

import "time"

// MailRecord is a message that the server sent or tried to send, without its
// content. It is kept as long as a budget needs it.
type MailRecord struct {
	Pot       string // budgets count the records of one pot
	Recipient string // hash of the mailbox; "" = nothing was delivered
	Sender    ID     // the user who caused it; 0 = none
	TeamID    ID     // 0 = none
	At        time.Time
}

// MailScope is what a mail budget applies to.
type MailScope string

// The scopes.
const (
	MailToRecipient MailScope = "recipient"
	MailBySender    MailScope = "sender"
	MailByTeam      MailScope = "team"
	MailByServer    MailScope = "server"
)

// MailBudget limits the messages of a scope within any period of this length.
type MailBudget struct {
	Scope  MailScope
	Most   int
	Within time.Duration
}

// MailRefusal says which budget is used up, and when it has room again.
type MailRefusal struct {
	Scope MailScope
	Again time.Time
}

// PasswordReset lets somebody with its code choose a new password for a user,
// once. The code is stored as a hash.
type PasswordReset struct {
	UserID  ID
	Origin  ResetOrigin
	Maker   ID     // the server admin who made it; 0 = none
	Address string // that it was mailed to; invalid once the user's address has changed
	Second  bool   // it also removes the second step
	Expires time.Time
}

// ResetOrigin is where a reset came from.
type ResetOrigin string

// The origins.
const (
	ResetByMail    ResetOrigin = "mail"
	ResetByAdmin   ResetOrigin = "admin"
	ResetByCommand ResetOrigin = "command" // on the server's machine
)
