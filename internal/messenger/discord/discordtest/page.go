package discordtest

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// The simulator's pages: the chat at /, the consent page and the developer
// portal. All of them work without JavaScript; scripts use the same REST API as
// everybody else.

//go:embed page
var pageFiles embed.FS

// pageRoutes registers the chat page and what it needs.
func (s *Server) pageRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", s.serveHome)
	mux.HandleFunc("GET /channels/{guild}", s.serveGuild)
	mux.HandleFunc("GET /channels/{guild}/{channel}", s.serveChat)
	mux.HandleFunc("GET /sim/assets/{name}", serveAsset)
	mux.HandleFunc("GET /sim/persons", s.servePersons)
	mux.HandleFunc("GET /sim/place", s.servePlace)
	mux.HandleFunc("GET /sim/events", s.serveEvents)
	mux.Handle("POST /sim/persons", sameOrigin(s.formPerson))
	mux.Handle("POST /sim/guilds", sameOrigin(s.formGuild))
	mux.Handle("POST /sim/channels", sameOrigin(s.formChannel))
	mux.Handle("POST /sim/threads", sameOrigin(s.formThread))
	mux.Handle("POST /sim/dms", sameOrigin(s.formDM))
	mux.Handle("POST /sim/join", sameOrigin(s.formJoin))
	mux.Handle("POST /sim/say", sameOrigin(s.formSay))
}

// sameOrigin rejects forms posted from other sites.
func sameOrigin(h http.HandlerFunc) http.Handler {
	return http.NewCrossOriginProtection().Handler(h)
}

// messagePage is a page with one sentence.
type messagePage struct{ Title, ID, Text, Back string }

// servePage renders page/<name>.html inside page/layout.html. The content
// security policy only allows our own files, and data URLs for avatars.
func servePage(w http.ResponseWriter, status int, name string, data any) {
	t, err := template.New("layout.html").Funcs(template.FuncMap{"avatar": avatarClass}).
		ParseFS(pageFiles, "page/layout.html", "page/"+name+".html")
	var b bytes.Buffer
	if err == nil {
		err = t.Execute(&b, data)
	}
	if err != nil {
		http.Error(w, "The page cannot be drawn: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the browser may be gone
}

func serveAsset(w http.ResponseWriter, r *http.Request) {
	kind := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}[path.Ext(r.PathValue("name"))]
	b, err := pageFiles.ReadFile("page/" + r.PathValue("name"))
	if err != nil || kind == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(b)
}

// personCookie remembers the last person that the visitor was; it proves
// nothing, because here everybody may be anybody.
const personCookie = "pretend_discord_person"

func remember(w http.ResponseWriter, personID string) {
	http.SetCookie(w, &http.Cookie{Name: personCookie, Value: personID, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 30 * 24 * 3600})
}

// visitor returns the ID of the person named by the URL or the cookie, or of
// the only person.
func (s *Server) visitor(r *http.Request) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := func(id string) bool { u := s.users[id]; return u != nil && !u.Bot }
	if id := r.FormValue("as"); known(id) {
		return id
	}
	if c, err := r.Cookie(personCookie); err == nil && known(c.Value) {
		return c.Value
	}
	if people := s.peopleLocked(); len(people) == 1 {
		return people[0].ID
	}
	return ""
}

// The views are the templates' data: plain values, no locks.

type personView struct {
	ID, Name, Initials string
	Hue                int
	Bot                bool
}

type personLink struct {
	personView
	Link string
}

type guildView struct {
	ID, Name, Initials, OwnerID string
	Hue                         int
}

type appView struct {
	ID, Name, Initials string
	Hue                int
}

func viewUser(u *user) personView {
	return personView{ID: u.ID, Name: u.Name, Initials: initials(u.Name), Hue: hue(u.ID), Bot: u.Bot}
}

func viewGuild(g *guild) guildView {
	return guildView{ID: g.ID, Name: g.Name, OwnerID: g.OwnerID, Initials: initials(g.Name), Hue: hue(g.ID)}
}

// hue and initials compute the same as render.js.
func hue(id string) int {
	sum := 7
	for _, c := range id {
		sum = (sum*31 + int(c)) % 12
	}
	return sum
}

func initials(name string) string {
	words := strings.Fields(name)
	var out []rune
	switch len(words) {
	case 0:
		return "?"
	case 1:
		out = []rune(words[0])
		out = out[:min(2, len(out))]
	default:
		out = []rune{[]rune(words[0])[0], []rune(words[1])[0]}
	}
	return strings.Map(unicode.ToUpper, string(out))
}

func avatarClass(hue int) string { return "avatar h" + strconv.Itoa(hue) }

// peopleLocked returns all persons, oldest first.
func (s *Server) peopleLocked() []personView {
	var out []personView
	for _, u := range s.users {
		if !u.Bot {
			out = append(out, viewUser(u))
		}
	}
	slices.SortFunc(out, func(a, b personView) int { return compareIDs(a.ID, b.ID) })
	return out
}
