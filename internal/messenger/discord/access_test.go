package discord

import (
	"errors"
	"slices"
	"testing"
	"time"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/messenger/discord/discordtest"
)

// message returns what stands in the simulated guild under an id.
func (s *scene) message(channel, id string) discordtest.Message {
	s.t.Helper()
	for _, m := range s.sim.Messages(channel) {
		if m.ID == id {
			return m
		}
	}
	s.t.Fatalf("there is no message %q", id)
	return discordtest.Message{}
}

// Discord makes the mentions of a message from scratch with every edit, so a
// streamed answer must name its asker each time.
func TestAnEditKeepsTheAskersHighlight(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	asked := s.sim.Say(s.guild.General, s.ann.ID, "why?")
	for name, c := range map[string]struct {
		replyTo string
		ping    bool
		want    []string
	}{
		"a reply":             {asked.ID, true, []string{s.ann.ID}},
		"without a reference": {"", true, []string{s.ann.ID}},
		"a later part":        {asked.ID, false, nil},
	} {
		out := messenger.Outbound{Key: name, Channel: openmates.ChannelID(s.guild.General), ReplyTo: openmates.MessageID(c.replyTo), Asker: openmates.AccountID(s.ann.ID), Text: "Because", Ping: c.ping}
		id, err := s.d.Send(t.Context(), via(s.bot), out)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"Because", "Because of <@1>", "Because of @everyone"} {
			if got := s.message(s.guild.General, string(id)).Mentions; !slices.Equal(got, c.want) {
				t.Errorf("%s: mentions %v, want %v", name, got, c.want)
			}
			out.Text = text
			if err := s.d.Edit(t.Context(), via(s.bot), id, out); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.message(s.guild.General, string(id)).Mentions; !slices.Equal(got, c.want) {
			t.Errorf("%s: in the end it mentions %v, want %v", name, got, c.want)
		}
	}
}

func TestWithoutTheHistoryAnAnswerIsPostedWithoutAReference(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	asked := s.sim.Say(s.guild.General, s.ann.ID, "hi")
	s.sim.SetOverwrite(s.guild.General, s.app.BotID, 0, int64(ReadMessageHistory))
	id, err := s.d.Send(t.Context(), via(s.bot), messenger.Outbound{Key: "k", Channel: openmates.ChannelID(s.guild.General), ReplyTo: openmates.MessageID(asked.ID), Asker: openmates.AccountID(s.ann.ID), Ping: true, Text: "hello"})
	if err != nil {
		t.Fatal(err)
	}
	m := s.message(s.guild.General, string(id))
	if m.ReplyTo != "" || m.Content != "<@"+s.ann.ID+"> hello" || !slices.Equal(m.Mentions, []string{s.ann.ID}) {
		t.Errorf("posted %+v", m)
	}
}

func TestAccess(t *testing.T) {
	t.Parallel()
	thread := func(s *scene) string { return s.sim.AddThread(s.guild.General, s.ann.ID, "side").ID }
	for _, c := range []struct {
		name    string
		deny    Permissions
		channel func(*scene) string
		want    messenger.Access
	}{
		{"all is allowed", 0, nil, messenger.Access{Channel: "#general", Replies: true, Reacts: true}},
		{"no writing", SendMessages, nil, messenger.Access{Channel: "#general", Missing: []string{"Send Messages"}, Replies: true, Reacts: true}},
		{"nothing but listening", SendMessages | AddReactions, nil, messenger.Access{Channel: "#general", Missing: []string{"Send Messages"}, Replies: true}},
		{"no history", ReadMessageHistory, nil, messenger.Access{Channel: "#general"}},
		{"no sight", ViewChannel, nil, messenger.Access{Missing: []string{"View Channels"}}},
		{"a thread of a channel without writing", SendMessages, thread, messenger.Access{Channel: "#side", Replies: true, Reacts: true}},
		{"a thread without writing", SendMessagesInThreads, thread, messenger.Access{Channel: "#side", Missing: []string{"Send Messages in Threads"}, Replies: true, Reacts: true}},
		{"a locked thread", 0, func(s *scene) string {
			id := thread(s)
			s.sim.Lock(id, true)
			return id
		}, messenger.Access{Channel: "#side", Missing: []string{"Manage Threads"}, Replies: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, discordtest.Config{})
			channel := s.guild.General
			if c.channel != nil {
				channel = c.channel(s)
			}
			if c.deny != 0 {
				s.sim.SetOverwrite(s.guild.General, s.app.BotID, 0, int64(c.deny))
			}
			got, err := s.d.Access(t.Context(), in(s.bot, s.guild.ID), openmates.ChannelID(channel))
			if err != nil || !slices.Equal(got.Missing, c.want.Missing) || got.Channel != c.want.Channel || got.Replies != c.want.Replies || got.Reacts != c.want.Reacts {
				t.Errorf("%+v, %v, want %+v", got, err, c.want)
			}
			// What it says is what Discord does.
			_, err = s.d.Send(t.Context(), via(s.bot), messenger.Outbound{Key: "k", Channel: openmates.ChannelID(channel), Text: "hi"})
			if (err == nil) != c.want.Writes() {
				t.Errorf("posting: %v", err)
			}
		})
	}
}

func TestAccessIsRememberedUntilItChanges(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	now := time.Now()
	s.d.now = func() time.Time { return now }
	requests := func() int { return len(s.sim.Requests()) }
	may := func(want bool) {
		t.Helper()
		if got, err := s.d.Access(t.Context(), in(s.bot, s.guild.ID), openmates.ChannelID(s.guild.General)); err != nil || got.Writes() != want {
			t.Errorf("%+v, %v, want %v", got, err, want)
		}
	}
	may(true)
	n := requests()
	may(true)
	if requests() != n {
		t.Error("it was asked again at once")
	}
	s.sim.SetOverwrite(s.guild.General, s.app.BotID, 0, int64(SendMessages))
	if _, err := s.d.Send(t.Context(), via(s.bot), messenger.Outbound{Key: "k", Channel: openmates.ChannelID(s.guild.General), Text: "hi"}); err == nil {
		t.Fatal("it may write")
	}
	may(false) // Discord has refused a message
	s.sim.SetOverwrite(s.guild.General, s.app.BotID, 0, 0)
	now = now.Add(deniedLasts)
	may(true)
	s.d.access.forgetBot(s.bot)
	n = requests()
	may(true)
	if requests() == n {
		t.Error("what was forgotten is known")
	}
	if _, err := s.d.Access(t.Context(), in(s.bot, s.guild.ID), "../1"); err == nil {
		t.Error("a channel that is none is known")
	}
}

// A listener that receives a change triggers a new lookup.
func TestAChangeOfAChannelIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	s.listen()
	s.ready()
	if got, err := s.d.Access(t.Context(), in(s.bot, s.guild.ID), openmates.ChannelID(s.guild.General)); err != nil || !got.Writes() {
		t.Fatalf("%+v, %v", got, err)
	}
	s.sim.SetOverwrite(s.guild.General, s.app.BotID, 0, int64(SendMessages))
	s.received(s.say(1)) // it comes after the change
	if got, err := s.d.Access(t.Context(), in(s.bot, s.guild.ID), openmates.ChannelID(s.guild.General)); err != nil || got.Writes() {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReactAndWhisper(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	asked := s.sim.Say(s.guild.General, s.ann.ID, "hi")
	for range 2 {
		if err := s.d.React(t.Context(), via(s.bot), ref(s.guild.General, asked.ID), "⚠️"); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.message(s.guild.General, asked.ID).Reactions["⚠️"]; !slices.Equal(got, []string{s.app.BotID}) {
		t.Errorf("reactions of %v", got)
	}
	for range 2 {
		if err := s.d.Whisper(t.Context(), via(s.bot), openmates.AccountID(s.ann.ID), messenger.Outbound{Key: "w", Text: "psst"}); err != nil {
			t.Fatal(err)
		}
	}
	dm := s.sim.DM(s.ann.ID, s.app.BotID)
	if all := s.sim.Messages(dm.ID); len(all) != 1 || all[0].Content != "psst" {
		t.Errorf("whispered %+v", all)
	}
	denied := func(err error) {
		t.Helper()
		if e, ok := errors.AsType[*messenger.SendError](err); !ok || e.Kind != messenger.SendDenied {
			t.Errorf("got %v", err)
		}
	}
	s.sim.SetOverwrite(s.guild.General, s.app.BotID, 0, int64(AddReactions))
	denied(s.d.React(t.Context(), via(s.bot), ref(s.guild.General, asked.ID), "🔗"))
	s.sim.RefuseDMs(s.ann.ID, true)
	denied(s.d.Whisper(t.Context(), via(s.bot), openmates.AccountID(s.ann.ID), messenger.Outbound{Key: "v", Text: "psst"}))
	if s.d.React(t.Context(), via(s.bot), ref(s.guild.General, "../1"), "🔗") == nil || s.d.Whisper(t.Context(), via(s.bot), "x", messenger.Outbound{Text: "psst"}) == nil {
		t.Error("an id that is none is taken")
	}
}
