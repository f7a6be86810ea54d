package main_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"openmates"
	"openmates/internal/llm/llmtest"
	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/sqldb/sqldbtest"
)

// broker runs a NATS server for one test.
func broker(t *testing.T) string {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	go s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("NATS does not start")
	}
	return s.ClientURL()
}

// TestManyProcessesShareTheWork runs a process for each role, two of them
// working, on PostgreSQL and NATS, and kills one that works in the middle.
func TestManyProcessesShareTheWork(t *testing.T) {
	t.Parallel()
	address := sqldbtest.Address(t)
	w := newWorld(t, plan{bots: 4, channels: 4, people: 3, answer: numbered(func(llmtest.Question) llmtest.Reply {
		return llmtest.Reply{First: 20 * time.Millisecond}
	})})
	in := install(t, w, address)
	nats := broker(t)
	role := func(name string) *process {
		in.flags = []string{"--role", name, "--nats-url", nats, "--stream=false"}
		p := in.start(t)
		p.ready(t)
		return p
	}
	web, listens, works, dies := role("web"), role("listen"), role("work"), role("work")
	listens.until(t, "connected", func() bool { return w.connected(w.apps) == len(w.apps) })

	const n = 60
	asked := make([]string, n)
	for i := range n {
		asked[i] = w.ask(i).ID
		if i == n/2 {
			dies.kill()
		}
	}
	works.until(t, "done", func() bool {
		for i, id := range asked {
			if !whole(i, w.sim.Replies(id)) {
				return false
			}
		}
		return true
	})
	for _, p := range []*process{web, listens, works} {
		p.stop(t)
	}
	for i, id := range asked { // check again: nothing may follow a complete answer
		if r := w.sim.Replies(id); !whole(i, r) {
			t.Errorf("mention %d is answered with %q", i, joined(r))
		}
	}
}

// A change made in one process takes effect in the others, despite their
// caches, on the next message. Here the test itself is the process that unlinks
// an account and disconnects a guild.
func TestWhatEndsIsOverInEveryProcess(t *testing.T) {
	t.Parallel()
	address := sqldbtest.Address(t)
	w := newWorld(t, plan{bots: 2, channels: 6, people: 3, answer: numbered(func(llmtest.Question) llmtest.Reply { return llmtest.Reply{} })})
	in := install(t, w, address)
	nats := broker(t)
	role := func(name string) *process {
		in.flags = []string{"--role", name, "--nats-url", nats, "--stream=false"}
		p := in.start(t)
		p.ready(t)
		return p
	}
	listens, works, also := role("listen"), role("work"), role("work")
	listens.until(t, "connected", func() bool { return w.connected(w.apps) == len(w.apps) })

	// Every place, so that both workers know everybody.
	asked := map[int]string{}
	for i := range 3 * len(w.places) {
		asked[i] = w.ask(i).ID
	}
	listens.until(t, "answered", func() bool {
		for i, id := range asked {
			if !whole(i, w.sim.Replies(id)) {
				return false
			}
		}
		return true
	})

	s := in.open(t)
	ctx := t.Context()
	one, other := w.people[1], w.people[2]
	u, err := s.UserByName(ctx, one.Name)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := s.IdentitiesOf(ctx, u.ID)
	if err != nil || len(ids) != 1 {
		t.Fatal(ids, err)
	}
	if err := s.RemoveIdentity(ctx, u.ID, ids[0].ID); err != nil {
		t.Fatal(err)
	}
	refused := func(who discordtest.Person, at place, sentence string) {
		t.Helper()
		id := w.sim.Say(at.channel, who.ID, "<@"+at.app.BotID+"> and now?").ID
		listens.until(t, "refused", func() bool { return len(w.sim.Replies(id)) > 0 })
		if r := joined(w.sim.Replies(id)); !strings.Contains(r, sentence) {
			t.Errorf("%s is told %q", who.Name, r)
		}
	}
	refused(one, w.places[0], "Please connect first your Discord account with your OpenMates account")

	team, err := s.TeamBySlug(ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.UnbindWorkspace(ctx, network, openmates.WorkspaceID(w.places[1].guild), team.ID); err != nil {
		t.Fatal(err)
	}
	refused(other, w.places[1], "Please connect first the Discord guilde with your team.")
	for _, p := range []*process{listens, works, also} {
		p.stop(t)
	}
}
