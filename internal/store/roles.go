package store

import (
	"context"

	"openmates"
	"openmates/internal/sqldb"
	"openmates/internal/team"
)

// FoundTeam creates a team with its first admin, all or nothing. A user without
// an ID is created with this password.
func (db TeamStore) FoundTeam(ctx context.Context, u openmates.User, phc string, team openmates.Team) (openmates.User, openmates.Team, error) {
	made, founded := u, team
	err := db.Update(ctx, func(t *sqldb.Tx) (err error) {
		if made = u; u.ID == 0 {
			if made, err = db.addUser(t, u, phc); err != nil {
				return err
			}
		}
		if founded, err = db.addTeam(t, team); err != nil {
			return err
		}
		t.Changed(Teams)
		return db.addMember(t, openmates.Membership{TeamID: founded.ID, UserID: made.ID, Role: openmates.RoleAdmin})
	})
	return made, founded, err
}

// SetRole changes a member's role, and ends what only an admin can leave
// behind. The last admin can't be demoted: team.ErrLastAdmin.
func (db TeamStore) SetRole(ctx context.Context, teamID, userID openmates.ID, role openmates.Role) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		if err := db.othersRun(t, teamID, userID, role == openmates.RoleAdmin); err != nil {
			return err
		}
		t.Changed(Members)
		if role != openmates.RoleAdmin {
			if err := db.endInTeam(t, teamID, userID); err != nil {
				return err
			}
		}
		return must(t, openmates.ErrNoMember, `UPDATE members SET role = $3 WHERE team_id = $1 AND user_id = $2`, teamID, userID, role)
	})
}

// DropMember removes a member from a team, with what they left behind in it.
// The last admin can't be removed: team.ErrLastAdmin.
func (db TeamStore) DropMember(ctx context.Context, teamID, userID openmates.ID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		if err := db.othersRun(t, teamID, userID, false); err != nil {
			return err
		}
		t.Changed(Members)
		if err := db.endInTeam(t, teamID, userID); err != nil {
			return err
		}
		if _, err := t.Exec(`DELETE FROM connect_states WHERE team_id = $1 AND user_id = $2`, teamID, userID); err != nil {
			return err
		}
		return must(t, openmates.ErrNoMember, `DELETE FROM members WHERE team_id = $1 AND user_id = $2`, teamID, userID)
	})
}

// othersRun refuses what would leave a team without an admin. The lock on the
// team's row serialises such changes.
func (db *base) othersRun(t *sqldb.Tx, teamID, userID openmates.ID, fine bool) error {
	var n int64
	if _, err := t.Get(`SELECT 1 FROM teams WHERE id = $1`+db.ForUpdate(), []any{teamID}, &n); err != nil || fine {
		return err
	}
	last, err := t.Get(`SELECT 1 FROM members m WHERE m.team_id = $1 AND m.user_id = $2 AND m.role = $3
		AND NOT EXISTS (SELECT 1 FROM members o WHERE o.team_id = $1 AND o.user_id <> $2 AND o.role = $3)`,
		[]any{teamID, userID, openmates.RoleAdmin}, &n)
	if err == nil && last {
		err = team.ErrLastAdmin
	}
	return err
}
