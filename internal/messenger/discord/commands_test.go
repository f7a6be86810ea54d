package discord

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/polltest"
)

// as makes a request to the simulated Discord, as a bot ("Bot …") or a person.
func (s *scene) as(token, method, path string, body any) (int, []byte) {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.sim.API()+"/v10"+path, bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", token)
	req.Header.Set("User-Agent", s.d.agent)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, text
}

// run has Ann give a command.
func (s *scene) run(name string, options ...any) {
	s.t.Helper()
	status, text := s.as(s.ann.Token, "POST", "/interactions", map[string]any{
		"type": 2, "application_id": s.app.ID, "channel_id": s.guild.General, "guild_id": s.guild.ID,
		"data": map[string]any{"name": name, "options": options},
	})
	if status != http.StatusNoContent {
		s.t.Fatalf("/%s gives %d %s", name, status, text)
	}
}

// sees waits until a person sees a message that ok accepts.
func (s *scene) sees(who discordtest.Person, ok func(content string, flags int) bool) {
	s.t.Helper()
	found := false
	polltest.Until(s.t, who.Name+" sees it", func() bool {
		var all []struct {
			Content string
			Flags   int
		}
		_, text := s.as(who.Token, "GET", "/channels/"+s.guild.General+"/messages", nil)
		if err := json.Unmarshal(text, &all); err != nil {
			s.t.Fatal(err)
		}
		for _, m := range all {
			found = found || ok(m.Content, m.Flags)
		}
		return found
	})
}

// offered waits until the commands are registered.
func (s *scene) offered() string {
	s.t.Helper()
	offered := ""
	polltest.Until(s.t, "commands are offered", func() bool {
		_, text := s.as("Bot "+s.app.Token, "GET", "/applications/"+s.app.ID+"/commands", nil)
		offered = string(text)
		return offered != "[]"
	})
	return offered
}

func TestACommandIsAnswered(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	bob := s.sim.AddPerson("Bob")
	s.sim.Join(s.guild.ID, bob.ID)
	var mu sync.Mutex
	var got []messenger.Command
	s.host.command = func(c messenger.Command) (messenger.Reply, error) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, c)
		switch c.Name {
		case "team":
			return messenger.Reply{Text: "for all @everyone", Links: []messenger.Link{{Label: "The page", URL: "https://mates.example/x"}}}, nil
		case "whoami":
			return messenger.Reply{Text: "You are Ann.", Private: true}, nil
		}
		return messenger.Reply{}, errors.New("unexpected")
	}
	stop := s.listen()
	s.ready()
	if text := s.offered(); !strings.Contains(text, `"whoami"`) || !strings.Contains(text, "its name") {
		t.Fatalf("offered are %s", text)
	}
	s.run("whoami")
	private := func(content string, flags int) bool { return content == "You are Ann." && flags&ephemeral != 0 }
	s.sees(s.ann, private)
	s.run("team", map[string]any{"name": "text", "type": 3, "value": "Acme"})
	public := func(content string, flags int) bool {
		return content == "for all @everyone\nThe page: <https://mates.example/x>" && flags&ephemeral == 0
	}
	s.sees(bob, public)
	_, his := s.as(bob.Token, "GET", "/channels/"+s.guild.General+"/messages", nil)
	if strings.Contains(string(his), "You are Ann.") {
		t.Error("Bob sees what is for Ann alone")
	}
	if err := stop(); err == nil {
		t.Error("Listen ended without its context")
	}
	want := messenger.Command{
		Name: "team", Text: "Acme", BotID: s.bot.ID, Network: Network, Workspace: openmates.WorkspaceID(s.guild.ID), Channel: openmates.ChannelID(s.guild.General),
		Account: messenger.Account{ID: openmates.AccountID(s.ann.ID), Name: "Ann", Avatar: pictureOf(s.ann), Language: "en-US"},
	}
	if len(got) != 2 || got[1] != want {
		t.Errorf("the Host got %+v, want %+v", got, want)
	}
}

func TestASlowCommandIsDeferred(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	s.d.pace.command = 10 * time.Millisecond
	goOn := make(chan struct{})
	s.host.command = func(messenger.Command) (messenger.Reply, error) {
		<-goOn
		return messenger.Reply{Text: "at last"}, nil
	}
	stop := s.listen()
	s.ready()
	s.offered()
	s.run("whoami")
	const loading = 1 << 7
	// Discord shows that somebody thinks about it.
	s.sees(s.ann, func(_ string, flags int) bool { return flags&loading != 0 && flags&ephemeral != 0 })
	close(goOn)
	s.sees(s.ann, func(content string, flags int) bool { return content == "at last" && flags&ephemeral != 0 })
	_ = stop()
}

func TestCommandsAreRegisteredOnlyWhereTheyDiffer(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	count := &methods{next: http.DefaultTransport, seen: map[string]int{}}
	d, err := New(Config{API: s.sim.API(), Authorize: s.sim.Authorize(), HTTP: &http.Client{Transport: described(t, count)}})
	if err != nil {
		t.Fatal(err)
	}
	all := []messenger.CommandInfo{{Name: "b", Description: "B", Option: "what"}, {Name: "a", Description: "A"}}
	for range 2 {
		if err := d.Register(t.Context(), s.bot, all); err != nil {
			t.Fatal(err)
		}
	}
	if count.seen["PUT"] != 1 {
		t.Errorf("%d times", count.seen["PUT"])
	}
	all[0].Option = "what exactly"
	if err := d.Register(t.Context(), s.bot, all); err != nil {
		t.Fatal(err)
	}
	if count.seen["PUT"] != 2 {
		t.Errorf("a changed command: %d times", count.seen["PUT"])
	}
	if err := d.Register(t.Context(), openmates.Bot{}, all); err == nil {
		t.Error("commands of no application")
	}
}

type methods struct {
	next http.RoundTripper
	mu   sync.Mutex
	seen map[string]int
}

func (m *methods) RoundTrip(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	m.seen[r.Method]++
	m.mu.Unlock()
	return m.next.RoundTrip(r)
}

// broken refuses what carries an interaction's token.
type broken struct{ next http.RoundTripper }

func (b broken) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.URL.Path, "/interactions/") {
		return nil, errors.New("the cable is cut")
	}
	return b.next.RoundTrip(r)
}

func TestTheLogNeverHoldsAnInteractionsToken(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	var log lockedBuffer
	own := ownTransport()
	t.Cleanup(own.CloseIdleConnections)
	d, err := New(Config{
		API: s.sim.API(), Authorize: s.sim.Authorize(), HTTP: &http.Client{Transport: broken{own}},
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	d.socket = socketClient(&http.Client{Transport: own})
	d.pace = quick()
	l := &listener{d: d, bot: s.bot, host: s.host, log: d.log, commands: make(chan struct{}, 1)}
	s.host.command = func(messenger.Command) (messenger.Reply, error) { return messenger.Reply{Text: "x"}, nil }
	l.command(t.Context(), &interactionObject{ID: "1308012345678901235", Token: "canary-token"})
	l.wg.Wait()
	if text := log.String(); strings.Contains(text, "canary") || !strings.Contains(text, "the cable is cut") {
		t.Errorf("the log says %s", text)
	}
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

func FuzzInteraction(f *testing.F) {
	f.Add([]byte(`{"id":"1","type":2,"token":"t","channel_id":"3","member":{"nick":null,"user":{"id":"4","username":"ann"}},"guild_id":"5","data":{"name":"x","options":[{"name":"text","value":"y"}]}}`))
	f.Add([]byte(`{"id":1,"type":"2","user":{"id":7},"data":{"options":[{"name":"text","value":5},3]}}`))
	f.Add([]byte(`{"data":[]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		x := new(interactionObject)
		if decode(raw, x) != nil {
			return
		}
		c := x.command(openmates.Bot{ID: 1})
		if string(c.Workspace) != string(x.GuildID) || c.BotID != 1 {
			t.Errorf("%+v", c)
		}
		if safeToken(string(x.Token)) && strings.ContainsAny(string(x.Token), "/?#%") {
			t.Errorf("the token %q would change the address", x.Token)
		}
	})
}
