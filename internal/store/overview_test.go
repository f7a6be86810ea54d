package store_test

import (
	"fmt"
	"testing"
	"time"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/queue"
	"openmates/internal/store/storetest"
)

func TestFindAudit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
		db, ctx := open(storetest.Clock(func() time.Time { return at })), t.Context()
		w := storetest.Seed(t, db)
		for _, e := range []openmates.AuditEntry{
			{Actor: w.User.ID, Action: "provider.add", Target: "openai", After: `{"label":"OpenAI 100%"}`},
			{Actor: w.User.ID, Action: "mate.edit", Target: "sophia", Before: `{"name":"Sophia_"}`, After: `{"name":"Sofia"}`},
			{Action: "provider.problem", Target: "openai", After: "revoked"},
			{Actor: w.User.ID, TeamID: w.Team.ID, Action: "team.rename", Target: "acme", Before: "Acme", After: "ACME"},
		} {
			ok(t, db.AddAuditAlone(ctx, e))
			at = at.Add(24 * time.Hour)
		}
		day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
		for name, c := range map[string]struct {
			q    openmates.AuditSearch
			want string
		}{
			"all":             {openmates.AuditSearch{}, "team.rename provider.problem mate.edit provider.add "},
			"a few":           {openmates.AuditSearch{Limit: 2}, "team.rename provider.problem "},
			"actor":           {openmates.AuditSearch{Actor: "ADA"}, "team.rename mate.edit provider.add "},
			"nobody":          {openmates.AuditSearch{Actor: "ad"}, ""},
			"action":          {openmates.AuditSearch{Action: "Provider."}, "provider.problem provider.add "},
			"target":          {openmates.AuditSearch{Target: "soph"}, "mate.edit "},
			"text":            {openmates.AuditSearch{Text: "sofia"}, "mate.edit "},
			"text of a name":  {openmates.AuditSearch{Text: "rename"}, "team.rename "},
			"percent":         {openmates.AuditSearch{Text: "100%"}, "provider.add "},
			"underscore":      {openmates.AuditSearch{Text: "a_"}, "mate.edit "},
			"escape":          {openmates.AuditSearch{Text: "!"}, ""},
			"from":            {openmates.AuditSearch{From: day(3)}, "team.rename provider.problem "},
			"to":              {openmates.AuditSearch{To: day(3)}, "mate.edit provider.add "},
			"one day":         {openmates.AuditSearch{From: day(2), To: day(3)}, "mate.edit "},
			"all at once":     {openmates.AuditSearch{Actor: "ada", Action: "mate", Target: "sophia", Text: "SOFIA", From: day(1), To: day(9)}, "mate.edit "},
			"quotes are text": {openmates.AuditSearch{Text: `' OR 1=1 --`}, ""},
		} {
			if c.q.Limit == 0 {
				c.q.Limit = 10
			}
			lines, err := db.FindAudit(ctx, c.q)
			ok(t, err)
			got := ""
			for _, l := range lines {
				got += l.Action + " "
			}
			if got != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
		first, err := db.FindAudit(ctx, openmates.AuditSearch{Limit: 1})
		ok(t, err)
		same(t, [2]string{first[0].Username, first[0].Team}, [2]string{"ada", "Acme"})
		rest, err := db.FindAudit(ctx, openmates.AuditSearch{Limit: 10, Before: first[0].ID})
		ok(t, err)
		same(t, len(rest), 3)
		same(t, rest[0].Username, "")
	})
}

func TestTroubles(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		turn := func(key string, o openmates.Outcome, end queue.End) {
			t.Helper()
			_, err := db.AddJob(ctx, queue.Job{Key: key, Lane: "l", Body: []byte("what was said")})
			ok(t, err)
			o.Key = key
			if o.State != "" {
				ok(t, db.Settle(ctx, o))
			}
			ok(t, db.CloseJob(ctx, key, end))
		}
		if got, err := db.Answered(ctx, w.User.ID); err != nil || got {
			t.Errorf("answered before anything was: %v %v", got, err)
		}
		mine := openmates.Outcome{TeamID: w.Team.ID, MateID: w.Mate.ID, UserID: w.User.ID, Text: "what the mate said", Question: "what was said"}
		refused, failed, fine, unposted := mine, mine, mine, mine
		refused.State, refused.Why = openmates.TurnRefused, openmates.TroubleMoney
		failed.State, failed.Why = openmates.TurnFailed, openmates.TroubleKey
		fine.State, unposted.State = openmates.TurnAnswered, openmates.TurnAnswered
		turn("1", refused, queue.Done)
		turn("2", unposted, queue.Dropped)
		if got, err := db.Answered(ctx, w.User.ID); err != nil || got {
			t.Errorf("an answer that nobody saw counts: %v %v", got, err)
		}
		turn("3", fine, queue.Done)
		turn("4", failed, queue.Done)
		turn("5", openmates.Outcome{}, queue.Dropped)
		turn("6", openmates.Outcome{State: openmates.TurnRefused, Why: openmates.TroubleWorkspace}, queue.Done)
		got, err := db.Troubles(ctx, 10)
		ok(t, err)
		said := ""
		for _, x := range got {
			said += fmt.Sprintf("%s/%s/%s/%s/%s ", x.Why, x.State, x.MateName, x.TeamName, x.Person)
		}
		same(t, said, "workspace/refused/// given_up/failed/// key/failed/Sophia/Acme/Ada not_posted/answered/Sophia/Acme/Ada money/refused/Sophia/Acme/Ada ")
		few, err := db.Troubles(ctx, 1)
		ok(t, err)
		same(t, len(few), 1)
		if got, err := db.Answered(ctx, w.User.ID); err != nil || !got {
			t.Errorf("the answer is not seen: %v %v", got, err)
		}
		if got, err := db.Answered(ctx, w.User.ID+1); err != nil || got {
			t.Errorf("somebody else's answer counts: %v %v", got, err)
		}
	})
}

// What was asked by the API or tried out is no answered mention.
func TestAnsweredMeansAMessenger(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		_, err := db.AddJob(ctx, queue.Job{Key: "api:1", Kind: chat.KindAsk, Lane: "api:x", Body: []byte("{}")})
		ok(t, err)
		ok(t, db.Settle(ctx, openmates.Outcome{Key: "api:1", State: openmates.TurnAnswered, UserID: w.User.ID}))
		if got, err := db.Answered(ctx, w.User.ID); err != nil || got {
			t.Errorf("%v %v", got, err)
		}
	})
}

func TestMonthAndCount(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		in := time.Date(2026, 11, 30, 23, 59, 0, 0, time.UTC)
		for i, u := range []openmates.Usage{
			{MateID: w.Mate.ID, Model: "a/x", Cost: 10, At: in},
			{MateID: w.Mate.ID, Model: "a/y", Cost: 30, At: in},
			{MateID: 99, Model: "a/x", Cost: 5, At: in.AddDate(0, 0, -29)},
			{MateID: w.Mate.ID, Model: "a/x", Cost: 1000, At: in.AddDate(0, 0, 1)},
			{MateID: w.Mate.ID, Model: "a/x", Cost: 1000, At: in.AddDate(0, -1, -5)},
		} {
			u.TeamID, u.UserID = w.Team.ID, w.User.ID
			ok(t, db.Reserve(ctx, fmt.Sprint(i), u, nil))
		}
		got, err := db.Month(ctx, in)
		ok(t, err)
		same(t, got, openmates.MonthSpend{
			Start: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Requests: 3, Cost: 45,
			Mates:  []openmates.SpendLine{{Name: "Sophia", Requests: 2, Cost: 40}, {Name: "", Requests: 1, Cost: 5}},
			Models: []openmates.SpendLine{{Name: "a/y", Requests: 1, Cost: 30}, {Name: "a/x", Requests: 2, Cost: 15}},
		})
		empty, err := db.Month(ctx, in.AddDate(1, 0, 0))
		ok(t, err)
		same(t, empty.Requests, int64(0))
		counts, err := db.Count(ctx)
		ok(t, err)
		same(t, counts, openmates.Counts{Teams: 1, People: 1, Linked: 1, Workspaces: 1})
	})
}
