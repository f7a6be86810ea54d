package policy

import (
	"context"
	"strings"

	"openmates"
)

// Teams is what TeamAt asks of the database. What doesn't exist is
// openmates.ENotFound.
type Teams interface {
	Team(ctx context.Context, id openmates.ID) (openmates.Team, error)
	TeamBySlug(ctx context.Context, slug string) (openmates.Team, error)
}

// TeamAt returns the team that a path names, whoever asks. It is the only place
// that reads such a name, so that the same one never means two teams: what can
// be an ID is one.
func TeamAt(ctx context.Context, t Teams, name string) (openmates.Team, error) {
	if id, err := openmates.ParseID(name); err == nil {
		return t.Team(ctx, id)
	}
	// Not ValidSlug: a word that is reserved today may be a team of old.
	if len(name) > 100 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return openmates.Team{}, openmates.Errorf(openmates.ENotFound, "This team doesn't exist.")
	}
	return t.TeamBySlug(ctx, name)
}
