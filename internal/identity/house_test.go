package identity_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/mail"
	"openmates/internal/policy"
	"openmates/internal/server"
	"openmates/internal/store/roomtest"
	"openmates/internal/team"
)

const goodPassword = "three quiet lighthouses"

// The rooms around the one that is tested, under names of their own.
type (
	teams = team.Room
	whole = server.Room
)

// house is the room over a real database, with the rooms around it.
type house struct {
	*identity.Room
	*teams
	*whole
	*roomtest.Ground
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return newHouseAt(t, "http://mates.example", true)
}

// newHouseAt is newHouse with a public address, chosen or not.
func newHouseAt(t *testing.T, url string, chosen bool) *house {
	t.Helper()
	h := &house{Ground: roomtest.New(t, url, chosen)}
	var err error
	h.Room, err = identity.New(identity.Config{Store: h.DB, Log: h.Logger, Failures: h.Failures, Post: h.Mail, Address: h.Public, Audit: h.Record, Clock: h.Clock,
		ServerName: func(ctx context.Context) (string, error) { return server.StoredName(ctx, h.DB) },
		Cost:       identity.Cost{Memory: 64, Time: 1, Threads: 1}}) // the tests are about what happens around the hashes
	must(t, err)
	h.whole, err = server.New(server.Config{Store: h.DB, Log: h.Logger, Accounts: h.Room, Failures: h.Failures, Post: h.Mail, Address: h.Public, Audit: h.Record, Clock: h.Clock, Reach: h.Out()})
	must(t, err)
	h.teams, err = team.New(team.Config{Store: h.DB, Log: h.Logger, Accounts: h.Room, Session: h.Room, SignUp: h.whole, Post: h.Mail, Audit: h.Record, Clock: h.Clock})
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

// visit runs fn within a request with this cookie and returns the cookie of the
// response.
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

func (h *house) in(t *testing.T, username, slug string) (openmates.Caller, policy.Place) {
	t.Helper()
	u, err := h.DB.UserByName(t.Context(), username)
	must(t, err)
	c := openmates.Caller{User: u, Session: "s"}
	p, err := h.Enter(t.Context(), c, slug, policy.SeeTeam)
	must(t, err)
	return c, p
}

// senderFunc is a mail.Sender that receives only the recipient.
type senderFunc func(to string) error

func (f senderFunc) Send(_ context.Context, _ mail.Settings, m mail.Message) error { return f(m.To) }
