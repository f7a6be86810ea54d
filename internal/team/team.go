// Package team is the room of the teams: creating and deleting them, members
// and roles, invites, and usage.
//
// A team always has an admin. An invite can be used as often as allowed, by the
// people it is for, and only as long as its maker may still make it. Somebody
// without an account who joins or creates a team gets both or neither. A team
// that the caller isn't a member of looks like one that doesn't exist.
//
// It never stores an invite's code in readable form, and doesn't know how
// accounts are protected: the identity room creates accounts.
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

// Store is the part of the database that the room needs. Every method is one
// transaction. A missing row is openmates.ENotFound.
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

// Teams reads and writes the teams themselves.
type Teams interface {
	Team(ctx context.Context, id openmates.ID) (openmates.Team, error)
	TeamBySlug(ctx context.Context, slug string) (openmates.Team, error)
	TeamsOf(ctx context.Context, userID openmates.ID) ([]openmates.Team, error)
	// AddTeam returns openmates.ErrSlugTaken for a slug that another team has.
	AddTeam(ctx context.Context, t openmates.Team) (openmates.Team, error)
	SaveTeam(ctx context.Context, t openmates.Team) error
	// FoundTeam creates a team with its first admin, all or nothing. A user
	// without an ID is created with this password. Errors:
	// openmates.ErrUsernameTaken, openmates.ErrSlugTaken.
	FoundTeam(ctx context.Context, u openmates.User, phc string, t openmates.Team) (openmates.User, openmates.Team, error)
	// RemoveTeam also removes its memberships, connections, invites and tokens;
	// cost records are kept.
	RemoveTeam(ctx context.Context, id openmates.ID) error
}

// Members reads and writes members and their roles.
type Members interface {
	User(ctx context.Context, id openmates.ID) (openmates.User, error)
	UserByName(ctx context.Context, username string) (openmates.User, error)
	// AddUser returns openmates.ErrUsernameTaken for a name that is taken.
	AddUser(ctx context.Context, u openmates.User, phc string) (openmates.User, error)
	// ConfirmedUsers returns the accounts with this confirmed address.
	ConfirmedUsers(ctx context.Context, address string) ([]openmates.User, error)
	// Role returns "" if the user isn't a member.
	Role(ctx context.Context, teamID, userID openmates.ID) (openmates.Role, error)
	Members(ctx context.Context, teamID openmates.ID) ([]openmates.Member, error)
	AddMember(ctx context.Context, m openmates.Membership) error
	// SetRole and DropMember return ErrLastAdmin if no admin would be left.
	SetRole(ctx context.Context, teamID, userID openmates.ID, role openmates.Role) error
	DropMember(ctx context.Context, teamID, userID openmates.ID) error
	// AccessTokenByID is for policy.Remain: a token may have made an invite.
	AccessTokenByID(ctx context.Context, id openmates.ID) (openmates.AccessToken, error)
}

// Books reads a team's costs, and its admins' notices.
type Books interface {
	TeamMonth(ctx context.Context, teamID openmates.ID, t time.Time) (Month, error)
	// TeamMonths lists the months up to now with usage, and this one, newest
	// first.
	TeamMonths(ctx context.Context, teamID openmates.ID, now time.Time) ([]time.Time, error)
	TeamUsage(ctx context.Context, teamID openmates.ID, t time.Time) ([]UsageLine, error)
	Notices(ctx context.Context, teamID openmates.ID) ([]Notice, error)
	// DropNotice returns ErrNoNotice for one that the team doesn't have.
	DropNotice(ctx context.Context, teamID, id openmates.ID) error
}

// Accounts creates accounts; the identity room implements it.
type Accounts interface {
	// Account checks a new account and returns it with the PHC string of its
	// password. It stores nothing.
	Account(ctx context.Context, name, username string, password openmates.Secret) (u openmates.User, phc string, err error)
	// Newcomer is Account for a stranger, who can call it only so often:
	// openmates.ELimit.
	Newcomer(ctx context.Context, from netip.Addr, n openmates.Newcomer) (u openmates.User, phc string, err error)
}

// Session stores texts in the session of ctx's request; the identity room
// implements it.
type Session interface {
	Keep(ctx context.Context, name, text string)
	// Kept returns "" if nothing is stored.
	Kept(ctx context.Context, name string) string
	Forget(ctx context.Context, name string)
}

// SignUp says who may create an account; the server room implements it.
type SignUp interface {
	// OpenToTeams reports whether anybody may create an account and a team.
	OpenToTeams(ctx context.Context) (bool, error)
}

// Config configures a Room. All fields up to Post are required.
type Config struct {
	Store    Store
	Log      *slog.Logger
	Accounts Accounts
	Session  Session
	SignUp   SignUp
	Post     *mail.Postman

	Audit openmates.Audit // nil = no audit log
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
	byParty  *guard.Throttle // for strangers
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
