package main_test

import (
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"openmates/internal/llm/llmtest"
	"openmates/internal/store/storetest"
)

// broker runs a NATS server with JetStream for one test.
func broker(t *testing.T) string {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true,
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
	address := os.Getenv(storetest.Env)
	if address == "" {
		t.Skip(storetest.Env + " is not set")
	}
	w := newWorld(t, plan{bots: 4, channels: 4, people: 3, answer: numbered(func(llmtest.Question) llmtest.Reply {
		return llmtest.Reply{First: 20 * time.Millisecond}
	})})
	in := install(t, build(t, "."), w, storetest.Schema(t, address))
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
	for i, id := range asked { // once more: nothing may follow a whole answer
		if r := w.sim.Replies(id); !whole(i, r) {
			t.Errorf("mention %d is answered with %q", i, joined(r))
		}
	}
}
