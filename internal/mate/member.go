package mate

import (
	"context"

	"openmates"
	"openmates/internal/policy"
)

// MemberSheet returns the sheet of a person in a team, within what the team
// allows. The team's admins choose mates and numbers on it.
func (r *Room) MemberSheet(ctx context.Context, t openmates.Team, u openmates.User) (Sheet, error) {
	own, err := r.store.MemberLimits(ctx, t.ID, u.ID)
	if err != nil {
		return Sheet{}, err
	}
	above, err := r.aboveMembers(ctx, t)
	if err != nil {
		return Sheet{}, err
	}
	s, err := r.sheet(ctx, above, own)
	if err != nil {
		return s, err
	}
	return r.withMates(ctx, s, above)
}

func (r *Room) aboveMembers(ctx context.Context, t openmates.Team) ([]openmates.Layer, error) {
	return r.above(ctx, openmates.MemberLayer, openmates.Asker{Team: t})
}

// above returns the layers that are wider than a kind, for an asker.
func (r *Room) above(ctx context.Context, k openmates.LayerKind, a openmates.Asker) ([]openmates.Layer, error) {
	server, err := r.store.ServerLimits(ctx)
	set := policy.Limits{openmates.ServerLayer: server, openmates.MateLayer: a.Mate.Limits, openmates.TeamLayer: a.Team.Limits}
	return policy.All().Above(k).Layers(a, set), err
}

// SetMember sets which mates a person may ask in a team, and how much. The
// caller must check the right.
func (r *Room) SetMember(ctx context.Context, actor openmates.ID, t openmates.Team, u openmates.User, terms Terms) error {
	s, err := r.MemberSheet(ctx, t, u)
	if err != nil {
		return err
	}
	to, err := s.Fill(terms, true, openmates.KindMate)
	if err != nil || encode(to) == encode(s.Own) {
		return err
	}
	return r.setMember(ctx, actor, t, u, s.Own, to)
}

func (r *Room) setMember(ctx context.Context, actor openmates.ID, t openmates.Team, u openmates.User, own, to openmates.Limits) error {
	return r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.SetMemberLimits(ctx, t.ID, u.ID, to); err != nil {
			return err
		}
		return r.audit.Record(ctx, openmates.AuditEntry{Actor: actor, TeamID: t.ID, Action: "member.limits"}.AboutPerson(u.ID), own, to)
	})
}

// Bound is a numeric limit and who sets it: 0 = no limit.
type Bound[N int | openmates.Micros] struct {
	Most N
	By   openmates.Text
}

// Above is the maximum that the wider layers allow a member, whatever the
// member's own limits say.
type Above struct {
	Rate  Bound[int]
	Money Bound[openmates.Micros]
}

// AboveMember returns it for the members of a team.
func (r *Room) AboveMember(ctx context.Context, t openmates.Team) (Above, error) {
	layers, err := r.aboveMembers(ctx, t)
	var a Above
	for _, l := range layers {
		a.Rate = a.Rate.narrow(l.Limits.PerMinute, l.Name)
		a.Money = a.Money.narrow(l.Limits.PerMonth, l.Name)
	}
	return a, err
}

func (b Bound[N]) narrow(n N, by openmates.Text) Bound[N] {
	if n == 0 || b.Most != 0 && b.Most <= n {
		return b
	}
	return Bound[N]{n, by}
}

// Allowance is what a person may use in a team, and what is left of it in this
// calendar month (UTC). It doesn't include the server's budget, see WithServer.
type Allowance struct {
	Team      openmates.Team
	Own       openmates.Limits // the person's
	Effective openmates.Limits // combined with the team's and the server's
	RateBy    openmates.Text   // who sets the rate; "" = no limit
	Spent     openmates.Micros // by the person
	Budgets   []Budget         // the budgets that apply, widest first
}

// Budget is a layer's monthly budget.
type Budget struct {
	Layer openmates.LayerKind
	Of    openmates.Micros
	Spent openmates.Micros
}

// Left returns how much of it is left.
func (b Budget) Left() openmates.Micros { return max(b.Of-b.Spent, 0) }

// Left returns what the person can still spend of these budgets, if nobody else
// does; ok is false if there are none.
func (a Allowance) Left() (left openmates.Micros, ok bool) {
	for i, b := range a.Budgets {
		if l := b.Left(); i == 0 || l < left {
			left = l
		}
	}
	return left, len(a.Budgets) > 0
}

// Allowance returns what a person may use in one of their teams.
func (r *Room) Allowance(ctx context.Context, t openmates.Team, u openmates.User) (Allowance, error) {
	a := Allowance{Team: t}
	layers, err := r.aboveMembers(ctx, t)
	if err != nil {
		return a, err
	}
	if a.Own, err = r.store.MemberLimits(ctx, t.ID, u.ID); err != nil {
		return a, err
	}
	layers = append(layers, openmates.Layer{Scope: policy.MemberScope(t.ID, u.ID), Name: openmates.T("you"), Limits: a.Own})
	a.Effective = openmates.Effective(layers...)
	var rate Bound[int]
	for _, l := range layers {
		rate = rate.narrow(l.Limits.PerMinute, l.Name)
	}
	a.RateBy = rate.By
	mine, team, err := r.store.SpentBy(ctx, t.ID, u.ID, r.now())
	if err != nil {
		return a, err
	}
	a.Spent = mine
	for _, b := range []Budget{{openmates.TeamLayer, t.Limits.PerMonth, team}, {openmates.MemberLayer, a.Own.PerMonth, mine}} {
		if b.Of > 0 {
			a.Budgets = append(a.Budgets, b)
		}
	}
	return a, nil
}

// WithServer adds the server's budget before the others. What is left of it
// reveals what other teams spend, so only server admins may see it, which the
// caller must check.
func (r *Room) WithServer(ctx context.Context, a Allowance) (Allowance, error) {
	server, err := r.store.ServerLimits(ctx)
	if err != nil || server.PerMonth == 0 {
		return a, err
	}
	_, all, err := r.Spent(ctx)
	a.Budgets = append([]Budget{{openmates.ServerLayer, server.PerMonth, all}}, a.Budgets...)
	return a, err
}
