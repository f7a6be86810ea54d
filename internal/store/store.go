// Package store keeps the product's state in a database, see package sqldb.
//
// It promises that what does not exist is openmates.ENotFound, and what somebody
// else has already is openmates.EConflict. Credentials are sealed before they
// are written. docs/adr/0004-durability.md says which writes survive what.
//
// Each subject has a store of its own; a DB is all of them. A room or door is
// given those that it needs, by cmd/openmates.
//
// It refuses to let a transaction out: every exported method is one, or a part of
// the one that Within has begun.
package store

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"openmates"
	"openmates/internal/sqldb"
)

// Sealer seals credentials for their place; package secret has one.
type Sealer interface {
	Seal(place string, plain openmates.Secret) (string, error)
	Open(place, sealed string) (openmates.Secret, error)
	// MAC is a keyed hash of text for one place; Verify compares.
	MAC(place string, text openmates.Secret) string
	Verify(place string, text openmates.Secret, mac string) bool
}

// Config holds what a DB needs.
type Config struct {
	URL   string       // "" = openmates.db in Dir; a path = SQLite there; postgres://… = PostgreSQL
	Dir   string       // data folder, for SQLite's file and its locks
	Seal  Sealer       // required
	Log   *slog.Logger // required
	Clock func() time.Time
	Watch time.Duration // how often changes by other processes are looked for; 0 = each second
	// Shared keeps leases in rows also on SQLite, as they are on PostgreSQL, so
	// that tests of many processes need no other database.
	Shared bool
}

// DB is the database of the product: the stores of all subjects, which share one
// engine. It is safe for concurrent use.
type DB struct {
	*base
	PeopleStore
	SessionStore
	ProtectionStore
	TokenStore
	AnswerStore
	TeamStore
	InviteStore
	MateStore
	LimitStore
	BotStore
	WorkspaceStore
	LinkStore
	ProviderStore
	AskerStore
	JournalStore
	TurnStore
	UsageStore
	AuditStore
	OverviewStore
	SettingStore
	MailStore
	KeyStore
}

// base is what the stores share. Its own methods are steps that several of them
// take within their transactions.
type base struct {
	*sqldb.DB
	seal Sealer
	now  func() time.Time
}

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the files of the schema.
func Migrations() fs.FS {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil { // can't be: the folder is embedded
		panic(err)
	}
	return files
}

// Open opens the database and brings its schema up to date.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Seal == nil || c.Log == nil {
		return nil, errors.New("store: Config needs Seal and Log")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	db, err := sqldb.Open(ctx, sqldb.Config{
		URL: c.URL, Name: "openmates", Dir: c.Dir, Migrations: Migrations(),
		Log: c.Log, Clock: c.Clock, Watch: c.Watch, Shared: c.Shared,
	})
	if err != nil {
		return nil, err
	}
	b := &base{DB: db, seal: c.Seal, now: c.Clock}
	return &DB{
		base: b, PeopleStore: PeopleStore{b}, SessionStore: SessionStore{b}, ProtectionStore: ProtectionStore{b},
		TokenStore: TokenStore{b}, AnswerStore: AnswerStore{b}, TeamStore: TeamStore{b}, InviteStore: InviteStore{b},
		MateStore: MateStore{b}, LimitStore: LimitStore{b}, BotStore: BotStore{b}, WorkspaceStore: WorkspaceStore{b},
		LinkStore: LinkStore{b}, ProviderStore: ProviderStore{b}, AskerStore: AskerStore{b}, JournalStore: JournalStore{b}, TurnStore: TurnStore{b},
		UsageStore: UsageStore{b}, AuditStore: AuditStore{b},
		OverviewStore: OverviewStore{b},
		SettingStore:  SettingStore{b}, MailStore: MailStore{b}, KeyStore: KeyStore{b},
	}, nil
}

// The kinds of change that OnChange tells.
const (
	Bots          = "bots"
	Mates         = "mates"
	Teams         = "teams"
	Members       = "members"
	Users         = "users"
	Identities    = "identities"
	Installations = "installations"
	Limits        = "limits"
	Providers     = "providers" // with their models and the default ones
	Settings      = "settings"
)
