// Package team is the room of the teams: creating one, who is in it and with
// which role, invites, what it has spent, and its end.
//
// It promises that a team always has an admin; that an invite is used as often
// as it may be, by those whom it is for, and only as long as its maker may still
// make it; that somebody who joins or creates a team without an account gets
// both or neither; and that a team which the caller is no member of looks like
// one that doesn't exist.
//
// It refuses to store an invite's code in readable form, and to know how
// accounts are protected: the room of identity makes accounts.
package team

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"openmates"
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
	Teams
	Members
	Inviting
	Books
}

// Teams are the teams themselves.
type Teams interface {
	Team(ctx context.Context, id openmates.ID) (openmates.Team, error)
	TeamBySlug(ctx context.Context, slug string) (openmates.Team, error)
	TeamsOf(ctx context.Context, userID openmates.ID) ([]openmates.Team, error)
	AddTeam(ctx context.Context, t openmates.Team) (openmates.Team, error)
	SaveTeam(ctx context.Context, t openmates.Team) error
	// FoundTeam makes a team with its first admin, all or nothing. A user
	// without an ID is made with this password.
	FoundTeam(ctx context.Context, u openmates.User, phc string, t openmates.Team) (openmates.User, openmates.Team, error)
	// RemoveTeam takes its people, connections, invites and tokens along; what
	// was spent stays in the books.
	RemoveTeam(ctx context.Context, id openmates.ID) error
}

// Members are the people and their roles.
type Members interface {
	User(ctx context.Context, id openmates.ID) (openmates.User, error)
	UserByName(ctx context.Context, username string) (openmates.User, error)
	AddUser(ctx context.Context, u openmates.User, phc string) (openmates.User, error)
	// ConfirmedUsers are the accounts that have proved this address to be theirs.
	ConfirmedUsers(ctx context.Context, address string) ([]openmates.User, error)
	// Role is "" where the user is no member.
	Role(ctx context.Context, teamID, userID openmates.ID) (openmates.Role, error)
	Members(ctx context.Context, teamID openmates.ID) ([]openmates.Member, error)
	AddMember(ctx context.Context, m openmates.Membership) error
	// SetRole and DropMember are openmates.EConflict where no admin would stay.
	SetRole(ctx context.Context, teamID, userID openmates.ID, role openmates.Role) error
	DropMember(ctx context.Context, teamID, userID openmates.ID) error
	// AccessTokenByID is for policy.Remain: an invite can be a token's.
	AccessTokenByID(ctx context.Context, id openmates.ID) (openmates.AccessToken, error)
}

// Books are what a team has spent, and what its admins have to be told.
type Books interface {
	TeamMonth(ctx context.Context, teamID openmates.ID, t time.Time) (openmates.TeamMonth, error)
	// TeamMonths lists the months up to now that have something in them, and
	// this one, the newest first.
	TeamMonths(ctx context.Context, teamID openmates.ID, now time.Time) ([]time.Time, error)
	TeamUsage(ctx context.Context, teamID openmates.ID, t time.Time) ([]openmates.UsageLine, error)
	Notices(ctx context.Context, teamID openmates.ID) ([]openmates.Notice, error)
	DropNotice(ctx context.Context, teamID, id openmates.ID) error
}

// Accounts makes accounts; the room of identity does.
type Accounts interface {
	// Account checks what somebody typed and returns the account with the PHC
	// string of its password. It stores nothing.
	Account(ctx context.Context, name, username string, password openmates.Secret) (u openmates.User, phc string, err error)
	// Newcomer is Account for a stranger, who can do it only so often:
	// openmates.ELimit.
	Newcomer(ctx context.Context, from netip.Addr, n openmates.Newcomer) (u openmates.User, phc string, err error)
}

// Session keeps texts in the session of the request that ctx belongs to; the
// room of identity does.
type Session interface {
	Keep(ctx context.Context, name, text string)
	// Kept returns "" where nothing is kept.
	Kept(ctx context.Context, name string) string
	Forget(ctx context.Context, name string)
}

// SignUp says who may make an account; the room of the server does.
type SignUp interface {
	// OpenToTeams reports whether everybody may make an account and create a
	// team.
	OpenToTeams(ctx context.Context) (bool, error)
}

// Config is what a Room needs. All fields up to Post are required.
type Config struct {
	Store    Store
	Log      *slog.Logger
	Accounts Accounts
	Session  Session
	SignUp   SignUp
	Post     *mail.Postman

	Audit openmates.Audit // nil = no record is kept
	Clock openmates.Clock // nil = the real one
}

// Room is the room. It is safe for concurrent use.
type Room struct {
	store    Store
	log      *slog.Logger
	accounts Accounts
	session  Session
	signUp   SignUp
	post     *mail.Postman
	audit    openmates.Audit
	now      openmates.Clock
	byParty  *guard.Throttle // what strangers do
}

// New returns a Room.
func New(c Config) (*Room, error) {
	if c.Store == nil || c.Log == nil || c.Accounts == nil || c.Session == nil || c.SignUp == nil || c.Post == nil {
		return nil, errors.New("team: Config needs Store, Log, Accounts, Session, SignUp and Post")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return &Room{
		store: c.Store, log: c.Log.With("pkg", "team"), accounts: c.Accounts, session: c.Session, signUp: c.SignUp, post: c.Post,
		audit: c.Audit, now: c.Clock,
		byParty: guard.NewThrottle(2*time.Second, 10, 1_000),
	}, nil
}
