// Package mate is the room in which the admins of a server look after its
// mates: who they are, what they are told, whether they are switched on, and
// what they and the whole server may use and spend.
//
// It promises that every change is a version that can be looked at and brought
// back, that of two admins who change the same mate at once one is told so,
// that a handle never changes, and that each change stands in the audit record
// with what it was before. Limits that it writes can only narrow what a wider
// layer allows, whatever a form says.
//
// It refuses to know who may do all this (package policy does), to
// talk to models, and to start or stop listeners: they follow the store.
package mate

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"openmates"
)

// Store is what the room asks of the database. Every method is one
// transaction. What doesn't exist is openmates.ENotFound.
type Store interface {
	Mates
	Limits
	// Within runs do in one transaction: what is read and written with the context
	// that do is given happens as a whole, or not at all. do may run more than
	// once, and must wait for nothing but the database.
	Within(ctx context.Context, do func(ctx context.Context) error) error
}

// Mates are the mates with their versions.
type Mates interface {
	Mates(ctx context.Context) ([]openmates.Mate, error)
	MateByHandle(ctx context.Context, handle string) (openmates.Mate, error)
	// ChangeMate makes a mate (ID 0), switched on, or changes one, and keeps
	// the version. A handle that is taken, or an m.Version that is not the
	// newest, is openmates.EConflict.
	ChangeMate(ctx context.Context, m openmates.Mate, actor openmates.ID) (openmates.Mate, error)
	MateVersions(ctx context.Context, id openmates.ID) ([]openmates.MateVersion, error)
	MateVersion(ctx context.Context, id openmates.ID, version int64) (openmates.MateVersion, error)
}

// Limits are those of the server, and what was spent.
type Limits interface {
	ServerLimits(ctx context.Context) (openmates.Limits, error)
	SetServerLimits(ctx context.Context, l openmates.Limits) error
	SetTeamLimits(ctx context.Context, teamID openmates.ID, l openmates.Limits) error
	MemberLimits(ctx context.Context, teamID, userID openmates.ID) (openmates.Limits, error)
	SetMemberLimits(ctx context.Context, teamID, userID openmates.ID, l openmates.Limits) error
	// SpentInMonth sums up by mate, in the calendar month of t (UTC).
	SpentInMonth(ctx context.Context, t time.Time) (map[openmates.ID]openmates.Micros, error)
	// SpentBy sums up such a month of a person in a team, and of the team.
	SpentBy(ctx context.Context, teamID, userID openmates.ID, t time.Time) (mine, team openmates.Micros, err error)
}

// Group is a whole that limits can allow, with its parts: an app with its
// skills, a provider with its models.
type Group struct {
	Name        string // "web"
	Label       openmates.Text
	Description openmates.Text
	Parts       []Part
}

// Part is a skill or a model.
type Part struct {
	Name  string // in full: "web.read", "openai/gpt-5"
	Label openmates.Text
}

// Config holds what a Room needs; Apps, Providers and Clock may be nil.
type Config struct {
	Store     Store
	Audit     openmates.Audit
	Apps      func(ctx context.Context) ([]Group, error) // what there is to allow; nil = nothing
	Providers func(ctx context.Context) ([]Group, error) // likewise, with the models that are enabled
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

// New makes a Room.
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

// List lists all mates by handle, archived ones included.
func (r *Room) List(ctx context.Context) ([]openmates.Mate, error) { return r.store.Mates(ctx) }

// Mate gives one of them.
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

// Versions lists what a mate was, newest first.
func (r *Room) Versions(ctx context.Context, m openmates.Mate) ([]openmates.MateVersion, error) {
	return r.store.MateVersions(ctx, m.ID)
}

// Version is one of them.
func (r *Room) Version(ctx context.Context, m openmates.Mate, n int64) (openmates.MateVersion, error) {
	v, err := r.store.MateVersion(ctx, m.ID, n)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return v, openmates.Errorf(openmates.ENotFound, "%s has no version %d.", m.Name, n)
	}
	return v, err
}

// record writes into the audit record what differs between two states. ctx is
// that of the transaction in which it is changed.
func (r *Room) record(ctx context.Context, actor openmates.ID, action, target string, before, after any) error {
	if err := r.audit.Record(ctx, openmates.AuditEntry{Actor: actor, Action: action, Target: target}, before, after); err != nil {
		return err
	}
	r.log.InfoContext(ctx, "changed", "action", action, "target", target, "by", actor)
	return nil
}

// encode returns v as JSON, by which limits are compared.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil { // can't be: what is compared is made of texts and numbers
		return ""
	}
	return string(b)
}
