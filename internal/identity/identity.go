// Package identity is the room of who somebody is: accounts, signing in and out,
// sessions, passwords, second steps, passkeys, resets, what people say about
// themselves, and the access tokens of programs.
//
// It promises that a sign-in says nothing about which accounts exist (neither by
// its words nor by its time), that nobody can guess passwords faster than the
// barrier lets them, nor keep their owner out by trying, and that failed
// attempts are in the log and, up to a bound, in the audit record.
//
// It asks for a second step where an account wants one (a code, a passkey, a
// recovery code; each works once), asks for the password before it changes
// what protects an account, and lists and ends sessions so that they stay
// ended. Somebody who lost their password comes back by a link that works once,
// and is told of it. Whoever deletes their account takes their name along; the
// books stay.
//
// It refuses to store a password, a session's token or an access token in
// readable form, and to know HTTP beyond its cookies.
package identity

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/alexedwards/scs/v2"

	"openmates"
	"openmates/internal/address"
	"openmates/internal/guard"
	"openmates/internal/mail"
)

// Store is what the room asks of the database. Every method is one
// transaction. What doesn't exist is openmates.ENotFound.
type Store interface {
	// Within runs do in one transaction, of which all that do calls with its
	// context is a part. It happens as a whole or not at all; do may run more
	// than once and waits for nothing but the database.
	Within(ctx context.Context, do func(ctx context.Context) error) error
	People
	Sessions
	Returning
	Guards
	Leaving
	Selves
	AccessTokens
	Macs
}

// Macs are keyed hashes of what is only ever compared.
type Macs interface {
	MAC(place string, text openmates.Secret) string
	Verify(place string, text openmates.Secret, mac string) bool
}

// People are the accounts.
type People interface {
	User(ctx context.Context, id openmates.ID) (openmates.User, error)
	UserByName(ctx context.Context, username string) (openmates.User, error)
	// Password returns the PHC string of an account, "" where it can't sign in
	// with a password.
	Password(ctx context.Context, userID openmates.ID) (string, error)
	// Rehash replaces the PHC string as long as it is still old.
	Rehash(ctx context.Context, userID openmates.ID, old, fresh string) error
	// SetServerAdmin is openmates.EConflict where no admin would stay.
	SetServerAdmin(ctx context.Context, userID openmates.ID, admin bool) error
}

// Sessions keeps sessions by the hash of their token.
type Sessions interface {
	Session(ctx context.Context, hash string) (data []byte, found bool, err error)
	AddSession(ctx context.Context, s openmates.SessionRecord) error
	// SaveSession changes a session that exists. One that was ended stays so.
	SaveSession(ctx context.Context, s openmates.SessionRecord) error
	SessionsOf(ctx context.Context, userID openmates.ID) ([]openmates.SessionRecord, error)
	DeleteSession(ctx context.Context, hash string) error
	// EndSession ends one of a person's own; else it is openmates.ENotFound.
	EndSession(ctx context.Context, userID openmates.ID, hash string) error
	// EndAccess ends all that lets anybody act for a person: sessions, what
	// waits for them, tokens, and open invites for admins.
	EndAccess(ctx context.Context, e openmates.AccessEnd) (openmates.AccessEnded, error)
}

// Config is what a Room needs. All fields up to ServerName are required.
type Config struct {
	Store    Store
	Log      *slog.Logger
	Failures *guard.Failures
	Post     *mail.Postman
	// Address is where people reach the server: for links in mails, for cookies,
	// and for passkeys, which are bound to its name.
	Address *address.Public
	// ServerName returns the name under which apps and browsers list this
	// server; "" = OpenMates.
	ServerName func(ctx context.Context) (string, error)

	Audit openmates.Audit // nil = no record is kept
	Clock openmates.Clock // nil = the real one; throttles follow it
	Cost  Cost            // of a password's hash; zero = OWASP's recommendation
}

// Room is the room. It is safe for concurrent use.
type Room struct {
	store    Store
	log      *slog.Logger
	now      openmates.Clock
	vault    *vault
	sessions *scs.SessionManager
	audit    openmates.Audit
	post     *mail.Postman
	errands  *errands
	address  *address.Public
	name     func(ctx context.Context) (string, error)
	failures *guard.Failures

	byAccount  *guard.Barrier  // passwords of a sign-in
	byStep     *guard.Barrier  // codes of a second step
	byProof    *guard.Barrier  // passwords typed to change something
	byAddress  *guard.Throttle // all attempts of one party
	byStranger *guard.Throttle // accounts and resets that one party asks for
	byConfirm  *guard.Throttle // codes of a confirmation
	byCall     *guard.Throttle // calls of the API
	byListener *guard.Throttle // calls of a listener
	byBadToken *guard.Throttle // wrong tokens
}

// New returns a Room.
func New(c Config) (*Room, error) {
	if c.Store == nil || c.Log == nil || c.Failures == nil || c.Post == nil || c.Address == nil || c.ServerName == nil {
		return nil, errors.New("identity: Config needs Store, Log, Failures, Post, Address and ServerName")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	log := c.Log.With("pkg", "identity")
	return &Room{
		store:    c.Store,
		log:      log,
		now:      c.Clock,
		vault:    newVault(c.Cost.orUsual(), 4),
		sessions: newSessions(c.Store, c.Address.Secure(), log),
		audit:    c.Audit,
		post:     c.Post,
		errands:  newErrands(),
		address:  c.Address,
		name:     c.ServerName,
		failures: c.Failures,

		byAccount: guard.NewBarrier(30*time.Second, 10, 10*time.Second, 200),
		// Three codes of a million fit at any time: at one try in five minutes
		// somebody who knows the password needs years.
		byStep:     guard.NewBarrier(5*time.Minute, 6, 5*time.Minute, 30),
		byProof:    guard.NewBarrier(30*time.Second, 10, 10*time.Second, 200),
		byAddress:  guard.NewThrottle(2*time.Second, 30, 10_000),
		byStranger: guard.NewThrottle(2*time.Second, 10, 1_000),
		byConfirm:  guard.NewThrottle(5*time.Minute, 6, 10_000),
		byCall:     guard.NewThrottle(50*time.Millisecond, 300, 10_000),
		byListener: guard.NewThrottle(time.Millisecond, 2_000, 1_000),
		byBadToken: guard.NewThrottle(2*time.Second, 30, 10_000),
	}, nil
}
