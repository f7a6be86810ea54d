package discordtest

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// OAuth2 as described in topics/oauth2: the consent page is in consent.go, the
// token endpoint here. Codes are valid for a minute and once; Discord doesn't
// publish its own lifetime.
const (
	codeLife  = time.Minute
	tokenLife = 7 * 24 * time.Hour // expires_in 604800
)

// oauth contains the codes that were issued and not yet redeemed.
type oauth struct {
	s     *Server
	mu    sync.Mutex
	codes map[string]grantedCode
}

// grantedCode is what the person consented to, until it is exchanged.
type grantedCode struct {
	appID, userID, redirect, challenge string

	scopes      []string
	guildID     string
	permissions int64
	expires     time.Time
}

func (s *Server) oauthRoutes(mux, api *http.ServeMux) {
	o := &oauth{s: s, codes: map[string]grantedCode{}}
	mux.HandleFunc("GET /oauth2/authorize", o.serveConsent)
	mux.Handle("POST /oauth2/authorize", sameOrigin(o.serveDecision))
	api.HandleFunc("POST /oauth2/token", o.serveToken)
	api.HandleFunc("POST /oauth2/token/revoke", o.serveRevoke)
	api.HandleFunc("GET /oauth2/@me", s.handle(false, s.authorization))
}

// oauthError writes an error as in RFC 6749, section 5.2, which Discord uses at
// these two endpoints instead of its own format.
func oauthError(w http.ResponseWriter, status int, code, description string) {
	body := map[string]string{"error": code}
	if description != "" {
		body["error_description"] = description
	}
	oauthJSON(w, status, body)
}

func oauthJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}

// form parses the body, which must be a form ("In accordance with the relevant
// RFCs, the token and token revocation URLs will only accept a content type of
// application/x-www-form-urlencoded"), and returns which application is
// calling. If ok is false it has already answered.
func (o *oauth) form(w http.ResponseWriter, r *http.Request) (f url.Values, appID string, ok bool) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		oauthError(w, http.StatusBadRequest, "invalid_request", "The body must be application/x-www-form-urlencoded")
		return nil, "", false
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		oauthError(w, http.StatusBadRequest, "invalid_request", "The form cannot be read")
		return nil, "", false
	}
	f = r.PostForm
	id, secret, basic := r.BasicAuth()
	if basic {
		// RFC 6749, section 2.3.1: both halves are form-encoded first.
		id, secret = unescaped(id), unescaped(secret)
	} else {
		id, secret = f.Get("client_id"), f.Get("client_secret")
	}
	o.s.mu.Lock()
	app := o.s.apps[id]
	good := app != nil && subtle.ConstantTimeCompare([]byte(app.Secret), []byte(secret)) == 1
	o.s.mu.Unlock()
	if !good {
		if basic {
			w.Header().Set("WWW-Authenticate", `Basic realm="oauth2"`)
		}
		oauthError(w, http.StatusUnauthorized, "invalid_client", "")
		return nil, "", false
	}
	return f, id, true
}

func unescaped(s string) string {
	if t, err := url.QueryUnescape(s); err == nil {
		return t
	}
	return s
}

func (o *oauth) serveToken(w http.ResponseWriter, r *http.Request) {
	f, appID, ok := o.form(w, r)
	if !ok {
		return
	}
	switch f.Get("grant_type") {
	case "authorization_code":
		o.exchange(w, appID, f)
	case "refresh_token":
		o.refresh(w, appID, f)
	case "client_credentials":
		o.credentials(w, appID, f)
	default:
		oauthError(w, http.StatusBadRequest, "unsupported_grant_type", "")
	}
}

// exchange redeems a code. With "Requires OAuth2 Code Grant" the bot joins at
// this moment.
func (o *oauth) exchange(w http.ResponseWriter, appID string, f url.Values) {
	code := f.Get("code")
	o.mu.Lock()
	g, found := o.codes[code]
	if found && g.appID == appID {
		delete(o.codes, code) // even after a failed attempt, because a code works once
	}
	o.mu.Unlock()
	switch {
	case !found || g.appID != appID || o.s.cfg.Clock().After(g.expires):
		oauthError(w, http.StatusBadRequest, "invalid_grant", `Invalid "code" in request.`)
		return
	case f.Get("redirect_uri") != g.redirect:
		oauthError(w, http.StatusBadRequest, "invalid_grant", `Invalid "redirect_uri" in request.`)
		return
	case g.challenge != "" && !verifies(f.Get("code_verifier"), g.challenge):
		oauthError(w, http.StatusBadRequest, "invalid_grant", `Invalid "code_verifier" in request.`)
		return
	}
	body := tokenBody(o.issue(appID, g.userID, g.scopes, true))
	o.s.mu.Lock()
	if app, guild := o.s.apps[appID], o.s.guilds[g.guildID]; app != nil && guild != nil {
		if app.Settings.CodeGrant {
			o.s.installLocked(g.guildID, appID, g.permissions)
		}
		if !app.faults.BareToken {
			body["guild"] = o.s.guildJSON(guild)
		}
	}
	o.s.mu.Unlock()
	oauthJSON(w, http.StatusOK, body)
}

// verifies checks a verifier by RFC 7636 with S256, the only method that
// Discord supports; a verifier has 43 to 128 characters (section 4.1).
func verifies(verifier, challenge string) bool {
	if len(verifier) < 43 || len(verifier) > 128 {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

func (o *oauth) refresh(w http.ResponseWriter, appID string, f url.Values) {
	s := o.s
	s.mu.Lock()
	var old *bearer
	for _, b := range s.bearers {
		if b.AppID == appID && b.Refresh != "" && b.Refresh == f.Get("refresh_token") {
			old = b
		}
	}
	if old != nil {
		delete(s.bearers, old.Token)
	}
	s.mu.Unlock()
	if old == nil {
		oauthError(w, http.StatusBadRequest, "invalid_grant", `Invalid "refresh_token" in request.`)
		return
	}
	oauthJSON(w, http.StatusOK, tokenBody(o.issue(appID, old.UserID, old.Scopes, true)))
}

// credentials issues a token for the owner of the application (topics/oauth2,
// Client Credentials Grant).
func (o *oauth) credentials(w http.ResponseWriter, appID string, f url.Values) {
	scopes := strings.Fields(f.Get("scope"))
	if len(scopes) == 0 || !knownScopes(scopes) || slices.Contains(scopes, "bot") {
		oauthError(w, http.StatusBadRequest, "invalid_scope", "The requested scope is invalid, unknown, or malformed.")
		return
	}
	o.s.mu.Lock()
	owner := ""
	if app := o.s.apps[appID]; app != nil {
		owner = app.OwnerID
	}
	o.s.mu.Unlock()
	oauthJSON(w, http.StatusOK, tokenBody(o.issue(appID, owner, scopes, false)))
}

func (o *oauth) issue(appID, userID string, scopes []string, refreshable bool) bearer {
	b := &bearer{Token: secretText(22), AppID: appID, UserID: userID, Scopes: scopes, Expires: o.s.cfg.Clock().Add(tokenLife)}
	if refreshable {
		b.Refresh = secretText(22)
	}
	o.s.mu.Lock()
	o.s.bearers[b.Token] = b
	o.s.mu.Unlock()
	return *b
}

func tokenBody(b bearer) map[string]any {
	body := map[string]any{
		"token_type": "Bearer", "access_token": b.Token,
		"expires_in": int(tokenLife / time.Second), "scope": strings.Join(b.Scopes, " "),
	}
	if b.Refresh != "" {
		body["refresh_token"] = b.Refresh
	}
	return body
}

// serveRevoke revokes a token. "When you revoke a token, any active access or
// refresh tokens associated with that authorization will be revoked, regardless
// of the token and token_type_hint values you pass in.".
func (o *oauth) serveRevoke(w http.ResponseWriter, r *http.Request) {
	f, appID, ok := o.form(w, r)
	if !ok {
		return
	}
	token := f.Get("token")
	s := o.s
	s.mu.Lock()
	for _, b := range slices.Collect(maps.Values(s.bearers)) {
		if b.AppID != appID || token == "" || (b.Token != token && b.Refresh != token) {
			continue
		}
		userID := b.UserID
		maps.DeleteFunc(s.bearers, func(_ string, b *bearer) bool { return b.AppID == appID && b.UserID == userID })
	}
	s.mu.Unlock()
	oauthJSON(w, http.StatusOK, map[string]any{})
}

// knownScopes reports whether all scopes are known: those for setting up a bot
// and for linking accounts.
func knownScopes(scopes []string) bool {
	for _, s := range scopes {
		if !slices.Contains([]string{"bot", "identify", "applications.commands", "guilds", "email"}, s) {
			return false
		}
	}
	return true
}

// authorization describes a Bearer token (topics/oauth2, Get Current
// Authorization Information).
func (s *Server) authorization(c *call) (any, error) {
	if c.who.bearer == nil {
		return nil, errUnauthorized()
	}
	app, b := c.who.app, c.who.bearer
	body := map[string]any{
		"application": map[string]any{
			"id": app.ID, "name": app.Name, "icon": nil, "description": app.Settings.Description, "type": nil,
			"bot_public": app.Settings.Public, "bot_require_code_grant": app.Settings.CodeGrant,
			"verify_key": app.Key, "flags": 0, "hook": true, "is_monetized": false, "is_verified": false,
		},
		"scopes": b.Scopes, "expires": b.Expires.UTC().Format(time.RFC3339Nano),
	}
	if slices.Contains(b.Scopes, "identify") {
		body["user"] = c.who.user.json()
	}
	return body, nil
}

// authorized reports whether the person has consented to all these scopes
// before, for prompt=none.
func (s *Server) authorized(appID, userID string, scopes []string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.bearers {
		if b.AppID != appID || b.UserID != userID || s.cfg.Clock().After(b.Expires) {
			continue
		}
		if !slices.ContainsFunc(scopes, func(want string) bool { return !slices.Contains(b.Scopes, want) }) {
			return true
		}
	}
	return false
}

// code stores a consent and returns its code.
func (o *oauth) code(c consent, userID, guildID string, permissions int64) string {
	now := o.s.cfg.Clock()
	code := secretText(22)
	o.mu.Lock()
	defer o.mu.Unlock()
	maps.DeleteFunc(o.codes, func(_ string, g grantedCode) bool { return now.After(g.expires) })
	o.codes[code] = grantedCode{
		appID: c.appID, userID: userID, redirect: c.redirect, challenge: c.challenge, scopes: c.scopes,
		guildID: guildID, permissions: permissions, expires: now.Add(codeLife),
	}
	return code
}

// withQuery adds parameters to a redirect URL and keeps its own.
func withQuery(redirect string, add url.Values) string {
	u, err := url.Parse(redirect)
	if err != nil {
		return redirect
	}
	q := u.Query()
	for k, v := range add {
		if cmp.Or(v...) != "" {
			q[k] = v
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}
