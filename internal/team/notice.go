package team

import (
	"context"

	"openmates"
	"openmates/internal/policy"
)

// Notices lists what happened to the team without its admins, for the admins
// only.
func (r *Room) Notices(ctx context.Context, c openmates.Caller, p policy.Place) ([]Notice, error) {
	if !policy.Allowed(c.User, p.Role, policy.RunTeam) {
		return nil, nil
	}
	return r.store.Notices(ctx, p.Team.ID)
}

// DropNotice removes a notice that was read.
func (r *Room) DropNotice(ctx context.Context, c openmates.Caller, p policy.Place, id openmates.ID) error {
	if err := p.Require(c, policy.RunTeam); err != nil {
		return err
	}
	return r.store.DropNotice(ctx, p.Team.ID, id)
}
