package discordtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// servePersons lists everybody that the visitor can be, with their tokens: in
// the simulator every script may act as any person.
func (s *Server) servePersons(w http.ResponseWriter, r *http.Request) {
	type person struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		Token string `json:"token"`
	}
	out := []person{}
	s.mu.Lock()
	for _, p := range s.peopleLocked() {
		out = append(out, person{p.ID, p.Name, s.users[p.ID].Token})
	}
	s.mu.Unlock()
	pageJSON(w, out)
}

func pageJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v) // the browser may be gone
}

// target is somebody who can be mentioned with "@Name".
type target struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"` // user or role
	Bot  bool   `json:"bot,omitempty"`
}

type idName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// place is what the page's script needs and the REST API only returns to bots:
// all members, roles and channels at once.
type place struct {
	Me struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		Token string `json:"token"`
	} `json:"me"`
	Thread   bool     `json:"thread"`
	Users    []idName `json:"users"`
	Roles    []idName `json:"roles"`
	Channels []idName `json:"channels"`
	Targets  []target `json:"targets"`
	Commands []slash  `json:"commands"`
}

// chatInput is the type of slash commands.
const chatInput = 1

// slash is a command as the composer shows it.
type slash struct {
	ID          string `json:"id"`
	AppID       string `json:"application_id"`
	App         string `json:"app"` // its bot's name
	Version     string `json:"version"`
	Name        string `json:"name"`
	Description any    `json:"description"`
	Options     any    `json:"options,omitempty"`
}

func (s *Server) servePlace(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.mu.Lock()
	me, c := s.users[q.Get("as")], s.channels[q.Get("channel")]
	known := me != nil && !me.Bot && (c == nil || s.seesLocked(c, me.ID))
	var body []byte
	if known {
		// Rendered under the lock, because commands contain shared maps.
		body = mustJSON(s.placeLocked(me, c))
	}
	s.mu.Unlock()
	if !known {
		http.NotFound(w, r)
		return
	}
	pageJSON(w, json.RawMessage(body))
}

func (s *Server) placeLocked(me *user, c *channel) place {
	p := place{Users: []idName{}, Roles: []idName{}, Channels: []idName{}, Targets: []target{}, Commands: []slash{}}
	p.Me.ID, p.Me.Name, p.Me.Token = me.ID, me.Name, me.Token
	for id, u := range s.users {
		p.Users = append(p.Users, idName{id, u.Name})
	}
	if c == nil {
		return p
	}
	p.Thread, p.Targets, p.Commands = c.thread(), s.targetsLocked(c), s.commandsLocked(c)
	if g := s.guilds[c.GuildID]; g != nil {
		for _, r := range g.Roles {
			p.Roles = append(p.Roles, idName{r.ID, r.Name})
		}
		for _, id := range slices.Concat(g.Channels, g.Threads) {
			if o := s.channels[id]; o != nil && s.seesLocked(o, me.ID) {
				p.Channels = append(p.Channels, idName{id, o.Name})
			}
		}
	}
	return p
}

// targetsLocked returns the accounts and roles that can be mentioned in a
// channel.
func (s *Server) targetsLocked(c *channel) []target {
	out := []target{}
	persons, bots := s.audienceLocked(c)
	for _, u := range append(persons, bots...) {
		out = append(out, target{u.ID, u.Name, "user", u.Bot})
	}
	if g := s.guilds[c.GuildID]; g != nil {
		for _, r := range g.Roles {
			if r.ID != g.ID {
				out = append(out, target{ID: r.ID, Name: r.Name, Kind: "role"})
			}
		}
	}
	return out
}

// commandsLocked returns the slash commands of the bots that can see a channel.
func (s *Server) commandsLocked(c *channel) []slash {
	out := []slash{}
	_, bots := s.audienceLocked(c)
	for _, b := range bots {
		app := s.apps[s.users[b.ID].AppID]
		if app == nil {
			continue
		}
		list := slices.Clone(app.Commands[""])
		if c.GuildID != "" {
			list = append(list, app.Commands[c.GuildID]...)
		}
		for _, k := range list {
			if k.Type == chatInput {
				out = append(out, slash{k.ID, app.ID, b.Name, k.Version, k.Name, k.Body["description"], k.Body["options"]})
			}
		}
	}
	return out
}

// serveEvents streams what an account sees as server-sent events, each a
// gateway dispatch {t, d}. A comment every 15 s keeps the connection alive.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("token")
	if token == "" {
		token = r.Header.Get("Authorization")
	}
	s.mu.Lock()
	u := s.tokens[token]
	s.mu.Unlock()
	if u == nil || u.Bot {
		http.Error(w, "The token belongs to no person.", http.StatusUnauthorized)
		return
	}
	events, stop := s.watch(u.ID)
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	flush := http.NewResponseController(w)
	if _, err := fmt.Fprint(w, "retry: 500\n\n"); err != nil || flush.Flush() != nil {
		return
	}
	alive := time.NewTicker(15 * time.Second)
	defer alive.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-s.done:
			return
		case <-alive.C:
			if _, err := fmt.Fprint(w, ":\n\n"); err != nil || flush.Flush() != nil {
				return
			}
		case e, ok := <-events:
			if !ok {
				return
			}
			b, err := json.Marshal(e)
			if err != nil {
				return
			}
			if _, err := fmt.Fprintf(w, "data: %s\n\n", b); err != nil || flush.Flush() != nil {
				return
			}
		}
	}
}
