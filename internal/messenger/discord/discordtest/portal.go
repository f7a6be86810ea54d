package discordtest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The developer portal has the same structure as Discord's own (General
// Information, OAuth2, Bot), so that instructions for the real one work here.

func (s *Server) portalRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /developers", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/developers/applications", http.StatusFound)
	})
	mux.HandleFunc("GET /developers/applications", s.servePortal)
	mux.Handle("POST /developers/applications", sameOrigin(s.formApplication))
	mux.HandleFunc("GET /developers/applications/{app}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/developers/applications/"+r.PathValue("app")+"/information", http.StatusFound)
	})
	mux.HandleFunc("GET /developers/applications/{app}/{section}", s.serveSection)
	mux.Handle("POST /developers/applications/{app}/{section}", sameOrigin(s.formSection))
}

// portalPage is the data of page/portal.html: the list if App is nil, else a
// section of an application.
type portalPage struct {
	Me       *personView
	People   []personLink
	Apps     []appView
	App      *portalApp
	Section  string
	Token    string // only shown right after its reset
	Secret   string
	Saved    string
	Problem  string
	Generate *generated
}

type portalApp struct {
	appView
	BotName, PublicKey, Owner string
	Settings                  Settings
	Guilds                    int
}

// generated is the OAuth2 URL Generator.
type generated struct {
	Scopes      []choice
	Permissions []choice
	Redirects   []choice
	Link        string
}

type choice struct {
	Value, Name string
	On          bool
}

// portalPage returns the data for every page of the portal. The visitor is
// signed in with the cookie or ?as=.
func (s *Server) portalPage(w http.ResponseWriter, r *http.Request) portalPage {
	me := s.visitor(r)
	if me != "" {
		remember(w, me)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var p portalPage
	for _, v := range s.peopleLocked() {
		if v.ID == me {
			p.Me = &v
		}
		p.People = append(p.People, personLink{v, r.URL.Path + "?as=" + v.ID})
	}
	ids := slices.SortedFunc(maps.Keys(s.apps), compareIDs)
	for _, id := range ids {
		if a := s.apps[id]; a.OwnerID == me {
			p.Apps = append(p.Apps, viewApp(a))
		}
	}
	return p
}

func viewApp(a *application) appView {
	return appView{ID: a.ID, Name: a.Name, Initials: initials(a.Name), Hue: hue(a.ID)}
}

func (s *Server) servePortal(w http.ResponseWriter, r *http.Request) {
	servePage(w, http.StatusOK, "portal", s.portalPage(w, r))
}

func (s *Server) formApplication(w http.ResponseWriter, r *http.Request) {
	me := s.speaker(w, r)
	if me == "" {
		return
	}
	if name, ok := named(w, r); ok {
		app := s.AddApplication(me, name)
		http.Redirect(w, r, "/developers/applications/"+app.ID+"/information?as="+me, http.StatusSeeOther)
	}
}

func sections() []string { return []string{"information", "oauth2", "bot"} }

// ownApp sets the application from the URL, if it belongs to the visitor.
func (s *Server) ownApp(p *portalPage, appID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.apps[appID]
	if a == nil || p.Me == nil || a.OwnerID != p.Me.ID {
		return false
	}
	app := portalApp{appView: viewApp(a), PublicKey: a.Key, Owner: p.Me.Name, Settings: a.Settings}
	app.Settings.Redirects = slices.Clone(a.Settings.Redirects)
	if u := s.users[a.BotID]; u != nil {
		app.BotName = u.Name
	}
	for _, g := range s.guilds {
		if g.Members[a.BotID] != nil {
			app.Guilds++
		}
	}
	p.App = &app
	return true
}

func (s *Server) serveSection(w http.ResponseWriter, r *http.Request) {
	p := s.portalPage(w, r)
	s.section(w, r, p)
}

func (s *Server) section(w http.ResponseWriter, r *http.Request, p portalPage) {
	p.Section = r.PathValue("section")
	if p.Me == nil {
		servePage(w, http.StatusOK, "portal", p)
		return
	}
	if !s.ownApp(&p, r.PathValue("app")) || !slices.Contains(sections(), p.Section) {
		servePage(w, http.StatusNotFound, "message", messagePage{Title: "No such application", ID: "error", Text: p.Me.Name + " has no application of this id.", Back: "/developers/applications"})
		return
	}
	if p.Section == "oauth2" {
		p.Generate = s.generate(p.App, r.URL.Query())
	}
	status := http.StatusOK
	if p.Problem != "" {
		status = http.StatusBadRequest
	}
	servePage(w, status, "portal", p)
}

// generate is the URL generator, a form with method GET.
func (s *Server) generate(app *portalApp, q url.Values) *generated {
	g := &generated{}
	var scopes []string
	for _, name := range []string{"identify", "bot", "applications.commands", "guilds"} {
		on := slices.Contains(q["scope"], name)
		if on {
			scopes = append(scopes, name)
		}
		g.Scopes = append(g.Scopes, choice{name, name, on})
	}
	var permissions int64
	for _, n := range permissionNames() {
		v := strconv.FormatInt(n.Bit, 10)
		on := slices.Contains(q["permission"], v)
		if on {
			permissions |= n.Bit
		}
		g.Permissions = append(g.Permissions, choice{v, n.Name, on})
	}
	for _, to := range app.Settings.Redirects {
		g.Redirects = append(g.Redirects, choice{to, to, q.Get("redirect") == to})
	}
	if len(scopes) == 0 {
		return g
	}
	v := url.Values{"client_id": {app.ID}, "scope": {strings.Join(scopes, " ")}}
	if slices.Contains(scopes, "bot") {
		v.Set("permissions", strconv.FormatInt(permissions, 10))
	}
	if to := q.Get("redirect"); to != "" {
		v.Set("redirect_uri", to)
		v.Set("response_type", "code")
	}
	g.Link = s.Authorize() + "?" + v.Encode()
	return g
}

// formSection handles a button of a section and shows the section again. Tokens
// and secrets are only shown in this response.
func (s *Server) formSection(w http.ResponseWriter, r *http.Request) {
	p := s.portalPage(w, r)
	id := r.PathValue("app")
	if p.Me == nil || !s.ownApp(&p, id) {
		s.section(w, r, p)
		return
	}
	p.Saved = "Your changes are saved."
	switch r.PostFormValue("action") {
	case "information":
		p.Problem = s.rename(id, r.PostFormValue("name"), "")
		s.Configure(id, func(t *Settings) {
			t.Description = strings.TrimSpace(r.PostFormValue("description"))
			t.InteractionsURL = strings.TrimSpace(r.PostFormValue("interactions_url"))
		})
	case "delete":
		if r.PostFormValue("confirm") != p.App.Name {
			p.Problem = "To delete the application, type its name."
			break
		}
		s.deleteApplication(id)
		http.Redirect(w, r, "/developers/applications", http.StatusSeeOther)
		return
	case "reset-secret":
		p.Secret, p.Saved = s.ResetSecret(id), ""
	case "add-redirect":
		p.Problem = s.addRedirect(id, r.PostFormValue("redirect"))
	case "remove-redirect":
		s.Configure(id, func(t *Settings) {
			t.Redirects = slices.DeleteFunc(slices.Clone(t.Redirects), func(x string) bool { return x == r.PostFormValue("redirect") })
		})
	case "reset-token":
		p.Token, p.Saved = s.ResetToken(id), ""
	case "bot":
		p.Problem = s.rename(id, "", r.PostFormValue("username"))
		on := func(name string) bool { return r.PostFormValue(name) != "" }
		s.Configure(id, func(t *Settings) {
			t.Public, t.CodeGrant = on("public"), on("code_grant")
			t.PresenceIntent, t.MembersIntent, t.ContentIntent = on("presence"), on("members"), on("content")
		})
	default:
		p.Problem = "The page has no such button."
	}
	if p.Problem != "" {
		p.Saved = ""
	}
	s.section(w, r, p)
}

// rename changes the name of the application or of its bot; "" keeps it.
func (s *Server) rename(appID, name, botName string) string {
	name, botName = strings.TrimSpace(name), strings.TrimSpace(botName)
	if len([]rune(name)) > 32 || len([]rune(botName)) > 32 {
		return "A name has 1 to 32 characters."
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.apps[appID]
	if a == nil {
		return "The application is gone."
	}
	if name != "" {
		a.Name = name
	}
	if u := s.users[a.BotID]; u != nil && botName != "" {
		u.Name = botName
	}
	s.changed()
	return ""
}

// addRedirect registers a URL. Discord accepts at most ten and compares them
// exactly.
func (s *Server) addRedirect(appID, to string) (problem string) {
	to = strings.TrimSpace(to)
	u, err := url.Parse(to)
	if err != nil || u.Scheme == "" || u.Host == "" || u.Fragment != "" {
		return "A redirect is a whole address without a fragment, such as https://example.com/callback."
	}
	s.Configure(appID, func(t *Settings) {
		switch {
		case slices.Contains(t.Redirects, to):
			problem = "This redirect is there already."
		case len(t.Redirects) >= 10:
			problem = "An application has at most ten redirects."
		default:
			t.Redirects = append(slices.Clone(t.Redirects), to)
		}
	})
	return problem
}

// deleteApplication deletes an application: its bot leaves all guilds and its
// token becomes invalid.
func (s *Server) deleteApplication(appID string) {
	s.mu.Lock()
	a := s.apps[appID]
	if a == nil {
		s.mu.Unlock()
		return
	}
	for _, g := range s.guilds {
		s.removeLocked(g, a.BotID)
	}
	if u := s.users[a.BotID]; u != nil {
		delete(s.tokens, u.Token)
	}
	maps.DeleteFunc(s.bearers, func(_ string, b *bearer) bool { return b.AppID == appID })
	delete(s.apps, appID)
	s.changed()
	s.mu.Unlock()
	s.CloseWith(appID, 4004)
}
