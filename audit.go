package openmates

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// AuditEntry is one line of the record of who changed what. Before and After
// hold no secret, and nothing of it holds a person's name: that would stay when
// their account is deleted, and be read as that of whoever takes the name next.
type AuditEntry struct {
	ID      ID
	At      time.Time
	Actor   ID // user; 0 = the server itself
	TeamID  ID // 0 = no team's affair
	Action  string
	Target  string
	Subject ID // user whom it is about, with the Target "person"; 0 = nobody. Read, Target has the name that they have today
	Before  string
	After   string
}

// AboutPerson is the entry with the person whom it is about.
func (e AuditEntry) AboutPerson(id ID) AuditEntry {
	e.Target, e.Subject = "person", id
	return e
}

// Audit keeps an entry of the audit record. A nil Audit keeps nothing.
type Audit func(ctx context.Context, e AuditEntry) error

// Record keeps e with what was before and after, as JSON; nil = nothing. Neither
// holds a secret.
func (a Audit) Record(ctx context.Context, e AuditEntry, before, after any) error {
	if a == nil {
		return nil
	}
	for _, side := range []struct {
		of   any
		into *string
	}{{before, &e.Before}, {after, &e.After}} {
		if side.of == nil {
			continue
		}
		b, err := json.Marshal(side.of)
		if err != nil {
			return fmt.Errorf("describe the change: %w", err)
		}
		*side.into = string(b)
	}
	if err := a(ctx, e); err != nil {
		return fmt.Errorf("record %s of %s: %w", e.Action, e.Target, err)
	}
	return nil
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
