// Package server is the room of the server as a whole: its first setup, its
// settings (name, address, who may sign up, currency, mail), whether its
// address leads here, and all its people and teams.
//
// The setup code works once and for one person. The server doesn't answer to
// the name of another site. The password for the mail server is only sent where
// it was entered for. Each change is in the audit log.
//
// It doesn't know who is calling or how accounts are protected: the identity
// room creates accounts.
package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"openmates"
	"openmates/internal/address"
	"openmates/internal/guard"
	"openmates/internal/mail"
)

// Store is the part of the database that the room needs. Every method is one
// transaction. A missing row is openmates.ENotFound.
type Store interface {
	// Within runs do in one transaction, of which all that do calls with its
	// context is a part. It happens as a whole or not at all; do may run more
	// than once and waits for nothing but the database.
	Within(ctx context.Context, do func(ctx context.Context) error) error
	Values
	SetUp
	Directory
}

// Reader reads settings by name.
type Reader interface {
	// Setting returns ok = false if it was never set.
	Setting(ctx context.Context, name string) (value string, ok bool, err error)
}

// Values are the settings by name.
type Values interface {
	Reader
	SetSetting(ctx context.Context, name, value string) error
	// SetMailSettings replaces how mail is sent together with its password; ""
	// = mail isn't set up.
	SetMailSettings(ctx context.Context, settings string, password openmates.Secret) error
}

// SetUp is for the first setup.
type SetUp interface {
	// SetSetupHash replaces the hash of the setup code if there is no server
	// admin yet; otherwise it does nothing and returns false.
	SetSetupHash(ctx context.Context, hash string) (open bool, err error)
	// SetupHash returns "" if no code is open.
	SetupHash(ctx context.Context) (string, error)
	// Found creates the first admin and the first team with that admin, and
	// ends the setup, all or nothing. If hash is no longer the open code's,
	// somebody else was first: ErrSetUp. Others: openmates.ErrUsernameTaken,
	// openmates.ErrSlugTaken.
	Found(ctx context.Context, hash string, u openmates.User, phc string, t openmates.Team) (openmates.User, openmates.Team, error)
}

// Directory reads and changes the server's people and teams.
type Directory interface {
	UserByName(ctx context.Context, username string) (openmates.User, error)
	Team(ctx context.Context, id openmates.ID) (openmates.Team, error)
	TeamBySlug(ctx context.Context, slug string) (openmates.Team, error)
	FindPeople(ctx context.Context, q openmates.DirectorySearch) ([]DirectoryPerson, error)
	FindTeams(ctx context.Context, q openmates.DirectorySearch, at time.Time) ([]DirectoryTeam, error)
	// SetServerAdmin returns *openmates.LastAdminError if no admin would be
	// left.
	SetServerAdmin(ctx context.Context, userID openmates.ID, admin bool) error
	// RemoveUser deletes an account. Who has to hand over first is
	// *openmates.LastAdminError.
	RemoveUser(ctx context.Context, userID openmates.ID) error
	// RemoveTeam also removes its memberships, connections, invites and tokens;
	// cost records are kept.
	RemoveTeam(ctx context.Context, id openmates.ID) error
}

// Accounts creates accounts; the identity room implements it.
type Accounts interface {
	// Account checks a new account and returns it with the PHC string of its
	// password. It stores nothing.
	Account(ctx context.Context, name, username string, password openmates.Secret) (u openmates.User, phc string, err error)
	// LastSeen returns when a person last used a session; zero = never.
	LastSeen(ctx context.Context, userID openmates.ID) (time.Time, error)
}

// Failures records failed attempts to get in.
type Failures interface {
	Note(ctx context.Context, from netip.Addr, why string, userID openmates.ID)
}

// Config configures a Room. All fields up to Address are required.
type Config struct {
	Store    Store
	Log      *slog.Logger
	Accounts Accounts
	Failures Failures
	Post     *mail.Postman
	Address  *address.Public // where people reach the server; SetURL changes it

	Audit openmates.Audit   // nil = no audit log
	Clock openmates.Clock   // nil = the real one
	Reach http.RoundTripper // for the check of an address; nil = the network
}

// Room is the room. It is safe for concurrent use.
type Room struct {
	store    Store
	log      *slog.Logger
	accounts Accounts
	failures Failures
	post     *mail.Postman
	address  *address.Public
	audit    openmates.Audit
	now      openmates.Clock
	reach    http.RoundTripper
	byParty  *guard.Throttle // attempts at the set-up code
}

// New returns a Room.
func New(c Config) (*Room, error) {
	if c.Store == nil || c.Log == nil || c.Accounts == nil || c.Failures == nil || c.Post == nil || c.Address == nil {
		return nil, errors.New("server: Config needs Store, Log, Accounts, Failures, Post and Address")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Reach == nil {
		c.Reach = &http.Transport{DisableKeepAlives: true}
	}
	return &Room{
		store: c.Store, log: c.Log.With("pkg", "server"), accounts: c.Accounts, failures: c.Failures, post: c.Post, address: c.Address,
		audit: c.Audit, now: c.Clock, reach: c.Reach,
		byParty: guard.NewThrottle(2*time.Second, 10, 1_000),
	}, nil
}
