package chat_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/queue"
	"openmates/internal/store"
)

// spent is what the team has spent and reserved in this month.
func (w *world) spent() openmates.Micros {
	w.Helper()
	_, team, err := w.db.SpentBy(w.Context(), w.team.ID, w.user.ID, w.now)
	must(w.T, err)
	return team
}

// oneLongCall has the model say a text and use a skill that brings back 7,500
// tokens; then it answers.
func oneLongCall(text string) func(n int, req llm.Request) ([]llm.Piece, error) {
	return func(n int, _ llm.Request) ([]llm.Piece, error) {
		if n == 1 {
			return wants(text, call(1, "test_long", `{}`)), nil
		}
		return words("It is 7."), nil
	}
}

// One round costs at most about 9,000, the second one 7,500 more.
const (
	carriesOne openmates.Micros = 12_000
	carriesTwo openmates.Micros = 30_000
)

func TestARoundThatTheMoneyDoesNotReachForIsNotAsked(t *testing.T) {
	t.Parallel()
	used := func(layer string) string {
		switch layer {
		case "Ada":
			return "You have used up your budget for this month in Acme. A team admin can raise it; it resets on 1 December."
		case "the team Acme":
			return "The budget of the team Acme for this month is used up. A team admin can raise it; it resets on 1 December."
		}
		return "The budget of " + layer + " for this month is used up. A server admin can raise it; it resets on 1 December."
	}
	for layer, set := range map[string]func(w *world, l openmates.Limits){
		"the server": func(w *world, l openmates.Limits) { must(w.T, w.db.SetServerLimits(w.Context(), l)) },
		"the mate Sophia": func(w *world, l openmates.Limits) {
			mate, err := w.db.MateByHandle(w.Context(), "sophia")
			must(w.T, err)
			mate.Limits = l
			_, err = w.db.SaveMate(w.Context(), mate)
			must(w.T, err)
		},
		"the team Acme": func(w *world, l openmates.Limits) { must(w.T, w.db.SetTeamLimits(w.Context(), w.team.ID, l)) },
		"Ada": func(w *world, l openmates.Limits) {
			must(w.T, w.db.SetMemberLimits(w.Context(), w.team.ID, w.user.ID, l))
		},
	} {
		for _, c := range []struct {
			money      openmates.Micros
			text, want string
			asked      int
			state      openmates.TurnState
			why        openmates.Trouble
		}{
			{carriesOne, "", "I used my skills, but can't write the answer. " + used(layer), 1, openmates.TurnRefused, openmates.TroubleMoney},
			{carriesOne, "Let me look.", "Let me look.\n\n*I stopped here before my next step. " + used(layer) + "*", 1, openmates.TurnAnswered, ""},
			{carriesTwo, "Let me look.", "Let me look.\n\nIt is 7.", 2, openmates.TurnAnswered, ""},
		} {
			w := withSkills(setup(t), toolApp(nil)...)
			set(w, openmates.Limits{PerMonth: c.money})
			w.model.say = oneLongCall(c.text)
			j := w.deliver(w.message("what is it?"))
			must(t, w.room.Reply(t.Context(), j))
			if got := w.only(); got != c.want {
				t.Errorf("%s, %d: posted %q, want %q", layer, c.money, got, c.want)
			}
			o, _, _, err := w.db.Settled(t.Context(), j.Key)
			must(t, err)
			cost := openmates.Micros(130) // the first round
			if c.asked == 2 {
				cost += 200
			}
			if n := len(w.model.requests()); n != c.asked || o.State != c.state || o.Usage.Cost != cost || w.spent() != cost {
				t.Errorf("%s, %d: %d rounds, settled as %+v, %d are spent", layer, c.money, n, o, w.spent())
			}
			if trouble, err := w.db.Troubles(t.Context(), 1); err != nil || (len(trouble) == 1) != (c.why != "") {
				t.Errorf("%s, %d: %+v, %v", layer, c.money, trouble, err)
			}
		}
	}
}

// While a round is written, it and what was spent before are reserved.
func TestEachRoundIsReserved(t *testing.T) {
	t.Parallel()
	w := withSkills(setup(t), toolApp(nil)...)
	var held []int64
	w.model.say = func(n int, req llm.Request) ([]llm.Piece, error) {
		held = append(held, int64(w.spent())-int64(llm.Estimate(req)+8000))
		if n < 4 {
			return wants("", call(n, "test_long", `{}`)), nil
		}
		return words("It is 7."), nil
	}
	must(t, w.ask(w.message("what is it?")))
	if got := fmt.Sprint(held); got != "[0 130 260 390]" {
		t.Errorf("beside the next round are held %s", got)
	}
}

// An answer that broke off was paid for; asking again is one more call.
func TestAnAttemptThatTheMoneyDoesNotReachForIsNotMade(t *testing.T) {
	t.Parallel()
	cut := func(int, llm.Request) ([]llm.Piece, error) {
		return []llm.Piece{{Text: "It is"}}, &llm.Error{Kind: llm.KindCut, Err: errors.New("cut")}
	}
	w := setup(t)
	w.model.say = cut
	must(t, w.ask(w.message("what is it?")))
	if n := len(w.model.requests()); n != 2 {
		t.Fatalf("without limits it is asked %d times", n)
	}
	once := openmates.Micros(llm.Estimate(w.model.requests()[0]))

	w = setup(t)
	w.model.say = cut
	must(t, w.db.SetTeamLimits(t.Context(), w.team.ID, openmates.Limits{PerMonth: once + 8000 + once/2}))
	must(t, w.ask(w.message("what is it?")))
	if n := len(w.model.requests()); n != 1 || !strings.HasPrefix(w.only(), "It is\n\n*I stopped here before my next step. The budget of the team Acme") {
		t.Errorf("asked %d times, posted %q", n, w.only())
	}
}

// If the process is killed between two rounds, the turn is restarted and keeps
// its reservation.
func TestAKillBetweenRoundsLosesNoMoney(t *testing.T) {
	t.Parallel()
	for _, money := range []openmates.Micros{carriesOne, carriesTwo} {
		w := withSkills(setup(t), toolApp(nil)...)
		must(t, w.db.SetTeamLimits(t.Context(), w.team.ID, openmates.Limits{PerMonth: money}))
		ctx, kill := context.WithCancel(t.Context())
		w.model.say = func(n int, req llm.Request) ([]llm.Piece, error) {
			switch n {
			case 1:
				return wants("", call(1, "test_echo", `{}`)), nil
			case 2:
				kill()
			case 3:
				return oneLongCall("")(1, req)
			}
			return words("It is 7."), nil
		}
		j := w.deliver(w.message("what is it?"))
		if err := w.room.Reply(ctx, j); !errors.Is(err, context.Canceled) {
			t.Fatalf("the first attempt ended with %v", err)
		}
		if held := w.spent(); held < 8000 || held > money {
			t.Errorf("after the kill %d are reserved", held)
		}
		j.Again = true
		must(t, w.room.Reply(t.Context(), j))
		want, cost := "It is 7.", openmates.Micros(330)
		if money == carriesOne {
			want, cost = "I used my skills, but can't write the answer. The budget of the team Acme", 130
		}
		if got := w.only(); !strings.HasPrefix(got, want) || w.spent() != cost {
			t.Errorf("posted %q, %d are spent", got, w.spent())
		}
	}
}

// unwell is a database that fails at the second reservation.
type unwell struct {
	*store.DB
	n int
}

func (u *unwell) Reserve(ctx context.Context, key string, usage openmates.Usage, layers []openmates.Layer) error {
	if u.n++; u.n == 2 {
		return errors.New("the database is away")
	}
	return u.DB.Reserve(ctx, key, usage, layers)
}

// A database that fails between two rounds is no trouble of the model: nothing
// is said, and the turn is worked off again.
func TestADatabaseThatFailsBetweenRounds(t *testing.T) {
	t.Parallel()
	w := withSkills(setup(t), toolApp(nil)...)
	w.store = &unwell{DB: w.db}
	w.grace(0)
	w.model.say = func(n int, _ llm.Request) ([]llm.Piece, error) {
		if n%2 == 1 {
			return wants("", call(1, "test_echo", `{}`)), nil
		}
		return words("It is 7."), nil
	}
	j := w.deliver(w.message("what is it?"))
	if err := w.room.Reply(t.Context(), j); err == nil || queue.IsDrop(err) || len(w.net.Posts()) != 0 {
		t.Errorf("the first attempt ended with %v and said %v", err, w.net.Posts())
	}
	w.model.asked = nil
	j.Again = true
	must(t, w.room.Reply(t.Context(), j))
	if got := w.only(); got != "It is 7." {
		t.Errorf("posted %q", got)
	}
}
