package discord

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/messenger/discord/discordtest"
)

// Each fault strikes between mentions. None may get lost, none may come
// twice, and the order stays.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config   discordtest.Config
		standing discordtest.Faults // from before the start
		strike   func(s *scene)
		anew     bool // a new session is started instead of resuming the old one
		repeats  bool // Discord itself delivers twice
	}{
		"nothing":             {strike: func(*scene) {}},
		"TCP drop":            {strike: func(s *scene) { s.sim.Drop(s.app.ID) }},
		"close 4000":          {strike: func(s *scene) { s.sim.CloseWith(s.app.ID, 4000) }},
		"close 4008":          {strike: func(s *scene) { s.sim.CloseWith(s.app.ID, 4008) }},
		"close 4009":          {strike: func(s *scene) { s.sim.CloseWith(s.app.ID, 4009) }, anew: true, repeats: true},
		"close 4007":          {strike: func(s *scene) { s.sim.CloseWith(s.app.ID, 4007) }, anew: true, repeats: true},
		"op 7":                {strike: func(s *scene) { s.sim.Reconnect(s.app.ID) }},
		"op 9 resumable":      {strike: func(s *scene) { s.sim.Invalidate(s.app.ID, true) }},
		"op 9 not resumable":  {strike: func(s *scene) { s.sim.Invalidate(s.app.ID, false) }, anew: true, repeats: true},
		"op 1":                {strike: func(s *scene) { s.sim.Beat(s.app.ID) }},
		"resume refused":      {strike: refuseResume, anew: true, repeats: true},
		"resume host dead":    {standing: discordtest.Faults{ResumeHostDead: true}, strike: func(s *scene) { s.sim.Drop(s.app.ID) }},
		"odd types":           {standing: discordtest.Faults{IllTyped: true}, strike: func(s *scene) { s.sim.Drop(s.app.ID) }},
		"duplicates":          {standing: discordtest.Faults{Duplicate: true}, strike: func(s *scene) { s.sim.Drop(s.app.ID) }, repeats: true},
		"delay":               {standing: discordtest.Faults{Delay: 2 * time.Millisecond}, strike: func(s *scene) { s.sim.Drop(s.app.ID) }},
		"frozen, then a drop": {strike: frozen},
		"no heartbeat ACK": {
			config: discordtest.Config{HeartbeatInterval: 300 * time.Millisecond},
			strike: silent,
		},
		"resume window over": {
			config: discordtest.Config{ResumeWindow: time.Nanosecond},
			strike: func(s *scene) { s.sim.Drop(s.app.ID) }, anew: true, repeats: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, c.config)
			s.sim.Faults(s.app.ID, c.standing)
			stop := s.listen()
			s.ready()
			keys := s.say(5)
			if c.standing.Duplicate || c.standing.Delay > 0 {
				s.received(keys)
			}
			for range 3 {
				c.strike(s)
				keys = append(keys, s.say(5)...)
				s.received(keys)
				s.phase(messenger.Connected)
			}
			if again := s.again(); again != 0 && !c.repeats {
				t.Errorf("%d messages came twice", again)
			}
			if got := s.sim.Identifies(s.app.ID); got != 1 && !c.anew {
				t.Errorf("%d sessions were begun, want one", got)
			}
			if err := stop(); err == nil {
				t.Error("the listener ended without an error")
			}
			for _, code := range s.sim.CloseCodes(s.app.ID) {
				if code == 1000 || code == 1001 {
					t.Errorf("closed with %d, which ends the session", code)
				}
			}
		})
	}
}

func (s *scene) again() int {
	s.host.mu.Lock()
	defer s.host.mu.Unlock()
	return s.host.again
}

func refuseResume(s *scene) {
	s.sim.Faults(s.app.ID, discordtest.Faults{RefuseResume: true})
	s.sim.Drop(s.app.ID)
}

func frozen(s *scene) {
	s.sim.Freeze(s.app.ID, true)
	s.sim.Say(s.guild.General, s.ann.ID, "to nobody")
	s.sim.Freeze(s.app.ID, false)
	s.sim.Drop(s.app.ID)
}

// silent waits until the client has noticed that its heartbeats go unheard.
func silent(s *scene) {
	before := s.sim.Resumes(s.app.ID)
	s.sim.Silence(s.app.ID, true)
	s.host.until(s.t, "a resume", func(*memory) bool { return s.sim.Resumes(s.app.ID) > before })
	s.sim.Silence(s.app.ID, false)
}

// The connection breaks again in the middle of the replay: what had come is
// not asked for again, what had not still comes.
func TestDropInReplay(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	s.listen()
	s.ready()
	keys := s.say(2)
	s.received(keys)
	s.sim.Freeze(s.app.ID, true)
	keys = append(keys, s.say(7)...) // kept for the replay
	s.sim.Faults(s.app.ID, discordtest.Faults{DropInReplayAfter: 3})
	s.sim.Drop(s.app.ID)
	s.sim.Freeze(s.app.ID, false)
	s.received(keys)
	s.phase(messenger.Connected)
	if s.again() != 0 || s.sim.Identifies(s.app.ID) != 1 || s.sim.Resumes(s.app.ID) < 2 {
		t.Errorf("%d again, %d IDENTIFYs, %d RESUMEs", s.again(), s.sim.Identifies(s.app.ID), s.sim.Resumes(s.app.ID))
	}
}

// Two messages that change places are both kept.
func TestReorder(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	s.sim.Faults(s.app.ID, discordtest.Faults{Reorder: true})
	s.listen()
	s.ready()
	keys := s.say(10)
	s.host.until(t, "the receipt", func(h *memory) bool { return len(h.keys) == len(keys) })
	s.host.mu.Lock()
	defer s.host.mu.Unlock()
	slices.Sort(keys)
	slices.Sort(s.host.keys)
	if !slices.Equal(keys, s.host.keys) {
		t.Fatalf("received %v, want %v", s.host.keys, keys)
	}
}

func TestFatalCloses(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]messenger.Phase{
		4004: messenger.BadCredentials,
		4010: messenger.NeedsAttention, 4011: messenger.NeedsAttention, 4012: messenger.NeedsAttention,
		4013: messenger.NeedsAttention, 4014: messenger.NeedsAttention,
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, discordtest.Config{})
			s.sim.Faults(s.app.ID, discordtest.Faults{FatalClose: code})
			err := s.d.Listen(t.Context(), s.bot, s.host)
			if openmates.CodeOf(err) != openmates.EInvalid {
				t.Fatal(err)
			}
			if st := s.phase(want); st.Reason == "" || st.Cure == "" {
				t.Errorf("%+v", st)
			}
			if n := s.sim.Identifies(s.app.ID); n != 0 {
				t.Errorf("%d IDENTIFYs", n)
			}
		})
		t.Run(fmt.Sprint(code, " later"), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, discordtest.Config{})
			stop := s.listen()
			s.ready()
			keys := s.say(3)
			s.received(keys)
			s.sim.Faults(s.app.ID, discordtest.Faults{FatalClose: code})
			s.sim.Drop(s.app.ID)
			s.phase(want)
			if err := stop(); openmates.CodeOf(err) != openmates.EInvalid {
				t.Fatal(err)
			}
		})
	}
}

func TestPrivilegedIntentNotGranted(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	s.d.intents |= intentMessageContent
	if err := s.d.Listen(t.Context(), s.bot, s.host); openmates.CodeOf(err) != openmates.EInvalid {
		t.Fatal(err)
	}
	s.phase(messenger.NeedsAttention)
	_, found := s.d.Inspect(t.Context(), s.bot, wanted())
	if !slices.ContainsFunc(found, func(f messenger.Finding) bool {
		return f.State == messenger.FindingBad && strings.Contains(f.Sentence.String(), "4014")
	}) {
		t.Errorf("%+v", found)
	}
	s.sim.Configure(s.app.ID, func(c *discordtest.Settings) { c.ContentIntent = true })
	s.listen()
	s.ready()
}

func TestTokenResetWhileRunning(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	stop := s.listen()
	s.ready()
	keys := s.say(2)
	s.received(keys)
	token := s.sim.ResetToken(s.app.ID)
	s.sim.Drop(s.app.ID)
	missed := s.say(2)
	s.phase(messenger.BadCredentials)
	if err := stop(); openmates.CodeOf(err) != openmates.EInvalid {
		t.Fatal(err)
	}
	// With the new token it goes on and makes up for what was missed.
	s.bot.Secrets, s.bot.Revision = s.bot.Secrets.With(fieldToken, openmates.Secret(token)), s.bot.Revision+1
	s.listen()
	s.received(append(keys, missed...))
}

// The socket may outlive the token; an answer that fails tells.
func TestTokenResetIsSeenBySend(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	stop := s.listen()
	s.ready()
	s.sim.ResetToken(s.app.ID)
	_, err := s.d.Send(t.Context(), via(s.bot), messenger.Outbound{Key: "k", Channel: openmates.ChannelID(s.guild.General), Text: "hi"})
	if e, ok := errors.AsType[*messenger.SendError](err); !ok || e.Kind != messenger.SendBroken {
		t.Fatal(err)
	}
	s.phase(messenger.BadCredentials)
	if err := stop(); openmates.CodeOf(err) != openmates.EInvalid {
		t.Fatal(err)
	}
}

// The budget of IDENTIFYs is never overdrawn, whatever the connection does.
func TestIdentifyBudgetIsKept(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{Identifies: 3})
	s.listen()
	s.ready()
	keys := s.say(1)
	s.received(keys)
	for range 2 {
		s.sim.Invalidate(s.app.ID, false)
		keys = append(keys, s.say(1)...)
		s.received(keys)
		s.phase(messenger.Connected)
	}
	s.sim.Invalidate(s.app.ID, false)
	s.host.until(t, "the pause", func(h *memory) bool {
		return len(h.states) > 0 && h.states[len(h.states)-1].Cure != ""
	})
	if got := s.sim.Identifies(s.app.ID); got != 3 {
		t.Errorf("%d IDENTIFYs of 3", got)
	}
}

// While events can't be stored the bot stays connected, keeps them, and
// stores them in order later.
func TestReceiveFails(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{HeartbeatInterval: 200 * time.Millisecond})
	var fails, seen int
	s.host.receive = func(messenger.Inbound) error {
		if seen++; seen%3 != 0 {
			fails++
			return errors.New("the database is locked")
		}
		return nil
	}
	s.listen()
	s.ready()
	keys := s.say(10)
	s.received(keys)
	if fails < 10 {
		t.Errorf("it failed only %d times", fails)
	}
}

// More than the queue holds: the connection is given up and resumed, and
// nothing is lost.
func TestFlood(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	open := make(chan struct{})
	s.host.receive = func(messenger.Inbound) error {
		select {
		case <-open:
			return nil
		default:
			return errors.New("not yet")
		}
	}
	s.listen()
	s.ready()
	keys := s.say(2 * queueMost)
	s.phase(messenger.Reconnecting)
	close(open)
	s.received(keys)
	if s.again() != 0 || s.sim.Identifies(s.app.ID) != 1 {
		t.Errorf("%d again, %d IDENTIFYs", s.again(), s.sim.Identifies(s.app.ID))
	}
}
