package store_test

import (
	"testing"

	"openmates"
	"openmates/internal/store/storetest"
)

// A credential granted in one workspace is used only there, survives reports
// about the bot, and is deleted when the bot leaves.
func TestACredentialBelongsToItsInstallation(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		granted := func(workspace openmates.WorkspaceID) openmates.Secret {
			t.Helper()
			in, err := db.InstallationAt(ctx, w.Bot.ID, workspace)
			ok(t, err)
			asker, err := db.Asker(ctx, w.Bot.ID, workspace, "account")
			ok(t, err)
			if asker.Token != in.Token && in.Left.IsZero() {
				t.Errorf("the asker has %q, the installation %q", asker.Token.Reveal(), in.Token.Reveal())
			}
			return in.Token
		}
		same(t, granted("guild").Reveal(), "")
		_, err := db.AddInstallation(ctx, openmates.Installation{BotID: w.Bot.ID, TeamID: w.Team.ID, Workspace: "guild", Token: "first"})
		ok(t, err)
		_, err = db.AddInstallation(ctx, openmates.Installation{BotID: w.Bot.ID, TeamID: w.Team.ID, Workspace: "other", Token: "second"})
		ok(t, err)
		same(t, granted("guild").Reveal(), "first")
		same(t, granted("other").Reveal(), "second")

		_, err = db.AddInstallation(ctx, openmates.Installation{BotID: w.Bot.ID, Workspace: "guild", Name: "Told by the network"})
		ok(t, err)
		same(t, granted("guild").Reveal(), "first")
		_, err = db.AddInstallation(ctx, openmates.Installation{BotID: w.Bot.ID, TeamID: w.Team.ID, Workspace: "guild", Token: "renewed"})
		ok(t, err)
		same(t, granted("guild").Reveal(), "renewed")

		ok(t, db.LeftWorkspace(ctx, w.Bot.ID, "guild"))
		same(t, granted("guild").Reveal(), "")
		same(t, granted("other").Reveal(), "second")
		ok(t, db.OnlyWorkspaces(ctx, w.Bot.ID, nil))
		same(t, granted("other").Reveal(), "")
	})
}
