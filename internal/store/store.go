// Package store stores the product's data in a database; see package sqldb.
//
// What a method found wrong is an error that the room with the contract, or the
// vocabulary, declares: see the Store interfaces. This package makes no sentence
// for people. Credentials are sealed before they are written.
// docs/adr/0004-durability.md describes which writes survive which failures.
//
// Each subject has a store of its own, and a DB combines them all.
// cmd/openmates passes each package the stores that it needs.
//
// Transactions never leave this package: every exported method runs in one of
// its own, or in the one that Within began.
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

// Sealer encrypts credentials, each bound to its place; package secret
// implements it.
type Sealer interface {
	Seal(place string, plain openmates.Secret) (string, error)
	Open(place, sealed string) (openmates.Secret, error)
	// MAC returns a keyed hash of text for one place; Verify checks one.
	MAC(place string, text openmates.Secret) string
	Verify(place string, text openmates.Secret, mac string) bool
}

// Config configures a DB.
type Config struct {
	URL   string       // "" = openmates.db in Dir; a path = SQLite there; postgres://… = PostgreSQL
	Dir   string       // data folder, for SQLite's file and its locks
	Seal  Sealer       // required
	Log   *slog.Logger // required
	Clock func() time.Time
	Watch time.Duration // how often to look for changes by other processes; 0 = every second
	// Shared stores leases in rows on SQLite as well, as on PostgreSQL, so that
	// tests with several processes need no other database.
	Shared bool
}

// DB is the product's database: the stores of all subjects on one engine. It is
// safe for concurrent use.
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

// base is what the stores share. Its methods are steps used within their
// transactions.
type base struct {
	*sqldb.DB
	seal Sealer
	now  func() time.Time
}

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the migration files.
func Migrations() fs.FS {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil { // impossible: the folder is embedded
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

// The kinds of change that OnChange reports.
const (
	Bots          = "bots"
	Mates         = "mates"
	Teams         = "teams"
	Members       = "members"
	Users         = "users"
	Identities    = "identities"
	Installations = "installations"
	Limits        = "limits"
	Providers     = "providers" // including their models and the defaults
	Settings      = "settings"
)
