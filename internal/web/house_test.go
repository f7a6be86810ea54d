package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"openmates"
	"openmates/internal/address"
	"openmates/internal/chat"
	"openmates/internal/connect"
	"openmates/internal/connect/connecttest"
	"openmates/internal/guard"
	"openmates/internal/identity"
	"openmates/internal/locale"
	"openmates/internal/locale/localetest"
	"openmates/internal/mail"
	"openmates/internal/mail/smtp"
	"openmates/internal/mate"
	"openmates/internal/messenger"
	"openmates/internal/model"
	"openmates/internal/secret"
	"openmates/internal/server"
	"openmates/internal/store"
	"openmates/internal/team"
)

// The canaries are planted as credentials and must never be seen again.
const (
	canaryToken    = "canary-token-7Qx"
	canarySecret   = "canary-secret-9Zp"
	canaryPassword = "canary password 3Lm"
)

// house is a whole server over a real database, with a messenger that exists
// in memory.
type house struct {
	t        *testing.T
	url      string
	address  *address.Public // where people reach it
	db       *store.DB
	identity *identity.Room
	team     *team.Room
	server   *server.Room
	connect  *connect.Room
	models   *model.Room
	dir      string // of the database
	network  *connecttest.Network
	states   *states
	web      *Server
	mates    *mate.Room
	ask      func(ctx context.Context, a chat.Ask) (openmates.Outcome, error) // nil = it echoes
	log      *lockedBuffer
	ready    error
	model    model.Shown

	language string // that browsers ask for; "" = they don't say
}

type states struct {
	mu sync.Mutex
	m  map[openmates.ID]messenger.State
}

func (s *states) State(id openmates.ID) (messenger.State, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, ok := s.m[id]
	return st, ok
}

func (s *states) set(id openmates.ID, st messenger.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m[id] = st
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newHouse(t *testing.T, change ...func(*Config)) *house {
	t.Helper()
	return newHouseWith(t, func(_ *house, c *Config) {
		for _, f := range change {
			f(c)
		}
	})
}

// newHouseWith is newHouse for what changes more of the house than a Config, such
// as another room of connections. The house has no pages yet.
func newHouseWith(t *testing.T, change func(*house, *Config)) *house {
	t.Helper()
	key := make([]byte, 32)
	rand.Read(key)
	ring, err := secret.New(key)
	must(t, err)
	h := &house{t: t, states: &states{m: map[openmates.ID]messenger.State{}}, log: &lockedBuffer{}, model: model.Shown{Name: "openai/gpt-5"}}
	log := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.dir = t.TempDir()
	h.db, err = store.Open(context.Background(), store.Config{Dir: h.dir, Seal: ring, Log: log, Watch: time.Hour})
	must(t, err)
	t.Cleanup(func() { _ = h.db.Close() })
	h.network = connecttest.New(map[string]connecttest.App{
		"1001": {Token: canaryToken, Secret: canarySecret, Name: "Sophia"},
		"1002": {Token: "token-mark", Secret: "secret-mark", Name: "Mark", Hints: []openmates.Text{openmates.T("Other people can add the bot to their Discord servers, too.")}},
	})
	srv := httptest.NewUnstartedServer(nil)
	h.url = "http://" + srv.Listener.Addr().String()
	h.address = addressOf(t, h.url)
	book, err := locale.Open()
	must(t, err)
	post, err := mail.NewPostman(mail.PostmanConfig{Store: h.db, Log: log, Sender: smtp.New(smtp.Config{}), Voices: book})
	must(t, err)
	failures, err := guard.NewFailures(guard.FailuresConfig{Log: log, Audit: h.db.AddAuditAlone})
	must(t, err)
	h.identity, err = identity.New(identity.Config{Store: h.db, Log: log, Audit: h.db.AddAudit, Failures: failures, Post: post, Address: h.address,
		ServerName: func(ctx context.Context) (string, error) { return server.StoredName(ctx, h.db) },
		Cost:       identity.Cost{Memory: 64, Time: 1, Threads: 1}})
	must(t, err)
	h.server, err = server.New(server.Config{Store: h.db, Log: log, Audit: h.db.AddAudit, Accounts: h.identity, Failures: failures, Post: post, Address: h.address})
	must(t, err)
	h.team, err = team.New(team.Config{Store: h.db, Log: log, Audit: h.db.AddAudit, Accounts: h.identity, Session: h.identity, SignUp: h.server, Post: post})
	must(t, err)
	h.connect, err = connect.New(connect.Config{
		Store: h.db, Log: log, Address: h.address, States: h.states,
		Connectors: map[openmates.Network]messenger.Connector{connecttest.Name: h.network},
	})
	must(t, err)
	h.mates, err = mate.New(mate.Config{Store: h.db, Audit: h.db.AddAudit, Log: log, Apps: testApps, Providers: testProviders})
	must(t, err)
	h.models = newModels(t, h.db, log)
	c := Config{
		Model: h.models,
		Mate:  h.mates, Ask: h.asks,
		Identity: h.identity, Team: h.team, Server: h.server, Connect: h.connect, Log: log, Version: "test", Records: h.db,
		Shown: func(context.Context) model.Shown { return h.model }, Ready: func(context.Context) error { return h.ready },
	}
	change(h, &c)
	if c.Book != nil { // of a test that reads it
		h.language = localetest.Tag
	}
	h.web, err = New(c)
	must(t, err)
	srv.Config.Handler = h.web
	srv.Start()
	t.Cleanup(srv.Close)
	return h
}

// byName has people reach the server by a name, which passkeys need, until back
// is called. The browsers stay signed in.
func (h *house) byName(browsers ...*browser) (back func()) {
	h.t.Helper()
	was, name := h.url, strings.Replace(h.url, "127.0.0.1", "localhost", 1)
	move := func(from, to string) {
		h.t.Helper()
		must(h.t, h.address.Move(to))
		h.url = to
		before, err := url.Parse(from)
		must(h.t, err)
		now, err := url.Parse(to)
		must(h.t, err)
		for _, b := range browsers {
			b.c.Jar.SetCookies(now, b.c.Jar.Cookies(before))
		}
	}
	move(was, name)
	return func() { h.t.Helper(); move(name, was) }
}

// addressOf returns a public address that nobody has chosen.
func addressOf(t *testing.T, url string) *address.Public {
	t.Helper()
	p, err := address.New(url, false)
	must(t, err)
	return p
}

func testApps(context.Context) ([]mate.Group, error) {
	return []mate.Group{
		{Name: "calculation", Label: openmates.T("Calculation"), Description: openmates.T("Exact arithmetic, units of measure, dates and time zones."), Parts: []mate.Part{{Name: "calculation.evaluate", Label: openmates.T("Calculate")}}},
		{Name: "web", Label: openmates.T("Web"), Parts: []mate.Part{{Name: "web.read", Label: openmates.T("Read a page")}, {Name: "web.search", Label: openmates.T("Search")}}},
	}, nil
}

func testProviders(context.Context) ([]mate.Group, error) {
	return []mate.Group{{Name: "openai", Label: openmates.T("OpenAI"), Parts: []mate.Part{{Name: "openai/gpt-5", Label: openmates.T("gpt-5")}, {Name: "openai/gpt-5-mini", Label: openmates.T("gpt-5-mini")}}}}, nil
}

func (h *house) asks(ctx context.Context, a chat.Ask, _ func(string)) (openmates.Outcome, error) {
	if h.ask != nil {
		return h.ask(ctx, a)
	}
	return openmates.Outcome{State: openmates.TurnAnswered, Text: "You said: " + a.Text,
		Usage: openmates.Usage{Model: "openai/gpt-5", Input: 10, Output: 5, Cost: 1_000}}, nil
}

// furnish creates two teams, three people and three mates, the first with a
// bot.
func (h *house) furnish() *house {
	h.t.Helper()
	ctx := context.Background()
	phc := canaryHash()
	for _, team := range []struct{ slug, name, people string }{{"harbour", "Harbour", "ada ben"}, {"lighthouse", "Lighthouse", "eve"}} {
		made, err := h.db.AddTeam(ctx, openmates.Team{Slug: team.slug, Name: team.name})
		must(h.t, err)
		for username := range strings.FieldsSeq(team.people) {
			u, err := h.db.AddUser(ctx, openmates.User{Username: username, DisplayName: fullName(username), Admin: username == "ada"}, phc)
			must(h.t, err)
			role := openmates.RoleAdmin
			if username == "ben" {
				role = openmates.RoleMember
			}
			must(h.t, h.db.AddMember(ctx, openmates.Membership{TeamID: made.ID, UserID: u.ID, Role: role}))
		}
	}
	for _, m := range []openmates.Mate{
		{Handle: "sophia", Name: "Sophia", Field: "Software development", Description: "Writes, reads and explains code.", Prompt: "You are Sophia.\nYou write code."},
		{Handle: "mark", Name: "Mark", Field: "Marketing", Prompt: "You are Mark."},
		{Handle: "lisa", Name: "Lisa", Field: "Life coaching & psychology", Prompt: "You are Lisa.", Model: "anthropic/claude"},
	} {
		_, err := h.db.SaveMate(ctx, m)
		must(h.t, err)
	}
	h.setBot("sophia", "1001", canaryToken, canarySecret)
	return h
}

func fullName(username string) string {
	return map[string]string{"ada": "Ada Lovelace", "ben": "Ben Bitdiddle", "eve": "Eve Outside"}[username]
}

// canaryHash is what is stored for the canary's password, at the cost of the
// tests.
func canaryHash() string {
	salt := []byte("a salt for tests")
	key := argon2.IDKey([]byte(canaryPassword), salt, 1, 64, 1, 32)
	b64 := base64.RawStdEncoding
	return "$argon2id$v=19$m=64,t=1,p=1$" + b64.EncodeToString(salt) + "$" + b64.EncodeToString(key)
}

func (h *house) setBot(mate, app, token, secret string) connect.Bot {
	h.t.Helper()
	m, err := h.connect.Mate(context.Background(), mate)
	must(h.t, err)
	b, _, err := h.connect.SetBot(context.Background(), connect.Credentials{
		MateID: m.ID, Network: connecttest.Name, Values: openmates.Secrets{"app_id": openmates.Secret(app), "token": openmates.Secret(token), "secret": openmates.Secret(secret)},
	})
	must(h.t, err)
	return b
}

// browser keeps cookies and doesn't follow redirects.
type browser struct {
	h *house
	c *http.Client
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (h *house) browser() *browser {
	jar, err := cookiejar.New(nil)
	must(h.t, err)
	return &browser{h, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as returns a browser in which somebody is signed in.
func (h *house) as(username string) *browser {
	h.t.Helper()
	u, err := h.db.UserByName(context.Background(), username)
	must(h.t, err)
	w := httptest.NewRecorder()
	h.identity.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		must(h.t, h.identity.Begin(r.Context(), u))
	})).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	b := h.browser()
	at, err := url.Parse(h.url)
	must(h.t, err)
	b.c.Jar.SetCookies(at, w.Result().Cookies())
	return b
}

func (b *browser) do(method, path string, form url.Values, header http.Header) answer {
	b.h.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequest(method, b.h.url+path, body)
	must(b.h.t, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if b.h.language != "" {
		req.Header.Set("Accept-Language", b.h.language)
	}
	maps.Copy(req.Header, header)
	resp, err := b.c.Do(req)
	must(b.h.t, err)
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	must(b.h.t, err)
	// The answer to a new address can't lead anywhere: the page there is another
	// site's for form-action. Sent again, it changes nothing.
	moved := path == "/server/settings"
	if method == http.MethodPost && !moved && resp.StatusCode < 300 && strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		b.h.t.Errorf("POST %s is answered with a page: a reload does it again", path)
	}
	return answer{resp.StatusCode, resp.Header, string(all)}
}

func (b *browser) get(path string) answer {
	b.h.t.Helper()
	return b.do(http.MethodGet, path, nil, nil)
}

// post is a form of our own page, as a browser sends it.
func (b *browser) post(path string, form url.Values) answer {
	b.h.t.Helper()
	return b.do(http.MethodPost, path, form, http.Header{"Origin": {b.h.url}, "Sec-Fetch-Site": {"same-origin"}})
}

// follow posts a form and follows the redirect.
func (b *browser) follow(path string, form url.Values) answer {
	b.h.t.Helper()
	got := b.post(path, form)
	if got.status != http.StatusSeeOther {
		return got
	}
	return b.get(got.header.Get("Location"))
}

// confirms submits a form that asks for confirmation, then confirms.
// sends the same form with the answer.
func (b *browser) confirms(path string, form url.Values) answer {
	b.h.t.Helper()
	got := b.post(path, form)
	if got.status != http.StatusSeeOther {
		b.h.t.Errorf("POST %s does not ask first: %d\n%s", path, got.status, got.body)
		return got
	}
	page := b.get(got.header.Get("Location"))
	if page.status != http.StatusOK || !strings.Contains(page.body, `name="confirm" value="yes"`) {
		b.h.t.Errorf("POST %s leads to no question: %d\n%s", path, page.status, page.body)
	}
	return b.follow(path, sure(form))
}

// sure is a form with its question answered.
func sure(form url.Values) url.Values {
	f := maps.Clone(form)
	if f == nil {
		f = url.Values{}
	}
	f.Set(confirmField, "yes")
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, got answer, status int, parts ...string) {
	t.Helper()
	if got.status != status {
		t.Errorf("status %d, want %d\n%s", got.status, status, got.body)
	}
	for _, p := range parts {
		if !strings.Contains(got.body, p) {
			t.Errorf("the page lacks %q:\n%s", p, got.body)
		}
	}
}
