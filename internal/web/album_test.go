package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/connect/connecttest"
	"openmates/internal/identity/passkeytest"
	"openmates/internal/llm/llmtest"
	"openmates/internal/messenger"
	"openmates/internal/server"
)

// album keeps pages as the server sent them, so that a browser can open each as
// often as needed, including those that are shown once or follow a form.
type album struct {
	t        *testing.T
	pages    []kept
	patterns map[string]bool // routes that are in it
	houses   []*house
	change   []func(*Config)
	language string
}

type kept struct {
	name string
	answer
}

func newAlbum(t *testing.T) *album {
	return &album{t: t, patterns: map[string]bool{}}
}

// keep adds a page.
func (a *album) keep(name string, got answer) answer {
	a.t.Helper()
	if !isPage(got) {
		a.t.Errorf("%s is no page: %d\n%s", name, got.status, got.body)
		return got
	}
	a.pages = append(a.pages, kept{fmt.Sprintf("%d %s", len(a.pages), name), got})
	return got
}

// open requests a page and adds it.
func (a *album) open(who string, b *browser, path string) answer {
	a.t.Helper()
	a.patterns[routeOf(b.h, path)] = true
	was := b.h.language
	b.h.language = cmp.Or(a.language, was)
	defer func() { b.h.language = was }()
	return a.keep(who+" "+path, b.get(path))
}

func isPage(got answer) bool { return strings.HasPrefix(got.body, "<!doctype html>") }

// routeOf is the pattern that a path is served by.
func routeOf(h *house, path string) string {
	find := http.NewServeMux()
	for _, pattern := range h.web.patterns {
		if pattern != "/" {
			find.Handle(pattern, http.NotFoundHandler())
		}
	}
	_, pattern := find.Handler(httptest.NewRequest(http.MethodGet, path, nil))
	return pattern
}

// notPages are the routes that answer a GET with something else.
func notPages() string {
	return `GET /parts/mates; GET /parts/slug; GET /server/part; GET /server/setup/part; GET /server/bots/{network}/{handle}/state;
		GET /server/audit/{file}; GET /teams/{slug}/usage.csv; GET /healthz; GET /readyz; GET /.well-known/openmates/{nonce}; GET /static/{sum}/{name};
		GET /portraits/{sum}/{file}; GET /favicon.ico; GET /robots.txt;`
}

// newPages returns every page of the web interface, as each kind of person sees
// it.
func newPages(t *testing.T, language string, change ...func(*Config)) *album {
	a := newAlbum(t)
	a.change, a.language = change, language
	a.beforeTheFirst()
	h := newHouse(t, append(change, func(c *Config) {
		c.Demo = &Demo{Discord: "http://127.0.0.1:1", People: []DemoPerson{{Username: "ada", Name: "Ada Lovelace", About: openmates.T("member of the team %s", "Lighthouse"), Password: canaryPassword}}}
	})...).furnish()
	a.houses = append(a.houses, h)
	h.inUse()
	a.guests(h)
	a.routes(h)
	a.questions(h)
	a.security(h)
	a.answers(h)
	a.discord()
	a.complete(h)
	return a
}

// complete fails if a page was never opened.
func (a *album) complete(h *house) {
	for _, pattern := range h.web.patterns {
		if strings.HasPrefix(pattern, "GET ") && !a.patterns[pattern] && !strings.Contains(notPages(), pattern+";") {
			a.t.Errorf("%s is in no album: say in album_test.go how it is opened, or that it is no page", pattern)
		}
	}
	for _, name := range pageNames() {
		if !slices.ContainsFunc(a.houses, func(h *house) bool { return h.web.pages.holds(name) }) {
			a.t.Errorf("the page %s is in no album: say in album_test.go how it is opened", name)
		}
	}
}

func (a *album) beforeTheFirst() {
	h := newHouse(a.t, a.change...)
	a.houses = append(a.houses, h)
	code, err := h.server.SetupCode(a.t.Context())
	must(a.t, err)
	a.open("nobody", h.browser(), "/")
	path := "/setup?code=" + code.Reveal()
	a.open("nobody", h.browser(), path)
	a.keep("mistyped setup", h.browser().post("/setup", url.Values{"code": {code.Reveal()}, "name": {"Ada"}, "username": {"ada"}, "password": {"short"}, "team": {"Harbour"}}))
	b := h.browser()
	b.post("/setup", url.Values{"code": {code.Reveal()}, "name": {"Ada"}, "username": {"ada"}, "password": {canaryPassword}, "team": {"Harbour"}})
	for _, path := range []string{"/", "/server", "/server/setup", "/server/providers", "/server/mates"} {
		a.open("the first admin", b, path)
	}
}

// inUse fills the server with several days of data.
func (h *house) inUse() {
	t, ctx := h.t, h.t.Context()
	h.policy(server.OpenToTeams)
	ada := h.as("ada")
	far := newLLM(t, llmtest.Config{Key: canaryKey, Models: []string{"gpt-5-mini", "text-embedding-3", "small"}})
	wants(t, ada.follow("/server/providers", url.Values{"kind": {"compatible"}, "label": {"House"}, "url": {far.URL()}, "key": {canaryKey}}), 200)
	sophia, err := h.connect.Mate(ctx, "sophia")
	must(t, err)
	mark := h.setBot("mark", "1002", "token-mark", "secret-mark")
	h.states.set(mark.ID, messenger.State{Phase: messenger.BadCredentials, Since: time.Now().Add(-5 * time.Minute), Reason: openmates.T("The bot token is missing."), Cure: openmates.T("Check again in a minute.")})
	h.states.set(sophia.Bots[0].ID, messenger.State{Phase: messenger.Connected, Since: time.Now().Add(-time.Hour), Workspaces: 1, Latency: 38 * time.Millisecond, LastEvent: time.Now()})
	team := teamID(t, h, "harbour")
	for i, name := range []string{"ada", "ben"} {
		u, err := h.db.UserByName(ctx, name)
		must(t, err)
		must(t, h.db.Reserve(ctx, name, openmates.Usage{MateID: sophia.ID, TeamID: team, UserID: u.ID, Model: "house/gpt-5-mini",
			Cost: openmates.Micros(12_345 * (i + 1)), At: time.Now().AddDate(0, 0, -i)}, nil))
	}
	q, err := h.network.Install(ada.post("/teams/harbour/install", url.Values{"mate": {"sophia"}, "network": {"testnet"}}).header.Get("Location"), messenger.Workspace{ID: "55", Name: "Pier"})
	must(t, err)
	wants(t, ada.follow("/messenger/connect", q), 200, "Sophia has joined Pier")
	must(t, h.db.AddNotice(ctx, team, openmates.T("%s on %s now belongs to another team. All your mates had been removed there, and someone who manages it has connected it.", openmates.T("“%s”", "Pier"), "Testnet")))
	h.inviteBy(ada, "harbour", nil)
	wants(t, ada.follow("/server/mates/sophia", mateValues("prompt", "You are Sophia.\nYou write code, and tests first.")), 200)
}

// guests are the pages before the sign-in.
func (a *album) guests(h *house) {
	ada := h.as("ada")
	a.open("nobody", h.browser(), "/signin?next=/profile")
	a.keep("mistyped signin", h.browser().post("/signin", url.Values{"username": {"ada"}, "password": {"wrong"}}))
	a.open("nobody", h.browser(), "/nowhere")
	code := h.inviteBy(ada, "harbour", url.Values{"uses": {"0"}, "only": {"example.org"}})
	a.open("nobody", h.browser(), "/join/"+code)
	a.keep("mistyped join", h.browser().post("/join/"+code, newcomerFields("nora")))
	a.open("eve", h.as("eve"), "/join/"+code)
	a.open("nobody", h.browser(), "/join/AAAAAAAAAAAAAAAAAAAAAAAAAA")
	link, err := h.connect.BeginCode(a.t.Context(), connecttest.Name, messenger.Account{ID: "78", Name: "ada#2"})
	must(a.t, err)
	at, err := url.Parse(link)
	must(a.t, err)
	a.open("nobody", h.browser(), at.RequestURI())
	a.open("ada", ada, at.RequestURI())

	b := h.browser()
	a.open("nobody", b, "/found")
	a.keep("mistyped found", b.post("/found", url.Values{"name": {"Pier"}, "slug": {"harbour"}}))
	page := b.follow("/found", url.Values{"name": {"Pier"}})
	a.open("a founder", b, "/found/mates")
	page = b.follow("/found/mates", url.Values{"stamp": {stampOf(a.t, page)}, "mate": {"sophia", "lisa"}})
	a.open("a founder", b, "/found/apps")
	page = b.follow("/found/apps", url.Values{"stamp": {stampOf(a.t, page)}, "app": {"web"}, "provider": {"openai"}})
	a.keep("a founder /found/money", page)
	a.keep("a founder /found/connect", b.follow("/found/money", url.Values{"stamp": {stampOf(a.t, page)}, "per_minute": {"5"}, "per_month": {"20"}}))
	a.keep("a founder /found/account", b.follow("/found/connect", url.Values{}))
}

// routes are the pages that are opened by their address alone, as the admin of
// server and team, as a member, and as an admin of two teams.
func (a *album) routes(h *house) {
	user, err := h.db.UserByName(a.t.Context(), "ada")
	must(a.t, err)
	must(a.t, h.db.AddMember(a.t.Context(), openmates.Membership{TeamID: teamID(a.t, h, "lighthouse"), UserID: user.ID, Role: openmates.RoleAdmin}))
	ada, ben := h.as("ada"), h.as("ben")
	for _, pattern := range h.web.patterns {
		path, isGet := strings.CutPrefix(pattern, "GET ")
		if !isGet || a.patterns[pattern] && pattern != "GET /{$}" {
			continue
		}
		path = strings.NewReplacer("{slug}", "harbour", "{handle}", "sophia", "{network}", "testnet", "{$}", "", "{name}", "house", "{version}", "1",
			"{workspace}", "55", "{mate}", "sophia", "{username}", "ben").Replace(path)
		switch path {
		case "/server/providers/new":
			path += "?kind=compatible&place=ollama"
		case "/signin/reset":
			path += "?code=" + h.resetCode(ada)
		case "/profile/address":
			path += "?code=AAAAAAAAAAAAAAAAAAAAAAAAAA"
		case "/messenger/connect", "/messages/connect":
			path += "?state=x&code=y"
		}
		for _, who := range []struct {
			name string
			b    *browser
		}{{"ada", ada}, {"ben", ben}} {
			if got := who.b.get(path); got.status == http.StatusOK && isPage(got) && !strings.Contains(path, "{") {
				a.open(who.name, who.b, path)
			}
		}
	}
	a.open("ben", ben, "/server")
	a.open("ada", ada, "/server/bots/testnet/openmates")
	a.open("ada", ada, "/server/bots/testnet/mark")
	a.open("ada", ada, "/server/providers/house?show=all&q=gpt")
	a.open("eve", h.as("eve"), "/teams/lighthouse/usage")
}

// questions are the pages that ask before something is removed or ended.
func (a *album) questions(h *house) {
	ada, ben := h.as("ada"), h.as("ben")
	h.as("ada") // a session elsewhere
	ada.follow("/profile/tokens", url.Values{"name": {"House"}, "scope": {"read"}, "days": {"30"}})
	ada.follow("/teams/harbour/tokens", url.Values{"name": {"House"}, "scope": {"read"}, "days": {"30"}})
	ada.follow("/teams/harbour/people/ben/role", url.Values{"role": {"admin"}})
	q, err := h.network.Link(ada.post("/profile/link", url.Values{"network": {"testnet"}}).header.Get("Location"), messenger.Account{ID: "77", Name: "Shanty"})
	must(a.t, err)
	wants(a.t, ada.follow("/messages/connect", q), 200)
	find := func(path, pattern string) string {
		m := regexp.MustCompile(pattern).FindStringSubmatch(ada.get(path).body)
		if m == nil {
			a.t.Fatalf("%s lacks %s", path, pattern)
		}
		return m[1]
	}
	for path, form := range map[string]url.Values{
		"/profile/tokens/" + find("/profile/tokens", `/tokens/(\d+)/revoke`) + "/revoke":                nil,
		"/teams/harbour/tokens/" + find("/teams/harbour/tokens", `/tokens/(\d+)/revoke`) + "/revoke":    nil,
		"/teams/harbour/invites/" + find("/teams/harbour/invites", `/invites/(\d+)/revoke`) + "/revoke": nil,
		"/profile/unlink":                              {"identity": {find("/profile", `name="identity" value="(\d+)"`)}},
		"/profile/security/sessions/end":               {"session": {find(securityAt, `name="session" value="([^"]+)"`)}},
		"/teams/harbour/people/ben/role":               {"role": {"member"}},
		"/server/mates/lisa/archive":                   {"archived": {"1"}},
		"/server/bots/testnet/sophia/remove":           nil,
		"/server/mates/lisa/switch":                    {"on": {"0"}},
		"/server/people/ben/admin":                     {"admin": {"yes"}},
		"/server/people/ada/admin":                     {"admin": {"no"}},
		"/server/people/ben/remove":                    nil,
		"/server/teams/harbour/remove":                 nil,
		"/server/workspaces/testnet/55/untie":          nil,
		"/server/people?q=b&after=ada":                 nil,
		"/server/teams?q=nothing+like+it":              nil,
		"/teams/harbour/people/ben/remove":             nil,
		"/teams/harbour/connect/testnet/55/disconnect": nil,
	} {
		if form != nil {
			path += "?" + form.Encode()
		}
		a.open("ada", ada, path)
	}
	a.open("ben", ben, "/teams/harbour/leave")
	a.open("nobody", h.browser(), "/goodbye")
	ada.confirms("/teams/harbour/people/ben/role", url.Values{"role": {"member"}})
	ada.confirms("/profile/unlink", url.Values{"identity": {find("/profile", `name="identity" value="(\d+)"`)}})
}

// security are the pages of second steps and passkeys.
func (a *album) security(h *house) {
	ben := h.as("ben")
	a.keep("mistyped password", ben.follow(securityAt+"/authenticator/begin", pass("password", "wrong")))
	page := ben.follow(securityAt+"/authenticator/begin", pass())
	a.keep("authenticator", page)
	a.patterns["GET "+securityAt+"/authenticator"] = true
	secret := secretOn(a.t, page)
	a.keep("mistyped code", ben.follow(securityAt+"/authenticator", url.Values{"code": {"000000"}}))
	a.patterns["GET "+securityAt+"/recovery"] = true
	a.keep("recovery codes", ben.follow(securityAt+"/authenticator", url.Values{"code": {codeOf(a.t, secret, time.Now().Add(-30*time.Second))}}))
	b := h.browser()
	b.post("/signin", url.Values{"username": {"ben"}, "password": {canaryPassword}})
	a.open("ben, half in,", b, "/signin/second")
	a.keep("mistyped second", b.post("/signin/second", url.Values{"code": {"123456"}}))

	back := h.byName(ben)
	d := &passkeytest.Device{Origin: h.address.URL()}
	made, err := d.Make([]byte(ben.post(securityAt+"/passkeys/begin", pass("name", "Laptop")).body))
	must(a.t, err)
	wants(a.t, ben.follow(securityAt+"/passkeys", url.Values{"answer": {string(made)}}), http.StatusOK, "“Laptop” is added")
	wants(a.t, ben.follow(securityAt+"/passkeys/ask", pass("ask", "yes")), http.StatusOK)
	a.open("ben, protected,", ben, securityAt)
	a.open("nobody, by passkey,", h.browser(), "/signin")
	b = h.browser()
	b.post("/signin", url.Values{"username": {"ben"}, "password": {canaryPassword}})
	a.open("ben, half in, by passkey,", b, "/signin/second")
	back()
}

// answers are pages that follow a form.
func (a *album) answers(h *house) {
	ada := h.as("ada")
	a.keep("new invite", ada.follow("/teams/harbour/invites", url.Values{"role": {"member"}, "uses": {"1"}, "days": {"7"}, "note": {"for Nora"}}))
	a.keep("mistyped invite", ada.post("/teams/harbour/invites", url.Values{"role": {"root"}, "uses": {"-1"}, "days": {"7"}}))
	stamp := stampOf(a.t, ada.get("/teams/harbour/limits"))
	a.keep("mistyped limits", ada.post("/teams/harbour/limits", url.Values{"stamp": {stamp}, "per_minute": {"9"}, "per_month": {"-5"}}))
	a.keep("new reset link", ada.follow("/server/reset", pass("username", "ben", "second", "yes")))
	a.keep("mistyped reset link", ada.post("/server/reset", pass("username", "nobody")))
	a.keep("old reset link", h.browser().get("/signin/reset?code=AAAA"))
	a.keep("forgot, without mail", h.browser().get("/signin/forgot"))
	srv := h.mailing()
	a.keep("forgot", h.browser().get("/signin/forgot"))
	a.keep("forgot, sent", h.browser().follow("/signin/forgot", url.Values{"who": {"nobody"}}))
	a.keep("new password", h.browser().get("/signin?reset"))
	a.keep("mailed invite", ada.follow("/teams/harbour/invites", url.Values{"role": {"member"}, "uses": {"1"}, "days": {"7"}, "only": {"nora@example.org"}, "mail": {"yes"}}))
	a.keep("invite mailed to nobody", ada.follow("/teams/harbour/invites", url.Values{"role": {"member"}, "uses": {"1"}, "days": {"7"}, "only": {"example.org"}, "mail": {"yes"}}))
	srv.Close()
	a.keep("invite not mailed", ada.follow("/teams/harbour/invites", url.Values{"role": {"member"}, "uses": {"1"}, "days": {"7"}, "only": {"nora@example.org"}, "mail": {"yes"}}))
	a.keep("mail page, set", ada.get("/server/mail"))
	a.keep("mistyped mail", ada.post("/server/mail", url.Values{"host": {"127.0.0.1"}, "port": {"x"}, "from": {"mates@example.org"}}))
	a.keep("mistyped settings", ada.post("/server/settings", url.Values{"name": {""}, "sign_up": {"invite"}, "currency": {"USD"}}))
	a.keep("mistyped provider", ada.post("/server/providers", url.Values{"kind": {"compatible"}, "label": {"X"}, "url": {"http://127.0.0.1:1/v1"}, "key": {"k"}}))
	a.keep("saved preferences", ada.follow("/profile/preferences", url.Values{"name": {"Ada Lovelace"}, "about": {"I count."}}))
	a.keep("mate that differs", ada.follow("/profile/privacy", url.Values{"mate": {"sophia"}, "fact": {"goals"}}))
	a.keep("trial", ada.follow("/server/mates/sophia/try", url.Values{"text": {"Hello"}, "team": {"harbour"}}))
	a.keep("new token", ada.follow("/profile/tokens", url.Values{"name": {"House"}, "scope": {"read"}, "days": {"30"}}))
	a.keep("own code", ada.follow("/profile/code", url.Values{"network": {"testnet"}}))
	a.patterns["GET /profile/code"] = true
	a.keep("mistyped mate", ada.post("/server/mates", mateValues("name", "")))
	a.moves()
	was := h.language
	h.language = cmp.Or(a.language, was)
	a.keep("full disk", h.hurt("/server/mail", url.Values{"host": {"smtp.example.org"}, "password": {"p"}}))
	h.language = was
}

// moves is what a new address is answered with.
func (a *album) moves() {
	h := newHouse(a.t, a.change...).furnish()
	a.houses = append(a.houses, h)
	ada := h.as("ada")
	now := url.Values{"name": {"Harbour"}, "url": {strings.Replace(h.url, "127.0.0.1", "localhost", 1)}, "sign_up": {"invite"}, "currency": {"USD"}}
	h.language = a.language
	a.keep("moved", ada.post("/server/settings", now))
	a.keep("a form at the old address", ada.post("/server/settings", now))
}

// discord adds the pages that show a network's state.
func (a *album) discord() {
	s := newArena(a.t)
	var c Config
	for _, change := range a.change {
		change(&c)
	}
	if c.Book != nil {
		s.web.pages.book = c.Book
	}
	s.listening()
	a.open("ada at Discord", s.ada, "/teams/harbour/connect")
	wants(a.t, s.back(s.ada, s.sophia()), http.StatusSeeOther)
	s.shows(sophiaAt, "Harbour")
	for _, path := range []string{"/teams/harbour", "/teams/harbour/connect", "/teams/harbour/connect/discord/" + s.ours.ID + "/sophia",
		"/teams/harbour/connect/discord/" + s.ours.ID + "/mark", sophiaAt, "/server/bots", "/server/bots/discord/openmates", "/profile", "/server/setup"} {
		a.open("ada at Discord", s.ada, path)
	}
}
