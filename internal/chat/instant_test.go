package chat_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/messenger/messengertest"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

// A worker that has just answered somebody refuses the next message after
// another process has unlinked, disconnected, removed or limited them, although
// it was not notified and its next check is not yet due.
func TestWhatAnotherProcessTakesAwayIsGoneWithTheNextMessage(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		w := &world{T: t, net: &messengertest.Network{}, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), log: slog.New(slog.DiscardHandler)}
		w.model = &script{say: func(int, llm.Request) ([]llm.Piece, error) { return words("Because of the missing index."), nil }}
		never := func(c *store.Config) { c.Watch, c.Clock = time.Hour, func() time.Time { return w.now } }
		w.db = open(never)
		other := open(never)
		w.jobs = &inbox{db: w.db}
		w.grace(0)
		w.populate()
		ctx := t.Context()
		for _, c := range []struct {
			name, want string
			take, give func() error
		}{
			{"team limit", "isn't allowed for", func() error {
				return other.SetTeamLimits(ctx, w.team.ID, openmates.Limits{Mates: openmates.Set{Only: true}})
			}, func() error { return other.SetTeamLimits(ctx, w.team.ID, openmates.Limits{}) }},
			{"a kick", "Please connect first the Memory room with your team.", func() error {
				return other.LeftWorkspace(ctx, w.bot.ID, "g1")
			}, func() error {
				_, err := other.AddInstallation(ctx, openmates.Installation{BotID: w.bot.ID, Workspace: "g1", Name: "Guild"})
				return err
			}},
			{"disconnect", "Please connect first the Memory room with your team.", func() error {
				return other.UnbindWorkspace(ctx, "memory", "g1", w.team.ID)
			}, func() error {
				_, err := other.AddInstallation(ctx, openmates.Installation{BotID: w.bot.ID, TeamID: w.team.ID, Workspace: "g1", Name: "Guild"})
				return err
			}},
			{"unlink", "Please connect first your Memory account", func() error {
				ids, err := other.IdentitiesOf(ctx, w.user.ID)
				must(t, err)
				return other.RemoveIdentity(ctx, w.user.ID, ids[0].ID)
			}, func() error {
				_, err := other.AddIdentity(ctx, openmates.Identity{UserID: w.user.ID, Network: "memory", AccountID: "u1"})
				return err
			}},
			{"removal from the team", "you aren't a member of the team Acme", func() error { return other.RemoveMember(ctx, w.team.ID, w.user.ID) }, nil},
		} {
			must(t, w.ask(w.message("hello"))) // remembers who asks
			if got := w.lastPost(); got != "Because of the missing index." {
				t.Fatalf("before %s said %q", c.name, got)
			}
			must(t, c.take())
			must(t, w.ask(w.message("hello")))
			if got := w.lastPost(); got == "Because of the missing index." || !strings.Contains(got, c.want) {
				t.Errorf("after %s said %q", c.name, got)
			}
			if c.give != nil {
				must(t, c.give())
			}
		}
	})
}

func (w *world) lastPost() string {
	w.Helper()
	posts := w.net.Posts()
	return posts[len(posts)-1].Text()
}
