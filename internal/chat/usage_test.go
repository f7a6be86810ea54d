package chat_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/llm"
	"openmates/internal/messenger/messengertest"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

// within adds a layer of the mate in its team to what the database knows: it
// keeps that sum, but no page sets such a limit yet.
type within struct {
	chat.Store
	money openmates.Micros
}

func (s within) Asker(ctx context.Context, botID openmates.ID, workspace openmates.WorkspaceID, account openmates.AccountID) (openmates.Asker, error) {
	a, err := s.Store.Asker(ctx, botID, workspace, account)
	a.Layers = append(a.Layers, openmates.Layer{Scope: openmates.CounterName("mate:" + a.Team.ID.String() + ":" + a.Mate.ID.String()), Limits: openmates.Limits{PerMonth: s.money}})
	return a, err
}

// Two teams ask the same mate in the same month, within the server's and the
// mate's budgets. Everyone sees only their own usage and what is left in their
// own team.
func TestUsageIsOnesOwn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		w := &world{T: t, net: &messengertest.Network{}, now: time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC), log: slog.New(slog.DiscardHandler)}
		w.model = &script{say: func(int, llm.Request) ([]llm.Piece, error) { return words("Yes."), nil }}
		w.db = open(func(c *store.Config) { c.Clock = w.clock })
		w.jobs = &inbox{db: w.db}
		w.grace(0)
		w.populate()
		ctx, sophia := t.Context(), w.bot.MateID
		other, err := w.db.AddTeam(ctx, openmates.Team{Slug: "other", Name: "Other"})
		must(t, err)
		spend := func(key string, team, user openmates.ID, cost openmates.Micros) {
			t.Helper()
			must(t, w.db.Reserve(ctx, key, openmates.Usage{TeamID: team, UserID: user, MateID: sophia, Cost: cost, At: w.now}, nil))
		}
		spend("mine", w.team.ID, w.user.ID, 1_500_000)
		spend("mine, too", w.team.ID, w.user.ID, 250_000)
		spend("a colleague's", w.team.ID, 4711, 3_000_000)
		spend("another team's", other.ID, 4712, 40_000_000)
		tells := func(want ...string) {
			t.Helper()
			rep := w.give("usage")
			lines := strings.Split(rep.Whole(), "\n")
			if !rep.Private || strings.Join(lines[1:len(lines)-1], "\n") != strings.Join(want, "\n") {
				t.Errorf("said %q to all: %t", rep.Whole(), !rep.Private)
			}
			if lines[0] != "**December 2026, in the team Acme**" || !strings.HasSuffix(lines[len(lines)-1], "on 1 January 2027 at 00:00 UTC.") {
				t.Errorf("of another month: %q", lines)
			}
		}
		tells("You spent 1.75 USD for 2 requests.", "Left for you: no limit", "Left for the team: no limit", "Left for Sophia in this team: no limit")

		must(t, w.db.SetServerLimits(ctx, openmates.Limits{PerMonth: 60_000_000}))
		mate, err := w.db.Mate(ctx, sophia)
		must(t, err)
		mate.Limits.PerMonth = 50_000_000
		_, err = w.db.SaveMate(ctx, mate)
		must(t, err)
		tells("You spent 1.75 USD for 2 requests.", "Left for you: no limit", "Left for the team: no limit", "Left for Sophia in this team: no limit")

		must(t, w.db.SetTeamLimits(ctx, w.team.ID, openmates.Limits{PerMonth: 20_000_000}))
		must(t, w.db.SetMemberLimits(ctx, w.team.ID, w.user.ID, openmates.Limits{PerMonth: 1_000_000}))
		w.store, w.currency = within{w.db, 9_000_000}, "EUR"
		w.grace(0)
		tells("You spent 1.75 EUR for 2 requests.", "Left for you: 0.00 of 1.00 EUR", "Left for the team: 15.25 of 20.00 EUR", "Left for Sophia in this team: 4.25 of 9.00 EUR")
		w.currency = "CHF"
		tells("You spent 1.75 CHF for 2 requests.", "Left for you: 0.00 of 1.00 CHF", "Left for the team: 15.25 of 20.00 CHF", "Left for Sophia in this team: 4.25 of 9.00 CHF")
	})
}
