// Package roomtest is what the rooms identity, team and server need in tests: a
// real database, a clock, a log, a public address, throttles, and mail that
// isn't delivered.
//
// All of it can be changed while a room runs. The package knows no room, so
// tests of a room's internals can use it, too.
package roomtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"openmates"
	"openmates/internal/address"
	"openmates/internal/guard"
	"openmates/internal/locale"
	"openmates/internal/mail"
	"openmates/internal/secret"
	"openmates/internal/store"
)

// Ground is what a room is created with. A test may set Audit, Sender and
// Reach; pass Record, Out and Post in the room's Config instead.
type Ground struct {
	DB       *store.DB
	Log      *bytes.Buffer
	Logger   *slog.Logger // writes to Log
	Public   *address.Public
	Mail     *mail.Postman
	Failures *guard.Failures

	Audit  openmates.Audit   // nil = not recorded
	Sender mail.Sender       // nil = no mail server
	Reach  http.RoundTripper // nil = the network

	mu sync.Mutex
	at time.Time
}

// New returns a Ground for a test, with a public address that somebody has
// chosen or not.
func New(t *testing.T, url string, chosen bool) *Ground {
	t.Helper()
	key := make([]byte, 32)
	rand.Read(key)
	ring, err := secret.New(key)
	must(t, err)
	g := &Ground{at: time.Now(), Log: &bytes.Buffer{}}
	g.Logger = slog.New(slog.NewTextHandler(g.Log, nil))
	g.DB, err = store.Open(context.Background(), store.Config{Dir: t.TempDir(), Seal: ring, Log: slog.New(slog.DiscardHandler), Watch: time.Hour})
	must(t, err)
	t.Cleanup(func() { _ = g.DB.Close() })
	g.Public, err = address.New(url, chosen)
	must(t, err)
	book, err := locale.Open()
	must(t, err)
	g.Mail, err = mail.NewPostman(mail.PostmanConfig{Store: g.DB, Log: g.Logger, Sender: sender{g}, Clock: g.Clock, Voices: book})
	must(t, err)
	g.Failures, err = guard.NewFailures(guard.FailuresConfig{Log: g.Logger, Audit: g.alone, Clock: g.Clock})
	must(t, err)
	return g
}

// Clock returns the Ground's time.
func (g *Ground) Clock() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.at
}

// Pass advances the clock.
func (g *Ground) Pass(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.at = g.at.Add(d)
}

// Record is an openmates.Audit that calls Audit.
func (g *Ground) Record(ctx context.Context, e openmates.AuditEntry) error {
	if g.Audit == nil {
		return nil
	}
	return g.Audit(ctx, e)
}

// alone is Record in its own transaction.
func (g *Ground) alone(ctx context.Context, e openmates.AuditEntry) error {
	return g.DB.Within(ctx, func(ctx context.Context) error { return g.Record(ctx, e) })
}

// Out returns an http.RoundTripper that calls Reach.
func (g *Ground) Out() http.RoundTripper { return out{g} }

type out struct{ *Ground }

func (o out) RoundTrip(r *http.Request) (*http.Response, error) {
	if o.Reach == nil {
		return (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	}
	return o.Reach.RoundTrip(r)
}

type sender struct{ *Ground }

func (s sender) Send(ctx context.Context, to mail.Settings, m mail.Message) error {
	if s.Sender == nil {
		return openmates.Errorf(openmates.EUnavailable, "There is no mail server.")
	}
	return s.Sender.Send(ctx, to, m)
}

// Outbox is a mail.Sender that keeps messages.
type Outbox struct {
	Sent     []string // "to: text"
	Messages []mail.Message
	By       []mail.Settings
	Down     bool

	mu sync.Mutex
}

// Send implements mail.Sender.
func (o *Outbox) Send(_ context.Context, s mail.Settings, m mail.Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.By = append(o.By, s)
	if o.Down {
		return openmates.Errorf(openmates.EUnavailable, "The mail server does not answer.")
	}
	if strings.HasPrefix(m.To, "broken@") {
		return openmates.Errorf(openmates.EInvalid, "The mail server refuses this address.")
	}
	o.Sent = append(o.Sent, m.To+": "+m.Text)
	o.Messages = append(o.Messages, m)
	return nil
}

// Mailing sets up mail, and returns where it arrives.
func (g *Ground) Mailing(t *testing.T) *Outbox {
	t.Helper()
	post := &Outbox{}
	g.Sender = post
	must(t, g.DB.SetMailSettings(t.Context(), `{"host":"smtp.example.org","port":587,"security":"starttls","username":"mates","from":"mates@example.org"}`, "mail-password"))
	return post
}

// Hours matches the time in a sentence about when more mail can be sent.
func Hours() *regexp.Regexp {
	return regexp.MustCompile(`from (\d\d:\d\d|\d{4}-\d\d-\d\d \d\d:\d\d) UTC on`)
}

// WorksAgain returns the time at which a refusal says that more mail can be
// sent.
func (g *Ground) WorksAgain(t *testing.T, err error) time.Time {
	t.Helper()
	if got := openmates.CodeOf(err); got != openmates.ELimit {
		t.Fatalf("code %q (%v), want %q", got, err, openmates.ELimit)
	}
	m := Hours().FindStringSubmatch(openmates.MessageOf(err))
	if m == nil {
		t.Fatalf("%q names no time", openmates.MessageOf(err))
	}
	text := m[1]
	if len(text) == len("15:04") {
		text = g.Clock().UTC().Format(time.DateOnly) + " " + text
	}
	at, perr := time.Parse("2006-01-02 15:04", text)
	must(t, perr)
	return at
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
