package store_test

import (
	"testing"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/store/storetest"
)

func TestBotReports(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		now := time.Now()
		db, ctx := open(storetest.Clock(func() time.Time { return now })), t.Context()
		w := storetest.Seed(t, db)
		got, err := db.BotReports(ctx)
		ok(t, err)
		same(t, len(got), 0)
		for _, text := range []string{`{"Phase":"starting"}`, `{"Phase":"connected","Reason":"ü"}`} {
			ok(t, db.SaveBotReport(ctx, connect.BotReport{BotID: w.Bot.ID, Process: "here/1", State: []byte(text)}))
			got, err = db.BotReports(ctx)
			ok(t, err)
			if len(got) != 1 || got[0].BotID != w.Bot.ID || got[0].Process != "here/1" || string(got[0].State) != text || got[0].At.Sub(now).Abs() > time.Second {
				t.Errorf("got %+v", got)
			}
		}
		if db.SaveBotReport(ctx, connect.BotReport{BotID: 5, Process: "x", State: []byte("{}")}) == nil {
			t.Error("a report on no bot was taken")
		}
	})
}

func TestABotsOptions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		b, err := db.Bot(ctx, w.Bot.ID)
		ok(t, err)
		first := b.Revision
		b.Asks, b.Invite = "1099511627776", "https://consent.example/?x=1"
		b, err = db.SaveBot(ctx, b)
		ok(t, err)
		same(t, b.Revision, first)
		b.Settings = b.Settings.With("content", "true") // the listener must ask for more
		b, err = db.SaveBot(ctx, b)
		ok(t, err)
		same(t, b.Revision, first+1)
		got, err := db.Bot(ctx, b.ID)
		ok(t, err)
		same(t, got, b)
		ok(t, db.RestartBot(ctx, b.ID))
		got, err = db.Bot(ctx, b.ID)
		ok(t, err)
		same(t, got.Revision, first+2)
		want(t, db.RestartBot(ctx, 5), openmates.ENotFound)
	})
}

func TestInstallationsOfBot(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		before, err := db.InstallationsOfBot(ctx, w.Bot.ID)
		ok(t, err)
		_, err = db.AddInstallation(ctx, openmates.Installation{BotID: w.Bot.ID, TeamID: w.Team.ID, Workspace: "910", Name: "Pier"})
		ok(t, err)
		_, err = db.AddInstallation(ctx, openmates.Installation{BotID: w.Bot.ID, Workspace: "911", Name: "Nobody's"})
		ok(t, err)
		ok(t, db.LeftWorkspace(ctx, w.Bot.ID, "910"))
		got, err := db.InstallationsOfBot(ctx, w.Bot.ID)
		ok(t, err)
		same(t, len(got), len(before)+1)
		for _, in := range got {
			if in.Workspace == "910" && (in.Left.IsZero() || in.Name != "Pier") || in.Workspace == "911" {
				t.Errorf("%+v", in)
			}
		}
	})
}

func TestBotChecks(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		now := time.UnixMilli(1_700_000_000_000).UTC()
		db, ctx := open(storetest.Clock(func() time.Time { return now })), t.Context()
		w := storetest.Seed(t, db)
		for _, findings := range []string{`[]`, `[{"Sentence":"ü"}]`} {
			want := connect.BotCheck{BotID: w.Bot.ID, Revision: 3, Redirect: "https://a.example/b", Findings: []byte(findings), At: now}
			ok(t, db.SaveBotCheck(ctx, want))
			got, err := db.BotChecks(ctx)
			ok(t, err)
			same(t, got, []connect.BotCheck{want})
		}
		ok(t, db.RemoveBot(ctx, w.Bot.ID))
		got, err := db.BotChecks(ctx)
		ok(t, err)
		same(t, len(got), 0)
		same(t, openmates.CodeOf(db.RemoveBot(ctx, w.Bot.ID)), openmates.ENotFound)
	})
}
