package messengertest

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// Subject is a connector, a network with a bot in a workspace, and what a
// person can do there. Fields for an ability that is lacking may be left out.
type Subject struct {
	Connector messenger.Connector
	Bot       openmates.Bot       // its credentials are real
	Wrong     openmates.Bot       // the network refuses its token
	Channel   openmates.ChannelID // the bot may read and write there
	Workspace messenger.Workspace
	Token     openmates.Secret // of the bot in Workspace, if the network grants one
	// Say makes a person say something to the bot in Channel.
	Say func(text string)
	// Posts returns the bot's current messages in Channel, oldest first.
	Posts func() []string

	Redirect string            // registered with the application
	Account  messenger.Account // of the person who consents
	// Consent acts as a person who confirms a consent page, and returns the
	// query of the redirect.
	Consent func(page string) url.Values
}

// Exercise checks that a connector keeps its contract. open returns a new
// Subject. lacks lists what this network can't do, by the names of the
// contract's interfaces: Editor, Remover, Typist, Installer, Linker, Leaver.
// The test fails if the connector lacks anything else.
func Exercise(t *testing.T, open func(t *testing.T) Subject, lacks ...string) {
	t.Helper()
	for name, rule := range map[string]func(t *testing.T, s Subject){
		"sends by what it was granted": grantRule,
		"describes itself":             infoRule, "checks credentials": checkRule, "sends once": sendRule,
		"delivers in order and tries again": listenRule, "does nothing for one that was replaced": fenceRule,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rule(t, open(t))
		})
	}
	for ability, rule := range abilities() {
		t.Run(ability, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			if slices.Contains(lacks, ability) {
				if rule.has(s.Connector) {
					t.Errorf("it is said to be no %s, and is one", ability)
				}
				return
			}
			if !rule.has(s.Connector) {
				t.Fatalf("it is no %s", ability)
			}
			rule.holds(t, s)
		})
	}
}

// ability is an optional interface of a connector.
type ability struct {
	has   func(messenger.Connector) bool
	holds func(t *testing.T, s Subject)
}

func abilities() map[string]ability {
	return map[string]ability{
		"Editor":    {is[messenger.Editor], editRule},
		"Remover":   {is[messenger.Remover], removeRule},
		"Typist":    {is[messenger.Typist], typeRule},
		"Installer": {is[messenger.Installer], installRule},
		"Linker":    {is[messenger.Linker], linkRule},
		"Leaver":    {is[messenger.Leaver], leaveRule},
	}
}

func is[T any](c messenger.Connector) bool {
	_, ok := c.(T)
	return ok
}

func as[T any](t *testing.T, s Subject) T {
	t.Helper()
	can, ok := s.Connector.(T)
	if !ok {
		t.Fatalf("%T can't", s.Connector)
	}
	return can
}

func infoRule(t *testing.T, s Subject) {
	i := s.Connector.Info()
	if i.Network == "" || i.Label == "" || i.Place == "" || i.TextLimit <= 0 || i.Measure == nil {
		t.Fatalf("%+v is not whole", i)
	}
	names := map[string]bool{}
	for _, f := range i.Fields {
		if f.Name == "" || f.Label == "" || names[f.Name] || f.Consent && f.Kind != messenger.SecretField {
			t.Errorf("the field %+v is not whole", f)
		}
		names[f.Name] = true
	}
	if n := i.Measure("abc"); n < 3 {
		t.Errorf("“abc” measures %d", n)
	}
}

func checkRule(t *testing.T, s Subject) {
	p, err := s.Connector.Check(t.Context(), s.Bot)
	if err != nil || p.AppID != s.Bot.AppID || p.UserID == "" {
		t.Errorf("%+v, %v", p, err)
	}
	if len(s.Wrong.Secrets) == 0 {
		return
	}
	_, err = s.Connector.Check(t.Context(), s.Wrong)
	if openmates.CodeOf(err) != openmates.EInvalid || openmates.MessageOf(err) == "" {
		t.Errorf("a wrong token: %v", err)
	}
	for name, secret := range s.Wrong.Secrets {
		if err != nil && strings.Contains(err.Error(), secret.Reveal()) {
			t.Errorf("the error holds the %s", name)
		}
	}
}

// sendRule: one post per Key and Part, however often it is sent.
func sendRule(t *testing.T, s Subject) {
	send := func(key string, part int, text string) openmates.MessageID {
		t.Helper()
		id, err := s.Connector.Send(t.Context(), s.via(), messenger.Outbound{Key: key, Part: part, Channel: s.Channel, Text: text})
		if err != nil || id == "" {
			t.Fatalf("send %s/%d: %q, %v", key, part, id, err)
		}
		return id
	}
	first := send("exercise:1", 0, "one")
	if again := send("exercise:1", 0, "one"); again != first {
		t.Errorf("sent again, it became %s after %s", again, first)
	}
	if send("exercise:1", 1, "two") == first || send("exercise:2", 0, "three") == first {
		t.Error("another part or turn is the same message")
	}
	if got := strings.Join(s.Posts(), " "); got != "one two three" {
		t.Errorf("there stands %q", got)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Connector.Send(ended, s.via(), messenger.Outbound{Key: "exercise:3", Channel: s.Channel, Text: "late"}); err == nil {
		t.Error("it sends although its context has ended")
	}
}

// grantRule: if a network grants a credential per workspace, neither the bot's
// own credentials nor another workspace's work there.
func grantRule(t *testing.T, s Subject) {
	if !s.Connector.Info().GrantsToken {
		if s.Token != "" {
			t.Error("the network grants nothing, and the subject has a token")
		}
		return
	}
	for what, via := range map[string]messenger.Via{
		"without it":        {Bot: s.Bot, Workspace: s.Workspace.ID},
		"a wrong one":       {Bot: s.Bot, Workspace: s.Workspace.ID, Token: "wrong"},
		"another workspace": {Bot: s.Bot, Workspace: s.Workspace.ID + "-2", Token: s.Token},
	} {
		_, err := s.Connector.Send(t.Context(), via, messenger.Outbound{Key: "exercise:" + what, Channel: s.Channel, Text: what})
		e, ok := errors.AsType[*messenger.SendError](err)
		if !ok || e.Again() || strings.Contains(err.Error(), s.Token.Reveal()) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := s.Posts(); len(got) != 0 {
		t.Errorf("the channel holds %q", got)
	}
	s.post(t)
}

// fenceRule: a process that lost the lease changes nothing, and gets an error
// that doesn't blame the network.
func fenceRule(t *testing.T, s Subject) {
	id := s.post(t)
	lost := openmates.WithFence(t.Context(), func(context.Context) error { return openmates.ErrLost })
	check := func(what string, err error) {
		t.Helper()
		if e, ok := errors.AsType[*messenger.SendError](err); !ok || !e.Again() || !errors.Is(err, openmates.ErrLost) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := s.Connector.Send(lost, s.via(), messenger.Outbound{Key: "exercise:lost", Channel: s.Channel, Text: "late"})
	check("Send", err)
	if e, ok := s.Connector.(messenger.Editor); ok {
		check("Edit", e.Edit(lost, s.via(), id, messenger.Outbound{Channel: s.Channel, Text: "late"}))
	}
	if r, ok := s.Connector.(messenger.Remover); ok {
		check("Remove", r.Remove(lost, s.via(), messenger.MessageRef{Channel: s.Channel, ID: id}))
	}
	if r, ok := s.Connector.(messenger.Reactor); ok {
		check("React", r.React(lost, s.via(), messenger.MessageRef{Channel: s.Channel, ID: id}, "🔇"))
	}
	if wh, ok := s.Connector.(messenger.Whisperer); ok && s.Account.ID != "" {
		check("Whisper", wh.Whisper(lost, s.via(), s.Account.ID, messenger.Outbound{Key: "exercise:lost", Text: "late"}))
	}
	if got := strings.Join(s.Posts(), " "); got != "before" {
		t.Errorf("there stands %q", got)
	}
}

// via returns how the bot acts in Workspace.
func (s Subject) via() messenger.Via {
	return messenger.Via{Bot: s.Bot, Workspace: s.Workspace.ID, Token: s.Token}
}

func (s Subject) post(t *testing.T) openmates.MessageID {
	t.Helper()
	id, err := s.Connector.Send(t.Context(), s.via(), messenger.Outbound{Key: "exercise", Channel: s.Channel, Text: "before"})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func editRule(t *testing.T, s Subject) {
	e := as[messenger.Editor](t, s)
	id := s.post(t)
	if err := e.Edit(t.Context(), s.via(), id, messenger.Outbound{Key: "exercise", Channel: s.Channel, Text: "after"}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.Posts(), " "); got != "after" {
		t.Errorf("there stands %q", got)
	}
}

func removeRule(t *testing.T, s Subject) {
	r := as[messenger.Remover](t, s)
	id := s.post(t)
	for range 2 { // removing it twice is not an error
		if err := r.Remove(t.Context(), s.via(), messenger.MessageRef{Channel: s.Channel, ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Posts(); len(got) != 0 {
		t.Errorf("there stands %q", got)
	}
}

func typeRule(t *testing.T, s Subject) {
	ty := as[messenger.Typist](t, s)
	if err := ty.Typing(t.Context(), s.via(), s.Channel); err != nil {
		t.Error(err)
	}
}

// host is a product that refuses each message once before it accepts it.
type host struct {
	mu      sync.Mutex
	refused map[string]bool
	texts   []string
	notes   []byte
	up      chan struct{}
	got     chan struct{}
	once    sync.Once
}

func (h *host) Receive(_ context.Context, in messenger.Inbound) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.refused[in.Key] {
		h.refused[in.Key] = true
		return errors.New("the database is away for a moment")
	}
	h.texts = append(h.texts, in.Text)
	h.got <- struct{}{}
	return nil
}

func (h *host) Report(s messenger.State) {
	if s.Phase == messenger.Connected {
		h.once.Do(func() { close(h.up) })
	}
}

func (h *host) Workspaces(context.Context, messenger.WorkspaceChange) error { return nil }

func (h *host) Notes(context.Context) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.notes, nil
}

func (h *host) SaveNotes(_ context.Context, notes []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notes = notes
	return nil
}

func (h *host) Commands() []messenger.CommandInfo { return nil }

func (h *host) Command(context.Context, messenger.Command) (messenger.Reply, error) {
	return messenger.Reply{}, nil
}

// listenRule: every message for the bot arrives, in order, although each is
// refused at first; and Listen ends with its context.
func listenRule(t *testing.T, s Subject) {
	h := &host{refused: map[string]bool{}, up: make(chan struct{}), got: make(chan struct{}, 100)}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- s.Connector.Listen(ctx, s.Bot, h) }()
	wait := func(c <-chan struct{}, what string) {
		t.Helper()
		select {
		case <-c:
		case <-ctx.Done():
			t.Fatalf("%s never came", what)
		}
	}
	wait(h.up, "the connection")
	for _, text := range []string{"first", "second", "third"} {
		s.Say(text)
	}
	for range 3 {
		wait(h.got, "a message")
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Listen ended with %v", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if got := strings.Join(h.texts, " "); got != "first second third" {
		t.Errorf("it heard %q", got)
	}
}

// installRule: the workspace is what the network says, never what the address
// says; a code works once.
func installRule(t *testing.T, s Subject) {
	in := as[messenger.Installer](t, s)
	page := in.InstallURL(s.Bot, s.Redirect, "the-state-of-it", s.Workspace.ID)
	back := s.Consent(page)
	if back.Get("state") != "the-state-of-it" || back.Get("code") == "" {
		t.Fatalf("came back with %v", back)
	}
	g, err := in.Installed(t.Context(), s.Bot, s.Redirect, back)
	if err != nil || g.Workspace.ID != s.Workspace.ID {
		t.Errorf("installed in %+v, %v", g.Workspace, err)
	}
	if grants := s.Connector.Info().GrantsToken; (g.Token != "") != grants {
		t.Errorf("the network grants a credential: %v, and the bot has one: %v", grants, g.Token != "")
	}
	if _, err := in.Installed(t.Context(), s.Bot, s.Redirect, back); openmates.CodeOf(err) != openmates.EInvalid {
		t.Errorf("the code works twice: %v", err)
	}
	forged := s.Consent(page)
	for name := range forged {
		if name != "code" && name != "state" {
			forged.Set(name, "666666666666666666")
		}
	}
	if g, err := in.Installed(t.Context(), s.Bot, s.Redirect, forged); g.Workspace.ID != s.Workspace.ID {
		t.Errorf("with a forged address: %+v, %v", g.Workspace, err)
	}
	other := s.Bot
	for _, f := range s.Connector.Info().Fields {
		if f.Consent {
			other.Secrets = other.Secrets.With(f.Name, "not the secret")
		}
	}
	if g, err := in.Installed(t.Context(), other, s.Redirect, s.Consent(page)); err == nil || g != (messenger.Grant{}) {
		t.Errorf("with a wrong secret: %+v, %v", g, err)
	}
}

// linkRule: the verifier of the person who started is required, and a code
// works once. The account's picture is returned, if it has one.
func linkRule(t *testing.T, s Subject) {
	li := as[messenger.Linker](t, s)
	const verifier = "a-verifier-of-forty-three-characters-or-more-0"
	page := li.LinkURL(s.Bot, s.Redirect, "the-state-of-it", verifier)
	if strings.Contains(page, verifier) {
		t.Error("the address holds the verifier")
	}
	back := s.Consent(page)
	a, err := li.Linked(t.Context(), s.Bot, s.Redirect, verifier, back)
	if err != nil || a.ID != s.Account.ID || a.Avatar != s.Account.Avatar {
		t.Errorf("linked %+v, %v", a, err)
	}
	if _, err := li.Linked(t.Context(), s.Bot, s.Redirect, verifier, back); openmates.CodeOf(err) != openmates.EInvalid {
		t.Errorf("the code works twice: %v", err)
	}
	if a, err := li.Linked(t.Context(), s.Bot, s.Redirect, verifier+"x", s.Consent(page)); openmates.CodeOf(err) != openmates.EInvalid || a.ID != "" {
		t.Errorf("with another's proof: %+v, %v", a, err)
	}
}

func leaveRule(t *testing.T, s Subject) {
	l := as[messenger.Leaver](t, s)
	survey, surveys := s.Connector.(messenger.Surveyor)
	if surveys {
		got, err := survey.Survey(t.Context(), s.via())
		if err != nil || len(got.Channels) == 0 {
			t.Errorf("before: %+v, %v", got, err)
		}
	}
	for range 2 { // leaving twice is not an error
		if err := l.Leave(t.Context(), s.via()); err != nil {
			t.Fatal(err)
		}
	}
	if surveys {
		if _, err := survey.Survey(t.Context(), s.via()); openmates.CodeOf(err) != openmates.ENotFound {
			t.Errorf("after: %v", err)
		}
	}
}
