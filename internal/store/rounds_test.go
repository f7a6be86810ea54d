package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"openmates"
	"openmates/internal/queue"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

// TestRoundsNeverOverdraw races turns of several rounds over two connections,
// killing and restarting some. At any moment, spent and reserved money never
// exceed any layer's budget, and in the end exactly the rest is left.
func TestRoundsNeverOverdraw(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		dbs := []*store.DB{open(), open()}
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			// A month of its own, so that nothing counts for two checks.
			b := budget{dbs: dbs, n: n, at: time.Date(2026, time.Month(n), 15, 0, 0, 0, 0, time.UTC), limits: map[string]openmates.Micros{}}
			for _, scope := range b.scopes(0) {
				b.limits[scope] = openmates.Micros(rapid.IntRange(0, 120).Draw(rt, scope))
			}
			b.limits[b.scopes(1)[3]] = openmates.Micros(rapid.IntRange(0, 120).Draw(rt, "the second member"))
			var all sync.WaitGroup
			for i, p := range rapid.SliceOfN(rapid.Custom(drawTurn), 1, 8).Draw(rt, "turns") {
				addJob(t, dbs[0], b.key(i), "lane")
				all.Go(func() { b.play(t, i, p) })
			}
			all.Wait()
			b.check(t, 0)
			b.check(t, 1)
			b.probe(t)
		})
	})
}

// plannedTurn is what a turn will do: who asks, what each round is expected to
// cost and then costs, and in which round its first worker dies.
type plannedTurn struct {
	who    int
	rounds [][2]openmates.Micros
	killed int
}

func drawTurn(t *rapid.T) plannedTurn {
	p := plannedTurn{who: rapid.IntRange(0, 1).Draw(t, "who"), killed: rapid.IntRange(-3, 4).Draw(t, "killed")}
	for range rapid.IntRange(1, 5).Draw(t, "rounds") {
		expected := rapid.IntRange(0, 25).Draw(t, "expected")
		p.rounds = append(p.rounds, [2]openmates.Micros{openmates.Micros(expected), openmates.Micros(rapid.IntRange(0, expected).Draw(t, "real"))})
	}
	return p
}

type budget struct {
	dbs    []*store.DB
	n      int
	at     time.Time
	limits map[string]openmates.Micros // by scope; 0 = none
}

func (b *budget) key(i int) string { return fmt.Sprintf("%d-%d", b.n, i) }

func (b *budget) usage(who int) openmates.Usage {
	return openmates.Usage{TeamID: openmates.ID(1000 + b.n), UserID: openmates.ID(who + 1), MateID: 7, Model: "a/b", At: b.at}
}

// scopes are those of who, widest first.
func (b *budget) scopes(who int) []string {
	u := b.usage(who)
	return []string{"server", "mate:7", "team:" + u.TeamID.String(), fmt.Sprintf("member:%s:%s", u.TeamID, u.UserID)}
}

func (b *budget) layers(who int) (all []openmates.Layer) {
	for _, scope := range b.scopes(who) {
		if l := b.limits[scope]; l > 0 {
			all = append(all, openmates.Layer{Scope: openmates.CounterName(scope), Limits: openmates.Limits{PerMonth: l}})
		}
	}
	return all
}

// play does what the chat does for a turn. After a kill, another worker
// restarts it.
func (b *budget) play(t *testing.T, i int, p plannedTurn) {
	if p.killed < 0 || !b.work(t, i, p, p.killed) {
		b.work(t, i, p, len(p.rounds))
	}
}

// work settles the turn, unless it is killed before some round.
func (b *budget) work(t *testing.T, i int, p plannedTurn, killed int) (settled bool) {
	db, u := b.dbs[i%2], b.usage(p.who)
	for n, round := range p.rounds {
		if n == killed {
			return false
		}
		next := u
		next.Cost += round[0]
		err := db.Reserve(t.Context(), b.key(i), next, b.layers(p.who))
		b.check(t, p.who)
		if _, over := errors.AsType[*openmates.LimitError](err); over {
			break
		}
		if err != nil {
			t.Error(err)
			return true
		}
		u.Cost += round[1]
	}
	if u.Cost == 0 {
		u = openmates.Usage{}
	}
	if err := db.Settle(t.Context(), openmates.Outcome{Key: b.key(i), State: openmates.TurnAnswered, Usage: u}); err != nil {
		t.Error(err)
	}
	if err := db.CloseJob(t.Context(), b.key(i), queue.Done); err != nil {
		t.Error(err)
	}
	return true
}

// check holds what is spent and reserved at this moment against the limits.
func (b *budget) check(t *testing.T, who int) {
	u, scopes := b.usage(who), b.scopes(who)
	mine, team, err := b.dbs[who].SpentBy(t.Context(), u.TeamID, u.UserID, b.at)
	if err != nil {
		t.Error(err)
	}
	// All that is spent in this month is this team's and this mate's.
	for n, spent := range []openmates.Micros{team, team, team, mine} {
		if l := b.limits[scopes[n]]; l > 0 && spent > l {
			t.Errorf("%s: %d of %d are spent and reserved", scopes[n], spent, l)
		}
	}
}

// probe asks each layer for one millionth more than it has left, and then for
// exactly that: the running sums are what was used.
func (b *budget) probe(t *testing.T) {
	for _, who := range []int{0, 1} {
		u := b.usage(who)
		for n, scope := range b.scopes(who) {
			if b.limits[scope] == 0 || who == 1 && n < 3 {
				continue
			}
			mine, team, err := b.dbs[0].SpentBy(t.Context(), u.TeamID, u.UserID, b.at)
			ok(t, err)
			left := b.limits[scope] - team
			if n == 3 {
				left = b.limits[scope] - mine
			}
			for _, extra := range []openmates.Micros{1, 0} {
				key := fmt.Sprintf("%s-probe-%d", scope, b.n)
				u.Cost = left + extra
				err := b.dbs[0].Reserve(t.Context(), key, u, []openmates.Layer{{Scope: openmates.CounterName(scope), Limits: openmates.Limits{PerMonth: b.limits[scope]}}})
				if (err == nil) != (extra == 0) {
					t.Errorf("%s: %d are left of %d, and %d can be had: %v", scope, left, b.limits[scope], u.Cost, err)
				}
			}
			addJob(t, b.dbs[0], fmt.Sprintf("%s-probe-%d", scope, b.n), "probe")
			ok(t, b.dbs[0].Settle(t.Context(), openmates.Outcome{Key: fmt.Sprintf("%s-probe-%d", scope, b.n), State: openmates.TurnRefused}))
		}
	}
}
