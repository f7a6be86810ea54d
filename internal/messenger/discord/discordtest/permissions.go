package discordtest

import "slices"

// Permissions that the simulator supports (topics/permissions, Bitwise
// Permission Flags).
const (
	permKick           = 1 << 1
	permAdministrator  = 1 << 3
	permManageChannels = 1 << 4
	permManageGuild    = 1 << 5
	permAddReactions   = 1 << 6
	permView           = 1 << 10
	permSend           = 1 << 11
	permManageMessages = 1 << 13
	permEmbed          = 1 << 14
	permAttach         = 1 << 15
	permHistory        = 1 << 16
	permEveryone       = 1 << 17
	permManageRoles    = 1 << 28
	permCommands       = 1 << 31
	permManageThreads  = 1 << 34
	permPublicThreads  = 1 << 35
	permPrivateThreads = 1 << 36
	permThreadSend     = 1 << 38
	permAll            = 1<<53 - 1

	// everyone is what a new guild grants to all its members.
	everyone = permAddReactions | permView | permSend | permEmbed | permAttach | permHistory |
		permEveryone | permCommands | permPublicThreads | permPrivateThreads | permThreadSend
)

// guildPermissionsLocked returns a member's permissions before the overwrites
// of a channel; 0 for an account that isn't a member.
func (s *Server) guildPermissionsLocked(g *guild, userID string) int64 {
	m := g.Members[userID]
	if m == nil {
		return 0
	}
	if g.OwnerID == userID {
		return permAll
	}
	var p int64
	for _, r := range g.Roles {
		if r.ID == g.ID || slices.Contains(m.Roles, r.ID) {
			p |= r.Permissions
		}
	}
	if p&permAdministrator != 0 {
		return permAll
	}
	return p
}

// permissionsLocked returns an account's permissions in a channel, in the order
// of topics/permissions, Permission Overwrites: everyone, roles, member.
// Without VIEW_CHANNEL there are none.
func (s *Server) permissionsLocked(c *channel, userID string) int64 {
	if c.direct() {
		if slices.Contains(c.Recipients, userID) {
			return permAll &^ (permAdministrator | permManageMessages)
		}
		return 0
	}
	g := s.guilds[c.GuildID]
	if g == nil {
		return 0
	}
	if c.version != g.version || c.allowed == nil {
		c.allowed, c.version = map[string]int64{}, g.version
	}
	if p, ok := c.allowed[userID]; ok {
		return p
	}
	p := s.computeLocked(g, c, userID)
	c.allowed[userID] = p
	return p
}

func (s *Server) computeLocked(g *guild, c *channel, userID string) int64 {
	if c.thread() {
		parent := s.channels[c.ParentID]
		if parent == nil {
			return 0
		}
		p := s.permissionsLocked(parent, userID)
		if c.Type == privateThread && p&permManageThreads == 0 && !slices.Contains(c.Members, userID) {
			return 0
		}
		// Within a thread SEND_MESSAGES has no effect
		// (topics/threads, Permissions).
		p &^= permSend
		if p&permThreadSend != 0 {
			p |= permSend
		}
		return p
	}
	p := s.guildPermissionsLocked(g, userID)
	if p == permAll || p == 0 {
		return p
	}
	apply := func(o overwrite) { p = p&^o.Deny | o.Allow }
	apply(c.Overwrites[g.ID])
	var roles overwrite
	for _, id := range g.Members[userID].Roles {
		if id != g.ID {
			roles.Allow |= c.Overwrites[id].Allow
			roles.Deny |= c.Overwrites[id].Deny
		}
	}
	apply(roles)
	apply(c.Overwrites[userID])
	if p&permView == 0 {
		return 0
	}
	return p
}

// seesLocked reports whether an account can see a channel.
func (s *Server) seesLocked(c *channel, userID string) bool {
	return s.permissionsLocked(c, userID)&permView != 0
}
