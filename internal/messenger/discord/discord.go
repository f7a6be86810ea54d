// Package discord connects mates to Discord.
//
// A message for the mate is passed on at least once, through lost connections,
// refused resumes, unreachable resume hosts, restarts of the process and
// absences of up to a day: the position in Discord's event stream is stored
// only after Host.Receive has accepted everything before it, and what is beyond
// Discord's own replay is read back over REST. A part of an answer is posted
// once, however often Send is called for it. No answer ever pings anybody
// except, if asked to, the person it answers, whom it also names in every edit.
//
// The package respects Discord's limits before Discord has to enforce them:
// identifies, rate-limit buckets, and the number of invalid responses that
// would get the whole host banned. Events are decoded partially and leniently:
// only fields that are used, and a field of an unexpected type breaks neither
// the event nor the connection.
//
// It doesn't use the MESSAGE_CONTENT intent unless told to: Discord delivers
// the content of mentions and direct messages without it (events/ gateway,
// Message Content Intent). It never reads edits, voice, presence or members,
// and it knows nothing about teams, models or storage.
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

// Network is the name under which Discord's bots, workspaces and accounts are
// stored.
const Network openmates.Network = "discord"

// textLimit is Discord's limit for a message's content (resources/message,
// Create Message). Its unit isn't documented; the number of UTF-16 units is
// never below that of characters.
const textLimit = 2000

// Config configures a Connector.
type Config struct {
	API       string // required: https://discord.com/api; the version is appended
	Authorize string // required: https://discord.com/oauth2/authorize
	Version   string // of this program, for the User-Agent

	Permissions    Permissions   // requested when installing; 0 = Default
	Patience       time.Duration // how long Inspect may wait for Discord in total; 0 = 10 s
	MessageContent bool          // request the privileged intent, so that replies' and threads' context can be read

	HTTP  *http.Client    // nil: a new client
	Log   *slog.Logger    // nil: nothing is logged
	Clock openmates.Clock // nil: time.Now
	Rand  func() float64  // jitter, 0 ≤ x < 1; nil: math/rand
}

// Connector implements Discord's protocol. Create it with New; one serves any
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
	files     *http.Client // for attachments: it follows no redirect
	fields    []messenger.Field
	gates     gates
	access    accesses
}

// New returns a Connector. It does no I/O.
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
		files:     fileClient(c.HTTP),
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
		// Discord allows five edits per five seconds and channel. A little less
		// leaves room for other answers in the channel.
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
	// The default number of answers that are posted at once. With fewer, a busy
	// server opens a connection for every second post; with HTTP/2 one is
	// enough anyway.
	t.MaxIdleConnsPerHost = 64
	return t
}

// socketClient returns the client for websockets. Each upgraded connection
// keeps its transport's buffers for its lifetime, and a hundred idle bots have
// a hundred of them, so they are small.
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
	t.IdleConnTimeout = 10 * time.Second // for leftovers of refused upgrades
	return &http.Client{Transport: t}
}
