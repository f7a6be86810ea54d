package discordtest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"openmates/internal/messenger/discord/discordtest"
)

const backHere = "http://127.0.0.1:9/messenger/connect"

// oauthScene is a guild that Ann owns, another that Bob owns, and an
// application of Ann's that is in neither.
type oauthScene struct {
	*discordtest.Server
	clock      *testClock
	ann, bob   discordtest.Person
	app        discordtest.Application
	home, away discordtest.Guild
}

type testClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *testClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newOAuthScene(t *testing.T) oauthScene {
	t.Helper()
	clock := &testClock{at: time.Now()}
	s := oauthScene{Server: discordtest.Start(t, discordtest.Config{Clock: clock.now}), clock: clock}
	s.ann, s.bob = s.AddPerson("Ann"), s.AddPerson("Bob")
	s.home, s.away = s.AddGuild(s.ann.ID, "Home"), s.AddGuild(s.bob.ID, "Away")
	s.Join(s.away.ID, s.ann.ID)
	s.app = s.AddApplication(s.ann.ID, "Sophia")
	s.Configure(s.app.ID, func(c *discordtest.Settings) { c.Redirects = []string{backHere} })
	return s
}

// link is an authorization link; change is applied to its parameters.
func (s oauthScene) link(change url.Values) string {
	q := url.Values{
		"client_id": {s.app.ID}, "scope": {"bot identify"}, "permissions": {"377957238848"},
		"response_type": {"code"}, "redirect_uri": {backHere}, "state": {"xyz"},
	}
	for k, v := range change {
		if v[0] == "" {
			q.Del(k)
		} else {
			q[k] = v
		}
	}
	return s.Authorize() + "?" + q.Encode()
}

// approve clicks Authorize and gives the parameters of the redirect.
func (s oauthScene) approve(t *testing.T, link, person, guild string) url.Values {
	t.Helper()
	to, err := s.Approve(link, person, guild)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(to, backHere+"?") {
		t.Fatalf("redirect to %q", to)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// post sends a form to the API as the application, unless auth says otherwise.
func (s oauthScene) post(t *testing.T, path string, auth *url.Userinfo, form url.Values) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequest("POST", s.API()+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if auth == nil {
		auth = url.UserPassword(s.app.ID, s.app.Secret)
	}
	if secret, ok := auth.Password(); ok {
		r.SetBasicAuth(auth.Username(), secret)
	}
	return fetch(t, r)
}

func fetch(t *testing.T, r *http.Request) (int, map[string]any) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body := map[string]any{}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}

func (s oauthScene) bearer(t *testing.T, path, token string) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequest("GET", s.API()+"/v10"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return fetch(t, r)
}

func codeForm(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {backHere}}
}

func TestBotJoinsByConsent(t *testing.T) {
	t.Parallel()
	s := newOAuthScene(t)
	q := s.approve(t, s.link(nil), s.ann.ID, s.home.ID)
	if q.Get("state") != "xyz" || q.Get("guild_id") != s.home.ID || q.Get("permissions") != "377957238848" || q.Get("code") == "" {
		t.Errorf("redirect with %v", q)
	}
	if s.ManagedRole(s.home.ID, s.app.ID) == "" {
		t.Error("without code grant the bot joins at the click, but it did not")
	}
	status, body := s.post(t, "/oauth2/token", nil, codeForm(q.Get("code")))
	guild, _ := body["guild"].(map[string]any)
	if status != 200 || guild["id"] != s.home.ID || guild["owner_id"] != s.ann.ID || body["token_type"] != "Bearer" || body["expires_in"] != 604800.0 || body["scope"] != "bot identify" {
		t.Fatalf("token: %d %v", status, body)
	}
	token, _ := body["access_token"].(string)
	if status, me := s.bearer(t, "/users/@me", token); status != 200 || me["id"] != s.ann.ID {
		t.Errorf("users/@me: %d %v", status, me)
	}
	status, about := s.bearer(t, "/oauth2/@me", token)
	app, _ := about["application"].(map[string]any)
	if status != 200 || app["id"] != s.app.ID || len(about["scopes"].([]any)) != 2 {
		t.Errorf("oauth2/@me: %d %v", status, about)
	}
	if status, body := s.post(t, "/v10/oauth2/token", nil, codeForm(q.Get("code"))); status != 400 || body["error"] != "invalid_grant" {
		t.Errorf("a second exchange of the code: %d %v", status, body)
	}
}

func TestCodeGrantJoinsAtExchange(t *testing.T) {
	t.Parallel()
	s := newOAuthScene(t)
	s.Configure(s.app.ID, func(c *discordtest.Settings) { c.CodeGrant = true })
	q := s.approve(t, s.link(nil), s.ann.ID, s.home.ID)
	if s.ManagedRole(s.home.ID, s.app.ID) != "" {
		t.Error("the bot is there before the exchange")
	}
	if status, body := s.post(t, "/oauth2/token", nil, codeForm(q.Get("code"))); status != 200 {
		t.Fatalf("token: %d %v", status, body)
	}
	if s.ManagedRole(s.home.ID, s.app.ID) == "" {
		t.Error("the bot did not join at the exchange")
	}
	bare := s.Authorize() + "?client_id=" + s.app.ID + "&scope=bot"
	if _, err := s.Approve(bare, s.ann.ID, s.home.ID); err == nil {
		t.Error("a bare link works although code grant is required")
	}
}

func TestBareBotLink(t *testing.T) {
	t.Parallel()
	s := newOAuthScene(t)
	to, err := s.Approve(s.Authorize()+"?client_id="+s.app.ID+"&scope=bot&permissions=2048", s.bob.ID, s.away.ID)
	if err != nil || to != "" {
		t.Fatalf("Approve = %q, %v", to, err)
	}
	if s.ManagedRole(s.away.ID, s.app.ID) == "" {
		t.Error("the bot did not join")
	}
}

func TestConsentRefuses(t *testing.T) {
	t.Parallel()
	s := newOAuthScene(t)
	private := s.AddApplication(s.ann.ID, "Private")
	s.Configure(private.ID, func(c *discordtest.Settings) { c.Public, c.Redirects = false, []string{backHere} })
	for _, c := range []struct {
		name, person, guild, want string
		change                    url.Values
	}{
		{"unknown application", s.ann.ID, s.home.ID, "Unknown application", url.Values{"client_id": {"1"}}},
		{"redirect with a slash more", s.ann.ID, s.home.ID, "redirect_uri", url.Values{"redirect_uri": {backHere + "/"}}},
		{"guild of somebody else", s.ann.ID, s.away.ID, "guild that you manage", nil},
		{"no guild", s.ann.ID, "", "guild that you manage", nil},
		{"somebody who manages nothing here", s.bob.ID, s.home.ID, "guild that you manage", nil},
		{"nobody", "7", s.home.ID, "who you are", nil},
		{"private bot", s.bob.ID, s.away.ID, "only its owner, Ann", url.Values{"client_id": {private.ID}}},
		{"fixed guild that is not managed", s.ann.ID, s.home.ID, "may not manage", url.Values{"guild_id": {s.away.ID}, "disable_guild_select": {"true"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			to, err := s.Approve(s.link(c.change), c.person, c.guild)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Approve = %q, %v; want an error with %q", to, err, c.want)
			}
		})
	}
}

func TestConsentSendsErrorsBack(t *testing.T) {
	t.Parallel()
	s := newOAuthScene(t)
	for _, c := range []struct {
		name, want string
		change     url.Values
	}{
		{"scope", "invalid_scope", url.Values{"scope": {"bot guilds.fly"}}},
		{"no scope", "invalid_scope", url.Values{"scope": {""}}},
		{"response type", "unsupported_response_type", url.Values{"response_type": {"token"}}},
		{"plain challenge", "invalid_request", url.Values{"code_challenge": {"abc"}, "code_challenge_method": {"plain"}}},
		{"permissions", "invalid_request", url.Values{"permissions": {"many"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			q := s.approve(t, s.link(c.change), s.ann.ID, s.home.ID)
			if q.Get("error") != c.want || q.Get("state") != "xyz" || q.Get("error_description") == "" || q.Get("code") != "" {
				t.Errorf("redirect with %v, want error=%s", q, c.want)
			}
		})
	}
	to, err := s.Deny(s.link(nil), s.ann.ID)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	if q := u.Query(); q.Get("error") != "access_denied" || q.Get("state") != "xyz" || q.Get("error_description") == "" {
		t.Errorf("Deny leads to %q", to)
	}
	if s.ManagedRole(s.home.ID, s.app.ID) != "" {
		t.Error("the bot joined although nobody agreed")
	}
}

func TestTokenRefuses(t *testing.T) {
	t.Parallel()
	s := newOAuthScene(t)
	other := s.AddApplication(s.ann.ID, "Other")
	verifier := strings.Repeat("v", 43)
	sum := sha256.Sum256([]byte(verifier))
	challenged := url.Values{"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	for _, c := range []struct {
		name   string
		auth   *url.Userinfo
		link   url.Values
		form   func(url.Values)
		wait   time.Duration
		status int
		code   string
	}{
		{"wrong secret", url.UserPassword(s.app.ID, "x"), nil, nil, 0, 401, "invalid_client"},
		{"no client", url.User(""), nil, nil, 0, 401, "invalid_client"},
		{"other application", url.UserPassword(other.ID, other.Secret), nil, nil, 0, 400, "invalid_grant"},
		{"unknown code", nil, nil, func(f url.Values) { f.Set("code", "x") }, 0, 400, "invalid_grant"},
		{"other redirect", nil, nil, func(f url.Values) { f.Set("redirect_uri", backHere+"/") }, 0, 400, "invalid_grant"},
		{"no redirect", nil, nil, func(f url.Values) { f.Del("redirect_uri") }, 0, 400, "invalid_grant"},
		{"grant type", nil, nil, func(f url.Values) { f.Set("grant_type", "password") }, 0, 400, "unsupported_grant_type"},
		{"late", nil, nil, nil, 2 * time.Minute, 400, "invalid_grant"},
		{"no verifier", nil, challenged, nil, 0, 400, "invalid_grant"},
		{"wrong verifier", nil, challenged, func(f url.Values) { f.Set("code_verifier", strings.Repeat("w", 43)) }, 0, 400, "invalid_grant"},
		{"right verifier", nil, challenged, func(f url.Values) { f.Set("code_verifier", verifier) }, 0, 200, ""},
		{"client in the body", url.User(""), nil, func(f url.Values) { f.Set("client_id", s.app.ID); f.Set("client_secret", s.app.Secret) }, 0, 200, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := s.approve(t, s.link(c.link), s.ann.ID, s.home.ID)
			f := codeForm(q.Get("code"))
			if c.form != nil {
				c.form(f)
			}
			s.clock.advance(c.wait)
			status, body := s.post(t, "/oauth2/token", c.auth, f)
			if code, _ := body["error"].(string); status != c.status || code != c.code {
				t.Errorf("%d %v, want %d %s", status, body, c.status, c.code)
			}
		})
	}
	r, err := http.NewRequest("POST", s.API()+"/oauth2/token", strings.NewReader(`{"grant_type":"client_credentials"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(s.app.ID, s.app.Secret)
	if status, body := fetch(t, r); status != 400 || body["error"] != "invalid_request" {
		t.Errorf("JSON: %d %v", status, body)
	}
}

// A verifier must be long enough even when it fits its challenge.
func TestShortVerifier(t *testing.T) {
	t.Parallel()
	s := newOAuthScene(t)
	sum := sha256.Sum256([]byte("short"))
	q := s.approve(t, s.link(url.Values{"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}), s.ann.ID, s.home.ID)
	f := codeForm(q.Get("code"))
	f.Set("code_verifier", "short")
	if status, body := s.post(t, "/oauth2/token", nil, f); status != 400 || body["error"] != "invalid_grant" {
		t.Errorf("%d %v", status, body)
	}
}

func TestRefreshAndRevoke(t *testing.T) {
	t.Parallel()
	s := newOAuthScene(t)
	q := s.approve(t, s.link(url.Values{"scope": {"identify"}}), s.bob.ID, "")
	if q.Has("guild_id") || q.Has("permissions") {
		t.Errorf("identify alone redirects with %v", q)
	}
	_, first := s.post(t, "/oauth2/token", nil, codeForm(q.Get("code")))
	refresh, _ := first["refresh_token"].(string)
	status, second := s.post(t, "/oauth2/token", nil, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
	if status != 200 || second["access_token"] == first["access_token"] || first["guild"] != nil {
		t.Fatalf("refresh: %d %v", status, second)
	}
	if status, _ := s.post(t, "/oauth2/token", nil, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}); status != 400 {
		t.Errorf("the used refresh token answers %d", status)
	}
	token, _ := second["access_token"].(string)
	if status, me := s.bearer(t, "/users/@me", token); status != 200 || me["id"] != s.bob.ID {
		t.Errorf("users/@me: %d %v", status, me)
	}
	if status, _ := s.post(t, "/oauth2/token/revoke", nil, url.Values{"token": {token}}); status != 200 {
		t.Errorf("revoke: %d", status)
	}
	if status, _ := s.bearer(t, "/users/@me", token); status != 401 {
		t.Errorf("users/@me with a revoked token: %d", status)
	}
	status, own := s.post(t, "/oauth2/token", nil, url.Values{"grant_type": {"client_credentials"}, "scope": {"identify"}})
	token, _ = own["access_token"].(string)
	if status != 200 || own["refresh_token"] != nil {
		t.Errorf("client_credentials: %d %v", status, own)
	}
	if _, me := s.bearer(t, "/users/@me", token); me["id"] != s.ann.ID {
		t.Errorf("client_credentials speak for %v, want the owner", me)
	}
	s.clock.advance(8 * 24 * time.Hour)
	if status, _ := s.bearer(t, "/users/@me", token); status != 401 {
		t.Errorf("users/@me with an expired token: %d", status)
	}
}

func TestBareToken(t *testing.T) {
	t.Parallel()
	s := newOAuthScene(t)
	s.Faults(s.app.ID, discordtest.Faults{BareToken: true})
	q := s.approve(t, s.link(nil), s.ann.ID, s.home.ID)
	if status, body := s.post(t, "/oauth2/token", nil, codeForm(q.Get("code"))); status != 200 || body["guild"] != nil {
		t.Errorf("%d %v", status, body)
	}
}

// The page names the permissions, offers only managed guilds, and unticked
// permissions are not granted.
func TestConsentPage(t *testing.T) {
	t.Parallel()
	s := newOAuthScene(t)
	page := get(t, s.link(nil)+"&as="+s.ann.ID, 200)
	for _, want := range []string{"Sophia", "Create Public Threads", "Send Messages in Threads", ">Home<", `id="authorize"`, `id="cancel"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, wrong := range []string{">Away<", "<script", "Administrator"} {
		if strings.Contains(page, wrong) {
			t.Errorf("the page has %q", wrong)
		}
	}
	if page := get(t, s.link(nil), 200); !strings.Contains(page, "Who are you?") || strings.Contains(page, `id="authorize"`) {
		t.Error("the page does not ask a stranger who they are")
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	action := regexp.MustCompile(`<form method="post" action="([^"]*)"`).FindStringSubmatch(page)
	if action == nil {
		t.Fatal("the page has no form")
	}
	resp, err := client.PostForm(s.URL()+html.UnescapeString(action[1]), url.Values{"decision": {"authorize"}, "as": {s.ann.ID}, "guild_id": {s.home.ID}, "choice": {"1"}, "grant": {"2048", "8"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	if p := to.Query().Get("permissions"); p != "2048" {
		t.Errorf("granted %s, want 2048: only what was asked and ticked", p)
	}
}

// get fetches a page and checks what all pages promise.
func get(t *testing.T, url string, status int) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != status {
		t.Fatalf("GET %s: %d, want %d\n%s", url, resp.StatusCode, status, b)
	}
	policy := strings.Split(resp.Header.Get("Content-Security-Policy"), "; ")
	if !slices.Contains(policy, "default-src 'self'") || strings.Contains(strings.Join(policy, ";"), "unsafe") {
		t.Errorf("GET %s: content security policy %q", url, policy)
	}
	if !strings.Contains(string(b), "Pretend") || !strings.Contains(string(b), "simulator") {
		t.Errorf("GET %s: the page does not say that it is a simulator", url)
	}
	return string(b)
}
