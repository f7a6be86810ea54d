package store

import (
	"context"

	"openmates"
	"openmates/internal/policy"
	"openmates/internal/sqldb"
)

// LimitStore stores the limits of the server, teams and members.
type LimitStore struct{ *base }

const serverLimits = "limits"

// ServerLimits returns the limits of the whole server.
func (db LimitStore) ServerLimits(ctx context.Context) (openmates.Limits, error) {
	text, _, err := SettingStore(db).Setting(ctx, serverLimits)
	if err != nil {
		return openmates.Limits{}, err
	}
	return decodeLimits(text)
}

// SetServerLimits sets the limits of the whole server.
func (db LimitStore) SetServerLimits(ctx context.Context, l openmates.Limits) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Limits)
		if err := recount(t, policy.ServerScope()); err != nil {
			return err
		}
		return set(t, serverLimits, encodeLimits(l))
	})
}

// SetTeamLimits sets a team's limits.
func (db LimitStore) SetTeamLimits(ctx context.Context, teamID openmates.ID, l openmates.Limits) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Limits)
		if err := recount(t, policy.TeamScope(teamID)); err != nil {
			return err
		}
		return must(t, openmates.ErrNoTeam, `UPDATE teams SET limits = $2 WHERE id = $1`, teamID, encodeLimits(l))
	})
}

// MemberLimits returns the limits of a person in a team.
func (db LimitStore) MemberLimits(ctx context.Context, teamID, userID openmates.ID) (openmates.Limits, error) {
	var text string
	ok, err := sqldb.Get(ctx, db, `SELECT limits FROM members WHERE team_id = $1 AND user_id = $2`, []any{teamID, userID}, &text)
	if err == nil && !ok {
		err = openmates.ErrNoMember
	}
	if err != nil {
		return openmates.Limits{}, err
	}
	return decodeLimits(text)
}

// SetMemberLimits sets the limits of a person in a team.
func (db LimitStore) SetMemberLimits(ctx context.Context, teamID, userID openmates.ID, l openmates.Limits) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Limits)
		if err := recount(t, policy.MemberScope(teamID, userID)); err != nil {
			return err
		}
		return must(t, openmates.ErrNoMember, `UPDATE members SET limits = $3 WHERE team_id = $1 AND user_id = $2`, teamID, userID, encodeLimits(l))
	})
}

// recount deletes the month's sum of a scope. While the scope had no limit
// nothing was added to its sum; the next reservation computes it again from the
// usage.
func recount(t *sqldb.Tx, scope openmates.CounterName) error {
	_, err := t.Exec(`DELETE FROM counters WHERE period <> $1 AND scope = $2`, minutePeriod, scope)
	return err
}

// Layers lists the limits that apply to a person who asks a mate in a team or,
// without a team, those of the server and the mate.
func (db LimitStore) Layers(ctx context.Context, a openmates.Asker) ([]openmates.Layer, error) {
	server, err := db.ServerLimits(ctx)
	if err != nil {
		return nil, err
	}
	var member openmates.Limits
	if a.Team.ID != 0 {
		if member, err = db.MemberLimits(ctx, a.Team.ID, a.User.ID); err != nil {
			return nil, err
		}
	}
	return policy.All().Layers(a, policy.Limits{
		openmates.ServerLayer: server, openmates.MateLayer: a.Mate.Limits, openmates.TeamLayer: a.Team.Limits, openmates.MemberLayer: member,
	}), nil
}
