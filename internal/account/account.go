// Package account knows who somebody is and what they may do: the first setup
// of the server, signing in and out, sessions, teams and roles.
//
// It promises that the setup code works once and for one person, that a
// sign-in tells nothing about which accounts exist (neither by its words nor
// by its time), that nobody can guess passwords faster than the barrier lets
// them, nor keep their owner out by trying, and that what a caller may do stands
// in one table (role.go) which denies whatever it doesn't name.
//
// What somebody leaves behind that works without them holds only as long as they
// may still make it: that rule is written once, in remain.go, and
// docs/adr/0015-what-outlives-its-maker.md lists what it is about. A try to get
// in that fails is in the log and, up to a bound, in the audit record.
//
// It asks for a second step where an account wants one (a code, a passkey, a
// recovery code; each works once), asks for the password before it changes
// what protects an account, and lists and ends sessions so that they stay
// ended. Who lost their password comes back by a link that works once, and
// hears of it. Who leaves takes their name along; the books stay.
//
// All mail leaves by one postman, which has budgets for whom it is sent to and
// by, and puts no words of a person into a subject.
//
// It keeps what the admin has settled about the whole server (its name, its
// address, who may sign up) and finds out whether the address leads here.
//
// It refuses to store a password, a session's token or a setup code in
// readable form, and to know HTTP beyond the session's cookie and that one
// question.
package account

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"openmates"
	"openmates/internal/address"
	"openmates/internal/guard"
	"openmates/internal/mail"
)

// Store is what the room asks of the database. Every method is one
// transaction. What doesn't exist is openmates.ENotFound.
type Store interface { //nolint:interfacebloat // accounts, each method one transaction
	People
	Teams
	Founding
	Sessions
	Settings
	Joining
	Returning
	Guards
	Leaving
	AccessTokens
	Ending
	Noticing
	Directory
	Macs
}

// Macs are keyed hashes of what is only ever compared.
type Macs interface {
	MAC(place string, text openmates.Secret) string
	Verify(place string, text openmates.Secret, mac string) bool
}

// Settings are values by name.
type Settings interface {
	// Setting is not ok where it was never set.
	Setting(ctx context.Context, name string) (value string, ok bool, err error)
	SetSetting(ctx context.Context, name, value string) error
	// SetMailSettings replaces how mail is sent together with the password that
	// belongs to it; "" = mail is not set up.
	SetMailSettings(ctx context.Context, settings string, password openmates.Secret) error
}

// People are the accounts.
type People interface {
	User(ctx context.Context, id openmates.ID) (openmates.User, error)
	UserByName(ctx context.Context, username string) (openmates.User, error)
	// Password gives the PHC string of an account, "" where it can't sign in
	// with a password.
	Password(ctx context.Context, userID openmates.ID) (string, error)
	// Rehash replaces the PHC string as long as it is still old.
	Rehash(ctx context.Context, userID openmates.ID, old, fresh string) error
	AddUser(ctx context.Context, u openmates.User, phc string) (openmates.User, error)
}

// Teams are the teams and who is in them.
type Teams interface {
	TeamBySlug(ctx context.Context, slug string) (openmates.Team, error)
	TeamsOf(ctx context.Context, userID openmates.ID) ([]openmates.Team, error)
	// Role is "" where the user is no member.
	Role(ctx context.Context, teamID, userID openmates.ID) (openmates.Role, error)
	Members(ctx context.Context, teamID openmates.ID) ([]openmates.Member, error)
	AddTeam(ctx context.Context, t openmates.Team) (openmates.Team, error)
	AddMember(ctx context.Context, m openmates.Membership) error
}

// Founding is the server's first setup.
type Founding interface {
	// SetupHash replaces the hash of the setup code, as long as there is no
	// server admin; else it does nothing and gives false.
	SetSetupHash(ctx context.Context, hash string) (open bool, err error)
	// SetupHash is "" where no code is open.
	SetupHash(ctx context.Context) (string, error)
	// Found makes the first admin and the first team with that admin as its
	// admin and ends the setup, all or nothing. If hash is not the open code's
	// any more, somebody else was first: openmates.EConflict.
	Found(ctx context.Context, hash string, u openmates.User, phc string, t openmates.Team) (openmates.User, openmates.Team, error)
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

// Config holds what a Room needs.
type Config struct {
	Store Store
	Log   *slog.Logger
	Clock openmates.Clock   // nil = the real one; throttles follow it
	Cost  Cost              // of a password's hash; zero = OWASP's recommendation
	Audit openmates.Audit   // nil = nobody keeps a record
	Reach http.RoundTripper // for the check of that address; nil = the network
	Post  *mail.Postman     // sends all mail
	// Address is where people reach the server: for links in mails, for cookies,
	// and for passkeys, which are bound to its name.
	Address *address.Public
}

// Room is the account room. It is safe for concurrent use.
type Room struct {
	store     Store
	log       *slog.Logger
	now       openmates.Clock
	vault     *vault
	sessions  *scs.SessionManager
	byAccount *guard.Barrier // passwords of a sign-in
	byAddress *guard.Throttle
	bySetup   *guard.Throttle
	audit     openmates.Audit
	reach     http.RoundTripper
	post      *mail.Postman
	errands   *errands
	address   *address.Public
	byStep    *guard.Barrier  // codes of a second step
	byConfirm *guard.Throttle // codes of a confirmation
	byProof   *guard.Barrier  // passwords typed to change something
	failures  *guard.Failures

	byCall     *guard.Throttle // calls of the API
	byListener *guard.Throttle
	byBadToken *guard.Throttle
}

// New makes a Room.
func New(c Config) (*Room, error) {
	if c.Store == nil || c.Log == nil || c.Post == nil || c.Address == nil {
		return nil, errors.New("account: Config needs Store, Log, Post and Address")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Reach == nil {
		c.Reach = &http.Transport{DisableKeepAlives: true}
	}
	failures, err := guard.NewFailures(guard.FailuresConfig{Log: c.Log, Audit: c.Audit, Clock: c.Clock})
	if err != nil {
		return nil, err
	}
	r := &Room{
		store:     c.Store,
		log:       c.Log.With("pkg", "account"),
		now:       c.Clock,
		vault:     newVault(c.Cost.orUsual(), 4),
		sessions:  newSessions(c.Store, c.Address.Secure(), c.Log),
		byAccount: guard.NewBarrier(30*time.Second, 10, 10*time.Second, 200),
		byAddress: guard.NewThrottle(2*time.Second, 30, 10_000),
		bySetup:   guard.NewThrottle(2*time.Second, 10, 1_000),
		audit:     c.Audit,
		reach:     c.Reach,
		post:      c.Post,
		errands:   newErrands(),
		address:   c.Address,
		// Three codes of a million fit at any time: at one try in five minutes
		// somebody who knows the password needs years.
		byStep:    guard.NewBarrier(5*time.Minute, 6, 5*time.Minute, 30),
		byConfirm: guard.NewThrottle(5*time.Minute, 6, 10_000),
		byProof:   guard.NewBarrier(30*time.Second, 10, 10*time.Second, 200),
		failures:  failures,

		byCall:     guard.NewThrottle(50*time.Millisecond, 300, 10_000),
		byListener: guard.NewThrottle(time.Millisecond, 2_000, 1_000),
		byBadToken: guard.NewThrottle(2*time.Second, 30, 10_000),
	}
	return r, nil
}
