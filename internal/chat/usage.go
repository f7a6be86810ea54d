package chat

import (
	"context"
	"fmt"
	"time"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/policy"
)

// usage says what a person spent in a team and what is left there. It leaves
// out budgets that other teams share, because they would reveal what those
// spend.
func (r *Room) usage(ctx context.Context, o order) (messenger.Reply, error) {
	team, mate := o.asker.Team, o.asker.Mate
	if team.ID == 0 {
		return r.private(o, openmates.T("You haven't chosen a team here yet; use /team to choose one.")), nil
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
	left := func(scope openmates.CounterName, spent openmates.Micros) openmates.Text {
		return leftOf(o.asker.Layers, scope, spent, currency)
	}
	next := time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	spent := openmates.T("You spent %s for %s.", openmates.Money{Amount: m.Spent, Currency: currency}, openmates.Quantity{N: int(m.Requests), One: "%d request", Many: "%d requests"})
	return private(r.lines(o, []openmates.Text{
		openmates.T("**%s, in the team %s**", openmates.Day{Layout: "January 2006", Time: now}, team.Name),
		spent,
		openmates.T("Left for you: %s", left(member, m.Spent)),
		openmates.T("Left for the team: %s", left(policy.TeamScope(team.ID), m.Team)),
		openmates.T("Left for %s in this team: %s", mate.Name, left(within, m.Mate)),
		openmates.T("Resets on %s at 00:00 UTC.", openmates.Day{Layout: "2 January 2006", Time: next}),
	})), nil
}

// leftOf returns how much of one layer's money is left.
func leftOf(layers []openmates.Layer, scope openmates.CounterName, spent openmates.Micros, currency string) openmates.Text {
	for _, l := range layers {
		if of := l.Limits.PerMonth; l.Scope == scope && of > 0 {
			return openmates.T("%s of %s", openmates.Money{Amount: max(of-spent, 0)}, openmates.Money{Amount: of, Currency: currency})
		}
	}
	return openmates.T("no limit")
}
