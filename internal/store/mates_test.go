package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"openmates"
	"openmates/internal/mate"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

func TestMateVersions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
		db, ctx := open(storetest.Clock(func() time.Time { return now })), t.Context()
		m, err := db.ChangeMate(ctx, openmates.Mate{Handle: "sophia", Name: "Sophia", Prompt: "one", Class: openmates.ClassDeep,
			Limits: openmates.Limits{Apps: openmates.OnlyThese("web")}}, 7)
		ok(t, err)
		same(t, []any{m.Enabled, m.Version}, []any{true, int64(1)})
		now = now.Add(time.Hour)
		second := m
		second.Prompt, second.Enabled = "two\n\x00<b>", false
		second, err = db.ChangeMate(ctx, second, 8)
		ok(t, err)
		same(t, second.Version, int64(2))

		stale := m
		stale.Prompt = "over the other's"
		_, err = db.ChangeMate(ctx, stale, 9)
		changed, found := errors.AsType[*mate.ChangedError](err)
		if !found || *changed != (mate.ChangedError{Name: m.Name, Version: second.Version}) {
			t.Errorf("got %v for a stale version", err)
		}
		saved, err := db.SaveMate(ctx, stale) // the server itself is not asked for a version
		ok(t, err)
		same(t, saved.Version, int64(3))
		_, err = db.ChangeMate(ctx, openmates.Mate{ID: 5, Handle: "x", Prompt: "x"}, 9)
		want(t, err, openmates.ENotFound)
		_, err = db.ChangeMate(ctx, openmates.Mate{Handle: "sophia", Prompt: "x"}, 9)
		is(t, err, mate.ErrHandleTaken)

		all, err := db.MateVersions(ctx, m.ID)
		ok(t, err)
		same(t, len(all), 3)
		same(t, []openmates.ID{all[0].Actor, all[1].Actor, all[2].Actor}, []openmates.ID{0, 8, 7})
		same(t, all[2], openmates.MateVersion{Mate: m, Actor: 7, At: now.Add(-time.Hour)})
		one, err := db.MateVersion(ctx, m.ID, 1)
		ok(t, err)
		same(t, one.Mate, m)
		_, err = db.MateVersion(ctx, m.ID, 4)
		is(t, err, mate.ErrNoVersion)
		got, err := db.MateByHandle(ctx, "sophia")
		ok(t, err)
		same(t, got, saved)
	})
}

// Each save keeps what was saved, in order and for ever.
func TestVersionsFollowTheModel(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			m, err := db.ChangeMate(ctx, openmates.Mate{Handle: fmt.Sprint("m", round), Prompt: "first"}, 1)
			ok(t, err)
			kept := []openmates.Mate{m}
			for range rapid.IntRange(0, 6).Draw(rt, "saves") {
				from := kept[rapid.IntRange(0, len(kept)-1).Draw(rt, "from")]
				from.Prompt = rapid.StringMatching(`[a-z <>&"']{1,9}`).Draw(rt, "prompt")
				from.Enabled = rapid.Bool().Draw(rt, "enabled")
				saved, err := db.ChangeMate(ctx, from, 1)
				switch newest := kept[len(kept)-1].Version; {
				case from.Version == newest && err != nil:
					rt.Fatal(err)
				case from.Version != newest && openmates.CodeOf(err) != openmates.EConflict:
					rt.Fatalf("version %d was changed while %d is the newest: %v", from.Version, newest, err)
				case err == nil:
					kept = append(kept, saved)
				}
			}
			all, err := db.MateVersions(ctx, m.ID)
			ok(t, err)
			if len(all) != len(kept) {
				rt.Fatalf("%d versions of %d saves", len(all), len(kept))
			}
			for i, v := range all {
				if k := kept[len(kept)-1-i]; v.Mate.Prompt != k.Prompt || v.Mate.Version != k.Version || v.Mate.Enabled != k.Enabled {
					rt.Fatalf("kept %+v, want %+v", v.Mate, k)
				}
			}
		})
	})
}

func TestListeningBots(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		server, err := db.SaveBot(ctx, openmates.Bot{Network: "discord", AppID: "server"})
		ok(t, err)
		for _, step := range []struct{ enabled, archived, listens bool }{
			{true, false, true}, {false, false, false}, {true, true, false}, {false, true, false}, {true, false, true},
		} {
			w.Mate.Enabled, w.Mate.Archived = step.enabled, step.archived
			w.Mate, err = db.SaveMate(ctx, w.Mate)
			ok(t, err)
			var got []openmates.ID
			bots, err := db.ListeningBots(ctx)
			ok(t, err)
			for _, b := range bots {
				got = append(got, b.ID)
			}
			wanted := []openmates.ID{server.ID}
			if step.listens {
				wanted = []openmates.ID{w.Bot.ID, server.ID}
			}
			same(t, got, wanted)
		}
	})
}

// A mate's limits on the server hold over all teams, those of the mate within a
// team within that one.
func TestAMatesLimitsHoldOverAllTeams(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		now := time.Date(2026, 5, 1, 12, 0, 30, 0, time.UTC)
		db, ctx := open(storetest.Clock(func() time.Time { return now })), t.Context()
		n := 0
		reserve := func(team openmates.ID, layers ...openmates.Layer) error {
			n++
			key := fmt.Sprint(n)
			addJob(t, db, key, "lane")
			return db.Reserve(ctx, key, openmates.Usage{TeamID: team, UserID: 3, MateID: 9, Cost: 10}, layers)
		}
		money := openmates.Layer{Scope: "mate:9", Limits: openmates.Limits{PerMonth: 30}}
		inTeam := openmates.Layer{Scope: "mate:7:9", Limits: openmates.Limits{PerMonth: 15}}
		ok(t, reserve(7))        // without a limit: counted when one is set
		ok(t, reserve(8, money)) // 20 of 30, over two teams
		want(t, reserve(7, money, inTeam), openmates.EInternal)
		ok(t, reserve(0, money)) // a trial without a team
		for _, team := range []openmates.ID{7, 8, 0} {
			want(t, reserve(team, money), openmates.EInternal)
		}
		// What it really cost comes back to the sum of the mate.
		ok(t, db.Settle(ctx, openmates.Outcome{Key: "2", State: openmates.TurnAnswered,
			Usage: openmates.Usage{TeamID: 8, UserID: 3, MateID: 9, Model: "a/b", Cost: 1}}))
		money.Limits.PerMonth = 31
		ok(t, reserve(8, money))
		ok(t, reserve(7, openmates.Layer{Scope: "mate:9", Limits: openmates.Limits{PerMinute: 1}}))
		want(t, reserve(8, openmates.Layer{Scope: "mate:9", Limits: openmates.Limits{PerMinute: 1}}), openmates.EInternal)
		want(t, reserve(7, openmates.Layer{Scope: "mate:8", Limits: openmates.Limits{PerMonth: 5}}), openmates.EInternal)
	})
}

func TestSpentInMonth(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		now := time.Date(2026, 5, 31, 23, 0, 0, 0, time.UTC)
		db, ctx := open(storetest.Clock(func() time.Time { return now })), t.Context()
		spend := func(db *store.DB, key string, mate openmates.ID, cost openmates.Micros) {
			addJob(t, db, key, "lane")
			ok(t, db.Reserve(ctx, key, openmates.Usage{TeamID: 1, UserID: 2, MateID: mate, Cost: cost}, nil))
		}
		spend(db, "a", 1, 5)
		spend(db, "b", 1, 6)
		spend(db, "c", 2, 7)
		got, err := db.SpentInMonth(ctx, now)
		ok(t, err)
		same(t, got, map[openmates.ID]openmates.Micros{1: 11, 2: 7})
		now = now.Add(2 * time.Hour)
		spend(db, "d", 2, 1)
		got, err = db.SpentInMonth(ctx, now)
		ok(t, err)
		same(t, got, map[openmates.ID]openmates.Micros{2: 1})
	})
}
