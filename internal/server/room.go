// Package server is the room of the server as a whole: its first set-up, what
// its admins set (its name, its address, who may sign up, its currency, how it
// sends mail), whether its address leads here, and all its people and teams.
//
// It promises that the set-up code works once and for one person; that it
// answers to no name of another site; that a password for the mail server is
// sent only where it was stored for; and that each change is in the audit
// record.
//
// It refuses to know who calls and how accounts are protected: the room of
// identity makes accounts.
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

// Store is what the room asks of the database. Every method is one transaction.
// What doesn't exist is openmates.ENotFound.
type Store interface {
	// Within runs do in one transaction, of which all that do calls with its
	// context is a part. It happens as a whole or not at all; do may run more
	// than once and waits for nothing but the database.
	Within(ctx context.Context, do func(ctx context.Context) error) error
	Values
	SetUp
	Directory
}

// Reader reads values by name.
type Reader interface {
	// Setting is not ok where it was never set.
	Setting(ctx context.Context, name string) (value string, ok bool, err error)
}

// Values are the settings by name.
type Values interface {
	Reader
	SetSetting(ctx context.Context, name, value string) error
	// SetMailSettings replaces how mail is sent together with the password that
	// belongs to it; "" = mail is not set up.
	SetMailSettings(ctx context.Context, settings string, password openmates.Secret) error
}

// SetUp is the server's first set-up.
type SetUp interface {
	// SetSetupHash replaces the hash of the set-up code as long as there is no
	// server admin; else it does nothing and returns false.
	SetSetupHash(ctx context.Context, hash string) (open bool, err error)
	// SetupHash is "" where no code is open.
	SetupHash(ctx context.Context) (string, error)
	// Found makes the first admin and the first team with that admin as its
	// admin and ends the set-up, all or nothing. If hash is not the open code's
	// any more, somebody else was first: openmates.EConflict.
	Found(ctx context.Context, hash string, u openmates.User, phc string, t openmates.Team) (openmates.User, openmates.Team, error)
}

// Directory is all people and teams of the server.
type Directory interface {
	UserByName(ctx context.Context, username string) (openmates.User, error)
	Team(ctx context.Context, id openmates.ID) (openmates.Team, error)
	TeamBySlug(ctx context.Context, slug string) (openmates.Team, error)
	FindPeople(ctx context.Context, q openmates.DirectorySearch) ([]openmates.DirectoryPerson, error)
	FindTeams(ctx context.Context, q openmates.DirectorySearch, at time.Time) ([]openmates.DirectoryTeam, error)
	// SetServerAdmin is openmates.EConflict where no admin would stay.
	SetServerAdmin(ctx context.Context, userID openmates.ID, admin bool) error
	// RemoveOther removes somebody's account where an admin of the server does
	// it.
	RemoveOther(ctx context.Context, userID openmates.ID) error
	// RemoveTeam takes its people, connections, invites and tokens along; what
	// was spent stays in the books.
	RemoveTeam(ctx context.Context, id openmates.ID) error
}

// Accounts makes and knows accounts; the room of identity does.
type Accounts interface {
	// Account checks what somebody typed and returns the account with the PHC
	// string of its password. It stores nothing.
	Account(ctx context.Context, name, username string, password openmates.Secret) (u openmates.User, phc string, err error)
	// LastSeen returns when a person last used a session; zero = never.
	LastSeen(ctx context.Context, userID openmates.ID) (time.Time, error)
}

// Failures notes failed attempts to get in.
type Failures interface {
	Note(ctx context.Context, from netip.Addr, why string, userID openmates.ID)
}

// Config is what a Room needs. All fields up to Address are required.
type Config struct {
	Store    Store
	Log      *slog.Logger
	Accounts Accounts
	Failures Failures
	Post     *mail.Postman
	Address  *address.Public // where people reach the server; SetURL moves it

	Audit openmates.Audit   // nil = no record is kept
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
