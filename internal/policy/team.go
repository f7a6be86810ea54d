package policy

import (
	"context"
	"strings"

	"openmates"
)

// Teams is the part of the database that TeamAt needs. A missing row is
// openmates.ENotFound.
type Teams interface {
	Team(ctx context.Context, id openmates.ID) (openmates.Team, error)
	TeamBySlug(ctx context.Context, slug string) (openmates.Team, error)
}

// TeamAt returns the team that a path names, whoever asks. It is the only
// function that reads such names, so that a name never means two teams: if it
// can be an ID, it is one.
func TeamAt(ctx context.Context, t Teams, name string) (openmates.Team, error) {
	if id, err := openmates.ParseID(name); err == nil {
		return t.Team(ctx, id)
	}
	// Not ValidSlug, because existing teams may have a slug that is reserved
	// today.
	if len(name) > 100 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return openmates.Team{}, openmates.Errorf(openmates.ENotFound, "This team doesn't exist.")
	}
	return t.TeamBySlug(ctx, name)
}
