package discordtest

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// directGuild means "no guild" in URLs, as in Discord's own.
const directGuild = "@me"

// chatPage is the data of page/chat.html.
type chatPage struct {
	Me       personView
	People   []personLink
	Guilds   []placeLink
	Direct   bool // the page shows direct messages
	Guild    guildView
	Channels []channelLink
	Channel  *channelLink
	Persons  []personView
	Bots     []personView
	Messages []messageView
	Manager  bool // may create channels

	Invitable []personView // persons who aren't in the guild
	Thread    bool
}

type placeLink struct {
	guildView
	Link string
	Here bool
}

type channelLink struct {
	ID, Name, Topic, Link string
	Here, Thread, Private bool
	Person                personView // of a direct message
	Threads               []channelLink
}

type messageView struct {
	ID, Text, Time, ISO string
	Author              personView
	Follow, Edited      bool
	ReplyTo, ReplyName  string
	ReplyText           string
	Files               []Attachment
}

// welcomePage is the data of page/welcome.html, shown until there is a channel.
type welcomePage struct {
	People []personLink
	Me     *personView
}

func (s *Server) serveHome(w http.ResponseWriter, r *http.Request) {
	me := s.visitor(r)
	s.mu.Lock()
	page := welcomePage{}
	for _, p := range s.peopleLocked() {
		if me == "" {
			me = p.ID
		}
		if p.ID == me {
			page.Me = &p
		}
		page.People = append(page.People, personLink{p, "/?as=" + p.ID})
	}
	to := ""
	if guilds := s.guildsOfLocked(me); len(guilds) > 0 {
		to = s.firstChannelLocked(guilds[0], me)
	} else if me != "" && len(s.directsLocked(me)) > 0 {
		to = "/channels/" + directGuild + "?as=" + me
	}
	s.mu.Unlock()
	if to != "" {
		http.Redirect(w, r, to, http.StatusFound)
		return
	}
	servePage(w, http.StatusOK, "welcome", page)
}

// serveGuild redirects to the first channel of a guild.
func (s *Server) serveGuild(w http.ResponseWriter, r *http.Request) {
	me, guildID := s.visitor(r), r.PathValue("guild")
	if guildID == directGuild && me != "" {
		s.mu.Lock()
		direct := s.directsLocked(me)
		s.mu.Unlock()
		if len(direct) == 0 {
			s.chat(w, me, directGuild, "")
			return
		}
		http.Redirect(w, r, chatLink(directGuild, direct[0].ID, me), http.StatusFound)
		return
	}
	s.mu.Lock()
	to := ""
	if g := s.guilds[guildID]; g != nil && g.Members[me] != nil {
		to = s.firstChannelLocked(g, me)
	}
	s.mu.Unlock()
	if to == "" {
		nowhere(w)
		return
	}
	http.Redirect(w, r, to, http.StatusFound)
}

func nowhere(w http.ResponseWriter) {
	servePage(w, http.StatusNotFound, "message", messagePage{Title: "Nothing here", ID: "error", Text: "There is no such place, or you may not see it.", Back: "/"})
}

func chatLink(guildID, channelID, as string) string {
	if guildID == "" {
		guildID = directGuild
	}
	return "/channels/" + guildID + "/" + channelID + "?as=" + as
}

// firstChannelLocked returns the URL of the first channel that somebody can
// see, or of the guild's empty page.
func (s *Server) firstChannelLocked(g *guild, userID string) string {
	for _, id := range g.Channels {
		if c := s.channels[id]; c != nil && s.seesLocked(c, userID) {
			return chatLink(g.ID, id, userID)
		}
	}
	return chatLink(g.ID, "none", userID)
}

func (s *Server) serveChat(w http.ResponseWriter, r *http.Request) {
	me := s.visitor(r)
	if me == "" {
		http.Redirect(w, r, "/", http.StatusFound)
		return
	}
	if r.URL.Query().Get("as") != me {
		q := r.URL.Query()
		q.Set("as", me)
		http.Redirect(w, r, r.URL.Path+"?"+q.Encode(), http.StatusFound)
		return
	}
	s.chat(w, me, r.PathValue("guild"), r.PathValue("channel"))
}

func (s *Server) chat(w http.ResponseWriter, me, guildID, channelID string) {
	page, ok := s.chatPage(me, guildID, channelID)
	if !ok {
		nowhere(w)
		return
	}
	remember(w, me)
	servePage(w, http.StatusOK, "chat", page)
}

func (s *Server) chatPage(me, guildID, channelID string) (chatPage, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := chatPage{Me: viewUser(s.users[me]), Direct: guildID == directGuild}
	for _, g := range s.guildsOfLocked(me) {
		p.Guilds = append(p.Guilds, placeLink{viewGuild(g), "/channels/" + g.ID + "?as=" + me, g.ID == guildID})
	}
	if p.Direct {
		p.Channels = s.directLinksLocked(me, channelID)
	} else {
		g := s.guilds[guildID]
		if g == nil || g.Members[me] == nil {
			return p, false
		}
		p.Guild = viewGuild(g)
		p.Manager = s.guildPermissionsLocked(g, me)&permManageChannels != 0
		p.Channels = s.channelLinksLocked(g, me, channelID)
		for _, v := range s.peopleLocked() {
			if g.Members[v.ID] == nil {
				p.Invitable = append(p.Invitable, v)
			}
		}
	}
	c := s.channels[channelID]
	if channelID != "" && channelID != "none" && (c == nil || !s.seesLocked(c, me) || p.Direct != c.direct() || !p.Direct && c.GuildID != guildID) {
		return p, false
	}
	p.People = s.peopleLinksLocked(guildID, channelID)
	if c == nil {
		return p, true
	}
	here := s.channelLinkLocked(c, me, channelID)
	p.Channel, p.Thread = &here, c.thread()
	p.Persons, p.Bots = s.audienceLocked(c)
	p.Messages = s.messageViewsLocked(c, me)
	return p, true
}

// peopleLinksLocked returns links to the same channel as somebody else, if that
// person may see it, else to that person's first channel.
func (s *Server) peopleLinksLocked(guildID, channelID string) []personLink {
	c := s.channels[channelID]
	var out []personLink
	for _, v := range s.peopleLocked() {
		to := "/?as=" + v.ID
		if c != nil && s.seesLocked(c, v.ID) {
			to = chatLink(guildID, channelID, v.ID)
		}
		out = append(out, personLink{v, to})
	}
	return out
}

func (s *Server) channelLinkLocked(c *channel, me, here string) channelLink {
	l := channelLink{ID: c.ID, Name: c.Name, Topic: c.Topic, Link: chatLink(c.GuildID, c.ID, me), Here: c.ID == here, Thread: c.thread(), Private: c.Type == privateThread}
	for _, id := range c.Recipients {
		if u := s.users[id]; u != nil && id != me {
			l.Person, l.Name = viewUser(u), u.Name
		}
	}
	return l
}

func (s *Server) channelLinksLocked(g *guild, me, here string) []channelLink {
	var out []channelLink
	for _, id := range g.Channels {
		c := s.channels[id]
		if c == nil || c.Type != textChannel || !s.seesLocked(c, me) {
			continue
		}
		l := s.channelLinkLocked(c, me, here)
		for _, t := range g.Threads {
			if t := s.channels[t]; t != nil && t.ParentID == id && s.seesLocked(t, me) && (!t.Archived || t.ID == here) {
				l.Threads = append(l.Threads, s.channelLinkLocked(t, me, here))
			}
		}
		out = append(out, l)
	}
	return out
}

// directsLocked returns an account's direct message channels, most recently
// used first.
func (s *Server) directsLocked(me string) []*channel {
	var out []*channel
	for _, c := range s.channels {
		if c.direct() && slices.Contains(c.Recipients, me) {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b *channel) int {
		return compareIDs(latest(b), latest(a))
	})
	return out
}

func latest(c *channel) string {
	if c.Last != "" {
		return c.Last
	}
	return c.ID
}

func (s *Server) directLinksLocked(me, here string) []channelLink {
	var out []channelLink
	for _, c := range s.directsLocked(me) {
		out = append(out, s.channelLinkLocked(c, me, here))
	}
	return out
}

// audienceLocked returns the accounts that can see a channel.
func (s *Server) audienceLocked(c *channel) (persons, bots []personView) {
	ids := slices.Clone(c.Recipients)
	if g := s.guilds[c.GuildID]; g != nil {
		for id := range g.Members {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		u := s.users[id]
		if u == nil || !s.seesLocked(c, id) {
			continue
		}
		if u.Bot {
			bots = append(bots, viewUser(u))
		} else {
			persons = append(persons, viewUser(u))
		}
	}
	byName := func(a, b personView) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) }
	slices.SortFunc(persons, byName)
	slices.SortFunc(bots, byName)
	return persons, bots
}

// messageViewsLocked returns the newest messages, for a page without
// JavaScript.
func (s *Server) messageViewsLocked(c *channel, me string) []messageView {
	if s.permissionsLocked(c, me)&permHistory == 0 {
		return nil
	}
	var out []messageView
	var before *message
	for _, m := range c.messages[max(0, len(c.messages)-100):] {
		if m.Deleted || s.users[m.AuthorID] == nil {
			continue
		}
		v := messageView{
			ID: m.ID, Text: s.readableLocked(m.Content), ISO: m.At.UTC().Format(time.RFC3339), Time: m.At.Format("15:04"),
			Author: viewUser(s.users[m.AuthorID]), Edited: !m.Edited.IsZero(), ReplyTo: m.ReplyTo,
			Follow: before != nil && before.AuthorID == m.AuthorID && m.ReplyTo == "" && m.At.Sub(before.At) < 7*time.Minute,
		}
		if ref := s.messages[m.ReplyTo]; ref != nil && !ref.Deleted && s.users[ref.AuthorID] != nil {
			v.ReplyName = s.users[ref.AuthorID].Name
			v.ReplyText = shortened(s.readableLocked(ref.Content))
		}
		for _, a := range m.Attachments {
			v.Files = append(v.Files, Attachment{ID: a.ID, Name: a.Name, Type: a.Type, URL: s.attachmentURL(c.ID, a)})
		}
		out = append(out, v)
		before = m
	}
	return out
}

func shortened(text string) string {
	r := []rune(strings.Join(strings.Fields(text), " "))
	if len(r) > 120 {
		return string(r[:119]) + "…"
	}
	return string(r)
}

// readableLocked replaces IDs with names.
func (s *Server) readableLocked(text string) string {
	return regexp.MustCompile(`<(@!?|@&|#)(\d+)>`).ReplaceAllStringFunc(text, func(m string) string {
		id := strings.Trim(m, "<@!&#>")
		switch {
		case strings.HasPrefix(m, "<#") && s.channels[id] != nil:
			return "#" + s.channels[id].Name
		case strings.HasPrefix(m, "<@&"):
			for _, g := range s.guilds {
				for _, r := range g.Roles {
					if r.ID == id {
						return "@" + r.Name
					}
				}
			}
		case s.users[id] != nil:
			return "@" + s.users[id].Name
		}
		return m
	})
}
