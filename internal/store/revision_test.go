package store_test

import (
	"context"
	"testing"
	"time"

	"openmates"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

// What one process changes moves the revision that another reads next, without
// waiting for the look-out that tells caches.
func TestRevisionMovesInEveryProcess(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		never := func(c *store.Config) { c.Watch = time.Hour }
		here, there := open(never), open(never)
		w := storetest.Seed(t, here)
		ids, err := here.IdentitiesOf(t.Context(), w.User.ID)
		if err != nil {
			t.Fatal(err)
		}
		member := openmates.Membership{TeamID: w.Team.ID, UserID: w.User.ID, Role: openmates.RoleAdmin}
		for _, c := range []struct {
			name string
			do   func(ctx context.Context) error
		}{
			{"a bot left", func(ctx context.Context) error { return here.LeftWorkspace(ctx, w.Bot.ID, "guild") }},
			{"it came back", func(ctx context.Context) error {
				_, err := here.AddInstallation(ctx, openmates.Installation{BotID: w.Bot.ID, Workspace: "guild"})
				return err
			}},
			{"disconnect", func(ctx context.Context) error { return here.UnbindWorkspace(ctx, "discord", "guild", w.Team.ID) }},
			{"unlink", func(ctx context.Context) error { return here.RemoveIdentity(ctx, w.User.ID, ids[0].ID) }},
			{"role", func(ctx context.Context) error { return here.SetRole(ctx, w.Team.ID, w.User.ID, member.Role) }},
			{"server limits", func(ctx context.Context) error { return here.SetServerLimits(ctx, openmates.Limits{PerMinute: 2}) }},
			{"team limits", func(ctx context.Context) error {
				return here.SetTeamLimits(ctx, w.Team.ID, openmates.Limits{PerMinute: 1})
			}},
			{"member limits", func(ctx context.Context) error {
				return here.SetMemberLimits(ctx, w.Team.ID, w.User.ID, openmates.Limits{PerMinute: 1})
			}},
			{"removal from the team", func(ctx context.Context) error { return here.RemoveMember(ctx, w.Team.ID, w.User.ID) }},
			{"pause", func(ctx context.Context) error { return here.PauseBot(ctx, w.Bot.ID, true) }},
		} {
			before, err := there.Revision(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := c.do(t.Context()); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			after, err := there.Revision(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if after <= before {
				t.Errorf("%s: the revision stayed %d", c.name, after)
			}
		}
		same, err := here.Revision(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := here.Asker(t.Context(), w.Bot.ID, "guild", "account"); openmates.CodeOf(err) != openmates.ENotFound {
			t.Errorf("a paused bot: %v", err)
		}
		if again, err := here.Revision(t.Context()); err != nil || again != same {
			t.Errorf("reading moved it from %d to %d: %v", same, again, err)
		}
	})
}
