package discordtest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The objects as they are sent. Fields that no text bot reads are included if
// the official description requires them.

type stubJSON struct {
	ID          string `json:"id"`
	Unavailable bool   `json:"unavailable"`
}

type userJSON struct {
	ID            string          `json:"id"`
	Username      string          `json:"username"`
	Discriminator string          `json:"discriminator"`
	GlobalName    *string         `json:"global_name"`
	Avatar        *string         `json:"avatar"`
	Bot           bool            `json:"bot,omitempty"`
	PublicFlags   int             `json:"public_flags"`
	Flags         int             `json:"flags"`
	PrimaryGuild  *string         `json:"primary_guild"`
	Member        json.RawMessage `json:"member,omitempty"` // for a mention in a gateway event
}

func (u *user) json() userJSON {
	j := userJSON{ID: u.ID, Username: u.Name, Discriminator: "0", Bot: u.Bot, Avatar: nameOf(u.Avatar)}
	if u.Bot {
		j.Discriminator = u.Discriminator
	} else {
		name := u.Name
		j.GlobalName = &name
		j.Username = strings.ReplaceAll(strings.ToLower(u.Name), " ", ".")
	}
	return j
}

func (s *Server) userJSONLocked(id string) userJSON {
	if u := s.users[id]; u != nil {
		return u.json()
	}
	return userJSON{ID: id, Username: "Deleted User", Discriminator: "0"}
}

// selfJSON renders an account for itself.
func selfJSON(u *user) any {
	return struct {
		userJSON
		MFA      bool    `json:"mfa_enabled"`
		Locale   string  `json:"locale"`
		Verified bool    `json:"verified"`
		Email    *string `json:"email"`
	}{userJSON: u.json(), Locale: "en-US", Verified: true}
}

type roleJSON struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Permissions  string         `json:"permissions"`
	Position     int            `json:"position"`
	Color        int            `json:"color"`
	Colors       map[string]any `json:"colors"`
	Hoist        bool           `json:"hoist"`
	Managed      bool           `json:"managed"`
	Mentionable  bool           `json:"mentionable"`
	Icon         *string        `json:"icon"`
	UnicodeEmoji *string        `json:"unicode_emoji"`
	Flags        int            `json:"flags"`
	Tags         *roleTags      `json:"tags,omitempty"`
}

type roleTags struct {
	BotID string `json:"bot_id"`
}

func (r *role) json() roleJSON {
	j := roleJSON{
		ID: r.ID, Name: r.Name, Permissions: strconv.FormatInt(r.Permissions, 10), Position: r.Position,
		Color: r.Color, Managed: r.Managed, Mentionable: r.Mentionable,
		Colors: map[string]any{"primary_color": r.Color, "secondary_color": nil, "tertiary_color": nil},
	}
	if r.BotID != "" {
		j.Tags = &roleTags{BotID: r.BotID}
	}
	return j
}

func (g *guild) rolesJSON() []roleJSON {
	list := make([]roleJSON, 0, len(g.Roles))
	for _, r := range g.Roles {
		list = append(list, r.json())
	}
	return list
}

type memberJSON struct {
	User     *userJSON  `json:"user,omitempty"`
	GuildID  string     `json:"guild_id,omitempty"`
	Nick     *string    `json:"nick"`
	Avatar   *string    `json:"avatar"`
	Banner   *string    `json:"banner"`
	Roles    []string   `json:"roles"`
	Joined   time.Time  `json:"joined_at"`
	Premium  *time.Time `json:"premium_since"`
	Deaf     bool       `json:"deaf"`
	Mute     bool       `json:"mute"`
	Flags    int        `json:"flags"`
	Pending  bool       `json:"pending"`
	TimedOut *time.Time `json:"communication_disabled_until"`
}

func (m *member) json() memberJSON {
	j := memberJSON{Roles: m.Roles, Joined: m.Joined.UTC()}
	if j.Roles == nil {
		j.Roles = []string{}
	}
	if m.Nick != "" {
		j.Nick = &m.Nick
	}
	return j
}

func (s *Server) memberJSON(m *member) memberJSON {
	j := m.json()
	u := s.userJSONLocked(m.UserID)
	j.User = &u
	return j
}

type overwriteJSON struct {
	ID    string `json:"id"`
	Type  int    `json:"type"` // 0 role, 1 member
	Allow string `json:"allow"`
	Deny  string `json:"deny"`
}

type channelJSON struct {
	ID            string           `json:"id"`
	Type          int              `json:"type"`
	GuildID       string           `json:"guild_id,omitempty"`
	Name          *string          `json:"name,omitempty"`
	Topic         *string          `json:"topic"`
	Position      *int             `json:"position,omitempty"`
	ParentID      *string          `json:"parent_id"`
	Last          *string          `json:"last_message_id"`
	Flags         int              `json:"flags"`
	NSFW          bool             `json:"nsfw"`
	Slow          int              `json:"rate_limit_per_user"`
	Overwrites    *[]overwriteJSON `json:"permission_overwrites,omitempty"`
	Recipients    []userJSON       `json:"recipients,omitempty"`
	OwnerID       string           `json:"owner_id,omitempty"`
	Thread        *threadJSON      `json:"thread_metadata,omitempty"`
	MessageCount  *int             `json:"message_count,omitempty"`
	MemberCount   *int             `json:"member_count,omitempty"`
	TotalMessages *int             `json:"total_message_sent,omitempty"`
	NewlyCreated  *bool            `json:"newly_created,omitempty"`
	AppID         *string          `json:"application_id,omitempty"`
}

type threadJSON struct {
	Archived        bool      `json:"archived"`
	ArchiveAt       time.Time `json:"archive_timestamp"`
	AutoArchive     int       `json:"auto_archive_duration"`
	Locked          bool      `json:"locked"`
	CreateTimestamp time.Time `json:"create_timestamp"`
}

// channelJSON renders a channel of a guild.
func (s *Server) channelJSON(c *channel) *channelJSON {
	j := &channelJSON{ID: c.ID, Type: c.Type, GuildID: c.GuildID, Name: &c.Name}
	if c.Last != "" {
		j.Last = &c.Last
	}
	if c.ParentID != "" {
		j.ParentID = &c.ParentID
	}
	if c.thread() {
		members, total := len(c.Members), c.count
		j.OwnerID, j.MessageCount, j.TotalMessages, j.MemberCount = c.OwnerID, &total, &total, &members
		j.Thread = &threadJSON{
			Archived: c.Archived, Locked: c.Locked, ArchiveAt: c.Created.UTC(), AutoArchive: 1440, CreateTimestamp: c.Created.UTC(),
		}
		return j
	}
	if c.Topic != "" {
		j.Topic = &c.Topic
	}
	j.Position = &c.Position
	list := make([]overwriteJSON, 0, len(c.Overwrites))
	for id, o := range c.Overwrites {
		kind := 0
		if s.users[id] != nil {
			kind = 1
		}
		list = append(list, overwriteJSON{
			ID: id, Type: kind, Allow: strconv.FormatInt(o.Allow, 10), Deny: strconv.FormatInt(o.Deny, 10),
		})
	}
	slices.SortFunc(list, func(a, b overwriteJSON) int { return compareIDs(a.ID, b.ID) })
	j.Overwrites = &list
	return j
}

// dmJSON renders a direct message channel for one of its accounts: the
// recipients are the others.
func (s *Server) dmJSON(c *channel, viewer string) *channelJSON {
	j := &channelJSON{ID: c.ID, Type: c.Type}
	if c.Last != "" {
		j.Last = &c.Last
	}
	for _, id := range c.Recipients {
		if id != viewer {
			j.Recipients = append(j.Recipients, s.userJSONLocked(id))
		}
	}
	return j
}

// anyChannelJSON renders any kind of channel.
func (s *Server) anyChannelJSON(c *channel, viewer string) *channelJSON {
	if c.direct() {
		return s.dmJSON(c, viewer)
	}
	return s.channelJSON(c)
}

// guildJSON renders a guild for GET /guilds/{id}.
func (s *Server) guildJSON(g *guild) map[string]any {
	return map[string]any{
		"id": g.ID, "name": g.Name, "icon": nil, "description": nil, "home_header": nil, "splash": nil,
		"discovery_splash": nil, "features": []string{}, "banner": nil, "owner_id": g.OwnerID,
		"application_id": nil, "region": "deprecated", "afk_channel_id": nil, "afk_timeout": 300,
		"system_channel_id": nil, "system_channel_flags": 0, "widget_enabled": false, "widget_channel_id": nil,
		"verification_level": 0, "roles": g.rolesJSON(), "default_message_notifications": 0, "mfa_level": 0,
		"explicit_content_filter": 0, "max_presences": nil, "max_members": 500000,
		"max_stage_video_channel_users": 50, "max_video_channel_users": 25, "vanity_url_code": nil,
		"premium_tier": 0, "premium_subscription_count": 0, "preferred_locale": "en-US",
		"rules_channel_id": nil, "safety_alerts_channel_id": nil, "public_updates_channel_id": nil,
		"premium_progress_bar_enabled": false, "nsfw": false, "nsfw_level": 0, "emojis": []any{},
		"stickers": []any{}, "incidents_data": nil,
	}
}

// guildCreateJSON adds what is only in GUILD_CREATE: the channels and threads
// that the account can see, and the members. Large guilds only list the bots
// and the account itself; clients can request more.
func (s *Server) guildCreateJSON(g *guild, viewer string) map[string]any {
	j := s.guildJSON(g)
	channels, threads := []*channelJSON{}, []*channelJSON{}
	for _, id := range g.Channels {
		if c := s.channels[id]; s.seesLocked(c, viewer) {
			channels = append(channels, s.channelJSON(c))
		}
	}
	for _, id := range g.Threads {
		if c := s.channels[id]; !c.Archived && s.seesLocked(c, viewer) {
			threads = append(threads, s.channelJSON(c))
		}
	}
	large := len(g.Members) > 250
	members := []memberJSON{}
	for id, m := range g.Members {
		if u := s.users[id]; !large || id == viewer || u != nil && u.Bot {
			members = append(members, s.memberJSON(m))
		}
	}
	if m := g.Members[viewer]; m != nil {
		j["joined_at"] = m.Joined.UTC()
	}
	j["channels"], j["threads"], j["members"], j["large"] = channels, threads, members, large
	j["member_count"], j["unavailable"] = len(g.Members), false
	for _, k := range []string{"presences", "voice_states", "stage_instances", "guild_scheduled_events", "soundboard_sounds"} {
		j[k] = []any{}
	}
	return j
}
