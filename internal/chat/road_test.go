package chat_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/identity"
	"openmates/internal/llm"
	"openmates/internal/messenger"
	"openmates/internal/polltest"
	"openmates/internal/queue/dbqueue"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer is one more process on the world's database: a room with a real queue.
type peer struct {
	*chat.Room
	stop func()
}

// peer opens one; works says whether it works.
func (w *world) peer(db *store.DB, works bool, change ...func(*chat.Config)) *peer {
	w.Helper()
	jobs, err := dbqueue.New(dbqueue.Config{Journal: db, Lease: db, Log: w.log, Poll: 5 * time.Millisecond})
	must(w.T, err)
	c := chat.Config{
		Store: db, Queue: jobs, Log: w.log, Currency: w.unit,
		Connectors: map[openmates.Network]messenger.Connector{"memory": w.net},
		Model: func(context.Context, openmates.Mate) (llm.Choice, error) {
			return llm.Choice{Name: "test/one", Model: w.model, Price: openmates.Price{Input: 1_000_000, Output: 2_000_000}}, nil
		},
	}
	for _, f := range change {
		f(&c)
	}
	room, err := chat.New(c)
	must(w.T, err)
	ctx, cancel := context.WithCancel(w.Context())
	ended := make(chan error, 1)
	if works {
		go func() { ended <- room.Work(ctx, 4) }()
	} else {
		ended <- nil
	}
	stop := sync.OnceFunc(func() {
		cancel()
		<-ended
		_ = room.Close()
	})
	w.Cleanup(stop)
	return &peer{room, stop}
}

// shared is a world on a database that several processes have open.
func shared(t *testing.T, open storetest.Open) *world {
	t.Helper()
	w := &world{T: t, now: time.Now(), log: slog.New(slog.DiscardHandler)}
	w.model = &script{say: func(int, llm.Request) ([]llm.Piece, error) { return words("Because of the missing index."), nil }}
	w.db = open(storetest.Shared)
	w.populate()
	return w
}

// A question asked in one process is answered by another, including the partial
// answers. The same ticket returns the same answer, which is charged once.
func TestAnotherProcessAnswersWhoWaits(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		w := shared(t, open)
		door := w.peer(open(storetest.Shared), false)
		w.peer(open(storetest.Shared), true)
		a := w.question()
		a.Ticket = "one"
		var seen []string
		shown := make(chan struct{})
		w.model.hold = func(ctx context.Context, piece int) {
			if piece == 4 { // until the words so far are seen
				select {
				case <-shown:
				case <-ctx.Done():
				}
			}
		}
		show := func(text string) {
			if seen = append(seen, text); len(seen) == 1 {
				close(shown)
			}
		}
		o, err := door.Ask(t.Context(), a, show)
		must(t, err)
		if o.State != openmates.TurnAnswered || o.Text != "Because of the missing index." || o.Usage.Cost != 200 {
			t.Errorf("%+v", o)
		}
		if len(seen) == 0 || !strings.HasPrefix(o.Text, seen[0]) || len(seen[0]) >= len(o.Text) {
			t.Errorf("it grew by %q", seen)
		}
		for range 3 {
			again, err := door.Ask(t.Context(), a, nil)
			must(t, err)
			if again.Text != o.Text || again.Usage.Cost != o.Usage.Cost {
				t.Errorf("asked again: %+v", again)
			}
		}
		other := a
		other.Text = "and why that?"
		if _, err := door.Ask(t.Context(), other, nil); err != nil {
			t.Error(err)
		}
		if n := len(w.model.requests()); n != 2 {
			t.Errorf("the model was asked %d times", n)
		}
		if w.spent() != 400 {
			t.Errorf("%d are spent", w.spent())
		}
	})
}

// If no worker is available, the caller is told so after the wait. With a
// ticket, the answer is there once a worker runs; without one, it is dropped
// and no model is called. Membership is checked again by then: former members
// are refused.
func TestAQuestionThatNobodyTakesUp(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		w := shared(t, open)
		door := w.peer(open(storetest.Shared), false, func(c *chat.Config) { c.Patience = 10 * time.Millisecond })
		kept := w.question()
		kept.Ticket = "kept"
		ben, err := w.db.AddUser(t.Context(), openmates.User{Username: "ben", DisplayName: "Ben"}, "")
		must(t, err)
		must(t, w.db.AddMember(t.Context(), openmates.Membership{TeamID: w.team.ID, UserID: ben.ID, Role: openmates.RoleMember}))
		bens := kept
		bens.User = ben.ID
		lost := w.question()
		var keys []string
		for _, a := range []chat.Ask{kept, bens, lost} {
			o, err := door.Ask(t.Context(), a, nil)
			if _, pending := errors.AsType[*chat.Pending](err); !pending || openmates.CodeOf(err) != openmates.EUnavailable {
				t.Fatalf("nobody works: %+v, %v", o, err)
			}
			keys = append(keys, o.Key)
		}
		must(t, w.db.RemoveMember(t.Context(), w.team.ID, ben.ID))
		w.peer(open(storetest.Shared), true, func(c *chat.Config) { c.Clock = func() time.Time { return time.Now().Add(time.Minute) } })
		for _, key := range keys {
			w.settles(key)
		}
		o, err := door.Ask(t.Context(), kept, nil)
		if err != nil || o.State != openmates.TurnAnswered {
			t.Errorf("with the ticket: %+v, %v", o, err)
		}
		o, err = door.Ask(t.Context(), bens, nil)
		if err != nil || o.State != openmates.TurnRefused || o.Why != openmates.TroubleNotMember || o.Text != "You aren't a member of the team Acme any more." {
			t.Errorf("who has left the team: %+v, %v", o, err)
		}
		if o := w.settles(keys[2]); o.State != openmates.TurnFailed || o.Text != "" {
			t.Errorf("what nobody waits for: %+v", o)
		}
		if n := len(w.model.requests()); n != 1 || w.spent() != 200 {
			t.Errorf("the model was asked %d times, and %d are spent", n, w.spent())
		}
	})
}

// The answering process is replaced midway. Those waiting elsewhere get one
// answer, which is charged once.
func TestAnAnswerOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		w := shared(t, open)
		door := w.peer(open(storetest.Shared), false)
		first := w.peer(open(storetest.Shared), true)
		begun := make(chan struct{})
		w.model.hold = func(ctx context.Context, piece int) {
			if piece == 2 && len(w.model.requests()) == 1 {
				close(begun)
				<-ctx.Done()
			}
		}
		var o openmates.Outcome
		var err error
		var asked sync.WaitGroup
		asked.Go(func() { o, err = door.Ask(t.Context(), w.question(), nil) })
		<-begun
		first.stop()
		w.peer(open(storetest.Shared), true)
		asked.Wait()
		if err != nil || o.Text != "Because of the missing index." || w.spent() != o.Usage.Cost {
			t.Errorf("%+v, %v; %d are spent", o, err, w.spent())
		}
	})
}

// Nothing of a trial is remembered: what it asked is gone when it ends, and what
// it was answered a while later.
func TestATrialIsForgotten(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.user.Admin = true
	must(t, w.db.SaveUser(t.Context(), w.user))
	a := chat.Ask{Trial: true, Ticket: "one", Team: w.team.ID, User: w.user.ID, Mate: w.mate().ID, Text: "a canary?", Past: []chat.Said{{Question: "a canary!", Answer: "a canary."}}}
	o, err := w.room.Ask(t.Context(), a, nil)
	must(t, err)
	w.jobs.working.Wait()
	holds := func(words string) bool {
		t.Helper()
		turns, err := w.db.OwnTurns(t.Context(), w.user.ID)
		must(t, err)
		return slices.ContainsFunc(turns, func(o identity.OwnTurn) bool { return strings.Contains(o.Question+o.Answer, words) })
	}
	if holds("canary") || !holds("Because") {
		t.Error("the journal holds what was asked, or not what was answered")
	}
	if jobs, _, err := w.db.OpenJobs(t.Context(), 0, 10); err != nil || len(jobs) != 0 {
		t.Errorf("still open: %v, %v", jobs, err)
	}
	if again, err := w.room.Ask(t.Context(), a, nil); err != nil || again.Text != o.Text {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	w.later.Store(int64(16 * time.Minute))
	go func() { ended <- w.room.Sweep(ctx) }()
	polltest.Until(t, "the answer is forgotten", func() bool { return !holds("Because") })
	stop()
	<-ended
	if topics, err := w.db.Topics(t.Context(), w.team.ID, w.user.ID, 5); err != nil || len(topics) != 0 {
		t.Errorf("its topics are %q, %v", topics, err)
	}
}
