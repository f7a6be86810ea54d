package store_test

import (
	"testing"
	"time"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/connect"
	"openmates/internal/queue"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

func TestAForgottenTalkBeginsAnew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		turn := func(key, lane string) {
			t.Helper()
			_, err := db.AddJob(ctx, queue.Job{Key: key, Lane: lane, Body: []byte("{}")})
			ok(t, err)
			ok(t, db.Settle(ctx, openmates.Outcome{Key: key, State: openmates.TurnAnswered, Question: key, Text: "yes"}))
		}
		history := func(lane string) (all []string) {
			t.Helper()
			past, err := db.History(ctx, lane, 10)
			ok(t, err)
			for _, e := range past {
				all = append(all, e.Question)
			}
			return all
		}
		ok(t, db.ForgetTalk(ctx, "a")) // where nothing was said yet
		turn("a1", "a")
		turn("b1", "b")
		same(t, history("a"), []string{"a1"})
		ok(t, db.ForgetTalk(ctx, "a"))
		same(t, len(history("a")), 0)
		same(t, history("b"), []string{"b1"})
		turn("a2", "a")
		same(t, history("a"), []string{"a2"})
		ok(t, db.ForgetTalk(ctx, "a"))
		same(t, len(history("a")), 0)
	})
}

func TestAnAnswerIsStoppedInAnyProcess(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		stop := func(want bool) {
			t.Helper()
			found, err := db.StopTalk(ctx, "a")
			ok(t, err)
			same(t, found, want)
		}
		stopped := func(key string, want bool) {
			t.Helper()
			is, err := db.Stopped(ctx, key)
			ok(t, err)
			same(t, is, want)
		}
		stop(false)
		for _, key := range []string{"1", "2"} {
			_, err := db.AddJob(ctx, queue.Job{Key: key, Lane: "a", Body: []byte("{}")})
			ok(t, err)
		}
		stopped("1", false)
		stop(true)
		stopped("1", true)
		stopped("2", false) // it waits for its turn
		stopped("nobody", false)
		ok(t, db.Settle(ctx, openmates.Outcome{Key: "1", State: openmates.TurnAnswered}))
		stop(false) // only its last words are being posted
		ok(t, db.CloseJob(ctx, "1", queue.Done))
		stop(true)
		stopped("2", true)
	})
}

func TestARefusalIsSaidOnceAnHour(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		db := open(func(c *store.Config) { c.Clock = func() time.Time { return now } })
		say := func(key, about string, want bool) {
			t.Helper()
			got, err := db.SayRefusal(t.Context(), key, about, now.Add(-time.Hour))
			ok(t, err)
			same(t, got, want)
		}
		say("1", "ada", true)
		say("1", "ada", true) // tried again after a crash
		say("2", "ada", false)
		say("3", "ben", true)
		now = now.Add(time.Hour + time.Minute)
		say("4", "ada", true)
		say("1", "ada", false)
		ok(t, db.ForgetRefusals(t.Context(), "ada", "nobody"))
		say("5", "ada", true)
		// A shorter silence about one thing leaves the others as they are.
		now = now.Add(2 * time.Minute)
		got, err := db.SayRefusal(t.Context(), "6", "ben", now.Add(-time.Minute))
		ok(t, err)
		same(t, got, true)
		say("7", "ada", false)
	})
}

func TestAPersonChoosesATeamForDirectMessages(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		second, err := db.AddTeam(ctx, openmates.Team{Slug: "second", Name: "Second"})
		ok(t, err)
		ok(t, db.AddMember(ctx, openmates.Membership{TeamID: second.ID, UserID: w.User.ID, Role: openmates.RoleMember}))
		team := func(want openmates.ID) {
			t.Helper()
			a, err := db.Asker(ctx, w.Bot.ID, "", "account")
			ok(t, err)
			same(t, a.Team.ID, want)
		}
		team(0)
		ok(t, db.ChooseTeam(ctx, w.Bot.ID, w.User.ID, second.ID))
		team(second.ID)
		ok(t, db.ChooseTeam(ctx, w.Bot.ID, w.User.ID, 0))
		team(0)
		ok(t, db.ChooseTeam(ctx, w.Bot.ID, w.User.ID, second.ID))
		ok(t, db.RemoveMember(ctx, second.ID, w.User.ID))
		team(w.Team.ID) // the only one that is left
		a, err := db.Asker(ctx, w.Bot.ID, "guild", "account")
		ok(t, err)
		same(t, a.Team.ID, w.Team.ID)
	})
}

func TestACodeIsTakenOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		db, ctx := open(func(c *store.Config) { c.Clock = func() time.Time { return now } }), t.Context()
		c := connect.LinkCode{Network: "discord", AccountID: "1", Name: "ada", Avatar: "https://cdn.example/1.png", Expires: now.Add(time.Minute)}
		ok(t, db.AddLinkCode(ctx, "first", c))
		ok(t, db.AddLinkCode(ctx, "second", c)) // in place of the first
		_, err := db.LinkCode(ctx, "first")
		same(t, openmates.CodeOf(err), openmates.ENotFound)
		got, err := db.LinkCode(ctx, "second")
		ok(t, err)
		same(t, got.Expires.Equal(c.Expires), true)
		got.Expires = c.Expires
		same(t, got, c)
		_, err = db.TakeLinkCode(ctx, "second")
		ok(t, err)
		_, err = db.TakeLinkCode(ctx, "second")
		same(t, openmates.CodeOf(err), openmates.ENotFound)
		ok(t, db.AddLinkCode(ctx, "third", c))
		now = now.Add(time.Minute)
		_, err = db.TakeLinkCode(ctx, "third")
		same(t, openmates.CodeOf(err), openmates.ENotFound)
	})
}

func TestSpentBy(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		for key, u := range map[string]openmates.Usage{
			"1": {TeamID: 1, UserID: 1, Cost: 5, At: at}, "2": {TeamID: 1, UserID: 2, MateID: 9, Cost: 7, At: at},
			"3": {TeamID: 2, UserID: 1, MateID: 9, Cost: 11, At: at}, "5": {TeamID: 1, UserID: 1, MateID: 9, Cost: 17, At: at}, "4": {TeamID: 1, UserID: 1, Cost: 13, At: at.AddDate(0, -1, 0)},
		} {
			ok(t, db.Reserve(ctx, key, u, nil))
		}
		mine, team, err := db.SpentBy(ctx, 1, 1, at)
		ok(t, err)
		same(t, []openmates.Micros{mine, team}, []openmates.Micros{5 + 17, 5 + 7 + 17})
		month, err := db.AskerMonth(ctx, 1, 1, 9, at)
		ok(t, err)
		same(t, month, chat.AskerMonth{Requests: 2, Spent: 5 + 17, Team: 5 + 7 + 17, Mate: 7 + 17})
		month, err = db.AskerMonth(ctx, 1, 1, 9, at.AddDate(0, 2, 0))
		ok(t, err)
		same(t, month, chat.AskerMonth{})
	})
}
