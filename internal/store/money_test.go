package store_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"openmates"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

// amounts are what a price, a provider or a mistake can make of a cost.
var amounts = rapid.OneOf(
	rapid.SampledFrom([]openmates.Micros{
		math.MinInt64, -openmates.MostMicros, -1_000_000, -1, 0, 1, 50, 1_000_000,
		openmates.MostMicros - 1, openmates.MostMicros, openmates.MostMicros + 1, math.MaxInt64,
	}),
	rapid.Map(rapid.IntRange(-500, 500), func(n int) openmates.Micros { return openmates.Micros(n) }),
)

// books are what the database should know of a month.
type books struct {
	rows    map[string]openmates.Micros // by turn: what is reserved or was spent
	settled map[string]bool
}

func (b *books) sum() (sum openmates.Micros) {
	for _, cost := range b.rows {
		sum = sum.Plus(cost)
	}
	return sum
}

// Whatever is reserved and settled, in any order and number: no sum is ever
// below 0 or below what is known, none overflows, settled amounts stay, and
// every layer's budget holds.
func TestNoCostBringsTheBooksOutOfOrder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db := open()
		month := 0
		rapid.Check(t, func(rt *rapid.T) {
			month++
			at := time.Date(2026, time.Month(month), 15, 0, 0, 0, 0, time.UTC)
			u := openmates.Usage{TeamID: 11, UserID: 12, MateID: 13, Model: "a/b", At: at}
			scopes := []string{"server", "mate:" + u.MateID.String(), "team:" + u.TeamID.String(), "mate:" + u.TeamID.String() + ":" + u.MateID.String(), "member:" + u.TeamID.String() + ":" + u.UserID.String()}
			limit := openmates.Micros(rapid.SampledFrom([]int64{0, 100, 1000, int64(openmates.MostMicros)}).Draw(rt, "limit"))
			layers := []openmates.Layer{{Scope: openmates.CounterName(rapid.SampledFrom(scopes).Draw(rt, "scope")), Limits: openmates.Limits{PerMonth: limit}}}
			b := &books{rows: map[string]openmates.Micros{}, settled: map[string]bool{}}
			for i := range rapid.IntRange(1, 12).Draw(rt, "steps") {
				key := fmt.Sprintf("%d-%d", month, rapid.IntRange(0, 3).Draw(rt, "turn"))
				u.Cost, u.Sent = amounts.Draw(rt, "cost"), amounts.Draw(rt, "sent")
				if i == 0 || rapid.Bool().Draw(rt, "reserve") {
					b.reserve(t, rt, db, key, u, layers)
				} else {
					b.settle(t, rt, db, key, u)
				}
				b.check(t, rt, db, u)
			}
		})
	})
}

func (b *books) reserve(t *testing.T, rt *rapid.T, db *store.DB, key string, u openmates.Usage, layers []openmates.Layer) {
	before := b.sum()
	was := b.rows[key]
	now := max(was, u.Cost.Plus(0))
	_, known := b.rows[key]
	err := db.Reserve(t.Context(), key, u, layers)
	_, over := errors.AsType[*openmates.LimitError](err)
	switch {
	case b.settled[key] || known && now == was:
		if err != nil {
			rt.Fatalf("a reservation that changes nothing: %v", err)
		}
		return
	case err == nil:
		b.rows[key] = now
	case !over:
		rt.Fatalf("reserve %d: %v", u.Cost, err)
	}
	if limit := layers[0].Limits.PerMonth; limit > 0 && over == (before-was+now <= limit) && before < openmates.MostMicros && before-was+now < openmates.MostMicros {
		rt.Fatalf("reserve %d beside %d within %d: %v", now, before-was, limit, err)
	}
}

func (b *books) settle(t *testing.T, rt *rapid.T, db *store.DB, key string, u openmates.Usage) {
	if !b.settled[key] {
		addJob(t, db, key, "lane")
		b.rows[key] = u.Cost.Plus(0)
	}
	if b.settled[key] && rapid.Bool().Draw(rt, "another time") {
		return
	}
	u.Input, u.Cached, u.Output = int(u.Cost), int(u.Sent), -int(u.Cost%1000)
	ok(t, db.Settle(t.Context(), openmates.Outcome{Key: key, State: openmates.TurnAnswered, Usage: u}))
	b.settled[key] = true
}

func (b *books) check(t *testing.T, rt *rapid.T, db *store.DB, u openmates.Usage) {
	want := b.sum()
	mine, team, err := db.SpentBy(t.Context(), u.TeamID, u.UserID, u.At)
	ok(t, err)
	asker, err := db.AskerMonth(t.Context(), u.TeamID, u.UserID, u.MateID, u.At)
	ok(t, err)
	byMate, err := db.SpentInMonth(t.Context(), u.At)
	ok(t, err)
	_, err = db.TeamMonth(t.Context(), u.TeamID, u.At)
	ok(t, err)
	all, err := db.Month(t.Context(), u.At)
	ok(t, err)
	for _, got := range []openmates.Micros{mine, team, asker.Spent, asker.Team, asker.Mate, byMate[u.MateID], all.Cost} {
		if got != want && (want < openmates.MostMicros || got < want) {
			rt.Fatalf("the books say %d, it was %d", got, want)
		}
	}
}

// What an older version wrote into the books is repaired when the schema is
// brought up to date, and from then on the database itself refuses it.
func TestBooksThatWereWrongAreRepaired(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		var c store.Config
		db := open(func(conf *store.Config) { c = *conf })
		ok(t, db.Close())
		at := time.Date(2026, 11, 15, 0, 0, 0, 0, time.UTC)
		for _, text := range oldBooks {
			ok(t, storetest.Exec(t, c, text))
		}
		for key, cost := range map[string]int64{"below": -7_989_989, "wrapped": math.MinInt64, "right": 500, "beyond": math.MaxInt64} {
			ok(t, storetest.Exec(t, c, fmt.Sprintf(`INSERT INTO usage (turn, team_id, user_id, mate_id, model, input, cached, output, cost, settled, at)
				VALUES ('%s', 11, 12, 13, 'a/b', -5, -5, -1000000, %d, TRUE, %d)`, key, cost, at.UnixMilli())))
		}
		ok(t, storetest.Exec(t, c, `INSERT INTO counters (scope, period, cost) VALUES ('server', '2026-11', -7989989)`))
		text, err := os.ReadFile(filepath.Join("migrations", "0012_money.sql"))
		ok(t, err)
		words := string(text)
		if c.URL != "" { // as sqldb does it for PostgreSQL
			words = strings.ReplaceAll(words, ") WITHOUT ROWID;", ");")
		}
		ok(t, storetest.Exec(t, c, words))

		db = open()
		server := []openmates.Layer{{Scope: "server", Limits: openmates.Limits{PerMonth: 1_000_000_000_000_000}}}
		_, spent, err := db.SpentBy(t.Context(), 11, 12, at)
		ok(t, err)
		if spent < openmates.MostMicros || spent > openmates.MostMicros+500 {
			t.Errorf("%d are spent", spent)
		}
		err = db.Reserve(t.Context(), "next", openmates.Usage{TeamID: 11, UserID: 12, MateID: 13, At: at, Cost: 1_000_000}, server)
		if _, over := errors.AsType[*openmates.LimitError](err); !over {
			t.Errorf("what was below zero gives room again: %v", err)
		}
		ok(t, db.Close())
		for _, text := range []string{
			`UPDATE usage SET cost = -1`, `UPDATE usage SET output = -1`, `UPDATE usage SET sent = -1`, `UPDATE usage SET cost = 1000000000000000001`,
			`INSERT INTO counters (scope, period, cost) VALUES ('x', 'y', -1)`, `INSERT INTO counters (scope, period, requests) VALUES ('x', 'y', -1)`,
		} {
			if err := storetest.Exec(t, c, text); err == nil {
				t.Errorf("the database took %s", text)
			}
		}
	})
}

// oldBooks restores the schema from before the checks.
var oldBooks = []string{
	`DROP TABLE usage`, `DROP TABLE counters`,
	`CREATE TABLE usage (turn TEXT PRIMARY KEY, team_id BIGINT NOT NULL, user_id BIGINT NOT NULL, mate_id BIGINT NOT NULL, model TEXT NOT NULL,
		input BIGINT NOT NULL DEFAULT 0, cached BIGINT NOT NULL DEFAULT 0, output BIGINT NOT NULL DEFAULT 0, cost BIGINT NOT NULL DEFAULT 0,
		settled BOOLEAN NOT NULL DEFAULT FALSE, at BIGINT NOT NULL)`,
	`CREATE INDEX usage_at ON usage (at)`,
	`CREATE TABLE counters (scope TEXT NOT NULL, period TEXT NOT NULL, started BIGINT NOT NULL DEFAULT 0, requests BIGINT NOT NULL DEFAULT 0,
		cost BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (scope, period))`,
}

// Reservations of turns that ended without being settled, or that are no longer
// in the journal, are released except for what was certainly spent. Turns in
// progress keep theirs.
func TestMoneyThatNobodyHoldsIsFreed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx, now := open(), t.Context(), time.Now()
		u := openmates.Usage{TeamID: 11, UserID: 12, MateID: 13, Model: "a/b", At: now, Cost: 100, Sent: 30}
		server := []openmates.Layer{{Scope: "server", Limits: openmates.Limits{PerMonth: 1000}}}
		hold := func(key string) { t.Helper(); ok(t, db.Reserve(ctx, key, u, server)) }
		addJob(t, db, "open", "lane")
		hold("open")
		addJob(t, db, "growing", "lane")
		hold("growing")
		ok(t, db.Grow(ctx, "growing", "The first"))
		addJob(t, db, "dropped", "lane")
		hold("dropped")
		ok(t, db.CloseJob(ctx, "dropped", "dropped"))
		addJob(t, db, "poor", "lane") // it never came to reserving
		ok(t, db.CloseJob(ctx, "poor", "dropped"))
		hold("pruned") // its turn is in the journal no more
		addJob(t, db, "answered", "lane")
		hold("answered")
		ok(t, db.Settle(ctx, openmates.Outcome{Key: "answered", State: openmates.TurnAnswered, Usage: openmates.Usage{TeamID: 11, UserID: 12, MateID: 13, Model: "a/b", At: now, Cost: 77}}))

		n, err := db.FreeHeld(ctx, 100)
		ok(t, err)
		if n != 2 {
			t.Errorf("%d were freed", n)
		}
		if n, err := db.FreeHeld(ctx, 100); err != nil || n != 0 {
			t.Errorf("%d were freed twice, %v", n, err)
		}
		costs := map[string]openmates.Micros{}
		for _, key := range []string{"open", "growing", "dropped", "pruned", "poor", "answered"} {
			o, _, ended, err := db.Settled(ctx, key)
			ok(t, err)
			if want := slices.Contains([]string{"poor", "dropped", "answered"}, key); ended != want {
				t.Errorf("%s: ended %v as %+v", key, ended, o)
			}
			costs[key] = o.Usage.Cost
		}
		if costs["dropped"] != 30 || costs["poor"] != 0 || costs["answered"] != 77 {
			t.Errorf("they cost %v", costs)
		}
		// 30 each for dropped and pruned, 100 each for open and growing, 77.
		_, spent, err := db.SpentBy(ctx, 11, 12, now)
		ok(t, err)
		if spent != 2*30+2*100+77 {
			t.Errorf("%d are spent and held", spent)
		}
		u.Cost = 1000 - spent
		ok(t, db.Reserve(ctx, "last", u, server))
		u.Cost = 1
		if err := db.Reserve(ctx, "one more", u, server); err == nil {
			t.Error("the counter has room that the books haven't")
		}
		// A turn that was given up stays ended.
		ok(t, db.Settle(ctx, openmates.Outcome{Key: "dropped", State: openmates.TurnAnswered, Usage: openmates.Usage{Cost: 60}}))
		if o, _, _, err := db.Settled(ctx, "dropped"); err != nil || o.Usage.Cost != 30 {
			t.Errorf("it was settled again as %+v, %v", o, err)
		}
	})
}
