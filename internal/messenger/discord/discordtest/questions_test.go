package discordtest

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestQuestions(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	m := s.Say(s.guild.General, s.ada.ID, "one")
	got, err := s.Await(bounded(t), func(x Message) bool { return x.Content == "one" })
	if err != nil || got.ID != m.ID {
		t.Errorf("Await gives %+v, %v", got, err)
	}
	s.rest(t, s.ada.Token, "PATCH", "/channels/"+s.guild.General+"/messages/"+m.ID, map[string]string{"content": "two"})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Await(ctx, func(x Message) bool { return x.Content == "one" }); !errors.Is(err, context.Canceled) {
		t.Errorf("a text of the past is found: %v", err)
	}
	found := make(chan Message, 1)
	go func() {
		x, _ := s.Await(bounded(t), func(x Message) bool { return x.Content == "three" })
		found <- x
	}()
	s.rest(t, s.ada.Token, "PATCH", "/channels/"+s.guild.General+"/messages/"+m.ID, map[string]string{"content": "three"})
	if x := <-found; x.ID != m.ID || len(x.Edits) != 2 {
		t.Errorf("Await found %+v", x)
	}
	reqs := s.Requests()
	if n := len(reqs); n != 2 || reqs[0].Method != "PATCH" || reqs[0].Status != 200 || !strings.Contains(string(reqs[0].Body), "two") {
		t.Errorf("requests are %+v", reqs)
	}
	c := dialRaw(t, s.Server, "v=10&encoding=json&compress=zlib-stream")
	c.expect(opHello)
	c.identify(s.app.Token, basicIntents)
	c.event("READY")
	conns := s.Connections(s.app.ID)
	if len(conns) != 1 || !conns[0].Identified || conns[0].Resumed || conns[0].Intents != basicIntents ||
		conns[0].Compress != "zlib-stream" || conns[0].SessionID != c.session {
		t.Errorf("connections are %+v", conns)
	}
}

func TestWatchSeesWhatTheAccountSees(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	bob := s.AddPerson("Bob")
	events, stop := s.watch(bob.ID)
	defer stop()
	s.Say(s.guild.General, s.ada.ID, "before Bob")
	s.Join(s.guild.ID, bob.ID)
	s.Say(s.guild.General, s.ada.ID, "after Bob")
	if e := <-events; e.T != "GUILD_CREATE" {
		t.Errorf("the first event is %s", e.T)
	}
	if e := <-events; e.T != "MESSAGE_CREATE" || decodeSeen(t, e.D).Content != "after Bob" {
		t.Errorf("the second event is %s %s", e.T, e.D)
	}
}

func TestWorldIsKept(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "world", "discord.json")
	s := newScene(t, Config{File: file})
	dm := s.DM(s.ada.ID, s.app.BotID)
	asked := s.Say(dm.ID, s.ada.ID, "remember")
	s.Reply(dm.ID, s.app.BotID, "I do", asked.ID, false)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := &scene{Server: Start(t, Config{File: file, MaxConcurrency: 10}), ada: s.ada, app: s.app, guild: s.guild}
	if got := again.Replies(asked.ID); len(got) != 1 || got[0].Content != "I do" {
		t.Errorf("replies are %+v", got)
	}
	if again.DM(s.ada.ID, s.app.BotID).ID != dm.ID {
		t.Error("the direct message channel is another one")
	}
	c := connectRaw(t, again, basicIntents)
	if m := again.Say(again.guild.General, again.ada.ID, "<@"+again.app.BotID+"> hi"); compareIDs(m.ID, asked.ID) <= 0 {
		t.Errorf("%s is not younger than %s", m.ID, asked.ID)
	}
	if m := c.message(); !strings.HasSuffix(m.Content, "hi") {
		t.Errorf("content is %q", m.Content)
	}
}

func TestOldMessagesAreForgotten(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	first := s.Say(s.guild.General, s.ada.ID, "first")
	s.mu.Lock()
	s.forgetLocked(s.order[0])
	s.order = s.order[1:]
	s.mu.Unlock()
	if got := s.Messages(s.guild.General); len(got) != 0 {
		t.Errorf("still there: %+v", got)
	}
	status, b := s.asBot(t, "GET", "/channels/"+s.guild.General+"/messages/"+first.ID, nil)
	refused(t, status, b, 404, 10008)
}
