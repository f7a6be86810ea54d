package team

import (
	"context"
	"strings"

	"openmates"
	"openmates/internal/policy"
	"openmates/internal/spelling"
)

// Enter returns the team that a path names, by its slug or its ID, if the
// caller may do r in it. If the caller isn't a member the error is ENotFound,
// exactly as for a team that doesn't exist.
func (r *Room) Enter(ctx context.Context, c openmates.Caller, name string, right policy.Right) (policy.Place, error) {
	if !c.SignedIn() {
		return policy.Place{}, openmates.Errorf(openmates.EUnauthorized, "Please sign in first.")
	}
	none := openmates.Errorf(openmates.ENotFound, "You're not in a team %q. Check the address, or ask the team's admin for an invite.", spelling.Clip(name, 40))
	t, err := policy.TeamAt(ctx, r.store, name)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return policy.Place{}, none
	}
	if err != nil {
		return policy.Place{}, err
	}
	role, err := r.store.Role(ctx, t.ID, c.User.ID)
	if err != nil {
		return policy.Place{}, err
	}
	if role == "" || c.Token.TeamID != 0 && c.Token.TeamID != t.ID {
		return policy.Place{}, none
	}
	if !policy.Allowed(c.User, role, right) {
		return policy.Place{}, openmates.Errorf(openmates.EForbidden, "Only an admin of the team %s can do that. Ask one of them.", t.Name)
	}
	if err := c.Permit(policy.ScopeOf(right)); err != nil {
		return policy.Place{}, err
	}
	return policy.Place{Team: t, Role: role}, nil
}

// TeamsOf lists the caller's teams.
func (r *Room) TeamsOf(ctx context.Context, c openmates.Caller) ([]openmates.Team, error) {
	return r.store.TeamsOf(ctx, c.User.ID)
}

// Members lists the people of a team that the caller has entered.
func (r *Room) Members(ctx context.Context, p policy.Place) ([]openmates.Member, error) {
	return r.store.Members(ctx, p.Team.ID)
}

// Member is one person of a team that the caller has entered.
func (r *Room) Member(ctx context.Context, p policy.Place, username string) (openmates.Member, error) {
	none := openmates.Errorf(openmates.ENotFound, "No one in the team %s is called %q.", p.Team.Name, spelling.Clip(username, 40))
	if len(username) > 100 || strings.ContainsFunc(username, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return openmates.Member{}, none
	}
	u, err := r.store.UserByName(ctx, username)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return openmates.Member{}, none
	}
	if err != nil {
		return openmates.Member{}, err
	}
	role, err := r.store.Role(ctx, p.Team.ID, u.ID)
	if err == nil && role == "" {
		return openmates.Member{}, none
	}
	return openmates.Member{User: u, Role: role}, err
}

// For returns the team and person for whom a listener acts.
func (r *Room) For(ctx context.Context, c openmates.Caller, team string, user openmates.ID) (policy.Place, openmates.User, error) {
	none := openmates.Errorf(openmates.ENotFound, "This team doesn't exist, or no one in it has this ID.")
	if !c.IsListener() {
		return policy.Place{}, openmates.User{}, openmates.Errorf(openmates.EUnauthorized, "Only a listener's credential can act for someone else.")
	}
	t, err := policy.TeamAt(ctx, r.store, team)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return policy.Place{}, openmates.User{}, none
	}
	if err != nil {
		return policy.Place{}, openmates.User{}, err
	}
	role, err := r.store.Role(ctx, t.ID, user)
	if err != nil {
		return policy.Place{}, openmates.User{}, err
	}
	if role == "" {
		return policy.Place{}, openmates.User{}, none
	}
	u, err := r.store.User(ctx, user)
	return policy.Place{Team: t, Role: role}, u, err
}

// AloneIn lists the teams of which the caller is the only member: they are
// deleted with the account.
func (r *Room) AloneIn(ctx context.Context, c openmates.Caller) ([]openmates.Team, error) {
	teams, err := r.TeamsOf(ctx, c)
	if err != nil {
		return nil, err
	}
	var alone []openmates.Team
	for _, t := range teams {
		members, err := r.store.Members(ctx, t.ID)
		if err != nil {
			return nil, err
		}
		if len(members) == 1 {
			alone = append(alone, t)
		}
	}
	return alone, nil
}
