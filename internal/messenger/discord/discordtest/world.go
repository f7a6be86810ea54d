package discordtest

import (
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Person is a human account. Token is the account's raw Authorization header,
// without a prefix, like a Discord user token; Avatar is the hash of its
// picture.
type Person struct{ ID, Name, Token, Avatar string }

// Application is a registered application with its bot user. Token has no "Bot
// " prefix.
type Application struct{ ID, Name, BotID, Token, Secret string }

// Guild is a guild. General is the ID of its first text channel.
type Guild struct{ ID, Name, OwnerID, General string }

// Channel is a text channel, a thread or a direct message (GuildID "").
type Channel struct {
	ID, GuildID, Name string
	Type              int
	ParentID          string
}

// Message is a message with its current and earlier texts.
type Message struct {
	ID, ChannelID, GuildID, AuthorID, Content, Nonce, ReplyTo string

	Bot         bool
	At          time.Time
	Edits       []Edit // earlier texts, oldest first
	Edited      time.Time
	Deleted     bool
	Typing      time.Time // when the author last showed typing in the 10 s before; zero if they didn't
	Mentions    []string  // user ids that it pings
	Roles       []string  // role ids that it mentions
	Attachments []Attachment
	Reactions   map[string][]string // emoji to the accounts that used it
}

// Edit is a text that a message had until At.
type Edit struct {
	Content string
	At      time.Time
}

// Attachment is a file of a message.
type Attachment struct {
	ID, Name, Type string
	Size           int64
	URL            string
}

// Settings are what an owner can change about an application in the developer
// portal.
type Settings struct {
	Redirects       []string       `json:"redirects"`
	Public          bool           `json:"public"`
	CodeGrant       bool           `json:"code_grant"`
	ContentIntent   bool           `json:"content_intent"`
	MembersIntent   bool           `json:"members_intent"`
	PresenceIntent  bool           `json:"presence_intent"`
	InteractionsURL string         `json:"interactions_url"`
	Description     string         `json:"description"`
	Icon            string         `json:"icon,omitempty"` // its hash
	Install         *InstallParams `json:"install,omitempty"`
	// RoleMentionContent includes the content of a message that only mentions
	// the bot's managed role. AddApplication sets it; we couldn't confirm what
	// Discord does.
	RoleMentionContent bool `json:"role_mention_content"`
}

// Channel types, as Discord numbers them (resources/channel, Channel Types).
const (
	textChannel   = 0
	dmChannel     = 1
	newsThread    = 10
	publicThread  = 11
	privateThread = 12
)

// The types below are the simulator's state, guarded by Server.mu; the JSON
// names are those in the saved file.

type user struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	Token         string `json:"token"`
	Bot           bool   `json:"bot,omitempty"`
	AppID         string `json:"app,omitempty"`
	Discriminator string `json:"discriminator,omitempty"`
	NoDMs         bool   `json:"no_dms,omitempty"`
	Avatar        string `json:"avatar,omitempty"` // its hash
}

type application struct {
	ID       string                `json:"id"`
	Name     string                `json:"name"`
	OwnerID  string                `json:"owner"`
	BotID    string                `json:"bot"`
	Secret   string                `json:"secret"`
	Key      string                `json:"key"`
	Settings Settings              `json:"settings"`
	Commands map[string][]*command `json:"commands,omitempty"` // by guild ID, "" = global

	starts     []time.Time // IDENTIFYs in the last 24 h
	identified int
	resumed    int
	closed     []int
	faults     *appFaults
}

type bearer struct {
	Token   string
	Refresh string
	AppID   string
	UserID  string
	Scopes  []string
	Expires time.Time
}

type guild struct {
	ID       string             `json:"id"`
	Name     string             `json:"name"`
	OwnerID  string             `json:"owner"`
	General  string             `json:"general"`
	Roles    []*role            `json:"roles"`
	Members  map[string]*member `json:"members"`
	Channels []string           `json:"channels"` // without threads
	Threads  []string           `json:"threads,omitempty"`

	bots    []string // members that are bots
	version int      // incremented when a permission may have changed
}

type role struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Permissions int64  `json:"permissions"`
	Position    int    `json:"position"`
	Managed     bool   `json:"managed,omitempty"`
	BotID       string `json:"bot,omitempty"`
	Color       int    `json:"color,omitempty"`
	Mentionable bool   `json:"mentionable,omitempty"`
}

type member struct {
	UserID string    `json:"user"`
	Nick   string    `json:"nick,omitempty"`
	Roles  []string  `json:"roles,omitempty"`
	Joined time.Time `json:"joined"`
}

type overwrite struct {
	Allow int64 `json:"allow"`
	Deny  int64 `json:"deny"`
}

type channel struct {
	ID         string               `json:"id"`
	GuildID    string               `json:"guild,omitempty"`
	Name       string               `json:"name,omitempty"`
	Topic      string               `json:"topic,omitempty"`
	Type       int                  `json:"type"`
	ParentID   string               `json:"parent,omitempty"`
	OwnerID    string               `json:"owner,omitempty"`
	Position   int                  `json:"position"`
	Overwrites map[string]overwrite `json:"overwrites,omitempty"`
	Recipients []string             `json:"recipients,omitempty"` // of a direct message
	Members    []string             `json:"members,omitempty"`    // of a thread
	Last       string               `json:"last,omitempty"`
	Archived   bool                 `json:"archived,omitempty"`
	Locked     bool                 `json:"locked,omitempty"`
	Created    time.Time            `json:"created"`

	messages []*message // oldest first, ids ascending
	count    int
	typing   map[string]time.Time
	allowed  map[string]int64 // cached permissions by user, valid for version
	version  int
}

func (c *channel) thread() bool { return c.Type >= newsThread && c.Type <= privateThread }

func (c *channel) direct() bool { return c.GuildID == "" }

type message struct {
	ID              string              `json:"id"`
	ChannelID       string              `json:"channel"`
	AuthorID        string              `json:"author"`
	Type            int                 `json:"type"`
	Content         string              `json:"content"`
	Nonce           string              `json:"nonce,omitempty"`
	At              time.Time           `json:"at"`
	Edited          time.Time           `json:"edited,omitzero"`
	Edits           []Edit              `json:"edits,omitempty"`
	Deleted         bool                `json:"deleted,omitempty"`
	Typing          time.Time           `json:"typing,omitzero"`
	Mentions        []string            `json:"mentions,omitempty"`
	MentionRoles    []string            `json:"mention_roles,omitempty"`
	MentionEveryone bool                `json:"mention_everyone,omitempty"`
	ReplyTo         string              `json:"reply_to,omitempty"`
	Ping            bool                `json:"ping,omitempty"` // it pinged the author of ReplyTo when it was created
	Flags           int                 `json:"flags,omitempty"`
	Embeds          []byte              `json:"embeds,omitempty"`     // JSON array
	Components      []byte              `json:"components,omitempty"` // JSON array
	Attachments     []*attachment       `json:"attachments,omitempty"`
	Reactions       map[string][]string `json:"reacted,omitempty"` // emoji to the accounts that used it
	WebhookID       string              `json:"webhook,omitempty"` // application ID, for a response to an interaction
	Interaction     *asked              `json:"interaction,omitempty"`
	ThreadID        string              `json:"thread,omitempty"`

	num       uint64
	channel   *channel
	nonceText bool // the nonce was a string
	snap      *Message
	replies   []*message
}

type attachment struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
	Data []byte `json:"data"`
}

// Server is the simulator.
type Server struct {
	cfg  Config
	log  *slog.Logger
	ln   net.Listener
	http *http.Server
	wg   sync.WaitGroup
	done chan struct{} // closed by Close

	mu       sync.Mutex
	closed   bool
	last     uint64 // newest snowflake
	users    map[string]*user
	tokens   map[string]*user // without "Bot "
	apps     map[string]*application
	bearers  map[string]*bearer // by access token
	guilds   map[string]*guild
	channels map[string]*channel
	dms      map[[2]string]*channel
	messages map[string]*message
	order    []*message // all messages, oldest first, limited
	nonces   map[nonceKey]nonceUse
	nonceLog []nonceKey // oldest first
	files    map[string]*attachment

	sessions     map[string]*session
	byUser       map[string][]*session
	conns        map[*conn]struct{}
	watchers     map[*watcher]struct{}
	interactions map[string]*interaction // by token
	allFaults    *appFaults              // for future applications

	said     []*Message // every state of every message, oldest first, limited
	saidFrom int        // how many were dropped
	news     chan struct{}
	dirty    chan struct{}

	requests requestRing
	limits   limiter
}

type nonceKey struct{ author, nonce string }

type nonceUse struct {
	message string
	at      time.Time
}
