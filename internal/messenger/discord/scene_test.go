package discord

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/openapitest"
	"openmates/internal/polltest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// quick makes the pauses of the protocol short.
func quick() pace {
	return pace{
		unit: 10 * time.Millisecond, most: 200 * time.Millisecond,
		invalidMin: 5 * time.Millisecond, invalidMax: 20 * time.Millisecond,
		hello: 5 * time.Second, settled: 50 * time.Millisecond, grace: 500 * time.Millisecond,
		save: 5 * time.Millisecond, saveIdle: 10 * time.Millisecond, retry: 2 * time.Millisecond,
		identify: time.Millisecond, command: 1500 * time.Millisecond,
	}
}

// scene is a guild with a person and a mate's bot, and a Host that listens.
type scene struct {
	t     testing.TB
	sim   *discordtest.Server
	d     *Connector
	ann   discordtest.Person
	app   discordtest.Application
	guild discordtest.Guild
	bot   openmates.Bot
	host  *memory
}

func newScene(t testing.TB, c discordtest.Config) *scene {
	t.Helper()
	if c.MaxConcurrency == 0 {
		c.MaxConcurrency = 1000
	}
	s := &scene{t: t, sim: discordtest.Start(t, c), host: newMemory()}
	s.ann = s.sim.AddPerson("Ann")
	s.app = s.sim.AddApplication(s.ann.ID, "Sophia")
	s.guild = s.sim.AddGuild(s.ann.ID, "Guild")
	s.sim.Install(s.guild.ID, s.app.ID, int64(Default))
	s.bot = botOf(1, s.app)
	s.d = connectorTo(t, s.sim)
	return s
}

func botOf(id openmates.ID, app discordtest.Application) openmates.Bot {
	return openmates.Bot{
		ID: id, MateID: 1, Network: Network, AppID: app.ID, UserID: openmates.AccountID(app.BotID),
		Secrets: openmates.Secrets{fieldToken: openmates.Secret(app.Token), fieldSecret: openmates.Secret(app.Secret)},
	}
}

// connectorTo returns a Connector whose requests are checked against Discord's
// own API description.
func connectorTo(t testing.TB, sim *discordtest.Server) *Connector {
	t.Helper()
	own := ownTransport()
	t.Cleanup(own.CloseIdleConnections)
	d, err := New(Config{API: sim.API(), Authorize: sim.Authorize(), HTTP: &http.Client{Transport: described(t, own)}})
	if err != nil {
		t.Fatal(err)
	}
	d.socket = socketClient(&http.Client{Transport: own})
	d.pace = quick()
	return d
}

// listen starts the listener; stop ends it and waits until Discord has noticed.
func (s *scene) listen() (stop func() error) {
	s.t.Helper()
	end := start(s.t, s.d, s.bot, s.host)
	return func() error {
		err := end()
		polltest.Until(s.t, "Discord has noticed that the connection is closed", func() bool { return len(s.sim.Connections(s.app.ID)) == 0 })
		return err
	}
}

func start(t testing.TB, d *Connector, b openmates.Bot, h messenger.Host) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Listen(ctx, b, h) }()
	stop = sync.OnceValue(func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(polltest.Patience):
			return errors.New("Listen does not end")
		}
	})
	t.Cleanup(func() { _ = stop() })
	return stop
}

// ready waits until the listener is connected and knows its guilds.
func (s *scene) ready() {
	s.t.Helper()
	s.host.until(s.t, "the start", func(h *memory) bool {
		return len(h.states) > 0 && h.states[len(h.states)-1].Phase == messenger.Connected &&
			slices.ContainsFunc(h.changes, func(c messenger.WorkspaceChange) bool { return string(c.Workspace.ID) == s.guild.ID })
	})
}

// say mentions the mate n times and returns the expected keys.
func (s *scene) say(n int) []string {
	s.t.Helper()
	var keys []string
	for i := range n {
		m := s.sim.Say(s.guild.General, s.ann.ID, fmt.Sprintf("<@%s> question %d", s.app.BotID, i))
		keys = append(keys, keyOf(s.bot, m.ID))
	}
	return keys
}

// received waits for keys and checks that they came in order and that nothing
// else came.
func (s *scene) received(keys []string) {
	s.t.Helper()
	s.host.until(s.t, fmt.Sprintf("the receipt of %d messages", len(keys)), func(h *memory) bool { return len(h.keys) >= len(keys) })
	s.host.mu.Lock()
	defer s.host.mu.Unlock()
	if !slices.Equal(s.host.keys, keys) {
		s.t.Fatalf("received %v\nwant     %v", s.host.keys, keys)
	}
}

func (s *scene) phase(p messenger.Phase) messenger.State {
	s.t.Helper()
	var state messenger.State
	s.host.until(s.t, string(p), func(h *memory) bool {
		if len(h.states) > 0 {
			state = h.states[len(h.states)-1]
		}
		return state.Phase == p
	})
	return state
}

// described checks each request against the API's official description, when
// OPENMATES_TEST_DISCORD_OPENAPI names it.
func described(t testing.TB, next http.RoundTripper) http.RoundTripper {
	t.Helper()
	if os.Getenv("OPENMATES_TEST_DISCORD_OPENAPI") == "" {
		return next
	}
	doc, err := description()
	if err != nil {
		t.Fatal(err)
	}
	return validator{t: t, doc: doc, next: next}
}

var description = sync.OnceValues(func() (*openapitest.Document, error) {
	text, err := os.ReadFile(os.Getenv("OPENMATES_TEST_DISCORD_OPENAPI"))
	if err != nil {
		return nil, err
	}
	return openapitest.Read(text)
})

type validator struct {
	t    testing.TB
	doc  *openapitest.Document
	next http.RoundTripper
}

func (v validator) RoundTrip(r *http.Request) (*http.Response, error) {
	// The description has neither the token nor the gateway address.
	if strings.Contains(r.URL.Path, "/oauth2/token") || !strings.HasPrefix(r.URL.Path, "/api/v10/") {
		return v.next.RoundTrip(r)
	}
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	// The description has an object for an application's description, the
	// documentation (resources/application) and all clients have a string.
	odd := r.Method == "PATCH" && bytes.HasPrefix(body, []byte(`{"description":"`))
	if err := v.validate(r, body); err != nil && !odd {
		v.t.Errorf("%s %s is not as described: %v", r.Method, r.URL.Path, err)
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return v.next.RoundTrip(r)
}

func (v validator) validate(r *http.Request, body []byte) error {
	path := strings.TrimPrefix(r.URL.Path, "/api/v10")
	o := v.doc.Find(r.Method, path)
	if o == nil {
		return errors.New("there is no such operation")
	}
	return o.CheckRequest(path, r.URL.Query(), r.Header.Get("Content-Type"), body)
}

func via(b openmates.Bot) messenger.Via { return messenger.Via{Bot: b} }

func in(b openmates.Bot, guild string) messenger.Via {
	return messenger.Via{Bot: b, Workspace: openmates.WorkspaceID(guild)}
}

func ref[T ~string](channel string, message T) messenger.MessageRef {
	return messenger.MessageRef{Channel: openmates.ChannelID(channel), ID: openmates.MessageID(message)}
}
