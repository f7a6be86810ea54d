package team

import (
	"context"
	"net/netip"

	"openmates"
	"openmates/internal/policy"
)

// Establish creates a team in one step, as FoundTeam does with a draft.
// Somebody without an account gets one at the same time: both are created, or
// neither.
func (r *Room) Establish(ctx context.Context, c openmates.Caller, from netip.Addr, d Draft, n openmates.Newcomer) (openmates.User, openmates.Team, error) {
	u, phc := c.User, ""
	if err := r.MayFound(ctx, c); err != nil {
		return u, openmates.Team{}, err
	}
	t, err := r.FreeTeam(ctx, d.Name, d.Slug)
	if err != nil {
		return u, t, err
	}
	t.Limits = d.Limits
	if !c.SignedIn() {
		if u, phc, err = r.accounts.Newcomer(ctx, from, n); err != nil {
			return u, t, err
		}
	}
	return r.found(ctx, u, phc, t)
}

// found makes a team with its first admin, who is made, too, if they have no ID.
func (r *Room) found(ctx context.Context, u openmates.User, phc string, t openmates.Team) (openmates.User, openmates.Team, error) {
	by, made := u, t
	err := r.store.Within(ctx, func(ctx context.Context) (err error) {
		if by, made, err = r.store.FoundTeam(ctx, u, phc, t); err != nil {
			return err
		}
		e := openmates.AuditEntry{Actor: by.ID, TeamID: made.ID, Action: "team.found", Target: "team " + made.Slug}
		return r.audit.Record(ctx, e, nil, map[string]any{"name": made.Name, "slug": made.Slug, "limits": made.Limits})
	})
	if err != nil {
		return u, t, err
	}
	r.log.InfoContext(ctx, "a team is founded", "team", made.Slug, "by", by.ID)
	return by, made, nil
}

// EndTeam deletes the team permanently, with its connections, invites and
// tokens, and the text of its questions. typed is its slug, entered to confirm.
func (r *Room) EndTeam(ctx context.Context, c openmates.Caller, p policy.Place, typed string) error {
	if err := c.InPerson(); err != nil {
		return err
	}
	if err := p.Require(c, policy.RunTeam); err != nil {
		return err
	}
	if typed != p.Team.Slug {
		return openmates.Errorf(openmates.EInvalid, "Type the team's address, %s, to confirm.", p.Team.Slug)
	}
	err := r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.RemoveTeam(ctx, p.Team.ID); err != nil {
			return err
		}
		return r.audit.Record(ctx, p.Entry(c, "team.delete", "team "+p.Team.Slug), map[string]string{"name": p.Team.Name}, nil)
	})
	if err != nil {
		return err
	}
	r.log.InfoContext(ctx, "a team was removed", "team", p.Team.ID, "by", c.User.ID)
	return nil
}
