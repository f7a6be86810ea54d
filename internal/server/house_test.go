package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"openmates"
	"openmates/internal/address"
	"openmates/internal/guard"
	"openmates/internal/identity"
	"openmates/internal/mail"
	"openmates/internal/secret"
	"openmates/internal/store"
	"openmates/internal/team"
)

const goodPassword = "three quiet lighthouses"

// The rooms around the one that is tested, under names of their own.
type (
	people = identity.Room
	teams  = team.Room
)

// house is the room over a real database, with the rooms around it. What it is
// given can be changed while it runs.
type house struct {
	*Room
	*people
	*teams
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
	h.people, err = identity.New(identity.Config{Store: h.db, Log: log, Failures: failures, Post: post, Address: h.public, Audit: audit, Clock: h.now,
		ServerName: func(ctx context.Context) (string, error) { return StoredName(ctx, h.db) },
		Cost:       identity.Cost{Memory: 64, Time: 1, Threads: 1}}) // the tests are about what happens around the hashes
	must(t, err)
	h.Room, err = New(Config{Store: h.db, Log: log, Accounts: h.people, Failures: failures, Post: post, Address: h.public, Audit: audit, Clock: h.now, Reach: h})
	must(t, err)
	h.teams, err = team.New(team.Config{Store: h.db, Log: log, Accounts: h.people, Session: h.people, SignUp: h.Room, Post: post, Audit: audit, Clock: h.now})
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

func founder(c openmates.Secret) Founder {
	return Founder{Code: c, Name: "Ada", Username: "ada", Password: goodPassword, Team: "Harbour"}
}
