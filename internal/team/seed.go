package team

import (
	"context"
	"fmt"

	"openmates"
	"openmates/internal/spelling"
)

// Plan is a team with its people, as Seed makes it.
type Plan struct {
	Team   string
	Slug   string // "" = derived from Team
	People []Person
}

// Person is one account of a Plan.
type Person struct {
	Username string
	Name     string
	Password openmates.Secret
	Role     openmates.Role
	Admin    bool // server admin
}

// Seed creates a team and its people on a server without them, by the same
// rules as for everybody else. It is for demos and tests. It returns the people
// in the order of the plan.
func (r *Room) Seed(ctx context.Context, p Plan) (openmates.Team, []openmates.User, error) {
	t, err := spelling.Team(p.Team, p.Slug)
	if err != nil {
		return t, nil, err
	}
	if t, err = r.store.AddTeam(ctx, t); err != nil {
		return t, nil, fmt.Errorf("seed the team: %w", err)
	}
	users := make([]openmates.User, len(p.People))
	for i, who := range p.People {
		if users[i], err = r.seed(ctx, t, who); err != nil {
			return t, nil, fmt.Errorf("seed %s: %w", who.Username, err)
		}
	}
	return t, users, nil
}

func (r *Room) seed(ctx context.Context, t openmates.Team, who Person) (openmates.User, error) {
	u, phc, err := r.accounts.Account(ctx, who.Name, who.Username, who.Password)
	if err != nil {
		return u, err
	}
	u.Admin = who.Admin
	if u, err = r.store.AddUser(ctx, u, phc); err != nil {
		return u, err
	}
	return u, r.store.AddMember(ctx, openmates.Membership{TeamID: t.ID, UserID: u.ID, Role: who.Role})
}
