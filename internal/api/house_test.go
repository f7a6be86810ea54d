package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"openmates"
	"openmates/internal/address"
	"openmates/internal/chat"
	"openmates/internal/connect"
	"openmates/internal/connect/connecttest"
	"openmates/internal/guard"
	"openmates/internal/identity"
	"openmates/internal/llm"
	"openmates/internal/llm/scripted"
	"openmates/internal/mail"
	"openmates/internal/mate"
	"openmates/internal/messenger"
	"openmates/internal/model"
	"openmates/internal/openapitest"
	"openmates/internal/secret"
	"openmates/internal/server"
	"openmates/internal/store"
	"openmates/internal/team"
)

// house is a server with the team harbour (cleo: admin, ben and dan: members), the team
// lighthouse (eve: admin), zoe, who runs the server and is in no team, and the
// mates sophia, who has bots, and mark, whom harbour may not use.
type house struct {
	t        *testing.T
	db       *store.DB
	dir      string // of the database
	identity *identity.Room
	teams    *team.Room
	server   *server.Room
	connect  *connect.Room
	net      *connecttest.Network
	srv      *Server
	url      string
	log      *bytes.Buffer
	team     openmates.Team
	other    openmates.Team
	people   map[string]openmates.User
	doc      *openapitest.Document
	cookies  map[string]string

	mu    sync.Mutex
	asked []chat.Ask
	came  *openmates.Outcome // nil = an answer
	fail  error
	says  []string                  // what the mate's answer grows by
	still atomic.Pointer[time.Time] // at which the rooms' clock stands; nil = it runs
	later atomic.Int64              // by how much the rooms' clock is ahead
}

// discordNet is the test network under the name that the workflow writes.
type discordNet struct{ *connecttest.Network }

func (n discordNet) Info() messenger.Info {
	i := n.Network.Info()
	i.Network, i.Label, i.Place, i.Workspace = discord, "Discord", "guilde", "guild"
	return i
}

// plain lets a log be read while others write.
type safe struct {
	mu sync.Mutex
	b  *bytes.Buffer
}

func (s *safe) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

const bensPassword = "correct-horse-battery-91"

// withPassword gives ben a password.
func withPassword(c *Config) { c.Version = "" }

func newHouse(t *testing.T, change ...func(*Config)) *house {
	t.Helper()
	ctx := context.Background()
	key := make([]byte, 32)
	rand.Read(key)
	ring, err := secret.New(key)
	must(t, err)
	h := &house{t: t, dir: t.TempDir(), log: &bytes.Buffer{}, people: map[string]openmates.User{}, cookies: map[string]string{}}
	log := slog.New(slog.NewTextHandler(&safe{b: h.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.db, err = store.Open(ctx, store.Config{Dir: h.dir, Seal: ring, Log: slog.New(slog.DiscardHandler), Watch: time.Hour})
	must(t, err)
	t.Cleanup(func() { _ = h.db.Close() })
	post, err := mail.NewPostman(mail.PostmanConfig{Store: h.db, Log: log, Clock: h.clock})
	must(t, err)
	public, err := address.New("http://mates.example", true)
	must(t, err)
	failures, err := guard.NewFailures(guard.FailuresConfig{Log: log, Audit: h.db.AddAuditAlone, Clock: h.clock})
	must(t, err)
	h.identity, err = identity.New(identity.Config{Store: h.db, Log: log, Audit: h.db.AddAudit, Failures: failures, Post: post, Address: public, Clock: h.clock,
		ServerName: func(ctx context.Context) (string, error) { return server.StoredName(ctx, h.db) },
		Cost:       identity.Cost{Memory: 64, Time: 1, Threads: 1}})
	must(t, err)
	h.server, err = server.New(server.Config{Store: h.db, Log: log, Audit: h.db.AddAudit, Accounts: h.identity, Failures: failures, Post: post, Address: public, Clock: h.clock})
	must(t, err)
	h.teams, err = team.New(team.Config{Store: h.db, Log: log, Audit: h.db.AddAudit, Accounts: h.identity, Session: h.identity, SignUp: h.server, Post: post, Clock: h.clock})
	must(t, err)
	h.net = connecttest.New(map[string]connecttest.App{
		"1001": {Token: "canary-token", Secret: "canary-secret", Name: "Sophia"},
		"2001": {Token: "canary-token-2", Secret: "canary-secret-2", Name: "Sophia"},
	})
	h.connect, err = connect.New(connect.Config{Store: h.db, Log: log, Address: public, Audit: h.db.AddAudit,
		Connectors: map[openmates.Network]messenger.Connector{connecttest.Name: h.net, discord: discordNet{h.net}}})
	must(t, err)
	models, err := model.New(model.Config{Store: h.db, Audit: h.db.AddAudit, Log: log,
		Adapters: map[string]func(openmates.Provider) (llm.Provider, error){
			model.KindScripted: func(openmates.Provider) (llm.Provider, error) { return scripted.New(scripted.Config{}) },
		}})
	must(t, err)
	mates, err := mate.New(mate.Config{Store: h.db, Audit: h.db.AddAudit, Log: log,
		Apps: func(context.Context) ([]mate.Group, error) {
			return []mate.Group{{Name: "web", Label: openmates.T("Web"), Parts: []mate.Part{{Name: "web.read", Label: openmates.T("Read")}, {Name: "web.search", Label: openmates.T("Search")}}}}, nil
		}})
	must(t, err)
	c := Config{Identity: h.identity, Team: h.teams, Server: h.server, Connect: h.connect, Mate: mates, Model: models, Records: h.db, Answers: h.db, Log: log, Version: "1.2.3",
		Shown: func(context.Context) model.Shown { return model.Shown{Name: "scripted", Scripted: true} }, Ask: h.ask}
	for _, f := range change {
		f(&c)
	}
	h.srv, err = New(c)
	must(t, err)
	h.furnish(models)
	if c.Version == "" { // withPassword
		_, all, err := h.teams.Seed(ctx, team.Plan{Team: "Elsewhere", People: []team.Person{{Username: "nobody-else", Name: "Nobody", Password: bensPassword, Role: openmates.RoleAdmin}}})
		must(t, err)
		phc, err := h.db.Password(ctx, all[0].ID)
		must(t, err)
		must(t, h.db.SetPassword(ctx, h.people["ben"].ID, phc))
	}
	mux := http.NewServeMux()
	mux.Handle(Prefix+"/", h.srv)
	mux.Handle("POST /signin/{name}", h.identity.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		must(t, h.identity.Begin(r.Context(), h.people[r.PathValue("name")]))
	})))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	h.url = s.URL
	_, err = h.srv.operations()
	must(t, err)
	b, err := json.Marshal(h.srv.api.OpenAPI())
	must(t, err)
	h.doc, err = openapitest.Read(b)
	must(t, err)
	return h
}

func (h *house) ask(ctx context.Context, a chat.Ask, show func(string)) (openmates.Outcome, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, a)
	for i := range h.says {
		if show != nil {
			show(strings.Join(h.says[:i+1], ""))
		}
	}
	text := strings.Join(h.says, "")
	if u, err := h.db.User(ctx, a.User); text == "" && err == nil {
		text = "Hello " + u.DisplayName
	}
	if a.Trial {
		m, err := h.db.Mate(ctx, a.Mate)
		must(h.t, err)
		text = "I am " + m.Name
	}
	o := openmates.Outcome{State: openmates.TurnAnswered, Text: text, Usage: openmates.Usage{Model: "scripted", Input: 3, Output: 2}}
	if h.came != nil {
		o = *h.came
	}
	return o, h.fail
}

// furnish fills the house.
func (h *house) furnish(models *model.Room) {
	ctx, t := context.Background(), h.t
	var err error
	h.team, err = h.db.AddTeam(ctx, openmates.Team{Slug: "harbour", Name: "Harbour"})
	must(t, err)
	h.other, err = h.db.AddTeam(ctx, openmates.Team{Slug: "lighthouse", Name: "Lighthouse"})
	must(t, err)
	for name, team := range map[string]openmates.Team{"cleo": h.team, "ben": h.team, "dan": h.team, "eve": h.other, "zoe": {}} {
		u, err := h.db.AddUser(ctx, openmates.User{Username: name, DisplayName: strings.ToUpper(name[:1]) + name[1:], Admin: name == "zoe"}, "")
		must(t, err)
		h.people[name] = u
		role := openmates.RoleAdmin
		if name == "ben" || name == "dan" {
			role = openmates.RoleMember
		}
		if team.ID != 0 {
			must(t, h.db.AddMember(ctx, openmates.Membership{TeamID: team.ID, UserID: u.ID, Role: role}))
		}
	}
	for _, handle := range []string{"sophia", "mark"} {
		m, err := h.db.SaveMate(ctx, openmates.Mate{Handle: handle, Name: handle, Prompt: "You are " + handle + "."})
		must(t, err)
		if handle != "sophia" {
			continue
		}
		for n, app := range map[openmates.Network][]string{connecttest.Name: {"1001", "canary-token", "canary-secret"}, discord: {"2001", "canary-token-2", "canary-secret-2"}} {
			_, _, err = h.connect.SetBot(ctx, connect.Credentials{MateID: m.ID, Network: n, Values: openmates.Secrets{"app_id": openmates.Secret(app[0]), "token": openmates.Secret(app[1]), "secret": openmates.Secret(app[2])}})
			must(t, err)
		}
	}
	must(t, h.db.SetTeamLimits(ctx, h.team.ID, openmates.Limits{Mates: openmates.OnlyThese("sophia")}))
	_, err = models.Add(ctx, 0, model.Draft{Kind: model.KindScripted, Label: "Demo", Propose: "demo", Key: "canary-key"})
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// as signs somebody in and returns their cookie.
func (h *house) as(name string) string {
	h.t.Helper()
	if name == "" {
		return ""
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.cookies[name]; c != "" {
		return c
	}
	resp, err := http.Post(h.url+"/signin/"+name, "", nil)
	must(h.t, err)
	defer resp.Body.Close()
	h.cookies[name] = strings.Split(resp.Header.Get("Set-Cookie"), ";")[0]
	return h.cookies[name]
}

// token creates a token for somebody and returns its Authorization value.
func (h *house) token(name string, team bool, scopes ...openmates.Scope) string {
	h.t.Helper()
	path, body := "/me/tokens", map[string]any{"name": "test", "scopes": scopes}
	switch {
	case len(scopes) == 0:
		path, body = "/server/listeners", map[string]any{"name": "test"}
	case team:
		path = "/" + map[string]string{"cleo": "harbour", "eve": "lighthouse"}[name] + "/tokens"
	}
	b, err := json.Marshal(body)
	must(h.t, err)
	resp, v := h.do(h.as(name), "POST", path, string(b))
	if resp.StatusCode != 201 {
		h.t.Fatalf("token of %s: %d %v", name, resp.StatusCode, v)
	}
	return "Bearer " + v["token"].(string)
}

// do sends a request and checks the response against the OpenAPI document. who
// is a cookie, "Bearer …", or "" for nobody.
func (h *house) do(who, method, path, body string, header ...string) (*http.Response, map[string]any) {
	h.t.Helper()
	resp, b := h.raw(who, method, path, body, header...)
	var v map[string]any
	if strings.Contains(resp.Header.Get("Content-Type"), "json") && len(b) > 0 {
		must(h.t, json.Unmarshal(b, &v))
	}
	h.validate(method, path, resp, v)
	return resp, v
}

func (h *house) raw(who, method, path, body string, header ...string) (*http.Response, []byte) {
	h.t.Helper()
	req, err := http.NewRequest(method, h.url+Prefix+path, strings.NewReader(body))
	must(h.t, err)
	if strings.HasPrefix(who, "Bearer ") {
		req.Header.Set("Authorization", who)
	} else if who != "" {
		req.Header.Set("Cookie", who)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	must(h.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(h.t, err)
	if strings.Contains(string(b), "canary") {
		h.t.Errorf("%s %s gives away what it must not: %s", method, path, b)
	}
	if resp.Header.Get("Access-Control-Allow-Origin") != "" || resp.Header.Get(RequestID) == "" {
		h.t.Errorf("%s %s: headers %v", method, path, resp.Header)
	}
	return resp, b
}

// validate is by a library that was not written here.
func (h *house) validate(method, path string, resp *http.Response, v map[string]any) {
	h.t.Helper()
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	where, _, _ := strings.Cut(Prefix+path, "?")
	op := h.doc.Find(method, where)
	if op != nil && op.Answer(resp.StatusCode) == nil && resp.StatusCode != http.StatusNotModified {
		h.t.Errorf("%s %s: the document knows no %d", method, path, resp.StatusCode)
		return
	}
	if v == nil {
		return
	}
	var err error
	if resp.StatusCode < 400 && op == nil {
		h.t.Errorf("%s %s: the document knows no such operation", method, path)
	} else if resp.StatusCode < 400 {
		err = op.CheckAnswer(resp.StatusCode, kind, v)
	} else if err = h.doc.Check("Problem", v); kind != "application/problem+json" || v["status"] != float64(resp.StatusCode) || v["request_id"] != resp.Header.Get(RequestID) {
		h.t.Errorf("%s %s: %d is no problem: %s %v", method, path, resp.StatusCode, kind, v)
	}
	if err != nil {
		h.t.Errorf("%s %s: %d is not as the document says: %v\n%v", method, path, resp.StatusCode, err, v)
	}
}

// operations lists all of the document.
func (h *house) operations() (all []operationAt) {
	for _, o := range h.doc.Operations() {
		all = append(all, operationAt{o.ID, o.Method, strings.TrimPrefix(o.Path, Prefix), o})
	}
	return all
}

type operationAt struct {
	id, method, path string
	op               *openapitest.Operation
}

// changes counts the lines of the audit record.
func (h *house) changes() int {
	h.t.Helper()
	lines, err := h.db.FindAudit(context.Background(), openmates.AuditSearch{Limit: 100_000})
	must(h.t, err)
	return len(lines)
}

var errBroken = errors.New("dsn: canary")

// rest resets all rate limits.
func (h *house) rest() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.later.Add(int64(10 * time.Minute))
	for who := range h.cookies {
		delete(h.cookies, who)
	}
}

func (h *house) clock() time.Time {
	if at := h.still.Load(); at != nil {
		return *at
	}
	return time.Now().Add(time.Duration(h.later.Load()))
}

func (h *house) lines() []string {
	h.t.Helper()
	found, err := h.db.FindAudit(context.Background(), openmates.AuditSearch{Limit: 100})
	must(h.t, err)
	var all []string
	for _, l := range found {
		all = append(all, l.Action+" "+l.Target+" "+l.After)
	}
	return all
}
