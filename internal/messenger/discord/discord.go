// Package discord connects mates to Discord.
//
// It promises that a message which means the mate is handed on at least once:
// through lost connections, refused resumes, dead resume hosts, restarts of
// the process and times of absence of up to a day, because the position in
// Discord's stream of events is stored only after Host.Receive took what came
// before it, and what lies beyond Discord's own replay is read back over REST.
// It promises that a part of an answer is posted once, however often Send is
// called for it, and that no answer ever pings anybody but, when asked, the
// person it answers, whom it names through every edit.
//
// It obeys Discord's limits before Discord has to enforce them: identifies,
// rate-limit buckets, and the number of invalid responses that would get the
// whole host banned. Events are decoded in part and forgivingly: only fields
// that are used, and a field of an unexpected type costs neither the event nor
// the connection.
//
// It refuses the MESSAGE_CONTENT intent unless told otherwise: Discord
// delivers the content of mentions and direct messages without it (events/
// gateway, Message Content Intent). It never reads edits, voice, presence or
// members, and it knows nothing of teams, models or storage.
package discord

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf16"

	"openmates"
	"openmates/internal/messenger"
)

// Network is the name under which bots, workspaces and accounts of Discord
// are stored.
const Network openmates.Network = "discord"

// textLimit is Discord's limit for a message's content (resources/message,
// Create Message). Its unit is not documented; UTF-16 units never count less
// than characters do.
const textLimit = 2000

// Config is what a Connector needs.
type Config struct {
	API       string // required: https://discord.com/api; the version is appended
	Authorize string // required: https://discord.com/oauth2/authorize
	Version   string // of this program, for the User-Agent

	Permissions    Permissions   // asked for on installing; 0 = Default
	Patience       time.Duration // how long Inspect waits for Discord in all; 0 = 10 s
	MessageContent bool          // ask for the privileged intent, so that replies' and threads' context can be read

	HTTP  *http.Client    // nil: a client of its own
	Log   *slog.Logger    // nil: nothing is logged
	Clock openmates.Clock // nil: time.Now
	Rand  func() float64  // jitter, 0 ≤ x < 1; nil: math/rand
}

// Connector speaks Discord's protocol. Make it with New; one serves any
// number of bots.
type Connector struct {
	api       string
	authorize string
	intents   int
	perms     Permissions
	patience  time.Duration
	agent     string
	log       *slog.Logger
	now       openmates.Clock
	rand      func() float64
	pace      pace
	rest      *client
	socket    *http.Client // for the gateway: small buffers
	fields    []messenger.Field
	gates     gates
	access    accesses
}

// New makes a Connector. It does no I/O.
func New(c Config) (*Connector, error) {
	for _, u := range []string{c.API, c.Authorize} {
		if p, err := url.Parse(u); err != nil || p.Host == "" || p.Scheme != "https" && p.Scheme != "http" {
			return nil, fmt.Errorf("discord: %q is not an http address", u)
		}
	}
	if c.Permissions < 0 {
		return nil, errors.New("discord: permissions can't be negative")
	}
	if c.Permissions == 0 {
		c.Permissions = Default
	}
	if c.Patience == 0 {
		c.Patience = 10 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	if c.Version == "" {
		c.Version = "dev"
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Transport: ownTransport()}
	}
	d := &Connector{
		api:       strings.TrimRight(c.API, "/"),
		authorize: c.Authorize,
		intents:   intentGuilds | intentGuildMessages | intentDirectMessages,
		perms:     c.Permissions,
		patience:  c.Patience,
		agent:     "DiscordBot (https://openmates.org, " + c.Version + ")",
		log:       c.Log.With("pkg", "discord"),
		now:       c.Clock,
		rand:      c.Rand,
		pace:      defaultPace(),
		fields:    fields(),
		socket:    socketClient(c.HTTP),
	}
	if c.MessageContent {
		d.intents |= intentMessageContent
	}
	d.rest = newClient(d.api+"/v10", d.agent, c.HTTP, d.log, c.Clock, c.Rand)
	return d, nil
}

// Info describes Discord.
func (d *Connector) Info() messenger.Info {
	return messenger.Info{
		Network:   Network,
		Label:     "Discord",
		Place:     openmates.T("guilde"),
		Workspace: openmates.T("Discord server"),
		Fields:    d.fields,
		TextLimit: textLimit,
		Measure:   measure,
		// Five edits per five seconds and channel are allowed; a little less
		// leaves room for the posts of other answers in the channel.
		EditEvery: 1200 * time.Millisecond,
		// Documented as ten seconds (resources/channel, Trigger Typing).
		TypingLasts: 10 * time.Second,
	}
}

// measure counts UTF-16 units.
func measure(s string) int {
	n := 0
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

func ownTransport() *http.Transport {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment}
	if d, ok := http.DefaultTransport.(*http.Transport); ok {
		t = d.Clone()
	}
	// As many answers as are posted at once by default. With fewer, a busy
	// server makes a connection for every second post; over HTTP/2 one is
	// enough anyway.
	t.MaxIdleConnsPerHost = 64
	return t
}

// socketClient returns the client for websockets. Each upgraded connection
// keeps its transport's buffers for life, and a hundred idle bots keep a
// hundred of them, so they are small.
func socketClient(c *http.Client) *http.Client {
	t, ok := c.Transport.(*http.Transport)
	if c.Transport == nil {
		t, ok = http.DefaultTransport.(*http.Transport)
	}
	if !ok {
		return &http.Client{Transport: c.Transport}
	}
	t = t.Clone()
	t.ReadBufferSize, t.WriteBufferSize = 1024, 1024
	t.IdleConnTimeout = 10 * time.Second // left over only from refused upgrades
	return &http.Client{Transport: t}
}
