package mate

import (
	"context"
	"slices"

	"openmates"
	"openmates/internal/spelling"
)

// Apps lists the apps with their skills.
func (r *Room) Apps(ctx context.Context) ([]Group, error) { return r.apps(ctx) }

// Offered lists the providers with their enabled models.
func (r *Room) Offered(ctx context.Context) ([]Group, error) { return r.providers(ctx) }

// ServerLimits returns the server's limits.
func (r *Room) ServerLimits(ctx context.Context) (openmates.Limits, error) {
	return r.store.ServerLimits(ctx)
}

// PutServer replaces the server's limits.
func (r *Room) PutServer(ctx context.Context, actor openmates.ID, to openmates.Limits) error {
	own, err := r.store.ServerLimits(ctx)
	if err != nil {
		return err
	}
	if to, err = r.given(ctx, own, to, false); err != nil || encode(to) == encode(own) {
		return err
	}
	return r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.SetServerLimits(ctx, to); err != nil {
			return err
		}
		return r.record(ctx, actor, "server.limits", "server", own, to)
	})
}

// PutMate replaces a mate's limits.
func (r *Room) PutMate(ctx context.Context, actor openmates.ID, m openmates.Mate, to openmates.Limits) (openmates.Mate, error) {
	limits, err := r.given(ctx, m.Limits, to, false)
	if err != nil {
		return m, err
	}
	next := m
	next.Limits = limits
	return r.change(ctx, actor, "mate.limits", m, next)
}

// PutTeam replaces a team's limits. The caller must check the right.
func (r *Room) PutTeam(ctx context.Context, actor openmates.ID, t openmates.Team, to openmates.Limits) error {
	to, err := r.given(ctx, t.Limits, to, true)
	if err != nil || encode(to) == encode(t.Limits) {
		return err
	}
	return r.setTeam(ctx, actor, t, t.Limits, to)
}

// NewTeamLimits checks the limits of a team that is about to be created.
func (r *Room) NewTeamLimits(ctx context.Context, to openmates.Limits) (openmates.Limits, error) {
	return r.given(ctx, openmates.Limits{}, to, true)
}

// MemberLimits returns the limits of a person in a team.
func (r *Room) MemberLimits(ctx context.Context, t openmates.Team, u openmates.User) (openmates.Limits, error) {
	return r.store.MemberLimits(ctx, t.ID, u.ID)
}

// PutMember replaces the limits of a person in a team. The caller must check
// the right.
func (r *Room) PutMember(ctx context.Context, actor openmates.ID, t openmates.Team, u openmates.User, to openmates.Limits) error {
	own, err := r.store.MemberLimits(ctx, t.ID, u.ID)
	if err != nil {
		return err
	}
	if to, err = r.given(ctx, own, to, true); err != nil || encode(to) == encode(own) {
		return err
	}
	return r.setMember(ctx, actor, t, u, own, to)
}

const (
	mostPerMonth = 1_000_000_000_000_000 // the maximum of ParseMoney
	mostNames    = 1000
)

// given checks limits that a program sends whole. An unknown name may stay
// where it was, because it may only be missing for now, but can't be added.
func (r *Room) given(ctx context.Context, own, to openmates.Limits, mates bool) (openmates.Limits, error) {
	switch {
	case to.PerMinute < 0 || to.PerMinute > mostPerMinute:
		return own, openmates.Errorf(openmates.EInvalid, "Requests per minute must be a whole number up to %d; 0 means no limit.", mostPerMinute)
	case to.PerMonth < 0 || to.PerMonth > mostPerMonth:
		return own, openmates.Errorf(openmates.EInvalid, "Money per month must be an amount in millionths from 0 to %d; 0 means no limit.", int64(mostPerMonth))
	}
	for _, k := range TeamKinds() {
		set := to.Set(k)
		if !set.Only {
			if len(set.Names) > 0 {
				return own, openmates.Errorf(openmates.EInvalid, "A list of names needs “only”: true. Without it, everything is allowed.")
			}
			continue
		}
		if k == openmates.KindMate && !mates {
			return own, openmates.Errorf(openmates.EInvalid, "Which mates people can use is a limit of teams and members. To disable a mate for everyone, switch it off.")
		}
		if len(set.Names) > mostNames {
			return own, openmates.Errorf(openmates.EInvalid, "A list can have at most %d names.", mostNames)
		}
		known, err := r.names(ctx, k)
		if err != nil {
			return own, err
		}
		for _, n := range set.Names {
			if !slices.Contains(known, n) && !slices.Contains(own.Set(k).Names, n) {
				return own, openmates.Errorf(openmates.EInvalid, "There's no %s called %q here.", k, clip(n))
			}
		}
		to = to.With(k, openmates.OnlyThese(set.Names...))
	}
	return to, nil
}

// names lists the existing names of a kind.
func (r *Room) names(ctx context.Context, k openmates.Kind) ([]string, error) {
	var names []string
	switch k {
	case openmates.KindMate:
		all, err := r.store.Mates(ctx)
		for _, m := range all {
			names = append(names, m.Handle)
		}
		return names, err
	case openmates.KindApp, openmates.KindSkill:
		all, err := r.apps(ctx)
		return groupNames(all, k == openmates.KindSkill), err
	case openmates.KindProvider, openmates.KindModel:
		all, err := r.providers(ctx)
		return groupNames(all, k == openmates.KindModel), err
	}
	return nil, nil
}

func groupNames(all []Group, parts bool) []string {
	var names []string
	for _, g := range all {
		if !parts {
			names = append(names, g.Name)
			continue
		}
		for _, p := range g.Parts {
			names = append(names, p.Name)
		}
	}
	return names
}

func clip(s string) string { return spelling.Clip(s, 40) }
