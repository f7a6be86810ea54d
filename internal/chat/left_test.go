package chat_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/llm"
	"openmates/internal/polltest"
	"openmates/internal/secret"
	"openmates/internal/store"
)

func (w *world) mate() openmates.Mate {
	w.Helper()
	m, err := w.db.MateByHandle(w.Context(), "sophia")
	must(w.T, err)
	return m
}

func (w *world) question() chat.Ask {
	w.Helper()
	return chat.Ask{Team: w.team.ID, User: w.user.ID, Mate: w.mate().ID, Text: "why?"}
}

// asked asks and returns the final result, even if nobody waited for it.
func (w *world) asked(ctx context.Context, a chat.Ask, show func(string)) (openmates.Outcome, error) {
	o, err := w.room.Ask(ctx, a, show)
	if err != nil {
		w.settles(o.Key)
	}
	return o, err
}

// settles waits until a turn is settled.
func (w *world) settles(key string) (o openmates.Outcome) {
	w.Helper()
	polltest.Until(w.T, "the turn is settled", func() bool {
		was, _, ok, err := w.db.Settled(w.Context(), key)
		must(w.T, err)
		o = was
		return ok
	})
	return o
}

// Forty people leave in the middle of an answer that they can't ask for again.
// Each turn has an end and cost what was written by then; nothing more is held,
// and a budget has room for all that were not asked.
func TestACallThatNobodyWaitsForIsSettled(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(w *world, ctx context.Context) (openmates.Outcome, error){
		"the API": func(w *world, ctx context.Context) (openmates.Outcome, error) {
			return w.asked(ctx, w.question(), nil)
		},
		"the API, streamed": func(w *world, ctx context.Context) (openmates.Outcome, error) {
			return w.asked(ctx, w.question(), func(string) {})
		},
		"a trial": func(w *world, ctx context.Context) (openmates.Outcome, error) {
			return w.asked(ctx, chat.Ask{Trial: true, Team: w.team.ID, User: w.user.ID, Mate: w.mate().ID, Text: "why?"}, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.user.Admin = true
			must(t, w.db.SaveUser(t.Context(), w.user))
			must(t, w.db.SetTeamLimits(t.Context(), w.team.ID, openmates.Limits{PerMonth: 40 * 10_000}))
			ctx, leave := context.WithCancel(t.Context())
			var begun sync.WaitGroup
			begun.Add(40)
			w.model.hold = func(ctx context.Context, piece int) {
				if piece == 3 {
					begun.Done()
					<-ctx.Done()
				}
			}
			var all sync.WaitGroup
			var mu sync.Mutex
			var outcomes []openmates.Outcome
			for range 40 {
				all.Go(func() {
					o, err := ask(w, ctx)
					mu.Lock()
					defer mu.Unlock()
					if outcomes = append(outcomes, o); !errors.Is(err, context.Canceled) {
						t.Errorf("ended with %v", err)
					}
				})
			}
			begun.Wait()
			leave()
			all.Wait()
			question := "why?"
			if name == "a trial" {
				question = "" // nothing of it is remembered
			}
			var sum openmates.Micros
			for _, o := range outcomes {
				got := w.settles(o.Key)
				if got.State != openmates.TurnAnswered || got.Text != "Because of the" || got.Question != question || got.Usage.Cost <= 0 {
					t.Fatalf("settled as %+v", got)
				}
				sum += got.Usage.Cost
			}
			if w.spent() != sum || sum > 40*2000 {
				t.Errorf("%d are spent and held, the turns cost %d", w.spent(), sum)
			}
		})
	}
}

// Who leaves before the first word is in the books too: with an end, and
// without what was only reserved.
func TestACallLeftBeforeTheFirstWord(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx, leave := context.WithCancel(t.Context())
	w.model.hold = func(ctx context.Context, _ int) { leave(); <-ctx.Done() }
	o, err := w.room.Ask(ctx, w.question(), nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	got := w.settles(o.Key)
	if got.State != openmates.TurnFailed || got.Question != "why?" || w.spent() != got.Usage.Cost {
		t.Errorf("settled as %+v; %d are held", got, w.spent())
	}
	if trouble, err := w.db.Troubles(t.Context(), 1); err != nil || len(trouble) != 0 {
		t.Errorf("it is a trouble: %+v, %v", trouble, err)
	}
}

// A temporary database error loses no answer: it is saved on a retry, and no
// more than its cost stays reserved. A question that is given up is closed.
func TestACallThatTheDatabaseFailed(t *testing.T) {
	t.Parallel()
	w := withSkills(setup(t), toolApp(nil)...)
	w.store = &unwell{DB: w.db}
	w.grace(0)
	w.model.say = func(n int, _ llm.Request) ([]llm.Piece, error) {
		if n < 3 { // the second one is of the second attempt
			return wants("Let me look.", call(1, "test_echo", `{}`)), nil
		}
		return words("It is 7."), nil
	}
	o, err := w.room.Ask(t.Context(), w.question(), nil)
	must(t, err)
	if o.State != openmates.TurnAnswered || !strings.HasSuffix(o.Text, "It is 7.") || w.spent() != o.Usage.Cost {
		t.Errorf("settled as %+v; %d are held", o, w.spent())
	}
	w.store = &away{DB: w.db}
	w.grace(0)
	if _, err := w.room.Ask(t.Context(), w.question(), nil); openmates.CodeOf(err) != openmates.EUnavailable {
		t.Errorf("a question that was given up: %v", err)
	}
}

// away is a database that never has the money's tables.
type away struct{ *store.DB }

func (*away) Reserve(context.Context, string, openmates.Usage, []openmates.Layer) error {
	return errors.New("the database is away")
}

func openDB(ctx context.Context, dir string) (*store.DB, error) {
	seal, err := secret.New(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, store.Config{Dir: dir, Seal: seal, Log: slog.New(slog.DiscardHandler)})
}
