package discordtest

import (
	"net/http"
	"slices"
	"strconv"
)

func (s *Server) restRoutes(api *http.ServeMux) {
	on := func(pattern string, fn func(*call) (any, error)) { api.HandleFunc(pattern, s.handle(false, fn)) }
	open := func(pattern string, fn func(*call) (any, error)) { api.HandleFunc(pattern, s.handle(true, fn)) }
	open("GET /gateway", func(*call) (any, error) { return map[string]string{"url": s.gatewayURL()}, nil })
	on("GET /gateway/bot", s.getGatewayBot)
	on("GET /applications/@me", s.getApplication)
	on("PATCH /applications/@me", s.patchApplication)
	on("GET /oauth2/applications/@me", s.getApplication)

	on("GET /users/@me", s.getSelf)
	on("PATCH /users/@me", s.patchSelf)
	on("GET /users/@me/guilds", s.listGuilds)
	on("DELETE /users/@me/guilds/{guild_id}", s.leaveGuild)
	on("GET /users/@me/channels", s.listDMs)
	on("POST /users/@me/channels", s.openDM)
	on("GET /users/{user_id}", s.getUser)

	on("GET /channels/{channel_id}", s.getChannel)
	on("GET /channels/{channel_id}/messages", s.listMessages)
	on("POST /channels/{channel_id}/messages", s.createMessage)
	on("GET /channels/{channel_id}/messages/{message_id}", s.getMessage)
	on("PATCH /channels/{channel_id}/messages/{message_id}", s.editMessage)
	on("DELETE /channels/{channel_id}/messages/{message_id}", s.deleteMessage)
	on("PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me", s.addReaction)
	on("POST /channels/{channel_id}/typing", s.startTyping)
	on("POST /channels/{channel_id}/messages/{message_id}/threads", s.threadFromMessage)
	on("POST /channels/{channel_id}/threads", s.threadAlone)

	on("GET /guilds/{guild_id}", s.getGuild)
	on("GET /guilds/{guild_id}/channels", s.listChannels)
	on("POST /guilds/{guild_id}/channels", s.createChannel)
	on("GET /guilds/{guild_id}/threads/active", s.listThreads)
	on("GET /guilds/{guild_id}/roles", s.listRoles)
	on("GET /guilds/{guild_id}/members", s.listMembers)
	on("GET /guilds/{guild_id}/members/{user_id}", s.getMember)
	s.appRoutes(on, open)
}

func (s *Server) getGatewayBot(c *call) (any, error) {
	if !c.who.bot() {
		return nil, errUnauthorized()
	}
	now := s.cfg.Clock()
	app := c.who.app
	used, reset := 0, 0
	for _, t := range app.starts {
		if age := now.Sub(t); age < day {
			used++
			reset = max(reset, int((day - age).Milliseconds()))
		}
	}
	return map[string]any{
		"url": s.gatewayURL(), "shards": 1,
		"session_start_limit": map[string]int{
			"total": s.cfg.Identifies, "remaining": max(0, s.cfg.Identifies-used), "reset_after": reset,
			"max_concurrency": s.cfg.MaxConcurrency,
		},
	}, nil
}

// guildLocked returns the guild of a call, if the caller is a member.
func (s *Server) guildLocked(c *call) (*guild, error) {
	id, err := c.id("guild_id")
	if err != nil {
		return nil, err
	}
	g := s.guilds[id]
	if g == nil {
		return nil, errGuild()
	}
	if c.who.bearer != nil || g.Members[c.who.user.ID] == nil {
		return nil, errAccess()
	}
	return g, nil
}

func (s *Server) getGuild(c *call) (any, error) {
	g, err := s.guildLocked(c)
	if err != nil {
		return nil, errGuild()
	}
	j := s.guildJSON(g)
	if c.r.URL.Query().Get("with_counts") == "true" {
		j["approximate_member_count"], j["approximate_presence_count"] = len(g.Members), len(g.Members)
	}
	return j, nil
}

func (s *Server) listRoles(c *call) (any, error) {
	g, err := s.guildLocked(c)
	if err != nil {
		return nil, err
	}
	return g.rolesJSON(), nil
}

// listChannels returns the channels that the caller can see. Discord also lists
// hidden ones; a text bot must not rely on either.
func (s *Server) listChannels(c *call) (any, error) {
	g, err := s.guildLocked(c)
	if err != nil {
		return nil, err
	}
	return s.visibleChannels(g.Channels, c.who.user.ID), nil
}

func (s *Server) visibleChannels(ids []string, viewer string) []*channelJSON {
	list := []*channelJSON{}
	for _, id := range ids {
		if ch := s.channels[id]; !ch.Archived && s.seesLocked(ch, viewer) {
			list = append(list, s.channelJSON(ch))
		}
	}
	return list
}

func (s *Server) createChannel(c *call) (any, error) {
	g, err := s.guildLocked(c)
	if err != nil {
		return nil, err
	}
	var b struct {
		Name  string `json:"name"`
		Topic string `json:"topic"`
	}
	if err := c.decode(&b); err != nil {
		return nil, err
	}
	if s.guildPermissionsLocked(g, c.who.user.ID)&permManageChannels == 0 {
		return nil, errPermission()
	}
	if b.Name == "" || length16(b.Name) > 100 {
		return nil, errForm("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
	}
	ch := s.addChannelLocked(g, b.Name)
	ch.Topic = b.Topic
	s.toChannelLocked(ch, fixed("CHANNEL_CREATE", intentGuilds, s.channelJSON(ch)))
	return answer{http.StatusCreated, s.channelJSON(ch)}, nil
}

func (s *Server) listThreads(c *call) (any, error) {
	g, err := s.guildLocked(c)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"threads": s.visibleChannels(g.Threads, c.who.user.ID), "members": []any{}, "has_more": false,
	}, nil
}

// listMembers requires a bot to have the GUILD_MEMBERS intent (resources/guild,
// List Guild Members).
func (s *Server) listMembers(c *call) (any, error) {
	g, err := s.guildLocked(c)
	if err != nil {
		return nil, err
	}
	if c.who.bot() && !c.who.app.Settings.MembersIntent {
		return nil, errAccess()
	}
	limit := 1
	if v := c.r.URL.Query().Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 1000 {
			return nil, errForm("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 1000.")
		}
		limit = n
	}
	after := c.r.URL.Query().Get("after")
	ids := make([]string, 0, len(g.Members))
	for id := range g.Members {
		if compareIDs(id, after) > 0 {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, compareIDs)
	list := []memberJSON{}
	for _, id := range ids[:min(limit, len(ids))] {
		list = append(list, s.memberJSON(g.Members[id]))
	}
	return list, nil
}

func (s *Server) getMember(c *call) (any, error) {
	g, err := s.guildLocked(c)
	if err != nil {
		return nil, err
	}
	id := c.r.PathValue("user_id")
	if id == "@me" {
		id = c.who.user.ID
	}
	if m := g.Members[id]; m != nil {
		return s.memberJSON(m), nil
	}
	if s.users[id] == nil {
		return nil, errUser()
	}
	return nil, errMember()
}

func (s *Server) getChannel(c *call) (any, error) {
	ch, err := s.channelLocked(c)
	if err != nil {
		return nil, err
	}
	return s.anyChannelJSON(ch, c.who.user.ID), nil
}

type threadBody struct {
	Name string `json:"name"`
	Type *int   `json:"type"`
}

func (s *Server) threadBodyOf(c *call) (threadBody, error) {
	var b threadBody
	if err := c.decode(&b); err != nil {
		return b, err
	}
	if b.Name == "" || length16(b.Name) > 100 {
		return b, errForm("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
	}
	return b, nil
}

// threadFromMessage creates a thread with the ID of its message
// (topics/threads).
func (s *Server) threadFromMessage(c *call) (any, error) {
	m, err := s.messageLocked(c)
	if err != nil {
		return nil, err
	}
	b, err := s.threadBodyOf(c)
	if err != nil {
		return nil, err
	}
	if err := s.mayThreadLocked(m.channel, c, permPublicThreads); err != nil {
		return nil, err
	}
	if m.ThreadID != "" {
		return nil, &apiError{status: 400, code: 160004, message: "A thread has already been created for this message"}
	}
	m.ThreadID = m.ID
	t := s.addThreadLocked(m.channel, m.ID, c.who.user.ID, b.Name, publicThread)
	return answer{http.StatusCreated, s.channelJSON(t)}, nil
}

func (s *Server) threadAlone(c *call) (any, error) {
	ch, err := s.channelLocked(c)
	if err != nil {
		return nil, err
	}
	b, err := s.threadBodyOf(c)
	if err != nil {
		return nil, err
	}
	kind, need := privateThread, int64(permPrivateThreads)
	if b.Type != nil && *b.Type == publicThread {
		kind, need = publicThread, permPublicThreads
	}
	if err := s.mayThreadLocked(ch, c, need); err != nil {
		return nil, err
	}
	id, _ := s.nextIDLocked()
	t := s.addThreadLocked(ch, id, c.who.user.ID, b.Name, kind)
	return answer{http.StatusCreated, s.channelJSON(t)}, nil
}

func (s *Server) mayThreadLocked(ch *channel, c *call, need int64) error {
	if ch.direct() || ch.thread() {
		return &apiError{status: 400, code: 50024, message: "Cannot execute action on this channel type"}
	}
	if s.permissionsLocked(ch, c.who.user.ID)&need == 0 {
		return errPermission()
	}
	return nil
}
