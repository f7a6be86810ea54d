package store_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"openmates"
	"openmates/internal/queue"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

func TestAsker(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		ask := func(workspace, account string) openmates.Asker {
			t.Helper()
			a, err := db.Asker(ctx, w.Bot.ID, openmates.WorkspaceID(workspace), openmates.AccountID(account))
			ok(t, err)
			return a
		}
		same(t, ask("guild", "account"), openmates.Asker{Bot: w.Bot, Mate: w.Mate, Team: w.Team, User: w.User, Role: openmates.RoleMember})
		same(t, ask("", "account").Team, w.Team)
		same(t, ask("guild", "stranger").User, openmates.User{})
		same(t, ask("elsewhere", "account").Team, openmates.Team{})

		limits := openmates.Limits{PerMinute: 3, Models: openmates.OnlyThese("a/b")}
		ok(t, db.SetServerLimits(ctx, limits))
		ok(t, db.SetMemberLimits(ctx, w.Team.ID, w.User.ID, openmates.Limits{PerMonth: 9}))
		team, user := w.Team.ID.String(), w.User.ID.String()
		same(t, ask("guild", "account").Layers, []openmates.Layer{
			{Scope: "server", Name: openmates.T("the server"), Limits: limits},
			{Scope: openmates.CounterName("member:" + team + ":" + user), Name: openmates.T("%s", "Ada"), Limits: openmates.Limits{PerMonth: 9}},
		})
		w.Mate.Limits = openmates.Limits{PerMinute: 2}
		_, err := db.SaveMate(ctx, w.Mate)
		ok(t, err)
		ok(t, db.SetTeamLimits(ctx, w.Team.ID, openmates.Limits{PerMinute: 1}))
		layers := ask("guild", "account").Layers
		same(t, []openmates.CounterName{layers[0].Scope, layers[1].Scope, layers[2].Scope, layers[3].Scope},
			[]openmates.CounterName{"server", openmates.CounterName("mate:" + w.Mate.ID.String()), openmates.CounterName("team:" + team), openmates.CounterName("member:" + team + ":" + user)})

		second, err := db.AddTeam(ctx, openmates.Team{Slug: "second"})
		ok(t, err)
		ok(t, db.AddMember(ctx, openmates.Membership{TeamID: second.ID, UserID: w.User.ID, Role: openmates.RoleAdmin}))
		a := ask("", "account")
		same(t, a.Team, openmates.Team{})
		same(t, a.User, w.User)

		ok(t, db.RemoveMember(ctx, w.Team.ID, w.User.ID))
		a = ask("guild", "account")
		same(t, a.User.ID, openmates.ID(0))
		same(t, a.Outsider, openmates.User{ID: w.User.ID, Username: w.User.Username, DisplayName: w.User.DisplayName, Language: w.User.Language})
		same(t, ask("guild", "stranger").Outsider, openmates.User{})
		same(t, a.Team.ID, w.Team.ID)
		same(t, ask("", "account").Role, openmates.RoleAdmin)

		ok(t, db.LeftWorkspace(ctx, w.Bot.ID, "guild"))
		same(t, ask("guild", "account").Team, openmates.Team{})
		_, err = db.Asker(ctx, 5, "guild", "account")
		want(t, err, openmates.ENotFound)
		ok(t, db.PauseBot(ctx, w.Bot.ID, true))
		_, err = db.Asker(ctx, w.Bot.ID, "guild", "account")
		want(t, err, openmates.ENotFound)
		ok(t, db.PauseBot(ctx, w.Bot.ID, false))
		w.Mate.Archived = true
		_, err = db.SaveMate(ctx, w.Mate)
		ok(t, err)
		same(t, ask("guild", "account").Mate.Works(), false) // chat tells the asker
		server, err := db.SaveBot(ctx, openmates.Bot{Network: "discord", AppID: "server"})
		ok(t, err)
		_, err = db.Asker(ctx, server.ID, "guild", "account")
		want(t, err, openmates.ENotFound)
	})
}

func addJob(t *testing.T, db *store.DB, key, lane string) {
	t.Helper()
	fresh, err := db.AddJob(t.Context(), queue.Job{Key: key, Lane: lane, Body: []byte("{}")})
	if err != nil || !fresh {
		t.Fatalf("AddJob %s: %v, %v", key, fresh, err)
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
		db, ctx := open(storetest.Clock(func() time.Time { return now })), t.Context()
		want(t, db.Settle(ctx, openmates.Outcome{Key: "none"}), openmates.ENotFound)
		addJob(t, db, "k", "lane")
		_, _, settled, err := db.Settled(ctx, "k")
		ok(t, err)
		same(t, settled, false)
		ok(t, db.Begun(ctx, "k", 2))
		ok(t, db.Begun(ctx, "k", 1))
		u := openmates.Usage{TeamID: 1, UserID: 2, MateID: 3, Cost: 100}
		ok(t, db.Reserve(ctx, "k", u, nil))
		u.Model, u.Input, u.Cached, u.Output, u.Cost, u.At = "a/b", 10, 5, 7, 40, now
		o := openmates.Outcome{Key: "k", State: openmates.TurnAnswered, Text: "answer", Author: "Ada", Question: "question", Why: openmates.TroubleNoAccess, Channel: "#locked", Lacks: "Send Messages", Usage: u}
		ok(t, db.Settle(ctx, o))
		later := o
		later.Text, later.State = "another", openmates.TurnFailed
		ok(t, db.Settle(ctx, later))
		got, begun, settled, err := db.Settled(ctx, "k")
		ok(t, err)
		same(t, settled, true)
		same(t, begun, 2)
		same(t, got, o)

		ada, err := db.AddUser(ctx, openmates.User{Username: "ada", DisplayName: "Ada"}, "")
		ok(t, err)
		private := openmates.Privacy{Usual: map[openmates.Fact]bool{openmates.FactName: false}}
		ok(t, db.SetPrivacy(ctx, ada.ID, private))
		for n := range 4 {
			key := fmt.Sprint("h", n)
			addJob(t, db, key, "lane")
			state := openmates.TurnAnswered
			if n == 2 {
				state = openmates.TurnRefused
			}
			by := ada.ID
			if n == 1 {
				by = 999 // is gone
			}
			ok(t, db.Settle(ctx, openmates.Outcome{Key: key, State: state, Text: "a" + key, Author: "nick", Question: "q" + key, UserID: by}))
		}
		who := openmates.User{ID: ada.ID, Username: "ada", DisplayName: "Ada"}
		history, err := db.History(ctx, "lane", 2)
		ok(t, err)
		same(t, history, []openmates.Exchange{
			{Question: "qh1", Answer: "ah1", At: now},
			{Author: who, Privacy: private, Question: "qh3", Answer: "ah3", At: now},
		})
		refused, _, _, err := db.Settled(ctx, "h2")
		ok(t, err)
		same(t, refused.Usage, openmates.Usage{})
	})
}

func TestJournal(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
		db, ctx := open(storetest.Clock(func() time.Time { return now })), t.Context()
		body := []byte("{\"text\":\"\x00\xff\"}")
		for _, key := range []string{"a", "b", "c"} {
			fresh, err := db.AddJob(ctx, queue.Job{Key: key, Lane: "l", Body: body, Accepted: now})
			if err != nil || !fresh {
				t.Fatal(fresh, err)
			}
		}
		ok(t, db.DelayJob(ctx, "b", 3, now.Add(time.Minute)))
		jobs, last, err := db.OpenJobs(ctx, 0, 2)
		ok(t, err)
		same(t, jobs, []queue.Job{
			{Key: "a", Kind: queue.Message, Lane: "l", Body: body, Attempt: 1, Accepted: now},
			{Key: "b", Kind: queue.Message, Lane: "l", Body: body, Attempt: 3, Accepted: now, NotBefore: now.Add(time.Minute)},
		})
		later := queue.Job{Key: "d", Kind: "reminder", Lane: "l", Alone: true, Body: body, Attempt: 1, Accepted: now, NotBefore: now.Add(time.Hour), Soft: true}
		_, err = db.AddJob(ctx, later)
		ok(t, err)
		jobs, end, err := db.OpenJobs(ctx, last, 3)
		ok(t, err)
		same(t, len(jobs), 2)
		later.Soft = false // which is not kept
		same(t, jobs[1], later)
		none, still, err := db.OpenJobs(ctx, end, 2)
		ok(t, err)
		same(t, still, end)
		same(t, len(none), 0)
		for range 2 {
			ok(t, db.CloseJob(ctx, "a", queue.Done))
			fresh, err := db.AddJob(ctx, queue.Job{Key: "a", Lane: "l"})
			if err != nil || fresh {
				t.Errorf("a key of a closed job is fresh: %v", err)
			}
		}
		ok(t, db.CloseJob(ctx, "b", queue.Dropped))
		o, _, settled, err := db.Settled(ctx, "b")
		ok(t, err)
		if !settled || o.State != openmates.TurnFailed {
			t.Errorf("a dropped turn is %+v", o)
		}
		jobs, _, err = db.OpenJobs(ctx, 0, 10)
		ok(t, err)
		same(t, len(jobs), 2) // c, and d of later
	})
}

func TestPruneTurns(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
		db, ctx := open(storetest.Clock(func() time.Time { return now })), t.Context()
		w := storetest.Seed(t, db)
		quiet, err := db.AddUser(ctx, openmates.User{Username: "bob"}, "")
		ok(t, err)
		for n := range 5 {
			addJob(t, db, fmt.Sprint(n), "lane")
			if n == 2 {
				continue // is never answered
			}
			u := openmates.Usage{TeamID: w.Team.ID, UserID: w.User.ID, MateID: w.Mate.ID, Model: "a/b", Cost: 7, At: now}
			ok(t, db.Settle(ctx, openmates.Outcome{Key: fmt.Sprint(n), State: openmates.TurnAnswered, Text: "a", Question: "q", UserID: w.User.ID, Usage: u}))
			ok(t, db.CloseJob(ctx, fmt.Sprint(n), queue.Done))
		}
		addJob(t, db, "api", "lane")
		ok(t, db.CloseJob(ctx, "api", queue.Done)) // by a process of before, which died
		old := now
		now = now.Add(time.Hour)
		addJob(t, db, "young", "lane")
		ok(t, db.CloseJob(ctx, "young", queue.Done))
		prune := func(before time.Time, most, want int) {
			t.Helper()
			n, err := db.PruneTurns(ctx, before, most)
			ok(t, err)
			same(t, n, want)
		}
		prune(old, 9, 0)
		prune(now, 3, 3) // 0, 1, 3
		turns, err := db.OwnTurns(ctx, w.User.ID)
		ok(t, err)
		same(t, len(turns), 1)
		prune(now, 3, 2)
		prune(now, 3, 0)
		jobs, _, err := db.OpenJobs(ctx, 0, 10)
		ok(t, err)
		same(t, len(jobs), 1)
		same(t, jobs[0].Key, "2")

		if fresh, err := db.AddJob(ctx, queue.Job{Key: "young", Lane: "lane"}); err != nil || fresh {
			t.Errorf("a young key is fresh: %v, %v", fresh, err)
		}
		_, team, err := db.SpentBy(ctx, w.Team.ID, w.User.ID, now)
		ok(t, err)
		same(t, team, openmates.Micros(28))
		for id, want := range map[openmates.ID]bool{w.User.ID: true, quiet.ID: false, 5: false} {
			yes, err := db.Answered(ctx, id)
			ok(t, err)
			same(t, yes, want)
		}
		prune(now.Add(time.Hour), 9, 1)
		addJob(t, db, "new", "lane")
	})
}

// TestLimitsFollowTheModel holds Reserve and Settle against sums over a list.
func TestLimitsFollowTheModel(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		var clock atomic.Int64
		db := open(storetest.Clock(func() time.Time { return time.UnixMilli(clock.Load()).UTC() }))
		var round int
		rapid.Check(t, func(rt *rapid.T) {
			round++
			m := ledger{db: db, round: round, team: openmates.ID(round * 10), clock: &clock}
			clock.Store(time.Date(2026, 1, 30, 23, 50, 0, 0, time.UTC).UnixMilli())
			m.run(t, rt)
		})
	})
}

type ledger struct {
	db    *store.DB
	round int
	team  openmates.ID
	clock *atomic.Int64
	turns []openmates.Usage
	open  []int
}

func (m *ledger) run(t *testing.T, rt *rapid.T) {
	limit := func(name string) openmates.Limits {
		return openmates.Limits{
			PerMinute: rapid.IntRange(0, 4).Draw(rt, name+" per minute"),
			PerMonth:  openmates.Micros(rapid.IntRange(0, 60).Draw(rt, name+" per month")),
		}
	}
	teamLimits, memberLimits := limit("team"), [2]openmates.Limits{limit("one"), limit("two")}
	for range rapid.IntRange(1, 40).Draw(rt, "steps") {
		switch rapid.IntRange(0, 5).Draw(rt, "what") {
		case 0:
			m.clock.Add(rapid.SampledFrom([]int64{1000, 30_000, 60_000, 86_400_000}).Draw(rt, "pass"))
		case 1:
			if len(m.open) > 0 {
				m.settle(t, rt)
			}
		case 2:
			if len(m.open) > 0 {
				m.more(t, rt, teamLimits, memberLimits)
			}
		default:
			who := rapid.IntRange(0, 1).Draw(rt, "who")
			u := openmates.Usage{TeamID: m.team, UserID: openmates.ID(who + 1), MateID: 1,
				Cost: openmates.Micros(rapid.IntRange(0, 20).Draw(rt, "cost")), At: time.UnixMilli(m.clock.Load())}
			m.reserve(t, rt, u, m.layers(u, teamLimits, memberLimits))
		}
	}
}

func (m *ledger) layers(u openmates.Usage, team openmates.Limits, member [2]openmates.Limits) []openmates.Layer {
	return []openmates.Layer{
		{Scope: openmates.CounterName("team:" + m.team.String()), Limits: team},
		{Scope: openmates.CounterName(fmt.Sprintf("member:%s:%s", m.team, u.UserID)), Limits: member[u.UserID-1]},
	}
}

func (m *ledger) key(n int) string { return fmt.Sprintf("%d-%d", m.round, n) }

func (m *ledger) reserve(t *testing.T, rt *rapid.T, u openmates.Usage, layers []openmates.Layer) {
	all := func(openmates.Usage) bool { return true }
	own := func(o openmates.Usage) bool { return o.UserID == u.UserID }
	room := m.room(u, layers[0].Limits, all) && m.room(u, layers[1].Limits, own)
	key := m.key(len(m.turns))
	err := m.db.Reserve(t.Context(), key, u, layers)
	if again := m.db.Reserve(t.Context(), key, u, layers); (again == nil) != (err == nil) {
		rt.Fatalf("the same key again: %v, then %v", err, again)
	}
	switch limit, is := errors.AsType[*openmates.LimitError](err); {
	case err != nil && !is:
		rt.Fatal(err)
	case room && err != nil:
		rt.Fatalf("refused while there is room: %v", err)
	case !room && err == nil:
		rt.Fatal("accepted over the limit")
	case err != nil && !limit.Until.After(u.At):
		rt.Fatalf("until %v", limit.Until)
	case err == nil:
		m.open = append(m.open, len(m.turns))
		m.turns = append(m.turns, u)
		addJob(t, m.db, key, "lane")
	}
}

func (m *ledger) room(u openmates.Usage, l openmates.Limits, counts func(openmates.Usage) bool) bool {
	requests, cost := 0, openmates.Micros(0)
	for _, o := range m.turns {
		if counts(o) && o.At.UTC().Format("200601021504") == u.At.UTC().Format("200601021504") {
			requests++
		}
		if counts(o) && o.At.UTC().Format("200601") == u.At.UTC().Format("200601") {
			cost += o.Cost
		}
	}
	return (l.PerMinute == 0 || requests < l.PerMinute) && (l.PerMonth == 0 || cost+u.Cost <= l.PerMonth)
}

// more lifts what is reserved for an open turn; it counts in the month that the
// turn began in, and as no request.
func (m *ledger) more(t *testing.T, rt *rapid.T, team openmates.Limits, member [2]openmates.Limits) {
	turn := rapid.SampledFrom(m.open).Draw(rt, "which")
	u := m.turns[turn]
	was := u.Cost
	u.Cost = openmates.Micros(rapid.IntRange(0, 40).Draw(rt, "cost of all rounds"))
	layers := m.layers(u, team, member)
	difference := u
	difference.Cost = u.Cost - was
	room := difference.Cost <= 0
	if !room {
		for i := range layers {
			layers[i].Limits.PerMinute = 0
		}
		room = m.room(difference, layers[0].Limits, func(openmates.Usage) bool { return true }) &&
			m.room(difference, layers[1].Limits, func(o openmates.Usage) bool { return o.UserID == u.UserID })
	}
	u.At = time.UnixMilli(m.clock.Load())
	for range 2 {
		err := m.db.Reserve(t.Context(), m.key(turn), u, m.layers(u, team, member))
		limit, is := errors.AsType[*openmates.LimitError](err)
		if (err == nil) != room || err != nil && (!is || !limit.Money) {
			rt.Fatalf("from %d to %d: %v, room %v", was, u.Cost, err, room)
		}
	}
	if room {
		m.turns[turn].Cost = max(was, u.Cost)
	}
}

func (m *ledger) settle(t *testing.T, rt *rapid.T) {
	n := rapid.IntRange(0, len(m.open)-1).Draw(rt, "which")
	turn := m.open[n]
	m.open = append(m.open[:n], m.open[n+1:]...)
	m.turns[turn].Cost = openmates.Micros(rapid.IntRange(0, 30).Draw(rt, "real cost"))
	u := m.turns[turn]
	u.Model = "a/b"
	for range 2 {
		if err := m.db.Settle(t.Context(), openmates.Outcome{Key: m.key(turn), State: openmates.TurnAnswered, Usage: u}); err != nil {
			rt.Fatal(err)
		}
	}
}

// TestLimitsUnderPressure lets many ask at once: exactly what there is room for
// gets through, over two connections to the database.
func TestLimitsUnderPressure(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		now := time.Date(2026, 5, 1, 12, 0, 30, 0, time.UTC)
		clock := storetest.Clock(func() time.Time { return now })
		dbs := []*store.DB{open(clock), open(clock)}
		for n := range 90 {
			addJob(t, dbs[0], fmt.Sprint(n), "lane")
		}
		u := openmates.Usage{TeamID: 7, UserID: 8, MateID: 9, Cost: 10}
		layers := []openmates.Layer{
			{Scope: "server", Limits: openmates.Limits{PerMonth: 600}},
			{Scope: "team:7", Limits: openmates.Limits{PerMinute: 40, PerMonth: 500}},
			{Scope: "mate:7:9", Limits: openmates.Limits{PerMonth: 350}},
			{Scope: "member:7:8", Limits: openmates.Limits{PerMinute: 60}},
		}
		round := func(from, to int) int64 {
			var got atomic.Int64
			var all sync.WaitGroup
			for n := from; n < to; n++ {
				all.Go(func() {
					db, key := dbs[n%2], fmt.Sprint(n)
					err := db.Reserve(t.Context(), key, u, layers)
					if err == nil {
						got.Add(1)
						err = db.Settle(t.Context(), openmates.Outcome{Key: key, State: openmates.TurnAnswered,
							Usage: openmates.Usage{TeamID: 7, UserID: 8, MateID: 9, Model: "m", Cost: 10}})
					}
					if _, is := errors.AsType[*openmates.LimitError](err); err != nil && !is {
						t.Error(err)
					}
				})
			}
			all.Wait()
			return got.Load()
		}
		same(t, round(0, 60), int64(35)) // the mate's money
		layers[2].Limits.PerMonth = 1000 // now the team's minute
		same(t, round(60, 90), int64(5))
	})
}

// TestNewLimitCountsWhatWasUsed sets a limit in the middle of the month.
func TestNewLimitCountsWhatWasUsed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		u := openmates.Usage{TeamID: w.Team.ID, UserID: w.User.ID, MateID: w.Mate.ID, Cost: 10}
		scope := "team:" + w.Team.ID.String()
		layer := func(l openmates.Micros) []openmates.Layer {
			ok(t, db.SetTeamLimits(ctx, w.Team.ID, openmates.Limits{PerMonth: l}))
			if l == 0 {
				return nil
			}
			return []openmates.Layer{{Scope: openmates.CounterName(scope), Limits: openmates.Limits{PerMonth: l}}}
		}
		for n, step := range []struct {
			limit openmates.Micros
			room  bool
		}{{0, true}, {20, true}, {20, false}, {0, true}, {40, true}, {40, false}, {30, false}} {
			err := db.Reserve(ctx, fmt.Sprint(n), u, layer(step.limit))
			if (err == nil) != step.room {
				t.Errorf("step %d: %v", n, err)
			}
		}
	})
}
