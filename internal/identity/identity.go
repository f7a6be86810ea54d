// Package identity is the room of who somebody is: accounts, signing in and
// out, sessions, passwords, second steps, passkeys, resets, preferences, and
// the access tokens of programs.
//
// Signing in doesn't reveal which accounts exist, neither by its messages nor
// by its time. Nobody can guess passwords faster than the barrier allows, nor
// lock out the owner by trying. Failed attempts are in the log and, up to a
// limit, in the audit log.
//
// It requires a second step if an account wants one (a code, a passkey, a
// recovery code; each works once), asks for the password before it changes what
// protects an account, and lists sessions and ends them for good. Somebody who
// lost their password can reset it with a link that works once, and is told
// about it. Deleting an account removes its name; the cost records are kept.
//
// It never stores a password, a session's token or an access token in readable
// form, and knows nothing of HTTP beyond its cookies.
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

// Store is the part of the database that the room needs. Every method is one
// transaction. A missing row is openmates.ENotFound.
type Store interface {
	Transactions
	People
	Sessions
	Returning
	Guards
	Leaving
	Selves
	TokenStore
	Macs
}

// Transactions combines several methods.
type Transactions interface {
	// Within runs do in one transaction, of which all that do calls with its
	// context is a part. It happens as a whole or not at all; do may run more
	// than once and waits for nothing but the database.
	Within(ctx context.Context, do func(ctx context.Context) error) error
}

// Macs makes keyed hashes of what is only ever compared.
type Macs interface {
	MAC(place string, text openmates.Secret) string
	Verify(place string, text openmates.Secret, mac string) bool
}

// People reads and writes accounts.
type People interface {
	User(ctx context.Context, id openmates.ID) (openmates.User, error)
	UserByName(ctx context.Context, username string) (openmates.User, error)
	// Password returns the PHC string of an account, "" if it can't sign in
	// with a password.
	Password(ctx context.Context, userID openmates.ID) (string, error)
	// Rehash replaces the PHC string if it is still old.
	Rehash(ctx context.Context, userID openmates.ID, old, fresh string) error
	// SetServerAdmin returns *openmates.LastAdminError if no admin would be
	// left.
	SetServerAdmin(ctx context.Context, userID openmates.ID, admin bool) error
}

// Sessions stores sessions by the hash of their token.
type Sessions interface {
	Session(ctx context.Context, hash string) (data []byte, found bool, err error)
	AddSession(ctx context.Context, s SessionRecord) error
	// SaveSession changes an existing session. It doesn't restore one that was
	// ended.
	SaveSession(ctx context.Context, s SessionRecord) error
	SessionsOf(ctx context.Context, userID openmates.ID) ([]SessionRecord, error)
	DeleteSession(ctx context.Context, hash string) error
	// EndSession ends one of a person's own sessions; others are
	// ErrNoSession.
	EndSession(ctx context.Context, userID openmates.ID, hash string) error
	// EndAccess ends every way to act for a person: sessions, what is pending
	// in them, tokens, and open invites for admins.
	EndAccess(ctx context.Context, e AccessEnd) (AccessEnded, error)
}

// Config configures a Room. All fields up to ServerName are required.
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

	Audit openmates.Audit // nil = no audit log
	Clock openmates.Clock // nil = the real one; throttles follow it
	Cost  Cost            // of a password's hash; zero = OWASP's recommendation
}

// Room is the room. It is safe for concurrent use.
type Room struct {
	*AccessTokens
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

	byAccount  *guard.Barrier  // passwords when signing in
	byStep     *guard.Barrier  // codes of a second step
	byProof    *guard.Barrier  // passwords entered to change something
	byAddress  *guard.Throttle // all attempts of one party
	byStranger *guard.Throttle // accounts and resets that one party requests
	byConfirm  *guard.Throttle // codes of a confirmation
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
	r := &Room{
		AccessTokens: newAccessTokens(c, log),

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
		// Three codes of a million are valid at any time: at one attempt in
		// five minutes, somebody who knows the password needs years.
		byStep:     guard.NewBarrier(5*time.Minute, 6, 5*time.Minute, 30),
		byProof:    guard.NewBarrier(30*time.Second, 10, 10*time.Second, 200),
		byAddress:  guard.NewThrottle(2*time.Second, 30, 10_000),
		byStranger: guard.NewThrottle(2*time.Second, 10, 1_000),
		byConfirm:  guard.NewThrottle(5*time.Minute, 6, 10_000),
	}
	r.AccessTokens.confirm = r.confirm
	return r, nil
}
