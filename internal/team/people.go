package team

import (
	"context"
	"time"

	"openmates"
	"openmates/internal/policy"
	"openmates/internal/spelling"
)

// SetRole changes a member's role. The last admin can't be demoted. A role
// outlives every token, so a token can't grant one.
func (r *Room) SetRole(ctx context.Context, c openmates.Caller, p policy.Place, username string, role openmates.Role) error {
	if err := p.Require(c, policy.ManagePeople); err != nil {
		return err
	}
	if err := c.InPerson(); err != nil {
		return err
	}
	if err := validRole(role); err != nil {
		return err
	}
	m, err := r.Member(ctx, p, username)
	if err != nil || m.Role == role {
		return err
	}
	err = r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.SetRole(ctx, p.Team.ID, m.User.ID, role); err != nil {
			return err
		}
		return r.audit.Record(ctx, p.Entry(c, "team.role", "").AboutPerson(m.User.ID), map[string]any{"role": m.Role}, map[string]any{"role": role})
	})
	if err != nil {
		return err
	}
	r.log.InfoContext(ctx, "a role was changed", "team", p.Team.Slug, "user", m.User.ID, "role", role, "by", c.User.ID)
	return nil
}

func validRole(role openmates.Role) error {
	if role != openmates.RoleAdmin && role != openmates.RoleMember {
		return openmates.Errorf(openmates.EInvalid, "Choose a role: admin or member.")
	}
	return nil
}

// Remove removes a member from the team. The last admin can't be removed.
func (r *Room) Remove(ctx context.Context, c openmates.Caller, p policy.Place, username string) error {
	if err := p.Require(c, policy.ManagePeople); err != nil {
		return err
	}
	m, err := r.Member(ctx, p, username)
	if err != nil {
		return err
	}
	return r.drop(ctx, c, p, m, "team.remove")
}

// QuitTeam removes the caller from the team. The last admin can't leave.
func (r *Room) QuitTeam(ctx context.Context, c openmates.Caller, p policy.Place) error {
	if err := p.Require(c, policy.LeaveTeam); err != nil {
		return err
	}
	return r.drop(ctx, c, p, openmates.Member{User: c.User, Role: p.Role}, "team.leave")
}

func (r *Room) drop(ctx context.Context, c openmates.Caller, p policy.Place, m openmates.Member, action string) error {
	err := r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.DropMember(ctx, p.Team.ID, m.User.ID); err != nil {
			return err
		}
		return r.audit.Record(ctx, p.Entry(c, action, "").AboutPerson(m.User.ID), map[string]any{"role": m.Role}, nil)
	})
	if err != nil {
		return err
	}
	r.log.InfoContext(ctx, "a member is gone", "team", p.Team.Slug, "user", m.User.ID, "by", c.User.ID)
	return nil
}

// RenameTeam changes the team's name. Its slug stays the same.
func (r *Room) RenameTeam(ctx context.Context, c openmates.Caller, p policy.Place, name string) error {
	if err := p.Require(c, policy.RunTeam); err != nil {
		return err
	}
	name, err := spelling.Name(name, openmates.T("the team's name"), spelling.Longest)
	if err != nil || name == p.Team.Name {
		return err
	}
	was := p.Team.Name
	p.Team.Name = name
	return r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.SaveTeam(ctx, p.Team); err != nil {
			return err
		}
		return r.audit.Record(ctx, p.Entry(c, "team.rename", "team "+p.Team.Slug), map[string]string{"name": was}, map[string]string{"name": name})
	})
}

// Usage returns the team's usage in this calendar month (UTC).
func (r *Room) Usage(ctx context.Context, c openmates.Caller, p policy.Place) (Month, error) {
	return r.UsageIn(ctx, c, p, r.now())
}

// UsageIn returns the team's usage in the calendar month of at (UTC).
func (r *Room) UsageIn(ctx context.Context, c openmates.Caller, p policy.Place, at time.Time) (Month, error) {
	if err := p.Require(c, policy.SeeUsage); err != nil {
		return Month{}, err
	}
	return r.store.TeamMonth(ctx, p.Team.ID, at)
}

// UsageMonths lists the months with usage in the team, and this one, newest
// first.
func (r *Room) UsageMonths(ctx context.Context, c openmates.Caller, p policy.Place) ([]time.Time, error) {
	if err := p.Require(c, policy.SeeUsage); err != nil {
		return nil, err
	}
	return r.store.TeamMonths(ctx, p.Team.ID, r.now())
}

// UsageLines returns that month in detail: by day, person, mate and model.
func (r *Room) UsageLines(ctx context.Context, c openmates.Caller, p policy.Place, at time.Time) ([]UsageLine, error) {
	if err := p.Require(c, policy.SeeUsage); err != nil {
		return nil, err
	}
	return r.store.TeamUsage(ctx, p.Team.ID, at)
}

// Now returns the time by the room's clock.
func (r *Room) Now() time.Time { return r.now() }
