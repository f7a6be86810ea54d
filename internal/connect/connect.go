// Package connect connects the outside to the inside: a mate's bot to its
// credentials, a workspace to its team, an account on a messenger to its
// person.
//
// A workspace is only ever read from the network's own response to a code
// exchange, never from an address that a browser sent. What a browser session
// started can be finished once, within ten minutes, and only by that session. A
// workspace belongs to one team and an account to one person; a team only loses
// a workspace to somebody who proves that they manage it while none of the
// team's mates is in it. Credentials leave this room only for the store and the
// connectors.
//
// It knows no particular network: connectors say whether they can install bots
// or link accounts.
package connect

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"openmates"
	"openmates/internal/address"
	"openmates/internal/messenger"
)

// Store is the part of the database that the room needs. Every method is one
// transaction. A missing row is openmates.ENotFound.
type Store interface {
	Bots
	Reports
	PendingConsents
	Checks
	Links
	Codes
	Places
	Takeovers
	Untying
	// Within runs do in one transaction: everything read and written with the
	// context passed to do happens completely or not at all. do may run more
	// than once, and must wait for nothing but the database.
	Within(ctx context.Context, do func(ctx context.Context) error) error
}

// Bots reads and writes mates and their applications.
type Bots interface {
	// Layers returns the limits that apply to a.User in a.Team and, if there is
	// one, to asking a.Mate: see policy.Levels.
	Layers(ctx context.Context, a openmates.Asker) ([]openmates.Layer, error)
	Mates(ctx context.Context) ([]openmates.Mate, error)
	Bots(ctx context.Context) ([]openmates.Bot, error)
	Bot(ctx context.Context, id openmates.ID) (openmates.Bot, error)
	// BotOf returns a mate's bot on a network; mate 0 is the server's own
	// application there.
	BotOf(ctx context.Context, mateID openmates.ID, n openmates.Network) (openmates.Bot, error)
	// SaveBot adds a bot (ID 0) or changes one. A changed credential increments
	// its Revision. An application that another bot has is ErrAppTaken, and a
	// second bot of a mate on a network ErrHasBot.
	SaveBot(ctx context.Context, b openmates.Bot) (openmates.Bot, error)
	// RemoveBot deletes a bot with its credentials and installations. A
	// workspace without other bots no longer belongs to a team.
	RemoveBot(ctx context.Context, id openmates.ID) error
	PauseBot(ctx context.Context, id openmates.ID, paused bool) error
	// RestartBot makes the process that listens for the bot restart the
	// listener.
	RestartBot(ctx context.Context, id openmates.ID) error
}

// Reports contains what the listening processes say about their bots, and where
// teams have added them.
type Reports interface {
	BotReports(ctx context.Context) ([]BotReport, error)
	// InstallationsOfBot lists where teams have added a bot, including
	// workspaces that it has left.
	InstallationsOfBot(ctx context.Context, botID openmates.ID) ([]openmates.Installation, error)
}

// PendingConsents stores the states of consents in progress.
type PendingConsents interface {
	AddState(ctx context.Context, hash string, s BegunState) error
	// TakeState returns the state and uses it up: of any number of callers one
	// succeeds, the others get ErrStateUsed. An unknown state, or one that can't
	// be read, is ErrNoState; an expired one is returned.
	TakeState(ctx context.Context, hash string) (BegunState, error)
}

// Links reads and writes existing connections.
type Links interface {
	Team(ctx context.Context, id openmates.ID) (openmates.Team, error)
	// TeamAt returns the team that a workspace belongs to, or ErrNoConnection.
	TeamAt(ctx context.Context, n openmates.Network, workspace openmates.WorkspaceID) (openmates.Team, error)
	// UserOf returns the person who owns an account, or ErrNoOwner.
	UserOf(ctx context.Context, n openmates.Network, account openmates.AccountID) (openmates.User, error)
	// Role returns "" if the user isn't a member.
	Role(ctx context.Context, teamID, userID openmates.ID) (openmates.Role, error)
	// AddInstallation binds the workspace to the team and the bot to the
	// workspace. It may be repeated. A workspace of another team is
	// ErrWorkspaceTaken.
	AddInstallation(ctx context.Context, in openmates.Installation) (openmates.Installation, error)
	// InstallationsOf lists a team's installations, including those that have
	// left.
	InstallationsOf(ctx context.Context, teamID openmates.ID) ([]openmates.Installation, error)
	// InstallationAt returns a bot's installation in a workspace, even if it
	// has left; its TeamID is 0 if the workspace belongs to no team. One that
	// was never there is ErrNoConnection.
	InstallationAt(ctx context.Context, botID openmates.ID, workspace openmates.WorkspaceID) (openmates.Installation, error)
	// AddIdentity may be repeated. An account of another user is
	// ErrAccountTaken.
	AddIdentity(ctx context.Context, i openmates.Identity) (openmates.Identity, error)
	IdentitiesOf(ctx context.Context, userID openmates.ID) ([]openmates.Identity, error)
	// RemoveIdentity returns ErrNoIdentity for one that isn't the user's.
	RemoveIdentity(ctx context.Context, userID, id openmates.ID) error
}

// States returns the state of listeners; the supervisor implements it.
type States interface {
	State(botID openmates.ID) (messenger.State, bool)
}

// Config configures a Room.
type Config struct {
	Store      Store
	Connectors map[openmates.Network]messenger.Connector
	States     States          // nil = this process runs no listeners
	Address    *address.Public // where browsers reach the server
	Changed    func()          // called after a bot was saved or paused; nil = not called
	// Audit records administrative changes; nil = not recorded.
	Audit openmates.Audit
	Log   *slog.Logger
	Clock openmates.Clock // nil = the real one
}

// Room is the connect room. It is safe for concurrent use.
type Room struct {
	store      Store
	connectors map[openmates.Network]messenger.Connector
	states     States
	address    *address.Public
	changed    func()
	audit      openmates.Audit
	log        *slog.Logger
	now        openmates.Clock

	mu    sync.Mutex
	held  map[heldKey]held
	tried map[openmates.ID]time.Time // when CheckBots last asked the network about each bot

	looks looks
}

// RedirectPath is where consent pages redirect the browser to.
const RedirectPath = "/messenger/connect"

// New returns a Room.
func New(c Config) (*Room, error) {
	if c.Store == nil || c.Log == nil || c.Address == nil {
		return nil, errors.New("connect: Config needs Store, Log and Address")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Changed == nil {
		c.Changed = func() {}
	}
	r := &Room{
		store:      c.Store,
		connectors: maps.Clone(c.Connectors),
		states:     c.States,
		changed:    c.Changed,
		audit:      c.Audit,
		address:    c.Address,
		held:       map[heldKey]held{},
		tried:      map[openmates.ID]time.Time{},
		log:        c.Log.With("pkg", "connect"),
		now:        c.Clock,
	}
	return r, nil
}

// PublicURL returns where browsers reach the server, without a trailing slash.
func (r *Room) PublicURL() string { return r.address.URL() }

// Redirect returns the address to register with every application.
func (r *Room) Redirect() string { return r.PublicURL() + RedirectPath }

// Network describes a messenger that the server supports.
type Network struct {
	Network    openmates.Network
	Label      string
	CanInstall bool // bots are added with a link in the browser
	CanLink    bool // people prove their accounts in the browser
}

// Networks lists the messengers by label.
func (r *Room) Networks() []Network {
	var all []Network
	for n, c := range r.connectors {
		all = append(all, r.network(n, c))
	}
	slices.SortFunc(all, func(a, b Network) int { return strings.Compare(a.Label, b.Label) })
	return all
}

func (r *Room) network(n openmates.Network, c messenger.Connector) Network {
	_, install := c.(messenger.Installer)
	_, link := c.(messenger.Linker)
	return Network{Network: n, Label: c.Info().Label, CanInstall: install, CanLink: link}
}

// ConsentOrigins lists the origins (scheme and host) of the consent pages, for
// the content security policy of our forms.
func (r *Room) ConsentOrigins() []string {
	var all []string
	add := func(address string) {
		if u, err := url.Parse(address); err == nil && u.Host != "" {
			all = append(all, u.Scheme+"://"+u.Host)
		}
	}
	for n, c := range r.connectors {
		b := openmates.Bot{Network: n, AppID: "0"}
		if in, ok := c.(messenger.Installer); ok {
			add(in.InstallURL(b, r.Redirect(), "", ""))
		}
		if li, ok := c.(messenger.Linker); ok {
			add(li.LinkURL(b, r.Redirect(), "", ""))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (r *Room) connector(n openmates.Network) (messenger.Connector, error) {
	c := r.connectors[n]
	if c == nil {
		return nil, openmates.Errorf(openmates.ENotFound, "This server has no messenger with that name.")
	}
	return c, nil
}

// Label returns the name of a network.
func (r *Room) Label(n openmates.Network) string { return r.label(n) }

func (r *Room) label(n openmates.Network) string {
	if c := r.connectors[n]; c != nil {
		return c.Info().Label
	}
	return string(n)
}
