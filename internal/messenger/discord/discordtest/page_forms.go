package discordtest

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The forms of the chat page. Each does one thing and redirects the browser to
// where the result is shown.

// named returns the trimmed name from a form; if ok is false it has already
// answered.
func named(w http.ResponseWriter, r *http.Request) (name string, ok bool) {
	name = strings.TrimSpace(r.PostFormValue("name"))
	if n := utf8.RuneCountInString(name); n < 1 || n > 100 {
		refuse(w, "A name has 1 to 100 characters.")
		return "", false
	}
	return name, true
}

func refuse(w http.ResponseWriter, why string) {
	servePage(w, http.StatusBadRequest, "message", messagePage{Title: "That didn’t work", ID: "error", Text: why, Back: "/"})
}

func (s *Server) formPerson(w http.ResponseWriter, r *http.Request) {
	name, ok := named(w, r)
	if !ok {
		return
	}
	p := s.AddPerson(name)
	remember(w, p.ID)
	to := "/?as=" + p.ID
	if next := r.PostFormValue("next"); strings.HasPrefix(next, "/developers") {
		to = next
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// speaker returns the person who sent the form; "" if it has already answered.
func (s *Server) speaker(w http.ResponseWriter, r *http.Request) string {
	me := s.visitor(r)
	if me == "" {
		refuse(w, "Say first who you are.")
	}
	return me
}

func (s *Server) formGuild(w http.ResponseWriter, r *http.Request) {
	me := s.speaker(w, r)
	if me == "" {
		return
	}
	if name, ok := named(w, r); ok {
		g := s.AddGuild(me, name)
		http.Redirect(w, r, chatLink(g.ID, g.General, me), http.StatusSeeOther)
	}
}

func (s *Server) formChannel(w http.ResponseWriter, r *http.Request) {
	me := s.speaker(w, r)
	if me == "" {
		return
	}
	guildID := r.PostFormValue("guild")
	s.mu.Lock()
	g := s.guilds[guildID]
	may := g != nil && s.guildPermissionsLocked(g, me)&permManageChannels != 0
	s.mu.Unlock()
	if !may {
		refuse(w, "You may not make channels here.")
		return
	}
	if name, ok := named(w, r); ok {
		c := s.AddChannel(guildID, channelName(name))
		http.Redirect(w, r, chatLink(guildID, c.ID, me), http.StatusSeeOther)
	}
}

// channelName converts a name to Discord's form for text channels.
func channelName(name string) string {
	return strings.ToLower(strings.Join(strings.Fields(name), "-"))
}

func (s *Server) formThread(w http.ResponseWriter, r *http.Request) {
	me := s.speaker(w, r)
	if me == "" {
		return
	}
	id := r.PostFormValue("channel")
	s.mu.Lock()
	c := s.channels[id]
	may := c != nil && c.Type == textChannel && s.permissionsLocked(c, me)&permPublicThreads != 0
	s.mu.Unlock()
	if !may {
		refuse(w, "You may not start a thread here.")
		return
	}
	if name, ok := named(w, r); ok {
		t := s.AddThread(id, me, name)
		http.Redirect(w, r, chatLink(t.GuildID, t.ID, me), http.StatusSeeOther)
	}
}

func (s *Server) formDM(w http.ResponseWriter, r *http.Request) {
	me := s.speaker(w, r)
	if me == "" {
		return
	}
	other := r.PostFormValue("user")
	s.mu.Lock()
	known := s.users[other] != nil && other != me
	s.mu.Unlock()
	if !known {
		refuse(w, "There is nobody of that id to talk to.")
		return
	}
	http.Redirect(w, r, chatLink("", s.DM(me, other).ID, me), http.StatusSeeOther)
}

// formJoin adds the person to a guild, like an invite.
func (s *Server) formJoin(w http.ResponseWriter, r *http.Request) {
	me := s.speaker(w, r)
	if me == "" {
		return
	}
	guildID, other := r.PostFormValue("guild"), r.PostFormValue("user")
	s.mu.Lock()
	g, u := s.guilds[guildID], s.users[other]
	may := g != nil && g.Members[me] != nil && u != nil && !u.Bot
	s.mu.Unlock()
	if !may {
		refuse(w, "Only a member can invite, and only persons: bots join by their authorization link.")
		return
	}
	s.Join(guildID, other)
	http.Redirect(w, r, "/channels/"+guildID+"?as="+me, http.StatusSeeOther)
}

// formSay posts a message for a page without JavaScript.
func (s *Server) formSay(w http.ResponseWriter, r *http.Request) {
	me := s.speaker(w, r)
	if me == "" {
		return
	}
	id, text := r.PostFormValue("channel"), strings.TrimSpace(strings.ReplaceAll(r.PostFormValue("content"), "\r\n", "\n"))
	s.mu.Lock()
	c := s.channels[id]
	may := c != nil && s.permissionsLocked(c, me)&permSend != 0
	if may {
		text = encodeMentions(text, s.targetsLocked(c))
	}
	s.mu.Unlock()
	switch {
	case !may:
		refuse(w, "You may not write here.")
		return
	case text == "" || utf8.RuneCountInString(text) > 2000:
		refuse(w, "A message has 1 to 2000 characters.")
		return
	}
	m := s.Say(id, me, text)
	http.Redirect(w, r, chatLink(m.GuildID, id, me)+"#m"+m.ID, http.StatusSeeOther)
}

// encodeMentions replaces "@Name" with what a client sends, like mentions.js:
// the longest name wins, and a person wins over a role with the same name.
func encodeMentions(text string, targets []target) string {
	var out strings.Builder
	var before = ' '
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == '@' && before != '<' && !wordRune(before) {
			if t, ok := addressee(text[i+1:], targets); ok {
				if t.Kind == "role" {
					out.WriteString("<@&" + t.ID + ">")
				} else {
					out.WriteString("<@" + t.ID + ">")
				}
				i += 1 + len(t.Name)
				before = 'x'
				continue
			}
		}
		out.WriteString(text[i : i+n])
		before = r
		i += n
	}
	return out.String()
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

func addressee(rest string, targets []target) (best target, ok bool) {
	for _, t := range targets {
		if len(rest) < len(t.Name) || !strings.EqualFold(rest[:len(t.Name)], t.Name) {
			continue
		}
		if next, _ := utf8.DecodeRuneInString(rest[len(t.Name):]); len(rest) > len(t.Name) && wordRune(next) {
			continue
		}
		if !ok || len(t.Name) > len(best.Name) || len(t.Name) == len(best.Name) && best.Kind == "role" && t.Kind == "user" {
			best, ok = t, true
		}
	}
	return best, ok
}
