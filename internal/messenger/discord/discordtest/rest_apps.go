package discordtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Application flags (resources/application, Application Flags). Below the
// review threshold the portal's switches set the LIMITED ones.
const (
	appPresenceLimited = 1 << 13
	appMembersLimited  = 1 << 15
	appContentLimited  = 1 << 19
	appCommandBadge    = 1 << 23
)

func (a *application) flags() int {
	f := 0
	if a.Settings.PresenceIntent {
		f |= appPresenceLimited
	}
	if a.Settings.MembersIntent {
		f |= appMembersLimited
	}
	if a.Settings.ContentIntent {
		f |= appContentLimited
	}
	if len(a.Commands[""]) > 0 {
		f |= appCommandBadge
	}
	return f
}

// command is an application command as its application registered it.
type command struct {
	ID      string         `json:"id"`
	GuildID string         `json:"guild,omitempty"`
	Version string         `json:"version"`
	Name    string         `json:"name"`
	Type    int            `json:"type"`
	Body    map[string]any `json:"body"`
}

func (s *Server) appRoutes(on, open func(string, func(*call) (any, error))) {
	for _, scope := range []string{"", "/guilds/{guild_id}"} {
		base := "/applications/{application_id}" + scope + "/commands"
		on("GET "+base, s.listCommands)
		on("POST "+base, s.addCommand)
		on("PUT "+base, s.putCommands)
		on("DELETE "+base+"/{command_id}", s.deleteCommand)
	}
	on("POST /interactions", s.interact)
	open("POST /interactions/{interaction_id}/{token}/callback", s.callback)
	open("POST /webhooks/{application_id}/{token}", s.followUp)
	open("GET /webhooks/{application_id}/{token}/messages/{message_id}", s.getAnswer)
	open("PATCH /webhooks/{application_id}/{token}/messages/{message_id}", s.editAnswer)
	open("DELETE /webhooks/{application_id}/{token}/messages/{message_id}", s.deleteAnswer)
}

func (s *Server) getApplication(c *call) (any, error) {
	if !c.who.bot() {
		return nil, errUnauthorized()
	}
	return s.appJSON(c.who.app), nil
}

func (s *Server) appJSON(a *application) map[string]any {
	redirects := a.Settings.Redirects
	if redirects == nil {
		redirects = []string{}
	}
	var endpoint *string
	if a.Settings.InteractionsURL != "" {
		endpoint = &a.Settings.InteractionsURL
	}
	flags := a.flags()
	j := map[string]any{
		"id": a.ID, "name": a.Name, "icon": nameOf(a.Settings.Icon), "description": a.Settings.Description, "summary": "", "type": nil,
		"bot": s.userJSONLocked(a.BotID), "bot_public": a.Settings.Public, "bot_require_code_grant": a.Settings.CodeGrant,
		"verify_key": a.Key, "flags": flags, "flags_new": strconv.Itoa(flags), "redirect_uris": redirects,
		"interactions_endpoint_url": endpoint, "role_connections_verification_url": nil,
		"owner": s.userJSONLocked(a.OwnerID), "approximate_guild_count": len(s.guildsOfLocked(a.BotID)),
		"approximate_user_install_count": 0, "approximate_user_authorization_count": 0,
		"explicit_content_filter": 0, "team": nil, "eligible_oauth2_scopes": []string{"bot", "identify", "guilds"},
		"event_webhooks_url": nil, "event_webhooks_status": 1,
		"integration_types_config": map[string]any{"0": map[string]any{}},
	}
	if a.Settings.Install != nil {
		j["install_params"] = a.Settings.Install
	}
	return j
}

// patchApplication changes what a bot may change about its own application:
// neither the redirects nor the code grant (resources/application, Edit Current
// Application).
func (s *Server) patchApplication(c *call) (any, error) {
	if !c.who.bot() {
		return nil, errUnauthorized()
	}
	var b struct {
		Description *string         `json:"description"`
		Icon        json.RawMessage `json:"icon"`
		Install     *InstallParams  `json:"install_params"`
		Flags       *int            `json:"flags"`
		Endpoint    json.RawMessage `json:"interactions_endpoint_url"`
	}
	if err := c.decode(&b); err != nil {
		return nil, err
	}
	set := &c.who.app.Settings
	if len(b.Icon) > 0 {
		hash, err := pictureField("icon", b.Icon)
		if err != nil {
			return nil, err
		}
		set.Icon = hash
	}
	if b.Install != nil {
		set.Install = b.Install
	}
	if b.Description != nil && length16(*b.Description) > 400 {
		return nil, errForm("description", "BASE_TYPE_MAX_LENGTH", "Must be 400 or fewer in length.")
	}
	if b.Description != nil {
		set.Description = *b.Description
	}
	if b.Flags != nil {
		set.PresenceIntent = *b.Flags&appPresenceLimited != 0
		set.MembersIntent = *b.Flags&appMembersLimited != 0
		set.ContentIntent = *b.Flags&appContentLimited != 0
	}
	if len(b.Endpoint) > 0 {
		var at *string
		if json.Unmarshal(b.Endpoint, &at) != nil {
			return nil, errForm("interactions_endpoint_url", "BASE_TYPE_INVALID", "This field has the wrong type.")
		}
		set.InteractionsURL = ""
		if at != nil {
			set.InteractionsURL = *at
		}
	}
	s.changed()
	return s.appJSON(c.who.app), nil
}

// ownAppLocked checks that a bot's call is about its own application and a
// guild that it is in.
func (s *Server) ownAppLocked(c *call) (*application, string, error) {
	id, err := c.id("application_id")
	if err != nil {
		return nil, "", err
	}
	if !c.who.bot() || c.who.app.ID != id {
		return nil, "", errAccess()
	}
	guildID := c.r.PathValue("guild_id")
	if guildID != "" {
		if _, err := s.guildLocked(c); err != nil {
			return nil, "", errAccess()
		}
	}
	return c.who.app, guildID, nil
}

func (a *application) commandJSON(x *command) map[string]any {
	j := map[string]any{
		"description": "", "default_member_permissions": nil, "nsfw": false, "dm_permission": true,
		"contexts": nil, "integration_types": []int{0},
	}
	maps.Copy(j, x.Body)
	j["id"], j["application_id"], j["version"], j["type"], j["name"] = x.ID, a.ID, x.Version, x.Type, x.Name
	if x.GuildID != "" {
		j["guild_id"] = x.GuildID
	}
	return j
}

func (a *application) commandsJSON(guildID string) []map[string]any {
	list := []map[string]any{}
	for _, x := range a.Commands[guildID] {
		list = append(list, a.commandJSON(x))
	}
	return list
}

func (s *Server) listCommands(c *call) (any, error) {
	a, guildID, err := s.ownAppLocked(c)
	if err != nil {
		return nil, err
	}
	return a.commandsJSON(guildID), nil
}

// isCommandName reports whether Discord allows a name
// (interactions/application-commands, Application Command Naming). As a regular
// expression that would take a megabyte.
func isCommandName(s string) bool {
	n := utf8.RuneCountInString(s)
	return n >= 1 && n <= 32 && strings.IndexFunc(s, func(r rune) bool {
		return !strings.ContainsRune("-_'", r) && !unicode.In(r, unicode.L, unicode.N, unicode.Devanagari, unicode.Thai)
	}) < 0
}

func (s *Server) newCommandLocked(a *application, guildID string, body map[string]any) (*command, error) {
	x := &command{GuildID: guildID, Type: 1, Body: body}
	x.Name, _ = body["name"].(string)
	if t, ok := body["type"].(float64); ok {
		x.Type = int(t)
	}
	text, _ := body["description"].(string)
	switch {
	case x.Type == 1 && !isCommandName(x.Name):
		return nil, errForm("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
	case x.Type == 1 && (text == "" || length16(text) > 100):
		return nil, errForm("description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
	}
	x.ID, _ = s.nextIDLocked()
	x.Version = x.ID
	// The same name and type is the same command.
	for _, old := range a.Commands[guildID] {
		if old.Name == x.Name && old.Type == x.Type {
			x.ID = old.ID
		}
	}
	return x, nil
}

func (s *Server) addCommand(c *call) (any, error) {
	a, guildID, err := s.ownAppLocked(c)
	if err != nil {
		return nil, err
	}
	var body map[string]any
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	x, err := s.newCommandLocked(a, guildID, body)
	if err != nil {
		return nil, err
	}
	s.changed()
	for i, old := range a.Commands[guildID] {
		if old.ID == x.ID {
			a.Commands[guildID][i] = x
			return a.commandJSON(x), nil
		}
	}
	a.Commands[guildID] = append(a.Commands[guildID], x)
	return answer{http.StatusCreated, a.commandJSON(x)}, nil
}

func (s *Server) putCommands(c *call) (any, error) {
	a, guildID, err := s.ownAppLocked(c)
	if err != nil {
		return nil, err
	}
	var bodies []map[string]any
	if err := c.decode(&bodies); err != nil {
		return nil, err
	}
	if len(bodies) > 100 {
		return nil, &apiError{status: 400, code: 30032, message: "Maximum number of application commands reached (100)."}
	}
	var list []*command
	for _, body := range bodies {
		x, err := s.newCommandLocked(a, guildID, body)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	a.Commands[guildID] = list
	s.changed()
	return a.commandsJSON(guildID), nil
}

func (s *Server) deleteCommand(c *call) (any, error) {
	a, guildID, err := s.ownAppLocked(c)
	if err != nil {
		return nil, err
	}
	for i, x := range a.Commands[guildID] {
		if x.ID == c.r.PathValue("command_id") {
			a.Commands[guildID] = append(a.Commands[guildID][:i:i], a.Commands[guildID][i+1:]...)
			s.changed()
			return nil, nil
		}
	}
	return nil, &apiError{status: 404, code: 10063, message: "Unknown application command"}
}
