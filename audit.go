package openmates

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// AuditEntry is an entry in the audit log. Before and After contain no secret.
// No field contains a person's name: it would remain after their account is
// deleted, and be taken for the next person with that name.
type AuditEntry struct {
	ID      ID
	At      time.Time
	Actor   ID // user; 0 = the server itself
	TeamID  ID // 0 = not about a team
	Action  string
	Target  string
	Subject ID // the user that an entry with the Target "person" is about; 0 = none. When read, Target has their current name
	Before  string
	After   string
}

// AboutPerson returns the entry with the person that it is about.
func (e AuditEntry) AboutPerson(id ID) AuditEntry {
	e.Target, e.Subject = "person", id
	return e
}

// Audit writes an entry to the audit log. A nil Audit writes nothing.
type Audit func(ctx context.Context, e AuditEntry) error

// Record writes e with the states before and after, as JSON; nil = nothing.
// Neither may contain a secret.
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
	Username string // of the actor; "" = the server itself, or a deleted account
	Team     string
}

// AuditSearch is a search in the audit log. Empty fields match everything; case
// doesn't matter.
type AuditSearch struct {
	Actor  string // username
	Action string // the whole action, or its beginning: "provider."
	Target string // part of it
	Text   string // part of any text in the entry
	From   time.Time
	To     time.Time // exclusive
	Before ID        // only older entries; 0 = from the newest
	Limit  int
}
