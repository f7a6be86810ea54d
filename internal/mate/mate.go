// Package mate is the room in which server admins manage the mates: who they
// are, their prompts, whether they are enabled, and what they and the whole
// server may use and spend.
//
// Every change is a version that can be viewed and restored. If two admins
// change the same mate at once, the second gets an error. A handle never
// changes, and each change is in the audit log with the previous state. Limits
// can only narrow what a wider layer allows, whatever a form says.
//
// It doesn't know who may do all this (package policy does), doesn't talk to
// models, and doesn't start or stop listeners: they follow the store.
package mate

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"openmates"
)

// Store is the part of the database that the room needs. Every method is one
// transaction. A missing row is openmates.ENotFound.
type Store interface {
	Mates
	Limits
	// Within runs do in one transaction: everything read and written with the
	// context passed to do happens completely or not at all. do may run more
	// than once, and must wait for nothing but the database.
	Within(ctx context.Context, do func(ctx context.Context) error) error
}

// Mates reads and writes mates and their versions.
type Mates interface {
	Mates(ctx context.Context) ([]openmates.Mate, error)
	MateByHandle(ctx context.Context, handle string) (openmates.Mate, error)
	// ChangeMate creates a mate (ID 0), enabled, or changes one, and stores the
	// version. Errors: ErrHandleTaken, and *ChangedError if m.Version isn't the
	// newest.
	ChangeMate(ctx context.Context, m openmates.Mate, actor openmates.ID) (openmates.Mate, error)
	MateVersions(ctx context.Context, id openmates.ID) ([]openmates.MateVersion, error)
	// MateVersion returns ErrNoVersion for one that isn't stored.
	MateVersion(ctx context.Context, id openmates.ID, version int64) (openmates.MateVersion, error)
}

// Limits reads and writes the server's limits, and reads costs.
type Limits interface {
	ServerLimits(ctx context.Context) (openmates.Limits, error)
	SetServerLimits(ctx context.Context, l openmates.Limits) error
	SetTeamLimits(ctx context.Context, teamID openmates.ID, l openmates.Limits) error
	MemberLimits(ctx context.Context, teamID, userID openmates.ID) (openmates.Limits, error)
	SetMemberLimits(ctx context.Context, teamID, userID openmates.ID, l openmates.Limits) error
	// SpentInMonth returns the cost per mate in the calendar month of t (UTC).
	SpentInMonth(ctx context.Context, t time.Time) (map[openmates.ID]openmates.Micros, error)
	// SpentBy returns the cost of such a month for a person in a team, and for
	// the team.
	SpentBy(ctx context.Context, teamID, userID openmates.ID, t time.Time) (mine, team openmates.Micros, err error)
}

// Group is something that limits can allow as a whole, with its parts: an app
// with its skills, a provider with its models.
type Group struct {
	Name        string // "web"
	Label       openmates.Text
	Description openmates.Text
	Parts       []Part
}

// Part is a skill or a model.
type Part struct {
	Name  string // full name: "web.read", "openai/gpt-5"
	Label openmates.Text
}

// Config configures a Room; Apps, Providers and Clock may be nil.
type Config struct {
	Store     Store
	Audit     openmates.Audit
	Apps      func(ctx context.Context) ([]Group, error) // what limits can allow; nil = nothing
	Providers func(ctx context.Context) ([]Group, error) // the same, with the enabled models
	Log       *slog.Logger
	Clock     openmates.Clock // nil = the real one
}

// Room is the mate room. It is safe for concurrent use.
type Room struct {
	store     Store
	audit     openmates.Audit
	apps      func(ctx context.Context) ([]Group, error)
	providers func(ctx context.Context) ([]Group, error)
	log       *slog.Logger
	now       openmates.Clock
}

// New returns a Room.
func New(c Config) (*Room, error) {
	if c.Store == nil || c.Audit == nil || c.Log == nil {
		return nil, errors.New("mate: Config needs Store, Audit and Log")
	}
	none := func(context.Context) ([]Group, error) { return nil, nil }
	if c.Apps == nil {
		c.Apps = none
	}
	if c.Providers == nil {
		c.Providers = none
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return &Room{
		store: c.Store, audit: c.Audit, apps: c.Apps, providers: c.Providers,
		log: c.Log.With("pkg", "mate"), now: c.Clock,
	}, nil
}

// List lists all mates by handle, including archived ones.
func (r *Room) List(ctx context.Context) ([]openmates.Mate, error) { return r.store.Mates(ctx) }

// Mate returns a mate by its handle.
func (r *Room) Mate(ctx context.Context, handle string) (openmates.Mate, error) {
	if openmates.ValidHandle(handle) != nil {
		return openmates.Mate{}, noMate()
	}
	m, err := r.store.MateByHandle(ctx, handle)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return m, noMate()
	}
	return m, err
}

func noMate() error {
	return openmates.Errorf(openmates.ENotFound, "There’s no mate with that name here.")
}

// Versions lists a mate's versions, newest first.
func (r *Room) Versions(ctx context.Context, m openmates.Mate) ([]openmates.MateVersion, error) {
	return r.store.MateVersions(ctx, m.ID)
}

// Version returns one of them.
func (r *Room) Version(ctx context.Context, m openmates.Mate, n int64) (openmates.MateVersion, error) {
	v, err := r.store.MateVersion(ctx, m.ID, n)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return v, openmates.Errorf(openmates.ENotFound, "%s has no version %d.", m.Name, n)
	}
	return v, err
}

// record writes the difference between two states to the audit log. ctx is that
// of the change's transaction.
func (r *Room) record(ctx context.Context, actor openmates.ID, action, target string, before, after any) error {
	if err := r.audit.Record(ctx, openmates.AuditEntry{Actor: actor, Action: action, Target: target}, before, after); err != nil {
		return err
	}
	r.log.InfoContext(ctx, "changed", "action", action, "target", target, "by", actor)
	return nil
}

// encode returns v as JSON, for comparing limits.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil { // impossible: the values are strings and numbers
		return ""
	}
	return string(b)
}
