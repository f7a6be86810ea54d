package discordtest

import (
	"encoding/json"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// messageBody creates or edits a message. An edit keeps fields that are absent.
type messageBody struct {
	Content    *string          `json:"content"`
	Nonce      json.RawMessage  `json:"nonce"`
	Enforce    bool             `json:"enforce_nonce"`
	Reference  *referenceBody   `json:"message_reference"`
	Allowed    *allowedMentions `json:"allowed_mentions"`
	Embeds     json.RawMessage  `json:"embeds"`
	Components json.RawMessage  `json:"components"`
	Flags      *int             `json:"flags"`
}

type referenceBody struct {
	MessageID string `json:"message_id"`
	ChannelID string `json:"channel_id"`
	Fail      *bool  `json:"fail_if_not_exists"`
}

// nonce parses a nonce, which may be a string or an integer.
func (b *messageBody) nonce() (string, bool, error) {
	raw := strings.TrimSpace(string(b.Nonce))
	if raw == "" || raw == "null" {
		return "", false, nil
	}
	var text string
	if json.Unmarshal(b.Nonce, &text) == nil {
		return text, true, nil
	}
	if _, err := strconv.ParseInt(raw, 10, 64); err != nil {
		return "", false, errForm("nonce", "BASE_TYPE_INVALID", "This field has the wrong type.")
	}
	return raw, false, nil
}

func (b *messageBody) posting(ch *channel, author *user) (*posting, error) {
	p := &posting{
		channel: ch, author: author, enforce: b.Enforce, allowed: b.Allowed,
		embeds: rawArray(b.Embeds), components: rawArray(b.Components),
	}
	if b.Content != nil {
		p.content = *b.Content
	}
	if b.Flags != nil {
		p.flags = *b.Flags
	}
	var err error
	if p.nonce, p.nonceText, err = b.nonce(); err != nil {
		return nil, err
	}
	if b.Reference != nil {
		if b.Reference.MessageID == "" {
			return nil, errForm("message_reference.message_id", "BASE_TYPE_REQUIRED", "This field is required")
		}
		if _, ok := snowflake(b.Reference.MessageID); !ok {
			return nil, errForm("message_reference.message_id", "NUMBER_TYPE_COERCE", "Value is not snowflake.")
		}
		p.replyTo = b.Reference.MessageID
		p.mayMiss = b.Reference.Fail != nil && !*b.Reference.Fail
	}
	return p, nil
}

// channelLocked returns the channel of a call, if the caller can see it.
func (s *Server) channelLocked(c *call) (*channel, error) {
	id, err := c.id("channel_id")
	if err != nil {
		return nil, err
	}
	ch := s.channels[id]
	if ch == nil {
		return nil, errChannel()
	}
	if c.who.bearer != nil || !s.seesLocked(ch, c.who.user.ID) {
		return nil, errAccess()
	}
	return ch, nil
}

// visible reports whether an account may see a message in a channel that it can
// see.
func visible(m *message, userID string) bool {
	return !m.Deleted && (m.Flags&flagEphemeral == 0 || m.Interaction != nil && m.Interaction.UserID == userID)
}

func (s *Server) messageLocked(c *call) (*message, error) {
	ch, err := s.channelLocked(c)
	if err != nil {
		return nil, err
	}
	id, err := c.id("message_id")
	if err != nil {
		return nil, err
	}
	m := s.messages[id]
	if m == nil || m.channel != ch || !visible(m, c.who.user.ID) {
		return nil, errMessage()
	}
	return m, nil
}

// viewFor returns how a REST caller sees a message: the rules for gated fields
// apply here, too.
func (s *Server) viewFor(m *message, who *caller) view {
	all := !who.bot() || who.app.Settings.ContentIntent
	ref := s.messages[m.ReplyTo]
	return view{
		open:    all || s.openLocked(m, who.user.ID),
		refOpen: all || ref == nil || s.openLocked(ref, who.user.ID),
	}
}

func (s *Server) createMessage(c *call) (any, error) {
	ch, err := s.channelLocked(c)
	if err != nil {
		return nil, err
	}
	var b messageBody
	if err := c.decode(&b); err != nil {
		return nil, err
	}
	p, err := b.posting(ch, c.who.user)
	if err != nil {
		return nil, err
	}
	if p.files, err = s.attachLocked(c); err != nil {
		return nil, err
	}
	p.flags &^= flagEphemeral | flagLoading // only for responses to interactions
	m, err := s.postLocked(p)
	if err != nil {
		return nil, err
	}
	return s.messageJSON(m, s.viewFor(m, c.who)), nil
}

func (s *Server) getMessage(c *call) (any, error) {
	m, err := s.messageLocked(c)
	if err != nil {
		return nil, err
	}
	if s.permissionsLocked(m.channel, c.who.user.ID)&permHistory == 0 {
		return nil, errPermission()
	}
	return s.messageJSON(m, s.viewFor(m, c.who)), nil
}

func (s *Server) editMessage(c *call) (any, error) {
	m, err := s.messageLocked(c)
	if err != nil {
		return nil, err
	}
	if m.AuthorID != c.who.user.ID {
		return nil, &apiError{status: 403, code: 50005, message: "Cannot edit a message authored by another user"}
	}
	if err := s.applyEditLocked(c, m); err != nil {
		return nil, err
	}
	return s.messageJSON(m, s.viewFor(m, c.who)), nil
}

// applyEditLocked changes the fields in the body. With new content the mentions
// are determined from scratch, by the edit's own allowed_mentions or by default
// if it has none; those of the original message don't matter
// (resources/message, Edit Message). Nobody is notified.
func (s *Server) applyEditLocked(c *call, m *message) error {
	var b messageBody
	if err := c.decode(&b); err != nil {
		return err
	}
	if err := b.Allowed.check(); err != nil {
		return err
	}
	next := *m
	if b.Content != nil {
		next.Content = strings.TrimSpace(*b.Content)
	}
	if length16(next.Content) > mostContent {
		return errForm("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
	}
	if len(b.Embeds) > 0 {
		next.Embeds = rawArray(b.Embeds)
	}
	if len(b.Components) > 0 {
		next.Components = rawArray(b.Components)
	}
	files, err := s.attachLocked(c)
	if err != nil {
		return err
	}
	if next.Content == "" && next.Embeds == nil && next.Components == nil && len(m.Attachments)+len(files) == 0 {
		return errEmpty()
	}
	s.editLocked(m, func() {
		m.Content, m.Embeds, m.Components = next.Content, next.Embeds, next.Components
		m.Attachments = append(slices.Clip(m.Attachments), files...)
		for _, a := range files {
			s.files[a.ID] = a
		}
		m.Flags &^= flagLoading
		if b.Content == nil {
			return
		}
		pinged := m.Ping
		s.mentionsLocked(m, &posting{allowed: b.Allowed}, s.messages[m.ReplyTo])
		m.Ping = pinged
	})
	return nil
}

func (s *Server) deleteMessage(c *call) (any, error) {
	m, err := s.messageLocked(c)
	if err != nil {
		return nil, err
	}
	if m.AuthorID != c.who.user.ID {
		if m.channel.direct() {
			return nil, &apiError{status: 403, code: 50003, message: "Cannot execute action on a DM channel"}
		}
		if s.permissionsLocked(m.channel, c.who.user.ID)&permManageMessages == 0 {
			return nil, errPermission()
		}
	}
	s.deleteLocked(m)
	return nil, nil
}

// listMessages returns the newest first, even with after: then the oldest ones
// after that ID, newest first (resources/message, Get Channel Messages).
func (s *Server) listMessages(c *call) (any, error) {
	ch, err := s.channelLocked(c)
	if err != nil {
		return nil, err
	}
	limit, marks, err := listQuery(c)
	if err != nil {
		return nil, err
	}
	out := []*messageJSON{}
	if s.permissionsLocked(ch, c.who.user.ID)&permHistory == 0 {
		return out, nil
	}
	for _, m := range pick(ch.messages, limit, marks, c.who.user.ID) {
		out = append(out, s.messageJSON(m, s.viewFor(m, c.who)))
	}
	return out, nil
}

func listQuery(c *call) (int, map[string]uint64, error) {
	q := c.r.URL.Query()
	limit := 50
	if v := q.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 100 {
			return 0, nil, errForm("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
		}
		limit = n
	}
	marks := map[string]uint64{}
	for _, k := range []string{"before", "after", "around"} {
		if v := q.Get(k); v != "" {
			n, ok := snowflake(v)
			if !ok {
				return 0, nil, errForm(k, "NUMBER_TYPE_COERCE", "Value is not snowflake.")
			}
			marks[k] = n
		}
	}
	if len(marks) > 1 {
		return 0, nil, errForm("before", "INVALID", "before, after and around exclude each other.")
	}
	return limit, marks, nil
}

// pick returns a page of a channel, newest first.
func pick(list []*message, limit int, marks map[string]uint64, viewer string) []*message {
	at := func(n uint64) int { return sort.Search(len(list), func(i int) bool { return list[i].num >= n }) }
	down := func(from, n int) (out []*message) {
		for i := from - 1; i >= 0 && len(out) < n; i-- {
			if visible(list[i], viewer) {
				out = append(out, list[i])
			}
		}
		return out
	}
	up := func(from, n int) (out []*message) {
		for i := from; i < len(list) && len(out) < n; i++ {
			if visible(list[i], viewer) {
				out = append(out, list[i])
			}
		}
		slices.Reverse(out)
		return out
	}
	if n, ok := marks["after"]; ok {
		return up(at(n+1), limit)
	}
	if n, ok := marks["around"]; ok {
		older := down(at(n), limit/2)
		return append(up(at(n), limit-len(older)), older...)
	}
	if n, ok := marks["before"]; ok {
		return down(at(n), limit)
	}
	return down(len(list), limit)
}

func (s *Server) startTyping(c *call) (any, error) {
	ch, err := s.channelLocked(c)
	if err != nil {
		return nil, err
	}
	if s.permissionsLocked(ch, c.who.user.ID)&permSend == 0 {
		return nil, errPermission()
	}
	now := s.cfg.Clock()
	if ch.typing == nil {
		ch.typing = map[string]time.Time{}
	}
	ch.typing[c.who.user.ID] = now
	d := map[string]any{"channel_id": ch.ID, "user_id": c.who.user.ID, "timestamp": now.Unix()}
	intent := int64(intentDMTyping)
	if g := s.guilds[ch.GuildID]; g != nil {
		intent = intentGuildTyping
		d["guild_id"], d["member"] = g.ID, s.memberJSON(g.Members[c.who.user.ID])
	}
	s.toChannelLocked(ch, fixed("TYPING_START", intent, d))
	return nil, nil
}

// addReaction requires READ_MESSAGE_HISTORY, and ADD_REACTIONS unless somebody
// has already used this emoji; repeating a reaction changes nothing
// (resources/message, Create Reaction).
func (s *Server) addReaction(c *call) (any, error) {
	m, err := s.messageLocked(c)
	if err != nil {
		return nil, err
	}
	emoji := c.r.PathValue("emoji")
	perms := s.permissionsLocked(m.channel, c.who.user.ID)
	if perms&permHistory == 0 || perms&permAddReactions == 0 && len(m.Reactions[emoji]) == 0 {
		return nil, errPermission()
	}
	if slices.Contains(m.Reactions[emoji], c.who.user.ID) {
		return nil, nil
	}
	if m.Reactions == nil {
		m.Reactions = map[string][]string{}
	}
	m.Reactions[emoji] = append(m.Reactions[emoji], c.who.user.ID)
	s.snapshotLocked(m)
	s.changed()
	d := map[string]any{
		"user_id": c.who.user.ID, "channel_id": m.ChannelID, "message_id": m.ID, "message_author_id": m.AuthorID,
		"emoji": map[string]any{"id": nil, "name": emoji}, "burst": false, "type": 0,
	}
	intent := int64(intentDMReactions)
	if m.channel.GuildID != "" {
		intent = intentGuildReactions
		d["guild_id"] = m.channel.GuildID
	}
	s.toChannelLocked(m.channel, fixed("MESSAGE_REACTION_ADD", intent, d))
	return nil, nil
}
