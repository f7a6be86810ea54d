package account

import (
	"context"

	"openmates"
)

// Noticing is what the room asks of the database about what a team's admins
// have to be told.
type Noticing interface {
	Notices(ctx context.Context, teamID openmates.ID) ([]openmates.Notice, error)
	AddNotice(ctx context.Context, teamID openmates.ID, sentence string) error
	DropNotice(ctx context.Context, teamID, id openmates.ID) error
}

// Notices lists what happened to the team without its admins, for these alone.
func (r *Room) Notices(ctx context.Context, c openmates.Caller, p Place) ([]openmates.Notice, error) {
	if !Allowed(c.User, p.Role, RunTeam) {
		return nil, nil
	}
	return r.store.Notices(ctx, p.Team.ID)
}

// DropNotice takes a notice that was read off the team's pages.
func (r *Room) DropNotice(ctx context.Context, c openmates.Caller, p Place, id openmates.ID) error {
	if err := p.may(c, RunTeam); err != nil {
		return err
	}
	return r.store.DropNotice(ctx, p.Team.ID, id)
}
