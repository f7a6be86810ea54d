package discordtest

import (
	"encoding/json"
	"slices"
)

// Event is an event as the gateway sends it to an account. D holds JSON.
type Event struct {
	T string          `json:"t"`
	D json.RawMessage `json:"d"`
}

// Gateway intents (events/gateway, List of Intents).
const (
	intentGuilds         = 1 << 0
	intentMembers        = 1 << 1
	intentPresences      = 1 << 8
	intentGuildMessages  = 1 << 9
	intentGuildReactions = 1 << 10
	intentGuildTyping    = 1 << 11
	intentDirectMessages = 1 << 12
	intentDMReactions    = 1 << 13
	intentDMTyping       = 1 << 14
	intentMessageContent = 1 << 15
	intentsKnown         = 1<<17 - 1 | 1<<20 | 1<<21 | 1<<24 | 1<<25
	intentsPrivileged    = intentMembers | intentPresences | intentMessageContent
)

// event is something that happened. It is rendered at most once per variant,
// and all sessions share the bytes.
type event struct {
	t      string
	intent int64 // the intent that a session needs; 0 = none
	// d renders the event for an account; content says whether its session may
	// read the content of all messages.
	d func(userID string, content bool) []byte
}

func fixed(t string, intent int64, data any) *event {
	var b []byte
	return &event{t: t, intent: intent, d: func(string, bool) []byte {
		if b == nil {
			b = mustJSON(data)
		}
		return b
	}}
}

// mustJSON marshals a value of this package; none of them can fail.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("discordtest: " + err.Error())
	}
	return b
}

// toChannelLocked sends an event to every account that sees the channel.
func (s *Server) toChannelLocked(c *channel, e *event) {
	bots := c.Recipients
	if g := s.guilds[c.GuildID]; g != nil {
		bots = g.bots
	}
	for _, id := range bots {
		if len(s.byUser[id]) > 0 && s.seesLocked(c, id) {
			s.toBotLocked(c.GuildID, id, e)
		}
	}
	for w := range s.watchers {
		if s.seesLocked(c, w.userID) {
			w.sendLocked(e)
		}
	}
}

// toGuildLocked sends an event to every member of the guild.
func (s *Server) toGuildLocked(g *guild, e *event) {
	for _, id := range g.bots {
		s.toBotLocked(g.ID, id, e)
	}
	for w := range s.watchers {
		if g.Members[w.userID] != nil {
			w.sendLocked(e)
		}
	}
}

// toUserLocked sends an event to one account.
func (s *Server) toUserLocked(guildID, userID string, e *event) {
	s.toBotLocked(guildID, userID, e)
	for w := range s.watchers {
		if w.userID == userID {
			w.sendLocked(e)
		}
	}
}

func (s *Server) toBotLocked(guildID, userID string, e *event) {
	var gone []*session
	for _, ss := range s.byUser[userID] {
		if e.intent != 0 && ss.intents&e.intent == 0 || !ss.hasGuild(guildID) {
			continue
		}
		if s.expiredLocked(ss) || !s.pushLocked(ss, e.t, e.d(userID, ss.intents&intentMessageContent != 0)) {
			gone = append(gone, ss)
		}
	}
	for _, ss := range gone {
		s.endSessionLocked(ss)
	}
}

// watcher is an account that watches from inside this process: the chat page.
type watcher struct {
	userID string
	out    chan Event
	ended  bool
}

func (w *watcher) sendLocked(e *event) {
	if w.ended {
		return
	}
	select {
	case w.out <- Event{e.t, e.d(w.userID, true)}:
	default:
		w.endLocked()
	}
}

func (w *watcher) endLocked() {
	if !w.ended {
		w.ended = true
		close(w.out)
	}
}

// watch returns all events that an account sees from now on, until the returned
// function is called. The channel is closed if its reader falls too far behind
// or the server ends; the reader then starts over from the current state.
func (s *Server) watch(userID string) (<-chan Event, func()) {
	w := &watcher{userID: userID, out: make(chan Event, 512)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		w.endLocked()
		return w.out, func() {}
	}
	s.watchers[w] = struct{}{}
	return w.out, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, w)
		w.endLocked()
	}
}

// openLocked reports whether a bot that may not read the content of all
// messages gets the gated fields of a message (content, embeds, attachments,
// components; events/gateway, Message Content Intent).
func (s *Server) openLocked(m *message, botID string) bool {
	if m.AuthorID == botID || m.channel.direct() || slices.Contains(m.Mentions, botID) && !s.hollowPingLocked(m, botID) {
		return true
	}
	if len(m.MentionRoles) == 0 {
		return false
	}
	u, g := s.users[botID], s.guilds[m.channel.GuildID]
	if u == nil || g == nil || s.apps[u.AppID] == nil || !s.apps[u.AppID].Settings.RoleMentionContent {
		return false
	}
	r := g.managed(botID)
	return r != nil && slices.Contains(m.MentionRoles, r.ID)
}

// hollowPingLocked reports whether a message mentions the bot only because it
// replies to the bot's answer to an interaction. That doesn't include the
// content, as Discord has confirmed for its service.
func (s *Server) hollowPingLocked(m *message, botID string) bool {
	if !m.Ping {
		return false
	}
	ref := s.messages[m.ReplyTo]
	if ref == nil || ref.Interaction == nil || ref.AuthorID != botID {
		return false
	}
	users, _ := mentionsIn(m.Content)
	return !slices.Contains(users, botID)
}

func (g *guild) managed(botID string) *role {
	for _, r := range g.Roles {
		if r.BotID == botID {
			return r
		}
	}
	return nil
}

// messageEvent renders a message for each account, with the gated fields of the
// message and of the one it replies to each full or empty: at most four
// variants.
func (s *Server) messageEvent(t string, m *message) *event {
	var variants [4][]byte
	intent := int64(intentGuildMessages)
	if m.channel.direct() {
		intent = intentDirectMessages
	}
	ref := s.messages[m.ReplyTo]
	return &event{t: t, intent: intent, d: func(userID string, content bool) []byte {
		open := content || s.openLocked(m, userID)
		refOpen := content || ref == nil || s.openLocked(ref, userID)
		v := 0
		if open {
			v |= 1
		}
		if refOpen {
			v |= 2
		}
		if variants[v] == nil {
			variants[v] = mustJSON(s.messageJSON(m, view{gateway: true, open: open, refOpen: refOpen}))
		}
		return variants[v]
	}}
}
