package discordtest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestFreezeKeepsForReplay(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	s.Freeze(s.app.ID, true)
	s.Say(s.guild.General, s.ada.ID, "frozen")
	c.send(opHeartbeat, c.seq)
	if f, err := c.next(); err != nil || f.Op != opHeartbeatACK {
		t.Fatalf("a frozen gateway sent %+v, %v", f, err)
	}
	s.Freeze(s.app.ID, false)
	c.message()
}

func TestDropInReplay(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	s.Drop(s.app.ID)
	for i := range 7 {
		s.Say(s.guild.General, s.ada.ID, fmt.Sprint(i))
	}
	s.Faults(s.app.ID, Faults{DropInReplayAfter: 3})
	second := dialRaw(t, s.Server, "v=10&encoding=json")
	second.resumeOn(s, c)
	got := 0
	for {
		f, err := second.next()
		if err != nil {
			break
		}
		if f.T == "RESUMED" {
			t.Fatal("the replay was not cut")
		}
		got++
	}
	if got != 3 {
		t.Errorf("%d events before the cut, want 3", got)
	}
	third := dialRaw(t, s.Server, "v=10&encoding=json")
	third.resumeOn(s, second)
	for range 4 {
		if f := third.nextEvent(); f.T != "MESSAGE_CREATE" {
			t.Fatalf("%s in the second replay", f.T)
		}
	}
	if f := third.nextEvent(); f.T != "RESUMED" {
		t.Errorf("%s in place of RESUMED", f.T)
	}
}

func TestResumeHostDead(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	s.Faults(s.app.ID, Faults{ResumeHostDead: true})
	if c := connectRaw(t, s, basicIntents); c.resume != deadGateway {
		t.Errorf("resume_gateway_url is %q", c.resume)
	}
}

func TestIllTyped(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	s.Faults("", Faults{IllTyped: true})
	c := dialRaw(t, s.Server, "v=10&encoding=json")
	c.expect(opHello)
	c.identify(s.app.Token, basicIntents)
	var g struct {
		Channels []struct{ Type any }
	}
	mustDecode(t, c.event("GUILD_CREATE").D, &g)
	if g.Channels[0].Type != "0" {
		t.Errorf("the channel's type is %v", g.Channels[0].Type)
	}
	s.Say(s.guild.General, s.ada.ID, "<@"+s.app.BotID+"> hi")
	var m map[string]any
	mustDecode(t, c.event("MESSAGE_CREATE").D, &m)
	author, _ := m["author"].(map[string]any)
	if author["public_flags"] != "0" || m["field_of_tomorrow"] == nil {
		t.Errorf("the message is well typed: %v", m)
	}
	if app, there := m["application_id"]; !there || app != nil {
		t.Errorf("application_id is %v", app)
	}
}

func TestDuplicate(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	s.Faults(s.app.ID, Faults{Duplicate: true})
	s.Say(s.guild.General, s.ada.ID, "a")
	s.Say(s.guild.General, s.ada.ID, "b")
	var ids []string
	var seqs []int64
	for range 4 {
		f := c.event("MESSAGE_CREATE")
		ids, seqs = append(ids, decodeSeen(t, f.D).ID), append(seqs, *f.S)
	}
	if ids[0] != ids[1] || ids[2] != ids[3] || ids[1] == ids[2] {
		t.Errorf("ids are %v", ids)
	}
	if seqs[0] != seqs[1] || seqs[2] != seqs[1]+1 || seqs[3] != seqs[2]+1 {
		t.Errorf("numbers are %v", seqs)
	}
}

func TestReorder(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	s.Faults(s.app.ID, Faults{Reorder: true})
	a := s.Say(s.guild.General, s.ada.ID, "a")
	b := s.Say(s.guild.General, s.ada.ID, "b")
	alone := s.Say(s.guild.General, s.ada.ID, "alone")
	for _, want := range []string{b.ID, a.ID, alone.ID} {
		if m := c.message(); m.ID != want {
			t.Errorf("%s came in place of %s", m.ID, want)
		}
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	s.Faults(s.app.ID, Faults{Delay: 60 * time.Millisecond})
	at := time.Now()
	s.Say(s.guild.General, s.ada.ID, "late")
	c.message()
	if d := time.Since(at); d < 60*time.Millisecond {
		t.Errorf("it came after %v", d)
	}
}

func TestFatalClose(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	old := connectRaw(t, s, basicIntents)
	s.Faults(s.app.ID, Faults{FatalClose: 4014})
	s.Drop(s.app.ID)
	c := dialRaw(t, s.Server, "v=10&encoding=json")
	c.expect(opHello)
	c.identify(s.app.Token, basicIntents)
	c.closedWith(4014)
	again := dialRaw(t, s.Server, "v=10&encoding=json")
	again.resumeOn(s, old)
	again.closedWith(4014)
}

func TestResetTokenEndsAccess(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	fresh := s.ResetToken(s.app.ID)
	status, b := s.asBot(t, "GET", "/users/@me", nil)
	refused(t, status, b, 401, 0)
	s.Drop(s.app.ID)
	again := dialRaw(t, s.Server, "v=10&encoding=json")
	again.resumeOn(s, c)
	again.closedWith(4004)
	if status, _, _ := s.rest(t, "Bot "+fresh, "GET", "/users/@me", nil); status != 200 {
		t.Errorf("the new token gives %d", status)
	}
}

func TestRESTFaults(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	s.Faults(s.app.ID, Faults{Fail: []Failure{
		{Method: "POST", Path: "/channels/*/messages", Status: 502, Times: 2},
		{Method: "POST", Path: "/channels/*/messages", Status: 429, RetryAfter: 0.7},
		{Method: "POST", Path: "/channels/*/messages", Status: 429, RetryAfter: 1.2, Global: true, NoBucket: true},
		{Method: "POST", Path: "/channels/*/messages", Status: 500, AfterEffect: true},
	}})
	path := "/channels/" + s.guild.General + "/messages"
	for i, want := range []int{502, 502, 429, 429, 500, 200} {
		status, h, b := s.rest(t, s.bot(), "POST", path, map[string]any{"content": fmt.Sprint(i)})
		if status != want {
			t.Fatalf("call %d gives %d %s, want %d", i, status, b, want)
		}
		var limit struct {
			RetryAfter float64 `json:"retry_after"`
			Global     bool
		}
		switch i {
		case 2:
			mustDecode(t, b, &limit)
			if limit.RetryAfter != 0.7 || limit.Global || h.Get("X-RateLimit-Bucket") == "" || h.Get("Retry-After") != "1" {
				t.Errorf("429 is %s with %v", b, h)
			}
		case 3:
			mustDecode(t, b, &limit)
			if !limit.Global || h.Get("X-RateLimit-Bucket") != "" || h.Get("X-RateLimit-Global") != "true" {
				t.Errorf("the global 429 is %s with %v", b, h)
			}
		}
	}
	got := s.Messages(s.guild.General)
	if len(got) != 2 || got[0].Content != "4" || got[1].Content != "5" {
		t.Errorf("posted were %+v: only the lost reply and the last", got)
	}
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{RateLimits: true})
	path := "/channels/" + s.guild.General + "/messages"
	for i := range 6 {
		status, h, b := s.rest(t, s.bot(), "POST", path, map[string]any{"content": fmt.Sprint(i)})
		if i < 5 && (status != 200 || h.Get("X-RateLimit-Remaining") != fmt.Sprint(4-i)) {
			t.Fatalf("call %d: %d, %v", i, status, h)
		}
		if i == 5 && (status != 429 || !strings.Contains(string(b), `"retry_after":5`) || h.Get("X-RateLimit-Scope") != "user") {
			t.Fatalf("call %d: %d %s, %v", i, status, b, h)
		}
	}
	s.clock.pass(5 * time.Second)
	if status, _, _ := s.rest(t, s.bot(), "POST", path, map[string]any{"content": "again"}); status != 200 {
		t.Errorf("after the reset: %d", status)
	}
	got429 := 0
	for i := range 60 {
		other := s.AddChannel(s.guild.ID, fmt.Sprint("c", i))
		status, h, b := s.rest(t, s.bot(), "GET", "/channels/"+other.ID, nil)
		var limit struct{ Global bool }
		if status == 429 {
			got429++
			if mustDecode(t, b, &limit); !limit.Global || h.Get("X-RateLimit-Bucket") != "" {
				t.Errorf("the global 429 is %s with %v", b, h)
			}
		}
	}
	if got429 != 11 {
		t.Errorf("%d calls of 61 in a second were over 50", got429)
	}
}

// Without limits the headers let a client that counts by itself go on: it
// waits for a bucket at most for a moment.
func TestNoRateLimits(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	for i := range 20 {
		status, h, _ := s.rest(t, s.bot(), "POST", "/channels/"+s.guild.General+"/messages", map[string]any{"content": fmt.Sprint(i)})
		after, err := strconv.ParseFloat(h.Get("X-RateLimit-Reset-After"), 64)
		if status != 200 || err != nil || after <= 0 || after > 0.1 || h.Get("X-RateLimit-Remaining") != "4" {
			t.Fatalf("call %d: %d, %v", i, status, h)
		}
	}
}

func FuzzMentions(f *testing.F) {
	for _, seed := range []string{"<@1> hi", "<@!2><@&3>", "<@", "<@&>", "<@x><@4>", "<@<@5>>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		users, roles := mentionsIn(text)
		for _, id := range append(users, roles...) {
			if _, ok := snowflake(id); !ok {
				t.Errorf("%q is no id", id)
			}
		}
	})
}

func FuzzGatewayPayload(f *testing.F) {
	for _, seed := range []string{`{"op":1,"d":null}`, `{"op":2,"d":{"token":"x","intents":1}}`, `{"op":6,"d":[]}`, `[]`, `{"op":2,"d":{"shard":[1]}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var in identifyData
		if json.Unmarshal(data, &in) == nil {
			checkIdentify(in, Settings{})
		}
		illTyped("MESSAGE_CREATE", data)
	})
}
