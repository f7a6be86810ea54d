package identity

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"openmates"
	"openmates/internal/address"
	"openmates/internal/guard"
	"openmates/internal/mail"
	"openmates/internal/policy"
	"openmates/internal/secret"
	"openmates/internal/server"
	"openmates/internal/store"
	"openmates/internal/team"
)

const goodPassword = "three quiet lighthouses"

// The rooms around the one that is tested, under names of their own.
type (
	teams = team.Room
	whole = server.Room
)

// house is the room over a real database, with the rooms around it. What it is
// given can be changed while it runs.
type house struct {
	*Room
	*teams
	*whole
	db  *store.DB
	log *bytes.Buffer
	mu  sync.Mutex
	at  time.Time

	audit  openmates.Audit // nil = nothing is recorded
	sender mail.Sender     // nil = there is no mail server
	public *address.Public
	reach  http.RoundTripper // nil = the network
}

// Send implements mail.Sender.
func (h *house) Send(ctx context.Context, s mail.Settings, m mail.Message) error {
	if h.sender == nil {
		return openmates.Errorf(openmates.EUnavailable, "There is no mail server.")
	}
	return h.sender.Send(ctx, s, m)
}

// RoundTrip implements http.RoundTripper.
func (h *house) RoundTrip(r *http.Request) (*http.Response, error) {
	if h.reach == nil {
		return (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	}
	return h.reach.RoundTrip(r)
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return newHouseAt(t, "http://mates.example", true)
}

// newHouseAt is newHouse with a public address, which somebody has chosen or not.
func newHouseAt(t *testing.T, url string, chosen bool) *house {
	t.Helper()
	key := make([]byte, 32)
	rand.Read(key)
	ring, err := secret.New(key)
	must(t, err)
	h := &house{at: time.Now(), log: &bytes.Buffer{}}
	h.db, err = store.Open(context.Background(), store.Config{Dir: t.TempDir(), Seal: ring, Log: slog.New(slog.DiscardHandler), Watch: time.Hour})
	must(t, err)
	t.Cleanup(func() { _ = h.db.Close() })
	log := slog.New(slog.NewTextHandler(h.log, nil))
	h.public, err = address.New(url, chosen)
	must(t, err)
	audit := func(ctx context.Context, e openmates.AuditEntry) error {
		if h.audit == nil {
			return nil
		}
		return h.audit(ctx, e)
	}
	post, err := mail.NewPostman(mail.PostmanConfig{Store: h.db, Log: log, Sender: h, Clock: h.now})
	must(t, err)
	failures, err := guard.NewFailures(guard.FailuresConfig{Log: log, Audit: audit, Clock: h.now})
	must(t, err)
	h.Room, err = New(Config{Store: h.db, Log: log, Failures: failures, Post: post, Address: h.public, Audit: audit, Clock: h.now,
		ServerName: func(ctx context.Context) (string, error) { return server.StoredName(ctx, h.db) },
		Cost:       Cost{Memory: 64, Time: 1, Threads: 1}}) // the tests are about what happens around the hashes
	must(t, err)
	h.whole, err = server.New(server.Config{Store: h.db, Log: log, Accounts: h.Room, Failures: failures, Post: post, Address: h.public, Audit: audit, Clock: h.now, Reach: h})
	must(t, err)
	h.teams, err = team.New(team.Config{Store: h.db, Log: log, Accounts: h.Room, Session: h.Room, SignUp: h.whole, Post: post, Audit: audit, Clock: h.now})
	must(t, err)
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func code(t *testing.T, err error, want openmates.Code) {
	t.Helper()
	if got := openmates.CodeOf(err); got != want {
		t.Fatalf("code %q (%v), want %q", got, err, want)
	}
}

func from(n int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}) }

// seeded is a house with ada (server and team admin), ben (member) and, in
// another team, eve.
func seeded(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	_, _, err := h.Seed(t.Context(), team.Plan{Team: "Harbour", People: []team.Person{
		{Username: "ada", Name: "Ada", Password: goodPassword, Role: openmates.RoleAdmin, Admin: true},
		{Username: "ben", Name: "Ben", Password: goodPassword, Role: openmates.RoleMember},
	}})
	must(t, err)
	_, _, err = h.Seed(t.Context(), team.Plan{Team: "Lighthouse", People: []team.Person{
		{Username: "eve", Name: "Eve", Password: goodPassword, Role: openmates.RoleAdmin},
	}})
	must(t, err)
	return h
}

// visit runs fn within a request that carries the cookie, and returns the cookie
// that comes back.
func (h *house) visit(t *testing.T, cookie *http.Cookie, fn func(context.Context)) *http.Cookie {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	h.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fn(r.Context()) })).ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		return c
	}
	return nil
}

// outbox is a mail.Sender that keeps what it is given.
type outbox struct {
	mu       sync.Mutex
	sent     []string // "to: text"
	messages []mail.Message
	by       []mail.Settings
	down     bool
}

func (l *outbox) Send(_ context.Context, s mail.Settings, m mail.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.by = append(l.by, s)
	if l.down {
		return openmates.Errorf(openmates.EUnavailable, "The mail server does not answer.")
	}
	if strings.HasPrefix(m.To, "broken@") {
		return openmates.Errorf(openmates.EInvalid, "The mail server refuses this address.")
	}
	l.sent = append(l.sent, m.To+": "+m.Text)
	l.messages = append(l.messages, m)
	return nil
}

// mailing has a house send mail.
func (h *house) mailing(t *testing.T) *outbox {
	t.Helper()
	post := &outbox{}
	h.sender = post
	must(t, h.db.SetMailSettings(t.Context(), `{"host":"smtp.example.org","port":587,"security":"starttls","username":"mates","from":"mates@example.org"}`, "mail-password"))
	return post
}

func (h *house) in(t *testing.T, username, slug string) (openmates.Caller, policy.Place) {
	t.Helper()
	u, err := h.db.UserByName(t.Context(), username)
	must(t, err)
	c := openmates.Caller{User: u, Session: "s"}
	p, err := h.Enter(t.Context(), c, slug, policy.SeeTeam)
	must(t, err)
	return c, p
}

// senderFunc is a mail.Sender that is told only whom a message is for.
type senderFunc func(to string) error

func (f senderFunc) Send(_ context.Context, _ mail.Settings, m mail.Message) error { return f(m.To) }
