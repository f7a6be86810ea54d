package openmates

import "time"

// AuditEntry is one line of the record of who changed what. Before and After
// hold no secret.
type AuditEntry struct {
	ID     ID
	At     time.Time
	Actor  ID // user; 0 = the server itself
	TeamID ID // 0 = no team's affair
	Action string
	Target string
	Before string
	After  string
}

// AuditLine is an AuditEntry with the names of what it refers to.
type AuditLine struct {
	AuditEntry
	Username string // of the actor; "" = the server itself, or an account that is gone
	Team     string
}

// AuditSearch asks for lines of the audit record. What is empty asks for
// nothing in particular; case does not count.
type AuditSearch struct {
	Actor  string // username
	Action string // the whole action, or how it begins: "provider."
	Target string // a part of it
	Text   string // a part of anything in the line
	From   time.Time
	To     time.Time // not included
	Before ID        // lines older than this one; 0 = from the newest on
	Limit  int
}
