package discord

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/messenger/discord/discordtest"
)

// A restart of the process resumes the session: nothing is lost, and it costs
// no IDENTIFY.
func TestRestartResumes(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	stop := s.listen()
	s.ready()
	keys := s.say(3)
	s.received(keys)
	for i := range 3 {
		_ = stop()
		keys = append(keys, s.say(3)...)
		s.d = connectorTo(t, s.sim) // a new process knows only the notes
		stop = s.listen()
		s.received(keys)
		s.phase(messenger.Connected)
		if n := s.host.stored(); n.Seq == 0 || n.Session == "" {
			t.Fatalf("start %d: notes %+v", i, n)
		}
	}
	_ = stop()
	if got := s.sim.Identifies(s.app.ID); got != 1 {
		t.Errorf("%d IDENTIFYs", got)
	}
	if s.again() != 0 {
		t.Errorf("%d messages came again after an orderly end", s.again())
	}
	if codes := s.sim.CloseCodes(s.app.ID); !slices.Equal(codes, []int{4000, 4000, 4000, 4000}) {
		t.Errorf("closed with %v", codes)
	}
}

// A crash after Receive and before SaveNotes replays what the Host has
// already; its keys are the same.
func TestCrashBeforeSave(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	stop := s.listen()
	s.ready()
	keys := s.say(2)
	s.received(keys)
	s.host.until(t, "the save", func(h *memory) bool { n := readNotes(h.notes); return n.Seq >= 4 })
	s.host.mu.Lock()
	s.host.save = func([]byte) error { return errors.New("the process is dead") }
	s.host.mu.Unlock()
	keys = append(keys, s.say(4)...)
	s.received(keys)
	_ = stop()
	s.host.mu.Lock()
	s.host.save = nil
	s.host.mu.Unlock()
	keys = append(keys, s.say(2)...)
	s.listen()
	s.received(keys)
	if s.again() < 4 {
		t.Errorf("only %d messages came again: were they skipped?", s.again())
	}
	if got := s.sim.Identifies(s.app.ID); got != 1 {
		t.Errorf("%d IDENTIFYs", got)
	}
}

// A crash within the first second of a bot's first session: nothing was
// stored before, so there would be nothing to go on from.
func TestCrashRightAfterTheFirstStart(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	s.d.pace.save, s.d.pace.saveIdle = time.Hour, time.Hour
	stop := s.listen()
	s.ready()
	s.host.until(t, "storing the session", func(h *memory) bool { return readNotes(h.notes).Session != "" })
	s.host.mu.Lock()
	s.host.save = func([]byte) error { return errors.New("the process is dead") }
	s.host.mu.Unlock()
	keys := s.say(3)
	s.received(keys)
	_ = stop()
	s.host.mu.Lock()
	s.host.save = nil
	s.host.mu.Unlock()
	keys = append(keys, s.say(2)...)
	s.d = connectorTo(t, s.sim)
	s.listen()
	s.received(keys)
}

// A crash before Receive: the event was read from the socket, but not
// handled.
func TestCrashBeforeReceive(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	tried := make(chan struct{}, 1000)
	dead := true
	s.host.receive = func(messenger.Inbound) error {
		if dead {
			tried <- struct{}{}
			return errors.New("the process dies")
		}
		return nil
	}
	stop := s.listen()
	s.ready()
	keys := s.say(4)
	<-tried
	_ = stop()
	s.host.mu.Lock()
	dead = false
	s.host.mu.Unlock()
	s.listen()
	s.received(keys)
	if got := s.sim.Identifies(s.app.ID); got != 1 {
		t.Errorf("%d IDENTIFYs", got)
	}
}

// Beyond the resume window what was missed is read back: in channels, in
// threads and in direct messages, only what means the mate, each once.
func TestBackfill(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{ResumeWindow: time.Nanosecond})
	second := s.sim.AddChannel(s.guild.ID, "second")
	thread := s.sim.AddThread(second.ID, s.ann.ID, "thread")
	dm := s.sim.DM(s.ann.ID, s.app.BotID)
	stop := s.listen()
	s.ready()
	s.sim.Say(dm.ID, s.ann.ID, "hello you")
	s.say(2)
	s.host.until(t, "the start", func(h *memory) bool { return len(h.keys) == 3 })
	_ = stop()

	mention := "<@" + s.app.BotID + "> "
	var want []string
	add := func(m discordtest.Message) { want = append(want, keyOf(s.bot, m.ID)) }
	add(s.sim.Say(dm.ID, s.ann.ID, "are you there?"))
	for i := range 130 { // more than one page
		s.sim.Say(s.guild.General, s.ann.ID, fmt.Sprint("small talk ", i))
	}
	add(s.sim.Say(s.guild.General, s.ann.ID, mention+"in a channel"))
	add(s.sim.Say(s.guild.General, s.ann.ID, "<@&"+s.sim.ManagedRole(s.guild.ID, s.app.ID)+"> by role"))
	add(s.sim.Say(second.ID, s.ann.ID, mention+"in another"))
	add(s.sim.Say(thread.ID, s.ann.ID, mention+"in a thread"))
	s.sim.Say(second.ID, s.ann.ID, "@everyone hello")

	s.d = connectorTo(t, s.sim)
	stop = s.listen()
	total := 3 + len(want)
	s.host.until(t, "the backfill", func(h *memory) bool { return len(h.keys) >= total })
	live := s.say(1)
	s.host.until(t, "life after it", func(h *memory) bool { return slices.Contains(h.keys, live[0]) })
	s.host.mu.Lock()
	got := slices.Clone(s.host.keys[3:])
	texts := map[string]string{}
	for k, in := range s.host.seen {
		texts[k] = in.Text
		if in.Workspace != "" && string(in.Workspace) != s.guild.ID {
			t.Errorf("workspace %q", in.Workspace)
		}
	}
	s.host.mu.Unlock()
	slices.Sort(got)
	all := append(slices.Clone(want), live...)
	slices.Sort(all)
	if !slices.Equal(got, all) {
		t.Errorf("received %v\nwant     %v", got, all)
	}
	if texts[want[1]] != "in a channel" || texts[want[2]] != "by role" || texts[want[0]] != "are you there?" {
		t.Errorf("texts %v", texts)
	}
	s.host.until(t, "the end of it", func(h *memory) bool { n := readNotes(h.notes); return n.Since == 0 && len(n.Pending) == 0 })

	// The next start reads at most what is within the margin for clock
	// differences and receives nothing new.
	_ = stop()
	s.listen()
	s.host.until(t, "the next start", func(h *memory) bool {
		n := readNotes(h.notes)
		return n.Budget.Used == 3 && n.Since == 0 && len(n.Pending) == 0 && n.Seq > 1
	})
	if got := len(s.host.keys); got != 3+len(all) {
		t.Errorf("%d messages, want %d", got, 3+len(all))
	}
}

// Interrupted backfill goes on where it was.
func TestBackfillInterrupted(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{ResumeWindow: time.Nanosecond})
	stop := s.listen()
	s.ready()
	keys := s.say(1)
	s.received(keys)
	_ = stop()
	keys = append(keys, s.say(3)...)
	tried := make(chan struct{}, 1000)
	dead := true
	s.host.mu.Lock()
	s.host.receive = func(messenger.Inbound) error {
		if dead {
			tried <- struct{}{}
			return errors.New("the process dies")
		}
		return nil
	}
	s.host.mu.Unlock()
	stop = s.listen()
	<-tried
	_ = stop()
	s.host.mu.Lock()
	dead = false
	s.host.mu.Unlock()
	keys = append(keys, s.say(1)...)
	s.listen()
	s.received(keys)
}

// Trouble of the REST API during the backfill delays it and loses nothing; a
// channel that may not be read holds nothing up.
func TestBackfillTrouble(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{ResumeWindow: time.Nanosecond})
	closed := s.sim.AddChannel(s.guild.ID, "closed")
	stop := s.listen()
	s.ready()
	keys := s.say(1)
	s.received(keys)
	_ = stop()
	s.sim.Say(closed.ID, s.ann.ID, "<@"+s.app.BotID+"> secret")
	keys = append(keys, s.say(2)...)
	s.sim.Faults(s.app.ID, discordtest.Faults{Fail: []discordtest.Failure{
		{Method: "GET", Path: "/channels/" + closed.ID + "/messages", Status: 403, Times: 1},
		{Method: "GET", Path: "/channels/" + s.guild.General + "/messages", Status: 502, Times: 2},
		{Method: "GET", Path: "/channels/" + s.guild.General + "/messages", Status: 429, RetryAfter: 0.05, Times: 1},
	}})
	s.listen()
	s.received(keys)
}

func TestWorkspaces(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	stop := s.listen()
	s.ready()
	workspaces := func(n int) {
		t.Helper()
		s.host.until(t, fmt.Sprintf("a report of %d workspaces", n), func(h *memory) bool { return h.states[len(h.states)-1].Workspaces == n })
	}
	workspaces(1)
	second := s.sim.AddGuild(s.ann.ID, "Second")
	s.sim.Install(second.ID, s.app.ID, int64(Default))
	s.host.until(t, "the join", func(h *memory) bool {
		return slices.ContainsFunc(h.changes, func(c messenger.WorkspaceChange) bool {
			return c.Workspace == messenger.Workspace{ID: openmates.WorkspaceID(second.ID), Name: "Second"} && !c.Left
		})
	})
	workspaces(2)
	s.sim.Kick(second.ID, s.app.BotID)
	workspaces(1)
	s.host.until(t, "the kick", func(h *memory) bool {
		return slices.ContainsFunc(h.changes, func(c messenger.WorkspaceChange) bool {
			return c.Workspace == messenger.Workspace{ID: openmates.WorkspaceID(second.ID), Name: "Second"} && c.Left
		})
	})
	// Kicked while nobody listens, within the resume window: it is replayed.
	third := s.sim.AddGuild(s.ann.ID, "Third")
	s.sim.Install(third.ID, s.app.ID, int64(Default))
	s.host.until(t, "another join", func(h *memory) bool { return len(readNotes(h.notes).Guilds) == 2 })
	_ = stop()
	s.sim.Kick(third.ID, s.app.BotID)
	stop = s.listen()
	s.host.until(t, "the replayed kick", func(h *memory) bool {
		return slices.ContainsFunc(h.changes, func(c messenger.WorkspaceChange) bool { return string(c.Workspace.ID) == third.ID && c.Left })
	})
	_ = stop()
}

// Beyond the resume window the list of all workspaces tells.
func TestKickedWhileOffline(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{ResumeWindow: time.Nanosecond})
	other := s.sim.AddGuild(s.ann.ID, "Other")
	s.sim.Install(other.ID, s.app.ID, int64(Default))
	stop := s.listen()
	s.ready()
	s.host.until(t, "both guilds", func(h *memory) bool { return len(readNotes(h.notes).Guilds) == 2 })
	_ = stop()
	s.sim.Kick(other.ID, s.app.BotID)
	s.host.mu.Lock()
	s.host.changes = nil
	s.host.mu.Unlock()
	s.listen()
	s.host.until(t, "the list", func(h *memory) bool {
		return slices.ContainsFunc(h.changes, func(c messenger.WorkspaceChange) bool {
			return c.Known && slices.Equal(c.All, []openmates.WorkspaceID{openmates.WorkspaceID(s.guild.ID)})
		})
	})
	s.host.until(t, "forgetting", func(h *memory) bool { return len(readNotes(h.notes).Guilds) == 1 })
}

// The bot's own role is known from the guild, after a restart from the notes,
// and otherwise from REST.
func TestRoleMention(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	role := s.sim.ManagedRole(s.guild.ID, s.app.ID)
	stop := s.listen()
	s.ready()
	ask := func() string {
		return keyOf(s.bot, s.sim.Say(s.guild.General, s.ann.ID, "<@&"+role+"> hello").ID)
	}
	keys := []string{ask()}
	s.received(keys)
	s.host.until(t, "the notes", func(h *memory) bool { return readNotes(h.notes).Guilds[s.guild.ID] == role })
	_ = stop()
	keys = append(keys, ask())
	stop = s.listen()
	s.received(keys)
	_ = stop()
	s.host.mu.Lock()
	n := readNotes(s.host.notes)
	n.Guilds = nil
	s.host.notes, _ = n.encode()
	s.host.mu.Unlock()
	keys = append(keys, ask())
	s.listen()
	s.received(keys)
	s.host.mu.Lock()
	defer s.host.mu.Unlock()
	for k, in := range s.host.seen {
		if in.Text != "hello" && in.Text != "" { // without the intent, content may be empty
			t.Errorf("%s: text %q", k, in.Text)
		}
	}
	if got := s.sim.Identifies(s.app.ID); got != 1 {
		t.Errorf("%d IDENTIFYs", got)
	}
}

func TestDirectMessageAndThread(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	s.listen()
	s.ready()
	dm := s.sim.DM(s.ann.ID, s.app.BotID)
	thread := s.sim.AddThread(s.guild.General, s.ann.ID, "thread")
	a := s.sim.Say(dm.ID, s.ann.ID, "hi there")
	b := s.sim.Say(thread.ID, s.ann.ID, "please <@!"+s.app.BotID+"> look")
	s.received([]string{keyOf(s.bot, a.ID), keyOf(s.bot, b.ID)})
	s.host.mu.Lock()
	defer s.host.mu.Unlock()
	in := s.host.seen[keyOf(s.bot, a.ID)]
	if in.Workspace != "" || string(in.Channel) != dm.ID || in.Text != "hi there" || string(in.Author.ID) != s.ann.ID || in.Author.Name != "Ann" {
		t.Errorf("%+v", in)
	}
	if d := in.At.Sub(a.At); d > time.Second || d < -time.Second {
		t.Errorf("at %v, want %v", in.At, a.At)
	}
	in = s.host.seen[keyOf(s.bot, b.ID)]
	if string(in.Workspace) != s.guild.ID || string(in.Channel) != thread.ID || in.Text != "please @Sophia look" {
		t.Errorf("%+v", in)
	}
}

// A reply to the mate counts if it notifies the mate or its content is
// readable; a reply to somebody else doesn't.
func TestReplies(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	s.listen()
	s.ready()
	keys := s.say(1)
	s.received(keys)
	asked := keys[0][strings.LastIndex(keys[0], ":")+1:]
	id, err := s.d.Send(t.Context(), via(s.bot), messenger.Outbound{Key: keys[0], Channel: openmates.ChannelID(s.guild.General), ReplyTo: openmates.MessageID(asked), Text: "answer"})
	if err != nil {
		t.Fatal(err)
	}
	s.sim.Reply(s.guild.General, s.ann.ID, "not for you", asked, false)
	s.sim.Reply(s.guild.General, s.ann.ID, "words that a bot without the intent can't see", string(id), false)
	m := s.sim.Reply(s.guild.General, s.ann.ID, "and then?", string(id), true)
	s.received(append(keys, keyOf(s.bot, m.ID)))
	s.host.mu.Lock()
	defer s.host.mu.Unlock()
	if in := s.host.seen[keyOf(s.bot, m.ID)]; in.ReplyTo != id || in.Text != "and then?" || len(in.Quotes) != 1 || !in.Quotes[0].Own || in.Quotes[0].Text != "answer" {
		t.Errorf("%+v", in)
	}
	q, err := s.d.Read(t.Context(), via(s.bot), messenger.MessageRef{Channel: openmates.ChannelID(s.guild.General), ID: openmates.MessageID(asked)})
	if err != nil || q.Author != "Ann" || q.Text == "" || q.Own {
		t.Errorf("read %+v, %v", q, err)
	}
	q, err = s.d.Read(t.Context(), via(s.bot), messenger.MessageRef{Channel: openmates.ChannelID(s.guild.General), ID: "1"})
	if err != nil || q.State != messenger.QuoteDeleted {
		t.Errorf("read what is gone: %+v, %v", q, err)
	}
}

// Mates ignore each other's messages, so they can't talk in circles.
func TestBotsAreNotHeard(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	other := s.sim.AddApplication(s.ann.ID, "Other")
	s.sim.Install(s.guild.ID, other.ID, int64(Default))
	s.listen()
	s.ready()
	s.sim.Say(s.guild.General, other.BotID, "<@"+s.app.BotID+"> hello")
	s.sim.Say(s.guild.General, s.app.BotID, "<@"+s.app.BotID+"> hello")
	s.received(s.say(1))
}

// A bot in its first session has no past to make up for, beyond the moments in
// which the session is begun.
func TestFirstStartReadsNothingBack(t *testing.T) {
	t.Parallel()
	var ago atomic.Int64
	ago.Store(int64(time.Hour))
	s := newScene(t, discordtest.Config{Clock: func() time.Time { return time.Now().Add(-time.Duration(ago.Load())) }})
	s.say(3)
	ago.Store(0)
	s.listen()
	s.ready()
	keys := s.say(1)
	s.received(keys)
	if in := s.host.seen[keys[0]]; in.BotID != openmates.ID(1) {
		t.Errorf("%+v", in)
	}
}
