package store_test

import (
	"slices"
	"sync"
	"testing"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/store/storetest"
)

// Two teams take a workspace over while a third brings its mate back. In the
// end one has it, with the only installation, and the old team is told exactly
// if it has lost it.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		var others []openmates.Team
		for _, slug := range []string{"north", "south"} {
			team, err := db.AddTeam(ctx, openmates.Team{Slug: slug, Name: slug})
			ok(t, err)
			others = append(others, team)
		}
		for range 12 {
			_, err := db.AddInstallation(ctx, openmates.Installation{BotID: w.Bot.ID, TeamID: w.Team.ID, Workspace: "G", Name: "Guild"})
			ok(t, err)
			ok(t, db.LeftWorkspace(ctx, w.Bot.ID, "G"))
			seen, err := seenAt(db.InstallationsOf(ctx, w.Team.ID))
			ok(t, err)
			errs := make([]error, 3)
			var all sync.WaitGroup
			for i, team := range others {
				all.Go(func() {
					_, errs[i] = db.TakeOver(ctx, connect.Takeover{From: w.Team.ID, Seen: seen, Notice: openmates.T("Lost."),
						Installation: openmates.Installation{BotID: w.Bot.ID, TeamID: team.ID, Workspace: "G", Name: "Guild"}})
				})
			}
			all.Go(func() {
				_, errs[2] = db.AddInstallation(ctx, openmates.Installation{BotID: w.Bot.ID, TeamID: w.Team.ID, Workspace: "G", Name: "Guild"})
			})
			all.Wait()
			holder, err := db.TeamAt(ctx, w.Bot.Network, "G")
			ok(t, err)
			won := 0
			for i, team := range append(others, w.Team) {
				switch {
				case errs[i] == nil:
					won++
					if holder.ID != team.ID {
						t.Errorf("%s was told that it has what %s has", team.Slug, holder.Slug)
					}
				case team.ID == w.Team.ID:
					is(t, errs[i], connect.ErrWorkspaceTaken)
				default:
					is(t, errs[i], connect.ErrChanged)
				}
			}
			notices, err := db.Notices(ctx, w.Team.ID)
			ok(t, err)
			if lost := holder.ID != w.Team.ID; won != 1 || (len(notices) == 1) != lost {
				t.Errorf("%d have won, %s has it, and there are %d notices: %v", won, holder.Slug, len(notices), errs)
			}
			for _, n := range notices {
				ok(t, db.DropNotice(ctx, w.Team.ID, n.ID))
			}
			ok(t, db.UnbindWorkspace(ctx, w.Bot.Network, "G", holder.ID))
		}
	})
}

// A bot that appeared after it was looked who is there stops a takeover; one
// that came back by a bare link is no team's any more.
func TestTakeOverLooksOnceMore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		mate, err := db.SaveMate(ctx, openmates.Mate{Handle: "second", Name: "Second", Prompt: "x"})
		ok(t, err)
		other, err := db.SaveBot(ctx, openmates.Bot{MateID: mate.ID, Network: w.Bot.Network, AppID: "2", Secrets: openmates.Secrets{"token": "t"}})
		ok(t, err)
		north, err := db.AddTeam(ctx, openmates.Team{Slug: "north", Name: "North"})
		ok(t, err)
		in := openmates.Installation{BotID: w.Bot.ID, TeamID: w.Team.ID, Workspace: "G", Name: "Guild"}
		_, err = db.AddInstallation(ctx, in)
		ok(t, err)
		ok(t, db.LeftWorkspace(ctx, w.Bot.ID, "G"))
		seen, err := seenAt(db.InstallationsOf(ctx, w.Team.ID))
		ok(t, err)
		_, err = db.AddInstallation(ctx, openmates.Installation{BotID: other.ID, Workspace: "G", Name: "Guild"})
		ok(t, err)
		o := connect.Takeover{Installation: openmates.Installation{BotID: w.Bot.ID, TeamID: north.ID, Workspace: "G", Name: "Guild"}, From: w.Team.ID, Seen: seen, Notice: openmates.T("Lost.")}
		is(t, second(db.TakeOver(ctx, o)), connect.ErrChanged)
		ok(t, db.LeftWorkspace(ctx, other.ID, "G"))
		_, err = db.AddInstallation(ctx, openmates.Installation{BotID: w.Bot.ID, Workspace: "G"}) // the network reports that it is back
		ok(t, err)
		back, err := db.InstallationAt(ctx, w.Bot.ID, "G")
		ok(t, err)
		if !back.Connected.IsZero() || !back.Left.IsZero() {
			t.Errorf("back by a bare link: %+v", back)
		}
		_, err = db.TakeOver(ctx, o)
		ok(t, err)
		got, err := db.InstallationsOf(ctx, north.ID)
		ok(t, err)
		if len(got) != 1 || got[0].BotID != w.Bot.ID || got[0].Connected.IsZero() {
			t.Errorf("the new team has %+v", got)
		}
	})
}

// seenAt are the installations in the workspace that changes hands.
func seenAt(all []openmates.Installation, err error) ([]openmates.Installation, error) {
	return slices.DeleteFunc(all, func(in openmates.Installation) bool { return in.Workspace != "G" }), err
}
