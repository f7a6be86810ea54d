package main_test

import (
	"encoding/json"
	"strings"
	"testing"

	"openmates/internal/llm/llmtest"
	"openmates/internal/messenger"
	"openmates/internal/sqldb/sqldbtest"
)

// A bot can run in a separate process from the pages and the workers. They
// share the database, so each knows what the other receives and posts.
func TestABotInAProcessOfItsOwn(t *testing.T) {
	t.Parallel()
	sqldbtest.EachAddress(t, func(t *testing.T, db string) {
		w := newWorld(t, plan{bots: 2, channels: 1, people: 1, answer: func(llmtest.Question) llmtest.Reply {
			return llmtest.Reply{Pieces: []string{"Here I am."}}
		}})
		in := install(t, w, db)
		in.flags = []string{"--role", "web,work"}
		main := in.start(t)
		main.ready(t)
		in.flags = []string{"--role", "listen", "--bot", "mate0"}
		listener := in.start(t)
		listener.until(t, "connected", func() bool { return w.connected(w.apps[:1]) == 1 })
		if w.connected(w.apps[1:]) != 0 {
			t.Error("it listens for a bot that is not its own")
		}
		said := w.ask(0)
		main.until(t, "answering", func() bool { return len(w.sim.Replies(said.ID)) == 1 })

		s := in.open(t)
		bots, err := s.Bots(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		phase := func() messenger.Phase {
			all, err := s.BotReports(t.Context())
			if err != nil || len(all) != 1 {
				return ""
			}
			var st messenger.State
			if json.Unmarshal(all[0].State, &st) != nil || !strings.Contains(all[0].Process, "/") {
				return ""
			}
			return st.Phase
		}
		listener.until(t, "known as connected", func() bool { return phase() == messenger.Connected })
		// A button pressed in the other process reaches the listener.
		before := w.sim.Identifies(w.apps[0].ID)
		if err := s.RestartBot(t.Context(), bots[0].ID); err != nil {
			t.Fatal(err)
		}
		listener.until(t, "restarted", func() bool { return w.sim.Identifies(w.apps[0].ID) > before })
		if err := s.PauseBot(t.Context(), bots[0].ID, true); err != nil {
			t.Fatal(err)
		}
		listener.until(t, "paused", func() bool { return w.connected(w.apps[:1]) == 0 })
		listener.stop(t)
		main.until(t, "told that nobody listens", func() bool { return phase() == messenger.Off })
	})
}
