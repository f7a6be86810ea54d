package discordtest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// consent is a valid request to the authorization page.
type consent struct {
	appID, appName, ownerName, description string

	scopes      []string
	bot         bool // the bot joins a guild
	permissions int64
	redirect    string // "" for a bare bot link, which ends on our own page
	state       string
	challenge   string
	guildID     string // preselected
	fixed       bool   // disable_guild_select
	prompt      string
	codeGrant   bool
	private     bool
	ownerID     string
}

// refusal ends a request: with one of our pages if the redirect URL can't be
// trusted, else by redirecting the browser with an error.
type refusal struct {
	redirect, state   string
	code, description string
}

func (f *refusal) serve(w http.ResponseWriter, r *http.Request) {
	if f.redirect == "" {
		servePage(w, http.StatusBadRequest, "message", messagePage{Title: "This link does not work", ID: "error", Text: f.description})
		return
	}
	http.Redirect(w, r, withQuery(f.redirect, url.Values{
		"error": {f.code}, "error_description": {f.description}, "state": {f.state},
	}), http.StatusFound)
}

// parseConsent parses the parameters of topics/oauth2, Authorization Code Grant
// and Bot Authorization Flow.
func (s *Server) parseConsent(q url.Values) (consent, *refusal) {
	s.mu.Lock()
	app := s.apps[q.Get("client_id")]
	c := consent{
		appID: q.Get("client_id"), scopes: strings.Fields(q.Get("scope")), state: q.Get("state"),
		guildID: q.Get("guild_id"), fixed: q.Get("disable_guild_select") == "true", prompt: q.Get("prompt"),
	}
	var redirects []string
	if app != nil {
		c.appName, c.description, c.ownerID = app.Name, app.Settings.Description, app.OwnerID
		c.codeGrant, c.private = app.Settings.CodeGrant, !app.Settings.Public
		redirects = slices.Clone(app.Settings.Redirects)
		if owner := s.users[app.OwnerID]; owner != nil {
			c.ownerName = owner.Name
		}
	}
	s.mu.Unlock()
	if app == nil {
		return c, &refusal{description: "Unknown application: no application has this client_id."}
	}
	c.bot = slices.Contains(c.scopes, "bot")
	return c, c.judge(q, redirects)
}

// judge checks the rest, in the order that decides where an error may be sent.
func (c *consent) judge(q url.Values, redirects []string) *refusal {
	kind := q.Get("response_type")
	back := q.Get("redirect_uri")
	switch {
	case back != "" && !slices.Contains(redirects, back):
		return &refusal{description: "Invalid OAuth2 redirect_uri: it must be, letter by letter, one of the redirects that the application has registered."}
	case back == "" && kind != "" && len(redirects) > 0:
		back = redirects[0]
	case back == "" && !c.bot:
		return &refusal{description: "The application has no redirect registered, so there is nowhere to go after the consent."}
	}
	c.redirect = back
	fail := func(code, description string) *refusal {
		return &refusal{redirect: back, state: c.state, code: code, description: description}
	}
	if len(c.scopes) == 0 || !knownScopes(c.scopes) {
		return fail("invalid_scope", "The requested scope is invalid, unknown, or malformed.")
	}
	if kind == "" && c.bot && q.Get("redirect_uri") == "" {
		c.redirect = ""
	} else if kind != "code" {
		return fail("unsupported_response_type", "The authorization server does not support obtaining an authorization code using this method.")
	}
	if c.codeGrant && c.redirect == "" {
		return &refusal{description: "Integration requires code grant: the link must carry response_type=code and a registered redirect_uri."}
	}
	if c.challenge = q.Get("code_challenge"); c.challenge != "" && q.Get("code_challenge_method") != "S256" {
		return fail("invalid_request", "code_challenge_method must be S256.")
	}
	if t := q.Get("integration_type"); t != "" && t != "0" && (t != "1" || c.bot) {
		return fail("invalid_request", "The application does not support this integration type.")
	}
	if p := q.Get("permissions"); p != "" && c.bot {
		n, err := strconv.ParseInt(p, 10, 64)
		if err != nil || n < 0 {
			return fail("invalid_request", "permissions must be a number.")
		}
		c.permissions = n
	}
	return nil
}

// consentPage is the data of page/consent.html.
type consentPage struct {
	Action      string // the URL that the form posts to
	App         appView
	Description string
	Owner       string
	Me          *personView
	People      []personLink
	Guilds      []guildView
	Selected    string
	Fixed       bool
	Bot         bool
	Scopes      []string
	Permissions []namedPermission
	CodeGrant   bool
	Target      string // host to which the browser is redirected
	Problem     string // why nothing can be authorized
}

func (o *oauth) serveConsent(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	c, bad := o.s.parseConsent(q)
	if bad != nil {
		bad.serve(w, r)
		return
	}
	me := o.s.visitor(r)
	if c.prompt == "none" && !c.bot && me != "" && o.s.authorized(c.appID, me, c.scopes) {
		http.Redirect(w, r, o.accept(c, me, "", 0), http.StatusFound)
		return
	}
	q.Del("as")
	page := o.s.consentPage(c, me, q)
	if me != "" {
		remember(w, me)
	}
	servePage(w, http.StatusOK, "consent", page)
}

func (s *Server) consentPage(c consent, me string, q url.Values) consentPage {
	page := consentPage{
		Action: "/oauth2/authorize?" + q.Encode(), App: appView{ID: c.appID, Name: c.appName, Hue: hue(c.appID), Initials: initials(c.appName)},
		Description: c.description, Owner: c.ownerName, Bot: c.bot, Scopes: scopeSentences(c.scopes),
		Permissions: namedPermissions(c.permissions), CodeGrant: c.codeGrant, Fixed: c.fixed, Selected: c.guildID,
	}
	if u, err := url.Parse(c.redirect); err == nil {
		page.Target = u.Host
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.peopleLocked() {
		with := url.Values{}
		maps.Copy(with, q)
		with.Set("as", p.ID)
		page.People = append(page.People, personLink{personView: p, Link: "/oauth2/authorize?" + with.Encode()})
		if p.ID == me {
			page.Me = &p
		}
	}
	if page.Me == nil {
		return page
	}
	page.Guilds = s.manageableLocked(me)
	page.Problem = c.problem(me, page.Guilds)
	return page
}

// problem says why this person can't authorize this request.
func (c consent) problem(me string, guilds []guildView) string {
	if !c.bot {
		return ""
	}
	if c.private && c.ownerID != me {
		return "This is a private application: only its owner, " + c.ownerName + ", can add it."
	}
	if len(guilds) == 0 {
		return "You do not manage any guild. To add a bot you need the Manage Server permission."
	}
	if c.fixed && !slices.ContainsFunc(guilds, func(g guildView) bool { return g.ID == c.guildID }) {
		return "You may not manage the guild that this link is for. You need its Manage Server permission."
	}
	return ""
}

// manageableLocked returns the guilds to which an account may add a bot: "to
// add a bot to a server, the user must have the Manage Server permission".
func (s *Server) manageableLocked(userID string) []guildView {
	var out []guildView
	for _, g := range s.guildsOfLocked(userID) {
		if s.guildPermissionsLocked(g, userID)&(permManageGuild|permAdministrator) != 0 {
			out = append(out, viewGuild(g))
		}
	}
	return out
}

// serveDecision handles a click on Authorize or Cancel.
func (o *oauth) serveDecision(w http.ResponseWriter, r *http.Request) {
	c, bad := o.s.parseConsent(r.URL.Query())
	if bad != nil {
		bad.serve(w, r)
		return
	}
	if r.PostFormValue("decision") != "authorize" {
		deny := &refusal{redirect: c.redirect, state: c.state, code: "access_denied",
			description: "The resource owner or authorization server denied the request"}
		if c.redirect == "" {
			servePage(w, http.StatusOK, "message", messagePage{Title: "Nothing was added", ID: "cancelled", Text: "You cancelled. You can close this page."})
			return
		}
		deny.serve(w, r)
		return
	}
	me, guildID := r.PostFormValue("as"), r.PostFormValue("guild_id")
	if c.fixed {
		guildID = c.guildID
	}
	if why := o.objection(c, me, guildID); why != "" {
		servePage(w, http.StatusForbidden, "message", messagePage{Title: "That is not possible", ID: "error", Text: why, Back: "/oauth2/authorize?" + r.URL.RawQuery})
		return
	}
	permissions := c.permissions
	if r.PostForm.Has("choice") {
		permissions = chosen(c.permissions, r.PostForm["grant"])
	}
	remember(w, me)
	to := o.accept(c, me, guildID, permissions)
	if to == "" {
		servePage(w, http.StatusOK, "message", messagePage{Title: "Authorized", ID: "added", Text: c.appName + " was added. You can close this page.", Back: "/channels/" + guildID + "?as=" + me})
		return
	}
	http.Redirect(w, r, to, http.StatusFound)
}

// objection repeats every check of the page, because a form can contain
// anything.
func (o *oauth) objection(c consent, me, guildID string) string {
	s := o.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.users[me]; u == nil || u.Bot {
		return "Say first who you are."
	}
	if !c.bot {
		return ""
	}
	guilds := s.manageableLocked(me)
	if why := c.problem(me, guilds); why != "" {
		return why
	}
	if !slices.ContainsFunc(guilds, func(g guildView) bool { return g.ID == guildID }) {
		return "Choose a guild that you manage."
	}
	return ""
}

// accept carries out a consent and returns where to redirect the browser, or
// "".
func (o *oauth) accept(c consent, me, guildID string, permissions int64) string {
	if !c.bot {
		guildID, permissions = "", 0
	} else if !c.codeGrant {
		o.s.Install(guildID, c.appID, permissions)
	}
	if c.redirect == "" {
		return ""
	}
	add := url.Values{"code": {o.code(c, me, guildID, permissions)}, "state": {c.state}}
	if c.bot {
		add.Set("guild_id", guildID)
		add.Set("permissions", strconv.FormatInt(permissions, 10))
	}
	return withQuery(c.redirect, add)
}
