package messenger_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// stage is an in-memory network whose bots do what the test sets.
type stage struct {
	messenger.Connector
	play func(ctx context.Context, b openmates.Bot, h messenger.Host) error
}

func (stage) Info() messenger.Info { return messenger.Info{Network: "x"} }

func (s stage) Listen(ctx context.Context, b openmates.Bot, h messenger.Host) error {
	return s.play(ctx, b, h)
}

// saved is where states are saved.
type saved struct {
	mu    sync.Mutex
	all   map[openmates.ID][]messenger.State
	times map[openmates.ID][]time.Time
}

func (s *saved) save(_ context.Context, id openmates.ID, st messenger.State) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[id] = append(s.all[id], st)
	s.times[id] = append(s.times[id], time.Now())
	return nil
}

func (s *saved) phases(id openmates.ID) []messenger.Phase {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []messenger.Phase
	for _, st := range s.all[id] {
		if n := len(out); n == 0 || out[n-1] != st.Phase {
			out = append(out, st.Phase)
		}
	}
	return out
}

func (s *saved) count(id openmates.ID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.all[id])
}

// theatre runs a supervisor over some bots.
func theatre(hold func(ctx context.Context, name string, do func(context.Context) error) error, play func(ctx context.Context, b openmates.Bot, h messenger.Host) error, ids ...openmates.ID) (*messenger.Supervisor, *saved) {
	keep := &saved{all: map[openmates.ID][]messenger.State{}, times: map[openmates.ID][]time.Time{}}
	if hold == nil {
		hold = func(ctx context.Context, _ string, do func(context.Context) error) error { return do(ctx) }
	}
	sup, err := messenger.NewSupervisor(messenger.SupervisorConfig{
		Connectors: map[openmates.Network]messenger.Connector{"x": stage{play: play}},
		Bots: func(context.Context) (all []openmates.Bot, err error) {
			for _, id := range ids {
				all = append(all, openmates.Bot{ID: id, MateID: id, Network: "x"})
			}
			return all, nil
		},
		Hold: hold, SaveState: keep.save, Workspaces: noWorkspaces, Notes: noNotes, SaveNotes: keepNothing, Log: slog.New(slog.DiscardHandler), Clock: time.Now,
	})
	if err != nil {
		panic(err)
	}
	return sup, keep
}

func same(a, b []messenger.Phase) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestStatesAreSavedForOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sup, keep := theatre(nil, func(ctx context.Context, b openmates.Bot, h messenger.Host) error {
			if b.ID == 2 { // one that needs a person must not disturb the other
				h.Report(messenger.State{Phase: messenger.BadCredentials, Reason: openmates.T("Refused.")})
				return openmates.Errorf(openmates.EInvalid, "Refused.")
			}
			h.Report(messenger.State{Phase: messenger.Connected})
			for range 50 { // a talkative connector
				h.Report(messenger.State{Phase: messenger.Connected, Latency: time.Millisecond})
				time.Sleep(100 * time.Millisecond)
			}
			<-ctx.Done()
			return ctx.Err()
		}, 1, 2)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- sup.Run(ctx, silent()) }()
		synctest.Wait()
		if st, ok := sup.State(1); !ok || st.Phase != messenger.Connected {
			t.Errorf("%+v, %v", st, ok)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := keep.phases(2); got[len(got)-1] != messenger.BadCredentials {
			t.Errorf("the refused bot: %v", got)
		}
		// 5 s of news at most once a second, then a sign of life every 15 s.
		if n := keep.count(1); n < 8 || n > 16 {
			t.Errorf("%d saves in a minute", n)
		}
		cancel()
		<-done
		if got := keep.phases(1); got[len(got)-1] != messenger.Off {
			t.Errorf("at the end: %v", got)
		}
		if got := keep.phases(2); got[len(got)-1] != messenger.BadCredentials {
			t.Errorf("a token stays refused while nobody listens: %v", got)
		}
	})
}

func TestWhoStandsBySaysNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sup, keep := theatre(func(ctx context.Context, _ string, _ func(context.Context) error) error {
			<-ctx.Done() // another process holds the bot
			return ctx.Err()
		}, nil, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := sup.Run(ctx, silent()); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if got := keep.phases(1); len(got) != 0 {
			t.Errorf("it saved %v", got)
		}
		if _, ok := sup.State(1); ok {
			t.Error("it speaks for the bot")
		}
	})
}

// A panic in one listener doesn't affect others, and it is restarted.
func TestAPanicIsReportedAndHeals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		sup, keep := theatre(nil, func(ctx context.Context, _ openmates.Bot, h messenger.Host) error {
			if tries++; tries == 1 {
				panic("odd event")
			}
			h.Report(messenger.State{Phase: messenger.Connected})
			<-ctx.Done()
			return ctx.Err()
		}, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		_ = sup.Run(ctx, silent()) // ends with ctx
		want := []messenger.Phase{messenger.Reconnecting, messenger.Connected, messenger.Off}
		if got := keep.phases(1); !same(got, want) && !same(got, append([]messenger.Phase{messenger.Starting}, want...)) {
			t.Errorf("phases %v", got)
		}
	})
}

// A process that has lost its lease to another posts nothing and immediately
// requests the lease again, however often that happens.
func TestALostLeaseIsNoFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		lives := 0
		sup, keep := theatre(func(ctx context.Context, _ string, do func(context.Context) error) error {
			if lives++; lives > 5 {
				<-ctx.Done() // the other one has it
				return ctx.Err()
			}
			ctx, lose := context.WithCancelCause(ctx)
			ctx = openmates.WithFence(ctx, func(context.Context) error { return openmates.ErrLost })
			time.AfterFunc(time.Second, func() { lose(openmates.ErrLost) })
			return do(ctx)
		}, func(ctx context.Context, _ openmates.Bot, h messenger.Host) error {
			h.Report(messenger.State{Phase: messenger.Connected})
			<-ctx.Done()
			if err := h.SaveNotes(context.WithoutCancel(ctx), []byte("late")); !errors.Is(err, openmates.ErrLost) {
				t.Errorf("SaveNotes of one that was replaced: %v", err)
			}
			return ctx.Err()
		}, 1)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- sup.Run(ctx, silent()) }()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if lives != 6 {
			t.Errorf("it asked %d times in %v", lives, time.Since(begun))
		}
		if _, ok := sup.State(1); ok {
			t.Error("it speaks for a bot that it does not hold")
		}
		cancel()
		<-done
		for _, phase := range keep.phases(1) {
			if phase != messenger.Connected {
				t.Errorf("it says that the bot is %v", phase)
			}
		}
	})
}

func silent() messenger.Product {
	return messenger.Product{Receive: func(context.Context, messenger.Inbound) error { return nil }}
}

func noWorkspaces(context.Context, openmates.Bot, messenger.WorkspaceChange) error { return nil }

func noNotes(context.Context, openmates.ID) ([]byte, error) { return nil, nil }

func keepNothing(context.Context, openmates.ID, []byte) error { return nil }
