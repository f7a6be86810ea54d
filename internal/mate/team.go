package mate

import (
	"context"

	"openmates"
)

// TeamSheet returns the sheet of a team with these limits, including the mates,
// within what the server allows.
func (r *Room) TeamSheet(ctx context.Context, own openmates.Limits) (Sheet, error) {
	above, err := r.above(ctx, openmates.TeamLayer, openmates.Asker{})
	if err != nil {
		return Sheet{}, err
	}
	s, err := r.sheet(ctx, above, own)
	if err != nil {
		return s, err
	}
	return r.withMates(ctx, s, above)
}

// withMates adds the mates to a sheet.
func (r *Room) withMates(ctx context.Context, s Sheet, above []openmates.Layer) (Sheet, error) {
	mates, err := r.store.Mates(ctx)
	if err != nil {
		return s, err
	}
	for _, m := range mates {
		if m.Works() {
			s.Mates = append(s.Mates, MateLine{m, openmates.Choices(above, s.Own, openmates.KindMate, []string{m.Handle})[0]})
		}
	}
	s.Stamp = stamp(s)
	return s, nil
}

// Fill returns the limits of the sheet with what was entered for some kinds
// and, if numbers is set, with the numbers.
func (s Sheet) Fill(t Terms, numbers bool, kinds ...openmates.Kind) (openmates.Limits, error) {
	to := s.Own
	if t.Stamp != s.Stamp {
		return to, stale()
	}
	for _, k := range kinds {
		to = to.With(k, s.Own.Set(k).Choose(s.choices(k), t.Checked[k]))
	}
	if !numbers {
		return to, nil
	}
	var err error
	if to.PerMinute, err = count(t.PerMinute); err != nil {
		return to, err
	}
	to.PerMonth, err = openmates.ParseMoney(t.PerMonth)
	return to, err
}

// TeamKinds returns the kinds that a team can choose.
func TeamKinds() []openmates.Kind { return append(kinds(), openmates.KindMate) }

// SetTeam sets what a team may use. The caller must check the right.
func (r *Room) SetTeam(ctx context.Context, actor openmates.ID, team openmates.Team, t Terms) error {
	s, err := r.TeamSheet(ctx, team.Limits)
	if err != nil {
		return err
	}
	to, err := s.Fill(t, true, TeamKinds()...)
	if err != nil || encode(to) == encode(s.Own) {
		return err
	}
	return r.setTeam(ctx, actor, team, s.Own, to)
}

func (r *Room) setTeam(ctx context.Context, actor openmates.ID, t openmates.Team, own, to openmates.Limits) error {
	return r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.SetTeamLimits(ctx, t.ID, to); err != nil {
			return err
		}
		return r.audit.Record(ctx, openmates.AuditEntry{Actor: actor, TeamID: t.ID, Action: "team.limits", Target: "team " + t.Slug}, own, to)
	})
}
