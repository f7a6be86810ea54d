package discordtest

import (
	"context"
	"slices"
	"sync"
	"time"
)

// How much history is kept.
const (
	keepMessages = 200_000
	keepStates   = 400_000
	keepRequests = 8192
)

// Messages returns all messages of a channel in order, including deleted ones.
func (s *Server) Messages(channelID string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[channelID]
	if c == nil {
		return nil
	}
	return exportAll(c.messages, true)
}

// Replies returns the replies to a message that weren't deleted.
func (s *Server) Replies(messageID string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.messages[messageID]
	if m == nil {
		return nil
	}
	return exportAll(m.replies, false)
}

func exportAll(list []*message, deleted bool) []Message {
	out := make([]Message, 0, len(list))
	for _, m := range list {
		if deleted || !m.Deleted {
			out = append(out, *m.snap)
		}
	}
	return out
}

// snapshotLocked records the current state of a message for queries.
func (s *Server) snapshotLocked(m *message) {
	snap := &Message{
		ID: m.ID, ChannelID: m.ChannelID, GuildID: m.channel.GuildID, AuthorID: m.AuthorID, Content: m.Content,
		Nonce: m.Nonce, ReplyTo: m.ReplyTo, At: m.At, Edits: m.Edits, Edited: m.Edited, Deleted: m.Deleted,
		Typing: m.Typing, Mentions: m.Mentions, Roles: m.MentionRoles,
	}
	for emoji, who := range m.Reactions {
		if snap.Reactions == nil {
			snap.Reactions = map[string][]string{}
		}
		snap.Reactions[emoji] = slices.Clone(who)
	}
	if u := s.users[m.AuthorID]; u != nil {
		snap.Bot = u.Bot
	}
	for _, a := range m.Attachments {
		snap.Attachments = append(snap.Attachments, Attachment{
			ID: a.ID, Name: a.Name, Type: a.Type, Size: int64(len(a.Data)), URL: s.attachmentURL(m.ChannelID, a),
		})
	}
	m.snap = snap
	s.said = append(s.said, snap)
	if len(s.said) > keepStates {
		cut := keepStates / 4
		s.saidFrom += cut
		s.said = slices.Clone(s.said[cut:])
	}
	close(s.news)
	s.news = make(chan struct{})
}

// Await returns the first existing or future message, or future edit, for which
// ok returns true.
func (s *Server) Await(ctx context.Context, ok func(Message) bool) (Message, error) {
	s.mu.Lock()
	var now []*Message
	for _, m := range s.order {
		now = append(now, m.snap)
	}
	pos := s.saidFrom + len(s.said)
	s.mu.Unlock()
	for {
		for _, m := range now {
			if ok(*m) {
				return *m, nil
			}
		}
		var news chan struct{}
		now, pos, news = s.since(pos)
		if len(now) > 0 {
			continue
		}
		select {
		case <-news:
		case <-ctx.Done():
			return Message{}, ctx.Err()
		}
	}
}

// since returns the states of messages from a position on.
func (s *Server) since(pos int) ([]*Message, int, chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := max(pos-s.saidFrom, 0)
	return slices.Clone(s.said[from:]), s.saidFrom + len(s.said), s.news
}

// Follow calls fn for every message that is posted, edited or deleted from now
// on, in order, until ctx ends. It is the cheap way to watch heavy traffic.
func (s *Server) Follow(ctx context.Context, fn func(Message)) {
	s.mu.Lock()
	pos := s.saidFrom + len(s.said)
	s.mu.Unlock()
	for {
		list, next, news := s.since(pos)
		pos = next
		for _, m := range list {
			fn(*m)
		}
		if len(list) > 0 {
			continue
		}
		select {
		case <-news:
		case <-ctx.Done():
			return
		}
	}
}

// requestRing keeps the last calls.
type requestRing struct {
	mu   sync.Mutex
	list []Request
	next int
}

func (q *requestRing) add(r Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) < keepRequests {
		q.list = append(q.list, r)
		return
	}
	q.list[q.next] = r
	q.next = (q.next + 1) % keepRequests
}

// Requests returns the last REST calls, oldest first.
func (s *Server) Requests() []Request {
	q := &s.requests
	q.mu.Lock()
	defer q.mu.Unlock()
	return append(slices.Clone(q.list[q.next:]), q.list[:q.next]...)
}

// Connection is an open gateway socket.
type Connection struct {
	SessionID           string // "" before IDENTIFY or RESUME
	AppID               string
	Since               time.Time
	Identified, Resumed bool
	Compress            string
	Intents             int64
}

// Connections returns the open gateway sockets of an application, or of all
// with "", oldest first.
func (s *Server) Connections(appID string) []Connection {
	var list []Connection
	for _, c := range s.connsOf(appID) {
		c.mu.Lock()
		x := Connection{Since: c.since, Compress: c.kind, Identified: c.ready && !c.resumed, Resumed: c.resumed}
		if c.ss != nil {
			x.SessionID, x.AppID, x.Intents = c.ss.id, c.ss.app.ID, c.ss.intents
		}
		ours := c.ours
		c.mu.Unlock()
		if !ours {
			list = append(list, x)
		}
	}
	slices.SortFunc(list, func(a, b Connection) int { return a.Since.Compare(b.Since) })
	return list
}

// Identifies returns how many IDENTIFYs of an application were accepted.
func (s *Server) Identifies(appID string) int {
	return s.ofApp(appID, func(a *application) int { return a.identified })
}

// Resumes returns how many RESUMEs of an application were accepted.
func (s *Server) Resumes(appID string) int {
	return s.ofApp(appID, func(a *application) int { return a.resumed })
}

func (s *Server) ofApp(appID string, count func(*application) int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for id, a := range s.apps {
		if appID == "" || id == appID {
			n += count(a)
		}
	}
	return n
}

// CloseCodes returns how an application's clients closed their sockets, in
// order; 1006 means without a close frame.
func (s *Server) CloseCodes(appID string) []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.apps[appID]; a != nil {
		return slices.Clone(a.closed)
	}
	return nil
}
