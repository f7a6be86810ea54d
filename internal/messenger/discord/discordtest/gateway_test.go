package discordtest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"openmates/internal/polltest"
)

func TestCloseLeavesNothing(t *testing.T) { //nolint:paralleltest // counts goroutines
	before := goleak.IgnoreCurrent()
	s, err := Open(Config{})
	if err != nil {
		t.Fatal(err)
	}
	ada := s.AddPerson("Ada")
	app := s.AddApplication(ada.ID, "Sophia")
	events, stop := s.watch(ada.ID)
	c := dialRaw(t, s, "v=10&encoding=json&compress=zlib-stream")
	c.expect(opHello)
	c.identify(app.Token, basicIntents)
	c.event("READY")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, open := <-events; open {
		t.Error("a watcher outlives the server")
	}
	stop()
	c.ws.CloseNow()
	goleak.VerifyNone(t, before)
}

func TestHelloReadyGuild(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{HeartbeatInterval: 12345 * time.Millisecond})
	hidden := s.AddChannel(s.guild.ID, "secrets")
	s.SetOverwrite(hidden.ID, s.guild.ID, 0, permView)
	thread := s.AddThread(s.guild.General, s.ada.ID, "a thread")
	said := s.Say(s.guild.General, s.ada.ID, "first")

	c := dialRaw(t, s.Server, "v=10&encoding=json")
	hello := c.expect(opHello)
	if !strings.Contains(string(hello.D), `"heartbeat_interval":12345`) {
		t.Errorf("HELLO is %s", hello.D)
	}
	c.identify(s.app.Token, basicIntents)
	var ready struct {
		V           int
		User        struct{ ID string }
		Guilds      []stubJSON
		Application struct{ ID string }
	}
	mustDecode(t, c.nextEvent().D, &ready)
	if ready.V != 10 || ready.User.ID != s.app.BotID || ready.Application.ID != s.app.ID ||
		len(ready.Guilds) != 1 || !ready.Guilds[0].Unavailable || c.session == "" || c.resume == "" {
		t.Errorf("READY is %+v, session %q, resume %q", ready, c.session, c.resume)
	}
	var g struct {
		ID       string
		Roles    []roleJSON
		Channels []struct {
			ID   string
			Last string `json:"last_message_id"`
		}
		Threads []struct{ ID string }
		Members []struct{ User struct{ ID string } }
		Count   int `json:"member_count"`
	}
	f := c.nextEvent()
	mustDecode(t, f.D, &g)
	if f.T != "GUILD_CREATE" || g.ID != s.guild.ID || g.Count != 2 || len(g.Members) != 2 {
		t.Errorf("%s is %+v", f.T, g)
	}
	if len(g.Channels) != 1 || g.Channels[0].ID != s.guild.General || g.Channels[0].Last != said.ID {
		t.Errorf("channels are %+v: the hidden one must be missing, general must name %s", g.Channels, said.ID)
	}
	if len(g.Threads) != 1 || g.Threads[0].ID != thread.ID {
		t.Errorf("threads are %+v", g.Threads)
	}
	managed := ""
	for _, r := range g.Roles {
		if r.Tags != nil && r.Tags.BotID == s.app.BotID {
			managed = r.ID
		}
	}
	if managed == "" || managed != s.ManagedRole(s.guild.ID, s.app.ID) {
		t.Errorf("the managed role is %q in GUILD_CREATE", managed)
	}
}

func mustDecode(t *testing.T, b []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
}

func TestHeartbeats(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	c.send(opHeartbeat, c.seq)
	c.expect(opHeartbeatACK)
	s.Beat(s.app.ID)
	c.expect(opHeartbeat)

	s.Silence(s.app.ID, true)
	c.send(opHeartbeat, c.seq)
	s.Reconnect(s.app.ID)
	if f, err := c.next(); err != nil || f.Op != opReconnect {
		t.Fatalf("a silenced gateway answered %+v, %v", f, err)
	}
}

func TestDeadClientIsClosed(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{HeartbeatInterval: 40 * time.Millisecond})
	c := connectRaw(t, s, basicIntents)
	c.closedWith(closeTimedOut)
}

func TestRefusedClients(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	identify := func(token string, intents any, shard any) []byte {
		return mustJSON(map[string]any{"op": 2, "d": map[string]any{"token": token, "intents": intents, "shard": shard}})
	}
	cases := []struct {
		name, query string
		send        []byte
		code        int
	}{
		{"bad token", "", identify("nonsense", 1, nil), 4004},
		{"a person's token", "", identify(s.ada.Token, 1, nil), 4004},
		{"unknown intent", "", identify(s.app.Token, 1<<30, nil), 4013},
		{"no intents", "", identify(s.app.Token, nil, nil), 4013},
		{"privileged intent", "", identify(s.app.Token, intentMessageContent, nil), 4014},
		{"shard out of range", "", identify(s.app.Token, 1, []int{2, 2}), 4010},
		{"no JSON", "", []byte("{"), 4002},
		{"too long", "", identify(strings.Repeat("x", 5000), 1, nil), 4002},
		{"unknown opcode", "", []byte(`{"op":77}`), 4001},
		{"presence before IDENTIFY", "", []byte(`{"op":3,"d":{}}`), 4003},
		{"old version", "v=6&encoding=json", nil, 4012},
		{"resume with a bad token", "", []byte(`{"op":6,"d":{"token":"x","session_id":"y","seq":1}}`), 4004},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			query := tc.query
			if query == "" {
				query = "v=10&encoding=json"
			}
			c := dialRaw(t, s.Server, query)
			if tc.send != nil {
				c.expect(opHello)
				if err := c.ws.Write(c.ctx, websocket.MessageText, tc.send); err != nil {
					t.Fatal(err)
				}
			}
			c.closedWith(tc.code)
		})
	}
}

func TestIdentifyTwice(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	c.identify(s.app.Token, basicIntents)
	c.closedWith(4005)
}

func TestTooManySends(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, 0)
	for range sendsPerMinute {
		c.send(opHeartbeat, nil)
	}
	c.closedWith(4008)
}

func TestPrivilegedIntentWhenAllowed(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	s.Configure(s.app.ID, func(x *Settings) { x.ContentIntent = true })
	c := connectRaw(t, s, basicIntents|intentMessageContent)
	s.Say(s.guild.General, s.ada.ID, "for nobody in particular")
	if m := c.message(); m.Content != "for nobody in particular" {
		t.Errorf("content is %q", m.Content)
	}
}

func TestIdentifyLimits(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{MaxConcurrency: 1, Identifies: 2})
	connectRaw(t, s, 0)
	second := dialRaw(t, s.Server, "v=10&encoding=json")
	second.expect(opHello)
	second.identify(s.app.Token, 0)
	second.invalid(false) // within five seconds of the first
	s.clock.pass(5 * time.Second)
	second.identify(s.app.Token, 0)
	second.event("READY")

	_, b := s.asBot(t, "GET", "/gateway/bot", nil)
	if !strings.Contains(string(b), `"remaining":0`) || !strings.Contains(string(b), `"max_concurrency":1`) {
		t.Errorf("GET /gateway/bot gives %s", b)
	}
	s.clock.pass(5 * time.Second)
	third := dialRaw(t, s.Server, "v=10&encoding=json")
	third.expect(opHello)
	third.identify(s.app.Token, 0)
	third.invalid(false)
	second.closedWith(closeTimedOut) // all sessions end
	status, b := s.asBot(t, "GET", "/users/@me", nil)
	refused(t, status, b, 401, 0) // and the token is another one
	if n := s.Identifies(s.app.ID); n != 2 {
		t.Errorf("%d IDENTIFYs were counted, want 2", n)
	}
}

func TestResumeReplaysInOrder(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"v=10&encoding=json", "v=10&encoding=json&compress=zlib-stream"} {
		s := newScene(t, Config{})
		c := connectRaw(t, s, basicIntents)
		s.Drop(s.app.ID)
		c.closedWith(-1)
		for i := range 5 {
			s.Say(s.guild.General, s.ada.ID, fmt.Sprintf("<@%s> %d", s.app.BotID, i))
		}
		again := dialRaw(t, s.Server, query)
		again.resumeOn(s, c)
		last := again.seq
		for i := range 5 {
			f := again.nextEvent()
			m := decodeSeen(t, f.D)
			if f.T != "MESSAGE_CREATE" || !strings.HasSuffix(m.Content, fmt.Sprint(i)) || *f.S != last+1 {
				t.Fatalf("replayed %d is %s %q with s=%d after %d", i, f.T, m.Content, *f.S, last)
			}
			last = *f.S
		}
		if f := again.nextEvent(); f.T != "RESUMED" {
			t.Fatalf("%s came in place of RESUMED", f.T)
		}
		s.Say(s.guild.General, s.ada.ID, "live again")
		again.event("MESSAGE_CREATE")
		if n, r := s.Identifies(s.app.ID), s.Resumes(s.app.ID); n != 1 || r != 1 {
			t.Errorf("%d IDENTIFYs and %d RESUMEs", n, r)
		}
	}
}

func TestResumeRefused(t *testing.T) {
	t.Parallel()
	t.Run("unknown session", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, Config{})
		c := dialRaw(t, s.Server, "v=10&encoding=json")
		c.expect(opHello)
		c.send(opResume, map[string]any{"token": s.app.Token, "session_id": "gone", "seq": 3})
		c.invalid(false)
		c.identify(s.app.Token, basicIntents) // on the same socket
		c.event("READY")
	})
	t.Run("seq from the future", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, Config{})
		c := connectRaw(t, s, basicIntents)
		s.Drop(s.app.ID)
		c.seq += 100
		again := dialRaw(t, s.Server, "v=10&encoding=json")
		again.resumeOn(s, c)
		again.closedWith(4007)
	})
	t.Run("too late", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, Config{ResumeWindow: time.Minute})
		c := connectRaw(t, s, basicIntents)
		s.Drop(s.app.ID)
		s.clock.pass(time.Minute + time.Second)
		again := dialRaw(t, s.Server, "v=10&encoding=json")
		again.resumeOn(s, c)
		again.invalid(false)
	})
	t.Run("by a fault", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, Config{})
		c := connectRaw(t, s, basicIntents)
		s.Faults(s.app.ID, Faults{RefuseResume: true})
		s.Drop(s.app.ID)
		again := dialRaw(t, s.Server, "v=10&encoding=json")
		again.resumeOn(s, c)
		again.invalid(false)
	})
	t.Run("after closing with 1000", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, Config{})
		c := connectRaw(t, s, basicIntents)
		if err := c.ws.Close(1000, ""); err != nil {
			t.Fatal(err)
		}
		noticed(t, s)
		again := dialRaw(t, s.Server, "v=10&encoding=json")
		again.resumeOn(s, c)
		again.invalid(false)
		if codes := s.CloseCodes(s.app.ID); len(codes) != 1 || codes[0] != 1000 {
			t.Errorf("close codes are %v", codes)
		}
	})
}

// noticed waits until the server has seen that the bot closed its connection:
// the client is told a moment earlier.
func noticed(t *testing.T, s *scene) {
	t.Helper()
	polltest.Until(t, "the server notices that the connection is closed", func() bool { return len(s.CloseCodes(s.app.ID)) > 0 })
}

func TestCloseWith4000KeepsSession(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	if err := c.ws.Close(4000, ""); err != nil {
		t.Fatal(err)
	}
	noticed(t, s)
	s.Say(s.guild.General, s.ada.ID, "while away")
	again := dialRaw(t, s.Server, "v=10&encoding=json")
	again.resumeOn(s, c)
	again.message()
	again.event("RESUMED")
}

func TestHiddenChannelsAreSilent(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	ch := s.AddChannel(s.guild.ID, "board room")
	c.event("CHANNEL_CREATE")
	s.SetOverwrite(ch.ID, s.app.BotID, 0, permView)
	c.event("CHANNEL_DELETE")
	s.Say(ch.ID, s.ada.ID, "<@"+s.app.BotID+"> hidden")
	s.Say(s.guild.General, s.ada.ID, "<@"+s.app.BotID+"> open")
	if m := c.message(); m.ChannelID != s.guild.General {
		t.Errorf("a message of a hidden channel arrived: %+v", m)
	}
}

func TestKickAndJoin(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	s.Kick(s.guild.ID, s.app.BotID)
	f := c.event("GUILD_DELETE")
	if strings.Contains(string(f.D), "unavailable") || !strings.Contains(string(f.D), s.guild.ID) {
		t.Errorf("GUILD_DELETE is %s", f.D)
	}
	s.Say(s.guild.General, s.ada.ID, "<@"+s.app.BotID+"> are you there?")
	s.Install(s.guild.ID, s.app.ID, seedPerms)
	if f := c.nextEvent(); f.T != "GUILD_CREATE" {
		t.Errorf("%s came in place of GUILD_CREATE", f.T)
	}
}

func TestTypingAndEditsAndDeletes(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents|intentGuildTyping)
	status, _, _ := s.rest(t, s.ada.Token, "POST", "/channels/"+s.guild.General+"/typing", nil)
	if status != 204 {
		t.Errorf("typing gives %d", status)
	}
	c.event("TYPING_START")
	m := s.Say(s.guild.General, s.ada.ID, "<@"+s.app.BotID+"> one")
	if m.Typing.IsZero() {
		t.Error("the message does not know that its author typed")
	}
	path := "/channels/" + s.guild.General + "/messages/" + m.ID
	s.rest(t, s.ada.Token, "PATCH", path, map[string]string{"content": "<@" + s.app.BotID + "> two"})
	if got := decodeSeen(t, c.event("MESSAGE_UPDATE").D); !strings.HasSuffix(got.Content, "two") {
		t.Errorf("the update has %q", got.Content)
	}
	s.rest(t, s.ada.Token, "DELETE", path, nil)
	c.event("MESSAGE_DELETE")
	got := s.Messages(s.guild.General)
	if len(got) != 1 || !got[0].Deleted || len(got[0].Edits) != 1 || !strings.HasSuffix(got[0].Edits[0].Content, "one") {
		t.Errorf("the record is %+v", got)
	}
}

func TestThreadEvents(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	th := s.AddThread(s.guild.General, s.ada.ID, "details")
	c.event("THREAD_CREATE")
	s.Say(th.ID, s.ada.ID, "<@"+s.app.BotID+"> here")
	if m := c.message(); m.ChannelID != th.ID || m.Content == "" {
		t.Errorf("the mention in a thread is %+v", m)
	}
}

func TestReconnectAndInvalidate(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	s.Reconnect(s.app.ID)
	c.expect(opReconnect)
	s.Invalidate(s.app.ID, true)
	c.invalid(true)
	s.Say(s.guild.General, s.ada.ID, "kept")
	c.send(opResume, map[string]any{"token": s.app.Token, "session_id": c.session, "seq": c.seq})
	c.message()
	c.event("RESUMED")
	s.Invalidate(s.app.ID, false)
	c.invalid(false)
	c.send(opResume, map[string]any{"token": s.app.Token, "session_id": c.session, "seq": c.seq})
	c.invalid(false)
	s.CloseWith(s.app.ID, 4000)
	s.CloseWith("", 4001)
	c.closedWith(4001)
}

func TestResumeElsewhereTakesOver(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	again := dialRaw(t, s.Server, "v=10&encoding=json")
	again.resumeOn(s, c)
	again.event("RESUMED")
	c.closedWith(closeServerReplaces)
	s.Say(s.guild.General, s.ada.ID, "to the second")
	again.message()
}

func TestShardsSplitGuilds(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	n, _ := snowflake(s.guild.ID)
	other := 1 - (n>>22)%2
	c := dialRaw(t, s.Server, "v=10&encoding=json")
	c.expect(opHello)
	c.send(opIdentify, map[string]any{"token": s.app.Token, "intents": basicIntents, "shard": []uint64{other, 2}})
	if f := c.event("READY"); !strings.Contains(string(f.D), `"guilds":[]`) {
		t.Errorf("the wrong shard has the guild: %s", f.D)
	}
}
