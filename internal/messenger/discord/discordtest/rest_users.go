package discordtest

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

const day = 24 * time.Hour

// scoped reports whether a caller may ask; a Bearer token needs the scope.
func (c *caller) scoped(scope string) bool {
	return c.bearer == nil || slices.Contains(c.bearer.Scopes, scope)
}

func (s *Server) getSelf(c *call) (any, error) {
	if !c.who.scoped("identify") {
		return nil, errAccess()
	}
	return selfJSON(c.who.user), nil
}

func (s *Server) patchSelf(c *call) (any, error) {
	var b struct {
		Username string          `json:"username"`
		Avatar   json.RawMessage `json:"avatar"`
	}
	if c.who.bearer != nil {
		return nil, errUnauthorized()
	}
	if err := c.decode(&b); err != nil {
		return nil, err
	}
	if n := length16(b.Username); b.Username != "" && (n < 2 || n > 32) {
		return nil, errForm("username", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 32 in length.")
	}
	if len(b.Avatar) > 0 {
		hash, err := pictureField("avatar", b.Avatar)
		if err != nil {
			return nil, err
		}
		c.who.user.Avatar = hash
		s.changed()
	}
	if b.Username != "" {
		c.who.user.Name = b.Username
		s.changed()
	}
	return selfJSON(c.who.user), nil
}

func (s *Server) getUser(c *call) (any, error) {
	id, err := c.id("user_id")
	if err != nil {
		return nil, err
	}
	if c.who.bearer != nil {
		return nil, errUnauthorized()
	}
	u := s.users[id]
	if u == nil {
		return nil, errUser()
	}
	return u.json(), nil
}

func (s *Server) listGuilds(c *call) (any, error) {
	if !c.who.scoped("guilds") {
		return nil, errAccess()
	}
	q := c.r.URL.Query()
	limit := 200
	if v := q.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 200 {
			return nil, errForm("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 200.")
		}
		limit = n
	}
	list := []map[string]any{}
	for _, g := range s.guildsOfLocked(c.who.user.ID) {
		before, after := q.Get("before"), q.Get("after")
		if before != "" && compareIDs(g.ID, before) >= 0 || after != "" && compareIDs(g.ID, after) <= 0 {
			continue
		}
		if len(list) == limit {
			break
		}
		list = append(list, map[string]any{
			"id": g.ID, "name": g.Name, "icon": nil, "banner": nil, "owner": g.OwnerID == c.who.user.ID,
			"permissions": strconv.FormatInt(s.guildPermissionsLocked(g, c.who.user.ID), 10), "features": []string{},
		})
	}
	return list, nil
}

func (s *Server) leaveGuild(c *call) (any, error) {
	id, err := c.id("guild_id")
	if err != nil {
		return nil, err
	}
	g := s.guilds[id]
	if g == nil || c.who.bearer != nil || g.Members[c.who.user.ID] == nil {
		return nil, errGuild()
	}
	if g.OwnerID == c.who.user.ID {
		return nil, &apiError{status: 400, code: 50055, message: "Invalid Guild"}
	}
	s.removeLocked(g, c.who.user.ID)
	return nil, nil
}

// listDMs returns a person's direct messages; a bot gets none (resources/user).
func (s *Server) listDMs(c *call) (any, error) {
	if c.who.bearer != nil {
		return nil, errUnauthorized()
	}
	list := []*channelJSON{}
	if c.who.bot() {
		return list, nil
	}
	for _, d := range s.dmsOfLocked(c.who.user.ID) {
		list = append(list, s.dmJSON(d, c.who.user.ID))
	}
	return list, nil
}

// dmsOfLocked returns an account's direct message channels, oldest first.
func (s *Server) dmsOfLocked(userID string) []*channel {
	var list []*channel
	for _, d := range s.dms {
		if slices.Contains(d.Recipients, userID) {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b *channel) int { return compareIDs(a.ID, b.ID) })
	return list
}

func (s *Server) openDM(c *call) (any, error) {
	var b struct {
		Recipient string `json:"recipient_id"`
	}
	if c.who.bearer != nil {
		return nil, errUnauthorized()
	}
	if err := c.decode(&b); err != nil {
		return nil, err
	}
	u := s.users[b.Recipient]
	if u == nil {
		return nil, errForm("recipient_id", "INVALID_RECIPIENT", "Unknown recipient.")
	}
	if u == c.who.user || u.Bot && c.who.user.Bot {
		return nil, &apiError{status: 400, code: 50007, message: "Cannot send messages to this user"}
	}
	return s.dmJSON(s.dmLocked(c.who.user.ID, u.ID), c.who.user.ID), nil
}
