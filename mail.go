package openmates

import "time"

// MailRecord is one message that the server sent or tried to send, without
// what it says. It is kept for as long as a budget looks back.
type MailRecord struct {
	Pot       string // budgets are held against the records of one pot
	Recipient string // hash of the mailbox, "" = it got nothing
	Sender    ID     // the user who caused it; 0 = nobody in particular
	TeamID    ID     // 0 = none
	At        time.Time
}

// MailScope is whose mail a budget counts.
type MailScope string

// The scopes.
const (
	MailToRecipient MailScope = "recipient"
	MailBySender    MailScope = "sender"
	MailByTeam      MailScope = "team"
	MailByServer    MailScope = "server"
)

// MailBudget allows so many messages of a scope within any period this long.
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

// PasswordReset lets whoever has its code choose a new password for a user,
// once. The code is kept as a hash.
type PasswordReset struct {
	UserID  ID
	Origin  ResetOrigin
	Maker   ID     // the server admin who made it; 0 = nobody with an account
	Address string // that it was mailed to; it is void once the user has another one
	Second  bool   // it drops the second step, too
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
