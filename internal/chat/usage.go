package chat

import (
	"context"
	"fmt"
	"strings"
	"time"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/policy"
)

// usage says what a person spent in a team and what is left there. Budgets that
// other teams draw on, too, stay out of it: what is left of them would tell
// what those spend.
func (r *Room) usage(ctx context.Context, o order) (messenger.Reply, error) {
	team, mate := o.asker.Team, o.asker.Mate
	if team.ID == 0 {
		return private("Here you ask for no team yet; /team chooses one."), nil
	}
	now := r.cfg.Clock().UTC()
	m, err := r.cfg.Store.AskerMonth(ctx, team.ID, o.asker.User.ID, mate.ID, now)
	if err != nil {
		return messenger.Reply{}, fmt.Errorf("sum up the month: %w", err)
	}
	currency, err := r.cfg.Currency(ctx)
	if err != nil {
		return messenger.Reply{}, fmt.Errorf("name the currency: %w", err)
	}
	member, within := policy.MemberScope(team.ID, o.asker.User.ID), policy.TeamMateScope(team.ID, mate.ID)
	left := func(scope openmates.CounterName, spent openmates.Micros) string {
		return leftOf(o.asker.Layers, scope, spent, currency)
	}
	next := time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	return private(strings.Join([]string{
		fmt.Sprintf("**%s, in the team %s**", now.Format("January 2006"), team.Name),
		fmt.Sprintf("You spent %s %s for %s.", m.Spent.Shown(), currency, requestsIn(int(m.Requests))),
		"Left for you: " + left(member, m.Spent),
		"Left for the team: " + left(policy.TeamScope(team.ID), m.Team),
		fmt.Sprintf("Left for %s in this team: %s", mate.Name, left(within, m.Mate)),
		fmt.Sprintf("Resets on %s at 00:00 UTC.", next.Format("2 January 2006")),
	}, "\n")), nil
}

// leftOf says how much of one layer's money is left.
func leftOf(layers []openmates.Layer, scope openmates.CounterName, spent openmates.Micros, currency string) string {
	for _, l := range layers {
		if of := l.Limits.PerMonth; l.Scope == scope && of > 0 {
			return fmt.Sprintf("%s of %s %s", max(of-spent, 0).Shown(), of.Shown(), currency)
		}
	}
	return "no limit"
}
