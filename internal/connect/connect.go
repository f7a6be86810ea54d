// Package connect ties what is outside to what is inside: a mate's bot to its
// credentials, a workspace to the team it works for, an account on a messenger
// to its person.
//
// It promises that a workspace is only ever taken from the network's own
// answer to a code exchange, never from an address that a browser brought;
// that what one browser session began can be finished once, within ten
// minutes, by that session alone; that a workspace belongs to one team and an
// account to one person, and that a team loses one only to whoever proves it
// when none of its mates is there any more; and that credentials leave this room only towards the
// store and the connectors.
//
// It refuses to know any network. Which of them can install a bot or link an
// account is asked of their connectors.
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

// Store is what the room asks of the database. Every method is one
// transaction. What doesn't exist is openmates.ENotFound.
type Store interface {
	Bots
	Reports
	Ways
	Checks
	Links
	Codes
	Places
	Takeovers
	Untying
	// Within runs do in one transaction: what is read and written with the context
	// that do is given happens as a whole, or not at all. do may run more than
	// once, and must wait for nothing but the database.
	Within(ctx context.Context, do func(ctx context.Context) error) error
}

// Bots are the mates and the applications that they speak through.
type Bots interface {
	// Layers lists the limits that hold for a.User within a.Team and, where
	// there is one, for asking a.Mate: see policy.Levels.
	Layers(ctx context.Context, a openmates.Asker) ([]openmates.Layer, error)
	Mates(ctx context.Context) ([]openmates.Mate, error)
	Bots(ctx context.Context) ([]openmates.Bot, error)
	Bot(ctx context.Context, id openmates.ID) (openmates.Bot, error)
	// BotOf gives a mate's bot on a network; mate 0 is the server's own
	// application there.
	BotOf(ctx context.Context, mateID openmates.ID, n openmates.Network) (openmates.Bot, error)
	// SaveBot adds a bot (ID 0) or changes one. A changed credential makes its
	// Revision grow. An application that another bot uses is
	// openmates.EConflict.
	SaveBot(ctx context.Context, b openmates.Bot) (openmates.Bot, error)
	// RemoveBot deletes a bot with its credentials and its installations; a
	// workspace that no other bot is in belongs to no team any more.
	RemoveBot(ctx context.Context, id openmates.ID) error
	PauseBot(ctx context.Context, id openmates.ID, paused bool) error
	// RestartBot makes the process that listens for the bot begin anew.
	RestartBot(ctx context.Context, id openmates.ID) error
}

// Reports are what the processes that listen say of their bots, and where
// teams have added them.
type Reports interface {
	BotReports(ctx context.Context) ([]openmates.BotReport, error)
	// InstallationsOfBot lists where teams have added a bot, left places
	// included.
	InstallationsOfBot(ctx context.Context, botID openmates.ID) ([]openmates.Installation, error)
}

// Ways are the one-time ways to a consent page and back.
type Ways interface {
	AddState(ctx context.Context, hash string, s openmates.ConnectState) error
	// TakeState gives the state and uses it up, so that of any number of takers
	// one succeeds; the others get openmates.EConflict. One that never was is
	// ENotFound, one that has expired is given.
	TakeState(ctx context.Context, hash string) (openmates.ConnectState, error)
}

// Links are what is tied already.
type Links interface {
	Team(ctx context.Context, id openmates.ID) (openmates.Team, error)
	// TeamAt gives the team that a workspace belongs to.
	TeamAt(ctx context.Context, n openmates.Network, workspace openmates.WorkspaceID) (openmates.Team, error)
	// UserOf gives the person who owns an account.
	UserOf(ctx context.Context, n openmates.Network, account openmates.AccountID) (openmates.User, error)
	// Role is "" where the user is no member.
	Role(ctx context.Context, teamID, userID openmates.ID) (openmates.Role, error)
	// AddInstallation binds the workspace to the team and the bot to the
	// workspace. It may be repeated. A workspace of another team is
	// openmates.EConflict.
	AddInstallation(ctx context.Context, in openmates.Installation) (openmates.Installation, error)
	// InstallationsOf lists where bots are for a team, left places included.
	InstallationsOf(ctx context.Context, teamID openmates.ID) ([]openmates.Installation, error)
	// InstallationAt gives a bot's presence in a workspace, left or not; its
	// TeamID is 0 where the workspace is no team's.
	InstallationAt(ctx context.Context, botID openmates.ID, workspace openmates.WorkspaceID) (openmates.Installation, error)
	// AddIdentity may be repeated. An account of another user is
	// openmates.EConflict.
	AddIdentity(ctx context.Context, i openmates.Identity) (openmates.Identity, error)
	IdentitiesOf(ctx context.Context, userID openmates.ID) ([]openmates.Identity, error)
	RemoveIdentity(ctx context.Context, userID, id openmates.ID) error
}

// States tells how the listeners are; the supervisor does.
type States interface {
	State(botID openmates.ID) (messenger.State, bool)
}

// Config holds what a Room needs.
type Config struct {
	Store      Store
	Connectors map[openmates.Network]messenger.Connector
	States     States          // nil = this process runs no listeners
	Address    *address.Public // where browsers reach the server
	Changed    func()          // told after a bot was saved or paused; nil = nobody
	// Audit records an administrative change; nil = nobody keeps a record.
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
	tried map[openmates.ID]time.Time // when CheckBots last asked the network about a bot

	looks looks
}

// RedirectPath is where consent pages send the browser back to.
const RedirectPath = "/messenger/connect"

// New makes a Room.
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

// PublicURL is where browsers reach the server, without a slash at its end.
func (r *Room) PublicURL() string { return r.address.URL() }

// Redirect is the address to register with every application.
func (r *Room) Redirect() string { return r.PublicURL() + RedirectPath }

// Network is a messenger that the server can speak to.
type Network struct {
	Network    openmates.Network
	Label      string
	CanInstall bool // its bots are added by a link in the browser
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
// the policy that says where a form of ours may lead.
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

// Label is what a network is called.
func (r *Room) Label(n openmates.Network) string { return r.label(n) }

func (r *Room) label(n openmates.Network) string {
	if c := r.connectors[n]; c != nil {
		return c.Info().Label
	}
	return string(n)
}
