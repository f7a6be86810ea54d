package discordtest

import (
	"encoding/json"
	"maps"
	"strconv"
	"time"
)

// Interaction types and callback types (interactions/receiving-and-responding).
const (
	askCommand        = 2
	askComponent      = 3
	callbackMessage   = 4
	callbackDeferred  = 5
	callbackDeferEdit = 6
	callbackEdit      = 7

	answerWithin = 3 * time.Second
	tokenWorks   = 15 * time.Minute
)

// asked is the part of an interaction that is kept in the message that answers
// it.
type asked struct {
	ID     string `json:"id"`
	Type   int    `json:"type"`
	UserID string `json:"user"`
}

// interaction is a command that a person ran or a button that they pressed.
type interaction struct {
	asked
	token    string
	app      *application
	channel  *channel
	source   *message // the message with the button
	original *message // the first answer
	answered bool
	at       time.Time
}

func errInteraction() error {
	return &apiError{status: 404, code: 10062, message: "Unknown interaction"}
}

type interactBody struct {
	Type      int            `json:"type"`
	AppID     string         `json:"application_id"`
	ChannelID string         `json:"channel_id"`
	MessageID string         `json:"message_id"`
	Data      map[string]any `json:"data"`
}

// interact runs a command or presses a button as a person.
func (s *Server) interact(c *call) (any, error) {
	var b interactBody
	if c.who.bearer != nil || c.who.user.Bot {
		return nil, errUnauthorized()
	}
	if err := c.decode(&b); err != nil {
		return nil, err
	}
	ch, app := s.channels[b.ChannelID], s.apps[b.AppID]
	if ch == nil || !s.seesLocked(ch, c.who.user.ID) {
		return nil, errChannel()
	}
	if app == nil || !s.reachableLocked(ch, app) {
		return nil, &apiError{status: 404, code: 10002, message: "Unknown Application"}
	}
	id, _ := s.nextIDLocked()
	in := &interaction{
		asked: asked{ID: id, Type: b.Type, UserID: c.who.user.ID}, token: secretText(48), app: app, channel: ch, at: s.cfg.Clock(),
	}
	data := map[string]any{}
	maps.Copy(data, b.Data)
	switch b.Type {
	case askCommand:
		x := findCommand(app, ch.GuildID, data)
		if x == nil {
			return nil, &apiError{status: 404, code: 10063, message: "Unknown application command"}
		}
		data["id"], data["name"], data["type"] = x.ID, x.Name, x.Type
	case askComponent:
		in.source = s.messages[b.MessageID]
		if in.source == nil || in.source.channel != ch || in.source.AuthorID != app.BotID {
			return nil, errMessage()
		}
	default:
		return nil, errForm("type", "BASE_TYPE_CHOICES", "Value must be one of {2, 3}.")
	}
	s.forgetInteractionsLocked()
	s.interactions[in.token] = in
	s.toBotLocked(ch.GuildID, app.BotID, fixed("INTERACTION_CREATE", 0, s.interactionJSON(in, data)))
	return nil, nil
}

func (s *Server) reachableLocked(ch *channel, app *application) bool {
	if g := s.guilds[ch.GuildID]; g != nil {
		return g.Members[app.BotID] != nil
	}
	return s.seesLocked(ch, app.BotID)
}

func findCommand(app *application, guildID string, data map[string]any) *command {
	scopes := []string{guildID, ""}
	for _, scope := range scopes {
		for _, x := range app.Commands[scope] {
			if x.Name == data["name"] || x.ID == data["id"] {
				return x
			}
		}
	}
	return nil
}

func (s *Server) forgetInteractionsLocked() {
	if len(s.interactions) < 1024 {
		return
	}
	for t, in := range s.interactions {
		if s.cfg.Clock().Sub(in.at) > tokenWorks {
			delete(s.interactions, t)
		}
	}
}

func (s *Server) interactionJSON(in *interaction, data map[string]any) map[string]any {
	ch := in.channel
	u := s.userJSONLocked(in.UserID)
	j := map[string]any{
		"id": in.ID, "application_id": in.app.ID, "type": in.Type, "token": in.token, "version": 1, "data": data,
		"channel_id": ch.ID, "channel": s.anyChannelJSON(ch, in.app.BotID), "locale": "en-US", "entitlements": []any{},
		"app_permissions":       strconv.FormatInt(s.permissionsLocked(ch, in.app.BotID), 10),
		"attachment_size_limit": largestFile,
	}
	if g := s.guilds[ch.GuildID]; g != nil {
		m := s.memberJSON(g.Members[in.UserID])
		j["member"] = struct {
			memberJSON
			Permissions string `json:"permissions"`
		}{m, strconv.FormatInt(s.permissionsLocked(ch, in.UserID), 10)}
		j["guild_id"], j["guild_locale"], j["context"] = g.ID, "en-US", 0
		j["guild"] = map[string]any{"id": g.ID, "locale": "en-US", "features": []string{}}
		j["authorizing_integration_owners"] = map[string]string{"0": g.ID}
	} else {
		j["user"], j["context"] = u, 1
		j["authorizing_integration_owners"] = map[string]string{"0": "0"}
	}
	if in.source != nil {
		j["message"] = s.messageJSON(in.source, view{open: true, refOpen: true})
	}
	return j
}

// callback is the first response, due within three seconds.
func (s *Server) callback(c *call) (any, error) {
	in := s.interactions[c.r.PathValue("token")]
	if in == nil || in.ID != c.r.PathValue("interaction_id") || !in.answered && s.cfg.Clock().Sub(in.at) > answerWithin {
		return nil, errInteraction()
	}
	if in.answered {
		return nil, &apiError{status: 400, code: 40060, message: "Interaction has already been acknowledged."}
	}
	var b struct {
		Type int             `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	if err := c.decode(&b); err != nil {
		return nil, err
	}
	if len(b.Data) == 0 || string(b.Data) == "null" {
		b.Data = json.RawMessage("{}")
	}
	c.body = b.Data
	var err error
	switch {
	case b.Type == callbackMessage:
		in.original, err = s.answerLocked(c, in, false)
	case b.Type == callbackDeferred:
		in.original, err = s.answerLocked(c, in, true)
	case b.Type == callbackDeferEdit && in.source != nil:
		in.original = in.source
	case b.Type == callbackEdit && in.source != nil:
		in.original = in.source
		err = s.applyEditLocked(c, in.source)
	default:
		err = errForm("type", "BASE_TYPE_CHOICES", "This callback type does not fit the interaction.")
	}
	if err != nil {
		return nil, err
	}
	in.answered = true
	if c.r.URL.Query().Get("with_response") != "true" {
		return nil, nil
	}
	return map[string]any{
		"interaction": map[string]any{
			"id": in.ID, "type": in.Type, "response_message_id": in.original.ID,
			"response_message_loading":   in.original.Flags&flagLoading != 0,
			"response_message_ephemeral": in.original.Flags&flagEphemeral != 0,
			"channel_id":                 in.channel.ID,
		},
		"resource": map[string]any{"type": b.Type, "message": s.messageJSON(in.original, view{open: true, refOpen: true})},
	}, nil
}

// answerLocked posts a response to an interaction as the application.
func (s *Server) answerLocked(c *call, in *interaction, deferred bool) (*message, error) {
	var b messageBody
	if err := c.decode(&b); err != nil {
		return nil, err
	}
	p, err := b.posting(in.channel, s.users[in.app.BotID])
	if err != nil {
		return nil, err
	}
	if p.files, err = s.attachLocked(c); err != nil {
		return nil, err
	}
	p.asked, p.webhook, p.kind = &in.asked, in.app.ID, typeCommand
	p.nonce, p.replyTo = "", ""
	if deferred {
		p.content, p.embeds, p.components = "", nil, nil
		p.flags |= flagLoading
	}
	return s.postLocked(p)
}

// hookLocked finds the interaction of a webhook URL; its token is valid for 15
// minutes.
func (s *Server) hookLocked(c *call) (*interaction, error) {
	in := s.interactions[c.r.PathValue("token")]
	if in == nil || in.app.ID != c.r.PathValue("application_id") {
		return nil, &apiError{status: 404, code: 10015, message: "Unknown Webhook"}
	}
	if s.cfg.Clock().Sub(in.at) > tokenWorks {
		return nil, &apiError{status: 401, code: 50027, message: "Invalid Webhook Token"}
	}
	return in, nil
}

func (s *Server) followUp(c *call) (any, error) {
	in, err := s.hookLocked(c)
	if err != nil {
		return nil, err
	}
	if !in.answered {
		return nil, &apiError{status: 404, code: 10015, message: "Unknown Webhook"}
	}
	// The first follow-up to a deferred response replaces it.
	if in.original != nil && in.original.Flags&flagLoading != 0 {
		if err := s.applyEditLocked(c, in.original); err != nil {
			return nil, err
		}
		return s.messageJSON(in.original, view{open: true, refOpen: true}), nil
	}
	m, err := s.answerLocked(c, in, false)
	if err != nil {
		return nil, err
	}
	return s.messageJSON(m, view{open: true, refOpen: true}), nil
}

func (s *Server) hookMessageLocked(c *call) (*message, error) {
	in, err := s.hookLocked(c)
	if err != nil {
		return nil, err
	}
	m := in.original
	if id := c.r.PathValue("message_id"); id != "@original" {
		m = s.messages[id]
	}
	if m == nil || m.Deleted || m.AuthorID != in.app.BotID || m.channel != in.channel {
		return nil, errMessage()
	}
	return m, nil
}

func (s *Server) getAnswer(c *call) (any, error) {
	m, err := s.hookMessageLocked(c)
	if err != nil {
		return nil, err
	}
	return s.messageJSON(m, view{open: true, refOpen: true}), nil
}

func (s *Server) editAnswer(c *call) (any, error) {
	m, err := s.hookMessageLocked(c)
	if err != nil {
		return nil, err
	}
	if err := s.applyEditLocked(c, m); err != nil {
		return nil, err
	}
	return s.messageJSON(m, view{open: true, refOpen: true}), nil
}

func (s *Server) deleteAnswer(c *call) (any, error) {
	m, err := s.hookMessageLocked(c)
	if err != nil {
		return nil, err
	}
	s.deleteLocked(m)
	return nil, nil
}
