package chat_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/llm"
	"openmates/internal/messenger"
	"openmates/internal/queue/dbqueue"
	"openmates/internal/secret"
	"openmates/internal/store"
)

const childEnv = "CHAT_TEST_CHILD"

// TestMain lets the test's binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		if err := child(dir); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func (w *world) mate() openmates.Mate {
	w.Helper()
	m, err := w.db.MateByHandle(w.Context(), "sophia")
	must(w.T, err)
	return m
}

func (w *world) question() chat.Ask {
	w.Helper()
	return chat.Ask{Team: w.team, User: w.user, Role: openmates.RoleMember, Mate: w.mate(), Text: "why?"}
}

// Forty people leave in the middle of an answer. Each turn has an end and cost
// what was written by then; nothing more is held, and a budget has room for all
// that were not asked.
func TestACallThatNobodyWaitsForIsSettled(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(w *world, ctx context.Context) (openmates.Outcome, error){
		"the API": func(w *world, ctx context.Context) (openmates.Outcome, error) {
			return w.room.Process(ctx, w.question())
		},
		"the API, streamed": func(w *world, ctx context.Context) (openmates.Outcome, error) {
			q := w.question()
			q.Show = func(string) {}
			return w.room.Process(ctx, q)
		},
		"a trial": func(w *world, ctx context.Context) (openmates.Outcome, error) {
			return w.room.Try(ctx, chat.Trial{Team: w.team, User: w.user, Mate: w.mate(), Text: "why?"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
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
			var sum openmates.Micros
			for _, o := range outcomes {
				got, _, ok, err := w.db.Settled(t.Context(), o.Key)
				must(t, err)
				if !ok || got.State != openmates.TurnAnswered || got.Text != "Because of the" || got.Question != "why?" || got.Usage.Cost <= 0 {
					t.Fatalf("settled as %+v, %v", got, ok)
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
	w.model.each = func(int, int) { leave() }
	o, err := w.room.Process(ctx, w.question())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	got, _, ok, err := w.db.Settled(t.Context(), o.Key)
	must(t, err)
	if !ok || got.State != openmates.TurnFailed || got.Question != "why?" || w.spent() != got.Usage.Cost {
		t.Errorf("settled as %+v, %v; %d are held", got, ok, w.spent())
	}
	if trouble, err := w.db.Troubles(t.Context(), 1); err != nil || len(trouble) != 0 {
		t.Errorf("it is a trouble: %+v, %v", trouble, err)
	}
}

// A database that fails in the middle costs no more than was spent.
func TestACallThatTheDatabaseFailed(t *testing.T) {
	t.Parallel()
	w := withSkills(setup(t), toolApp(nil)...)
	w.store = &unwell{DB: w.db}
	w.grace(0)
	w.model.say = func(int, llm.Request) ([]llm.Piece, error) {
		return wants("Let me look.", call(1, "test_echo", `{}`)), nil
	}
	o, err := w.room.Process(t.Context(), w.question())
	if err == nil {
		t.Fatal("nothing failed")
	}
	got, _, ok, err := w.db.Settled(t.Context(), o.Key)
	must(t, err)
	if !ok || got.Usage.Cost != 130 || w.spent() != 130 {
		t.Errorf("settled as %+v, %v; %d are held", got, ok, w.spent())
	}
}

// A process is killed while it answers calls of the API. Another one on the same
// database ends their turns when nothing was heard of them for a while, and
// frees what they held; a call that is still being answered is left alone.
func TestMoneyOfAKilledProcessIsFreed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	for n := 0; n < 3 && lines.Scan(); n++ {
		if lines.Text() != "asked" {
			t.Fatal(lines.Text())
		}
	}
	must(t, cmd.Process.Kill())
	_ = cmd.Wait()

	db, err := openDB(t.Context(), dir)
	must(t, err)
	defer db.Close()
	team, err := db.TeamBySlug(t.Context(), "acme")
	must(t, err)
	user, err := db.UserByName(t.Context(), "ada")
	must(t, err)
	spent := func(now time.Time) openmates.Micros {
		_, sum, err := db.SpentBy(t.Context(), team.ID, user.ID, now)
		must(t, err)
		return sum
	}
	now := time.Now()
	held := spent(now)
	if held < 3*8000 {
		t.Fatalf("%d are held", held)
	}
	if n, err := db.EndTurns(t.Context(), now, 100); err != nil || n != 0 {
		t.Errorf("%d turns of a process that may live were ended, %v", n, err)
	}
	ended := make(chan int, 1)
	jobs, err := dbqueue.New(dbqueue.Config{Journal: db, Lease: db, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	room, err := chat.New(chat.Config{
		Store: &ending{DB: db, ended: ended}, Queue: jobs, Connectors: map[openmates.Network]messenger.Connector{},
		Log: slog.New(slog.DiscardHandler), Clock: func() time.Time { return now.Add(3 * time.Minute) },
		Currency: func(context.Context) (string, error) { return "USD", nil },
		Model: func(context.Context, openmates.Mate) (llm.Choice, error) {
			return llm.Choice{}, openmates.Errorf(openmates.ENotFound, "none")
		},
	})
	must(t, err)
	defer room.Close()
	ctx, end := context.WithCancel(t.Context())
	swept := make(chan error)
	go func() { swept <- room.Sweep(ctx) }()
	if n := <-ended; n != 3 {
		t.Errorf("%d turns were ended", n)
	}
	end()
	<-swept
	// What was sent by then is paid for; what was to be written is not.
	if got := spent(now); got <= 0 || got >= held-3*7999 {
		t.Errorf("of %d, %d are still spent", held, got)
	}
	turns, err := db.OwnUsage(t.Context(), user.ID)
	must(t, err)
	if len(turns) != 3 {
		t.Errorf("%d turns are in the books", len(turns))
	}
}

// ending is a database that tells of the turns that it ended.
type ending struct {
	*store.DB
	ended chan int
}

func (e *ending) EndTurns(ctx context.Context, now time.Time, n int) (int, error) {
	n, err := e.DB.EndTurns(ctx, now, n)
	select {
	case e.ended <- n:
	default:
	}
	return n, err
}

func openDB(ctx context.Context, dir string) (*store.DB, error) {
	seal, err := secret.New(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, store.Config{Dir: dir, Seal: seal, Log: slog.New(slog.DiscardHandler)})
}

// child asks three times and is answered never.
func child(dir string) error {
	ctx := context.Background()
	db, err := openDB(ctx, dir)
	if err != nil {
		return err
	}
	team, err := db.AddTeam(ctx, openmates.Team{Slug: "acme", Name: "Acme"})
	if err != nil {
		return err
	}
	user, err := db.AddUser(ctx, openmates.User{Username: "ada", DisplayName: "Ada"}, "")
	if err != nil {
		return err
	}
	if err := db.AddMember(ctx, openmates.Membership{TeamID: team.ID, UserID: user.ID, Role: openmates.RoleMember}); err != nil {
		return err
	}
	mate, err := db.SaveMate(ctx, openmates.Mate{Handle: "sophia", Name: "Sophia", Prompt: strings.Repeat("You like tests. ", 10)})
	if err != nil {
		return err
	}
	jobs, err := dbqueue.New(dbqueue.Config{Journal: db, Lease: db, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	room, err := chat.New(chat.Config{
		Store: db, Queue: jobs, Connectors: map[openmates.Network]messenger.Connector{}, Log: slog.New(slog.DiscardHandler),
		Currency: func(context.Context) (string, error) { return "USD", nil },
		Model: func(context.Context, openmates.Mate) (llm.Choice, error) {
			return llm.Choice{Name: "test/one", Model: hanging{}, Price: openmates.Price{Input: 1_000_000, Output: 2_000_000}}, nil
		},
	})
	if err != nil {
		return err
	}
	for range 3 {
		go func() {
			_, err := room.Process(ctx, chat.Ask{Team: team, User: user, Role: openmates.RoleMember, Mate: mate, Text: "why?"})
			fmt.Println("error:", err)
		}()
	}
	select {}
}

// hanging is a model that says nothing for ever.
type hanging struct{}

func (hanging) Stream(context.Context, llm.Request) iter.Seq2[llm.Piece, error] {
	return func(func(llm.Piece, error) bool) {
		fmt.Println("asked")
		select {}
	}
}
