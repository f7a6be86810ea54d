package discordtest

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// Message types and flags (resources/message).
const (
	typeDefault     = 0
	typeReply       = 19
	typeCommand     = 20
	flagEphemeral   = 1 << 6
	flagLoading     = 1 << 7
	flagComponentV2 = 1 << 15
	mostContent     = 2000
	mostNonce       = 25
	typingLife      = 10 * time.Second
)

// posting is a message that somebody wants to post.
type posting struct {
	channel    *channel
	author     *user
	content    string
	nonce      string
	nonceText  bool
	enforce    bool
	replyTo    string
	mayMiss    bool // fail_if_not_exists false
	allowed    *allowedMentions
	embeds     []byte
	components []byte
	flags      int
	files      []*attachment

	// Only for responses to interactions, which need no permission.
	asked   *asked
	webhook string
	kind    int
}

// allowedMentions says what may ping (resources/message, Allowed Mentions
// Object).
type allowedMentions struct {
	Parse       []string `json:"parse"`
	Users       []string `json:"users"`
	Roles       []string `json:"roles"`
	RepliedUser bool     `json:"replied_user"`
}

func (a *allowedMentions) check() error {
	if a == nil {
		return nil
	}
	for _, p := range a.Parse {
		if !slices.Contains([]string{"users", "roles", "everyone"}, p) {
			return errForm("allowed_mentions.parse", "BASE_TYPE_CHOICES", "Value must be one of ('everyone', 'roles', 'users').")
		}
	}
	if len(a.Users) > 0 && slices.Contains(a.Parse, "users") || len(a.Roles) > 0 && slices.Contains(a.Parse, "roles") {
		return errForm("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
			"parse and an explicit list of ids exclude each other.")
	}
	return nil
}

func (a *allowedMentions) allows(kind, id string, list []string) bool {
	return a == nil || slices.Contains(a.Parse, kind) || id != "" && slices.Contains(list, id)
}

// Say posts a text as an account, under the same rules as the REST call. If the
// rules forbid it, it logs an error and returns a Message without an ID.
func (s *Server) Say(channelID, authorID, content string) Message {
	return s.say(posting{content: content}, channelID, authorID)
}

// Reply replies to a message, with or without pinging its author.
func (s *Server) Reply(channelID, authorID, content, toMessageID string, ping bool) Message {
	return s.say(posting{
		content: content, replyTo: toMessageID,
		allowed: &allowedMentions{Parse: []string{"users", "roles", "everyone"}, RepliedUser: ping},
	}, channelID, authorID)
}

// File is one that is posted with a message.
type File struct {
	Name string
	Type string // media type; "" = what the name's ending says
	Data []byte
}

// SayWith posts a text with files.
func (s *Server) SayWith(channelID, authorID, content string, files ...File) Message {
	c := &call{}
	for _, f := range files {
		c.upl = append(c.upl, upload{name: f.Name, kind: f.Type, data: f.Data})
	}
	s.mu.Lock()
	list, err := s.attachLocked(c)
	s.mu.Unlock()
	if err != nil {
		s.log.Error("the simulated files were refused", "channel", channelID, "author", authorID, "err", err)
		return Message{}
	}
	return s.say(posting{content: content, files: list}, channelID, authorID)
}

func (s *Server) say(p posting, channelID, authorID string) Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.channel, p.author = s.channels[channelID], s.users[authorID]
	if p.channel == nil || p.author == nil {
		s.log.Error("the simulated message has no channel or no author", "channel", channelID, "author", authorID)
		return Message{}
	}
	m, err := s.postLocked(&p)
	if err != nil {
		s.log.Error("the simulated message was refused", "channel", channelID, "author", authorID, "err", err)
		return Message{}
	}
	return *m.snap
}

func length16(text string) int {
	n := 0
	for _, r := range text {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

// postLocked creates all messages.
func (s *Server) postLocked(p *posting) (*message, error) {
	p.content = strings.TrimSpace(p.content)
	if err := s.mayPostLocked(p); err != nil {
		return nil, err
	}
	key := nonceKey{p.author.ID, p.nonce}
	if p.nonce != "" && p.enforce && p.webhook == "" {
		if use, ok := s.nonces[key]; ok && s.cfg.Clock().Sub(use.at) <= s.cfg.NonceWindow {
			m := s.messages[use.message]
			if m == nil || m.Deleted {
				return nil, errMessage()
			}
			return m, nil
		}
	}
	ref, err := s.referenceLocked(p)
	if err != nil {
		return nil, err
	}
	m := s.newMessageLocked(p)
	s.mentionsLocked(m, p, ref)
	if ref != nil {
		m.Type, m.ReplyTo = typeReply, ref.ID
		ref.replies = append(ref.replies, m)
	}
	if p.kind != 0 {
		m.Type = p.kind
	}
	s.keepLocked(m)
	if p.nonce != "" {
		s.noteNonceLocked(key, m)
	}
	s.changed()
	if m.Flags&flagEphemeral != 0 {
		s.toUserLocked(m.channel.GuildID, p.asked.UserID, s.messageEvent("MESSAGE_CREATE", m))
		return m, nil
	}
	s.toChannelLocked(m.channel, s.messageEvent("MESSAGE_CREATE", m))
	return m, nil
}

// mayPostLocked checks the format, then the permissions.
func (s *Server) mayPostLocked(p *posting) error {
	if length16(p.content) > mostContent {
		return errForm("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
	}
	if len(p.nonce) > mostNonce {
		return errForm("nonce", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
	}
	if p.flags&flagComponentV2 != 0 && (p.content != "" || p.embeds != nil) {
		return errForm("content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
			"The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2")
	}
	if err := p.allowed.check(); err != nil {
		return err
	}
	if p.content == "" && p.embeds == nil && p.components == nil && len(p.files) == 0 && p.flags&flagLoading == 0 {
		return errEmpty()
	}
	if p.webhook != "" {
		return nil
	}
	perms := s.permissionsLocked(p.channel, p.author.ID)
	switch {
	case perms&permView == 0:
		return errAccess()
	case p.channel.Locked && perms&permManageThreads == 0:
		return &apiError{status: 403, code: 160005, message: "Thread is locked"}
	case perms&permSend == 0, len(p.files) > 0 && perms&permAttach == 0:
		return errPermission()
	case p.replyTo != "" && perms&permHistory == 0:
		return &apiError{status: 403, code: 160002, message: "Cannot reply without permission to read message history"}
	}
	return s.mayDirectLocked(p.channel, p.author)
}

// mayDirectLocked rejects direct messages that a bot may not send.
func (s *Server) mayDirectLocked(c *channel, author *user) error {
	if !c.direct() || !author.Bot {
		return nil
	}
	for _, id := range c.Recipients {
		if u := s.users[id]; id != author.ID && (u == nil || u.NoDMs || u.Bot) {
			return &apiError{status: 403, code: 50007, message: "Cannot send messages to this user"}
		}
	}
	return nil
}

func (s *Server) referenceLocked(p *posting) (*message, error) {
	if p.replyTo == "" {
		return nil, nil
	}
	ref := s.messages[p.replyTo]
	if ref != nil && ref.channel == p.channel && !ref.Deleted {
		return ref, nil
	}
	if p.mayMiss {
		return nil, nil
	}
	return nil, errForm("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
}

func (s *Server) newMessageLocked(p *posting) *message {
	id, num := s.nextIDLocked()
	m := &message{
		ID: id, num: num, ChannelID: p.channel.ID, channel: p.channel, AuthorID: p.author.ID, Type: typeDefault,
		Content: p.content, Nonce: p.nonce, nonceText: p.nonceText, At: s.cfg.Clock(), Flags: p.flags,
		Embeds: p.embeds, Components: p.components, Attachments: p.files, Interaction: p.asked, WebhookID: p.webhook,
	}
	if t, ok := p.channel.typing[p.author.ID]; ok {
		if m.At.Sub(t) <= typingLife {
			m.Typing = t
		}
		delete(p.channel.typing, p.author.ID)
	}
	return m
}

// mentionsLocked determines whom a message mentions and, of these, whom it may
// ping.
func (s *Server) mentionsLocked(m *message, p *posting, ref *message) {
	users, roles := mentionsIn(m.Content)
	m.Mentions, m.MentionRoles, m.MentionEveryone = nil, nil, false
	for _, id := range users {
		if s.users[id] != nil && p.allowed.allows("users", id, p.allowedUsers()) && !slices.Contains(m.Mentions, id) {
			m.Mentions = append(m.Mentions, id)
		}
	}
	g := s.guilds[m.channel.GuildID]
	if ref != nil && (p.allowed == nil || p.allowed.RepliedUser) {
		m.Ping = true
		if !slices.Contains(m.Mentions, ref.AuthorID) && ref.AuthorID != m.AuthorID {
			m.Mentions = append(m.Mentions, ref.AuthorID)
		}
	}
	if g == nil {
		return
	}
	for _, id := range roles {
		known := slices.ContainsFunc(g.Roles, func(r *role) bool { return r.ID == id })
		if known && p.allowed.allows("roles", id, p.allowedRoles()) && !slices.Contains(m.MentionRoles, id) {
			m.MentionRoles = append(m.MentionRoles, id)
		}
	}
	if strings.Contains(m.Content, "@everyone") || strings.Contains(m.Content, "@here") {
		m.MentionEveryone = p.allowed.allows("everyone", "", nil) &&
			s.permissionsLocked(m.channel, m.AuthorID)&permEveryone != 0
	}
	if m.channel.Type == privateThread {
		for _, id := range m.Mentions {
			if !slices.Contains(m.channel.Members, id) {
				m.channel.Members = append(m.channel.Members, id)
				g.version++
			}
		}
	}
}

func (p *posting) allowedUsers() []string {
	if p.allowed == nil {
		return nil
	}
	return p.allowed.Users
}

func (p *posting) allowedRoles() []string {
	if p.allowed == nil {
		return nil
	}
	return p.allowed.Roles
}

// mentionsIn parses <@id>, <@!id> and <@&role> (reference, Message Formatting).
func mentionsIn(text string) (users, roles []string) {
	for {
		_, after, ok := strings.Cut(text, "<@")
		if !ok {
			return users, roles
		}
		text = after
		id, rest, ok := strings.Cut(after, ">")
		if !ok {
			return users, roles
		}
		isRole := strings.HasPrefix(id, "&")
		id = strings.TrimLeft(id, "!&")
		if _, number := snowflake(id); !number {
			continue
		}
		text = rest
		if isRole {
			roles = append(roles, id)
		} else {
			users = append(users, id)
		}
	}
}

// keepLocked stores a new message and drops the oldest one.
func (s *Server) keepLocked(m *message) {
	c := m.channel
	c.messages = append(c.messages, m)
	c.count++
	c.Archived = false // a new message unarchives a thread
	if m.Flags&flagEphemeral == 0 {
		c.Last = m.ID
	}
	s.messages[m.ID] = m
	for _, a := range m.Attachments {
		s.files[a.ID] = a
	}
	s.order = append(s.order, m)
	if len(s.order) > keepMessages {
		s.forgetLocked(s.order[0])
		s.order[0] = nil
		s.order = s.order[1:]
	}
	s.snapshotLocked(m)
}

func (s *Server) forgetLocked(m *message) {
	delete(s.messages, m.ID)
	for _, a := range m.Attachments {
		delete(s.files, a.ID)
	}
	// The oldest message of all is also the oldest of its channel.
	if list := m.channel.messages; len(list) > 0 && list[0] == m {
		list[0] = nil
		m.channel.messages = list[1:]
	}
}

func (s *Server) noteNonceLocked(k nonceKey, m *message) {
	now := s.cfg.Clock()
	for len(s.nonceLog) > 0 {
		use, ok := s.nonces[s.nonceLog[0]]
		if ok && now.Sub(use.at) <= s.cfg.NonceWindow {
			break
		}
		delete(s.nonces, s.nonceLog[0])
		s.nonceLog = s.nonceLog[1:]
	}
	if _, ok := s.nonces[k]; !ok {
		s.nonceLog = append(s.nonceLog, k)
	}
	s.nonces[k] = nonceUse{message: m.ID, at: now}
}

// editLocked changes a message and sends the event.
func (s *Server) editLocked(m *message, change func()) {
	before := m.Content
	change()
	now := s.cfg.Clock()
	if m.Content != before {
		m.Edits = append(m.Edits, Edit{Content: before, At: now})
	}
	m.Edited = now
	s.snapshotLocked(m)
	s.changed()
	e := s.messageEvent("MESSAGE_UPDATE", m)
	if m.Flags&flagEphemeral != 0 {
		s.toUserLocked(m.channel.GuildID, m.Interaction.UserID, e)
		return
	}
	s.toChannelLocked(m.channel, e)
}

func (s *Server) deleteLocked(m *message) {
	m.Deleted = true
	s.snapshotLocked(m)
	s.changed()
	d := map[string]any{"id": m.ID, "channel_id": m.ChannelID}
	if m.channel.GuildID != "" {
		d["guild_id"] = m.channel.GuildID
	}
	intent := int64(intentGuildMessages)
	if m.channel.direct() {
		intent = intentDirectMessages
	}
	s.toChannelLocked(m.channel, fixed("MESSAGE_DELETE", intent, d))
}

// rawArray returns a JSON array that isn't empty, else nil.
func rawArray(v json.RawMessage) []byte {
	if t := strings.TrimSpace(string(v)); t == "" || t == "null" || t == "[]" {
		return nil
	}
	return v
}
