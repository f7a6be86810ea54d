package discordtest

import (
	"fmt"
	"slices"
	"strings"
)

// AddPerson creates a human account.
func (s *Server) AddPerson(name string) Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _ := s.nextIDLocked()
	u := &user{ID: id, Name: name, Token: secretText(24) + "." + secretText(4) + "." + secretText(20), Avatar: hexText(16)}
	s.addUserLocked(u)
	return u.person()
}

func (u *user) person() Person {
	return Person{ID: u.ID, Name: u.Name, Token: u.Token, Avatar: u.Avatar}
}

func (s *Server) addUserLocked(u *user) {
	s.users[u.ID], s.tokens[u.Token] = u, u
	s.changed()
}

// AddApplication registers an application with a bot, like the developer
// portal: public, without code grant or privileged intents.
func (s *Server) AddApplication(ownerID, name string) Application {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, num := s.nextIDLocked()
	u := &user{ID: id, Name: name, Token: botToken(id), Bot: true, AppID: id, Discriminator: fmt.Sprintf("%04d", num%9999+1)}
	app := &application{
		ID: id, Name: name, OwnerID: ownerID, BotID: id, Secret: secretText(24), Key: hexText(32),
		Settings: Settings{Public: true, RoleMentionContent: true}, Commands: map[string][]*command{}, faults: s.newFaultsLocked(),
	}
	s.apps[id] = app
	s.addUserLocked(u)
	return s.applicationLocked(app)
}

func (s *Server) applicationLocked(app *application) Application {
	return Application{ID: app.ID, Name: app.Name, BotID: app.BotID, Token: s.users[app.BotID].Token, Secret: app.Secret}
}

// Configure changes the settings of an application.
func (s *Server) Configure(appID string, change func(*Settings)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if app := s.apps[appID]; app != nil {
		change(&app.Settings)
		s.changed()
	}
}

// ResetToken returns the bot a new token. The old one becomes invalid
// immediately; open gateway connections continue until they reconnect.
func (s *Server) ResetToken(appID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	app := s.apps[appID]
	if app == nil {
		return ""
	}
	return s.resetTokenLocked(app)
}

func (s *Server) resetTokenLocked(app *application) string {
	u := s.users[app.BotID]
	delete(s.tokens, u.Token)
	u.Token = botToken(u.ID)
	s.tokens[u.Token] = u
	s.changed()
	return u.Token
}

// ResetSecret returns the application a new client secret.
func (s *Server) ResetSecret(appID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	app := s.apps[appID]
	if app == nil {
		return ""
	}
	app.Secret = secretText(24)
	s.changed()
	return app.Secret
}

// AddGuild creates a guild with one text channel, general.
func (s *Server) AddGuild(ownerID, name string) Guild {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _ := s.nextIDLocked()
	g := &guild{
		ID: id, Name: name, OwnerID: ownerID, Members: map[string]*member{},
		Roles: []*role{{ID: id, Name: "@everyone", Permissions: everyone}},
	}
	s.guilds[id] = g
	g.Members[ownerID] = &member{UserID: ownerID, Joined: s.cfg.Clock()}
	g.General = s.addChannelLocked(g, "general").ID
	s.changed()
	s.toUserLocked(id, ownerID, fixed("GUILD_CREATE", intentGuilds, s.guildCreateJSON(g, ownerID)))
	return g.export()
}

func (g *guild) export() Guild {
	return Guild{ID: g.ID, Name: g.Name, OwnerID: g.OwnerID, General: g.General}
}

// AddChannel creates a text channel.
func (s *Server) AddChannel(guildID, name string) Channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guilds[guildID]
	if g == nil {
		return Channel{}
	}
	c := s.addChannelLocked(g, name)
	s.toChannelLocked(c, fixed("CHANNEL_CREATE", intentGuilds, s.channelJSON(c)))
	return c.export()
}

func (s *Server) addChannelLocked(g *guild, name string) *channel {
	id, _ := s.nextIDLocked()
	c := &channel{
		ID: id, GuildID: g.ID, Name: strings.ReplaceAll(strings.ToLower(name), " ", "-"), Type: textChannel,
		Position: len(g.Channels), Overwrites: map[string]overwrite{}, Created: s.cfg.Clock(),
	}
	s.channels[id] = c
	g.Channels = append(g.Channels, id)
	g.version++
	s.changed()
	return c
}

func (c *channel) export() Channel {
	return Channel{ID: c.ID, GuildID: c.GuildID, Name: c.Name, Type: c.Type, ParentID: c.ParentID}
}

// AddThread creates a public thread without a starter message.
func (s *Server) AddThread(channelID, ownerID, name string) Channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	parent := s.channels[channelID]
	if parent == nil {
		return Channel{}
	}
	id, _ := s.nextIDLocked()
	return s.addThreadLocked(parent, id, ownerID, name, publicThread).export()
}

func (s *Server) addThreadLocked(parent *channel, id, ownerID, name string, kind int) *channel {
	c := &channel{
		ID: id, GuildID: parent.GuildID, Name: name, Type: kind, ParentID: parent.ID, OwnerID: ownerID,
		Members: []string{ownerID}, Created: s.cfg.Clock(),
	}
	g := s.guilds[parent.GuildID]
	s.channels[id] = c
	g.Threads = append(g.Threads, id)
	s.changed()
	d := s.channelJSON(c)
	yes := true
	d.NewlyCreated = &yes
	s.toChannelLocked(c, fixed("THREAD_CREATE", intentGuilds, d))
	return c
}

// Lock locks a thread, so that only accounts that may manage threads can write
// in it (resources/channel, Thread Metadata Object).
func (s *Server) Lock(threadID string, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[threadID]
	if c == nil || !c.thread() {
		return
	}
	c.Locked = on
	s.changed()
	s.toChannelLocked(c, fixed("THREAD_UPDATE", intentGuilds, s.channelJSON(c)))
}

// Join makes a person a member of a guild.
func (s *Server) Join(guildID, userID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.guilds[guildID]; g != nil {
		s.joinLocked(g, userID)
	}
}

func (s *Server) joinLocked(g *guild, userID string, roles ...string) {
	u := s.users[userID]
	if u == nil {
		return
	}
	if m := g.Members[userID]; m != nil {
		for _, id := range roles {
			if !slices.Contains(m.Roles, id) {
				m.Roles = append(m.Roles, id)
			}
		}
		g.version++
		return
	}
	m := &member{UserID: userID, Joined: s.cfg.Clock(), Roles: roles}
	d := s.memberJSON(m)
	d.GuildID = g.ID
	// The others get this event; the new member gets the guild instead.
	s.toGuildLocked(g, fixed("GUILD_MEMBER_ADD", intentMembers, d))
	g.Members[userID] = m
	g.version++
	s.changed()
	if u.Bot {
		g.bots = append(g.bots, userID)
	}
	s.toUserLocked(g.ID, userID, fixed("GUILD_CREATE", intentGuilds, s.guildCreateJSON(g, userID)))
}

// Install does the same as confirming the consent page: the bot joins with its
// own role, which has the permissions.
func (s *Server) Install(guildID, appID string, permissions int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.installLocked(guildID, appID, permissions)
}

func (s *Server) installLocked(guildID, appID string, permissions int64) {
	g, app := s.guilds[guildID], s.apps[appID]
	if g == nil || app == nil {
		return
	}
	r := g.managed(app.BotID)
	if r == nil {
		id, _ := s.nextIDLocked()
		r = &role{ID: id, Name: app.Name, Position: len(g.Roles), Managed: true, BotID: app.BotID}
		g.Roles = append(g.Roles, r)
		r.Permissions = permissions
		s.toGuildLocked(g, fixed("GUILD_ROLE_CREATE", intentGuilds, map[string]any{"guild_id": g.ID, "role": r.json()}))
	}
	r.Permissions = permissions
	g.version++
	s.joinLocked(g, app.BotID, r.ID)
	s.changed()
}

// Kick removes an account from a guild.
func (s *Server) Kick(guildID, userID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.guilds[guildID]; g != nil {
		s.removeLocked(g, userID)
	}
}

func (s *Server) removeLocked(g *guild, userID string) {
	u := s.users[userID]
	if u == nil || g.Members[userID] == nil {
		return
	}
	// A GUILD_DELETE without unavailable means that the account has left the
	// guild (events/gateway-events, Guild Delete).
	s.toUserLocked(g.ID, userID, fixed("GUILD_DELETE", intentGuilds, map[string]any{"id": g.ID}))
	delete(g.Members, userID)
	g.bots = slices.DeleteFunc(g.bots, func(id string) bool { return id == userID })
	if r := g.managed(userID); r != nil {
		g.Roles = slices.DeleteFunc(g.Roles, func(x *role) bool { return x == r })
		s.toGuildLocked(g, fixed("GUILD_ROLE_DELETE", intentGuilds, map[string]any{"guild_id": g.ID, "role_id": r.ID}))
	}
	g.version++
	s.toGuildLocked(g, fixed("GUILD_MEMBER_REMOVE", intentMembers, map[string]any{"guild_id": g.ID, "user": u.json()}))
	s.changed()
}

// SetOverwrite sets what a channel allows and denies a role or an account.
// Accounts that can now see the channel, or no longer can, get an event as for
// a new or deleted channel.
func (s *Server) SetOverwrite(channelID, roleOrUserID string, allow, deny int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[channelID]
	if c == nil || c.direct() {
		return
	}
	g := s.guilds[c.GuildID]
	before := map[string]bool{}
	for id := range g.Members {
		before[id] = s.seesLocked(c, id)
	}
	c.Overwrites[roleOrUserID] = overwrite{Allow: allow, Deny: deny}
	g.version++
	s.changed()
	d := s.channelJSON(c)
	for id := range g.Members {
		t := "CHANNEL_UPDATE"
		switch now := s.seesLocked(c, id); {
		case now && !before[id]:
			t = "CHANNEL_CREATE"
		case !now && before[id]:
			t = "CHANNEL_DELETE"
		case !now:
			continue
		}
		s.toUserLocked(g.ID, id, fixed(t, intentGuilds, d))
	}
}

// ManagedRole returns a bot's managed role; "" if it isn't installed.
func (s *Server) ManagedRole(guildID, appID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, app := s.guilds[guildID], s.apps[appID]
	if g == nil || app == nil {
		return ""
	}
	if r := g.managed(app.BotID); r != nil {
		return r.ID
	}
	return ""
}

// DM opens the direct message channel between two accounts, or returns the
// existing one.
func (s *Server) DM(personID, otherID string) Channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dmLocked(personID, otherID).export()
}

func (s *Server) dmLocked(a, b string) *channel {
	key := dmKey(a, b)
	if c := s.dms[key]; c != nil {
		return c
	}
	id, _ := s.nextIDLocked()
	c := &channel{ID: id, Type: dmChannel, Recipients: []string{a, b}, Created: s.cfg.Clock()}
	s.channels[id], s.dms[key] = c, c
	s.changed()
	// Bots learn about a direct message channel only from its first message:
	// since API v8 they get no CHANNEL_CREATE for it (change log, API v8), and
	// disgo panics on one.
	for w := range s.watchers {
		if slices.Contains(c.Recipients, w.userID) {
			w.sendLocked(fixed("CHANNEL_CREATE", intentGuilds, s.dmJSON(c, w.userID)))
		}
	}
	return c
}

func dmKey(a, b string) [2]string { return [2]string{min(a, b), max(a, b)} }

// RefuseDMs makes a person refuse direct messages from bots (code 50007).
func (s *Server) RefuseDMs(personID string, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.users[personID]; u != nil {
		u.NoDMs = on
		s.changed()
	}
}

// guildsOfLocked returns an account's guilds, oldest first.
func (s *Server) guildsOfLocked(userID string) []*guild {
	var list []*guild
	for _, g := range s.guilds {
		if g.Members[userID] != nil {
			list = append(list, g)
		}
	}
	slices.SortFunc(list, func(a, b *guild) int { return compareIDs(a.ID, b.ID) })
	return list
}

// compareIDs compares snowflakes in decimal by age.
func compareIDs(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}
