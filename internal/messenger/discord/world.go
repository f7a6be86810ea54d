package discord

import (
	"strings"

	"openmates"
)

// world is what a listener knows about its bot's guilds; the listener's lock
// guards it.
type world struct {
	bot    openmates.Bot
	user   string // the bot's user id
	guilds map[string]*guild
}

type guild struct {
	name     string
	role     string // the bot's managed role; noRole = none, "" = unknown
	roles    map[string]string
	channels map[string]string
}

func newWorld(b openmates.Bot, n notes) *world {
	w := &world{bot: b, user: n.User, guilds: map[string]*guild{}}
	if w.user == "" {
		w.user = string(ownAccount(b))
	}
	for id, role := range n.Guilds {
		w.guilds[id] = &guild{role: role}
	}
	return w
}

// ready sets the list of all guilds at the start of a new session.
func (w *world) ready(r *readyObject) {
	if r.User.ID != "" {
		w.user = string(r.User.ID)
	}
	old := w.guilds
	w.guilds = make(map[string]*guild, len(r.Guilds))
	for _, g := range r.Guilds {
		id := string(g.ID)
		if w.guilds[id] = old[id]; old[id] == nil {
			w.guilds[id] = &guild{}
		}
	}
}

// create adds a guild.
func (w *world) create(g *guildObject) {
	k := &guild{
		name:     string(g.Name),
		role:     noRole,
		roles:    make(map[string]string, len(g.Roles)),
		channels: make(map[string]string, len(g.Channels)+len(g.Threads)),
	}
	for _, r := range g.Roles {
		k.roles[string(r.ID)] = string(r.Name)
		if string(r.Tags.BotID) == w.user {
			k.role = string(r.ID)
		}
	}
	for _, list := range []list[channelObject]{g.Channels, g.Threads} {
		for _, c := range list {
			k.channels[string(c.ID)] = string(c.Name)
		}
	}
	w.guilds[string(g.ID)] = k
}

// setRole updates a new or changed role; it reports whether it is the bot's.
func (w *world) setRole(guildID string, r roleObject) bool {
	g := w.guilds[guildID]
	if g == nil {
		return false
	}
	if g.roles != nil {
		g.roles[string(r.ID)] = string(r.Name)
	}
	mine := string(r.Tags.BotID) == w.user
	if mine {
		g.role = string(r.ID)
	}
	return mine
}

// dropRole removes a role; it reports whether it was the bot's.
func (w *world) dropRole(guildID, role string) bool {
	g := w.guilds[guildID]
	if g == nil {
		return false
	}
	delete(g.roles, role)
	if g.role == role {
		g.role = noRole
		return true
	}
	return false
}

func (w *world) setChannel(c channelObject) {
	if g := w.guilds[string(c.GuildID)]; g != nil && g.channels != nil && c.Name != "" {
		g.channels[string(c.ID)] = string(c.Name)
	}
}

func (w *world) dropChannel(c channelObject) {
	if g := w.guilds[string(c.GuildID)]; g != nil {
		delete(g.channels, string(c.ID))
	}
}

// roleIn returns the bot's managed role; known is false if it has to be
// requested.
func (w *world) roleIn(guildID string) (role string, known bool) {
	g := w.guilds[guildID]
	if g == nil || g.role == "" {
		return "", false
	}
	return strings.TrimPrefix(g.role, noRole), true
}
