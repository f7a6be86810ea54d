package store

import (
	"context"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/sqldb"
)

// TeamStore stores the teams, their members, and the notices for their admins.
type TeamStore struct{ *base }

const teamCols = `t.id, t.slug, t.name, t.limits, t.created`

// Team returns the team with this ID.
func (db TeamStore) Team(ctx context.Context, id openmates.ID) (openmates.Team, error) {
	return first(ctx, db, openmates.ErrNoTeam, scanTeam, `SELECT `+teamCols+` FROM teams t WHERE t.id = $1`, id)
}

// TeamBySlug returns the team with this slug.
func (db TeamStore) TeamBySlug(ctx context.Context, slug string) (openmates.Team, error) {
	return first(ctx, db, openmates.ErrNoTeam, scanTeam, `SELECT `+teamCols+` FROM teams t WHERE t.slug = $1`, slug)
}

// Teams lists all teams by name.
func (db TeamStore) Teams(ctx context.Context) ([]openmates.Team, error) {
	return sqldb.List(ctx, db, scanTeam, `SELECT `+teamCols+` FROM teams t ORDER BY t.name, t.id`)
}

// TeamsOf lists the teams of a user by name.
func (db TeamStore) TeamsOf(ctx context.Context, userID openmates.ID) ([]openmates.Team, error) {
	return sqldb.List(ctx, db, scanTeam, `SELECT `+teamCols+` FROM teams t JOIN members m ON m.team_id = t.id
		WHERE m.user_id = $1 ORDER BY t.name, t.id`, userID)
}

// AddTeam creates a team. It returns openmates.ErrSlugTaken if another team
// has the slug.
func (db TeamStore) AddTeam(ctx context.Context, team openmates.Team) (openmates.Team, error) {
	var made openmates.Team
	err := db.Update(ctx, func(t *sqldb.Tx) (err error) {
		made, err = db.addTeam(t, team)
		return err
	})
	return made, err
}

func (db *base) addTeam(t *sqldb.Tx, team openmates.Team) (openmates.Team, error) {
	team.ID = db.NextID()
	if team.Created.IsZero() {
		team.Created = db.now()
	}
	team.Created = sqldb.TimeOf(sqldb.Millis(team.Created))
	_, err := t.Exec(`INSERT INTO teams (id, slug, name, limits, created) VALUES ($1, $2, $3, $4, $5)`,
		team.ID, team.Slug, team.Name, encodeLimits(team.Limits), team.Created)
	if sqldb.Collision(err) {
		return team, err
	}
	return team, taken(err, openmates.ErrSlugTaken)
}

// SaveTeam updates the name of a team.
func (db TeamStore) SaveTeam(ctx context.Context, team openmates.Team) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Teams)
		return must(t, openmates.ErrNoTeam, `UPDATE teams SET name = $2 WHERE id = $1`, team.ID, team.Name)
	})
}

// AddMember adds a user to a team or changes their role.
func (db TeamStore) AddMember(ctx context.Context, m openmates.Membership) error {
	return db.Update(ctx, func(t *sqldb.Tx) error { return db.addMember(t, m) })
}

func (db *base) addMember(t *sqldb.Tx, m openmates.Membership) error {
	t.Changed(Members)
	_, err := t.Exec(`INSERT INTO members (team_id, user_id, role, created) VALUES ($1, $2, $3, $4)
		ON CONFLICT (team_id, user_id) DO UPDATE SET role = excluded.role`, m.TeamID, m.UserID, m.Role, db.now())
	return taken(err, nil)
}

// RemoveMember removes a user from a team. It is not an error if they aren't a
// member.
func (db TeamStore) RemoveMember(ctx context.Context, teamID, userID openmates.ID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Members)
		_, err := t.Exec(`DELETE FROM members WHERE team_id = $1 AND user_id = $2`, teamID, userID)
		return err
	})
}

// Members lists the members of a team by username.
func (db TeamStore) Members(ctx context.Context, teamID openmates.ID) ([]openmates.Member, error) {
	return sqldb.List(ctx, db, func(s sqldb.Row) (openmates.Member, error) {
		var role openmates.Role
		u, err := scanUser(tail{s, []any{&role}})
		return openmates.Member{User: u, Role: role}, err
	}, `SELECT `+userCols+`, m.role FROM members m JOIN users u ON u.id = m.user_id
		WHERE m.team_id = $1 ORDER BY u.username`, teamID)
}

// Role returns a user's role in a team, or "" if they aren't a member.
func (db TeamStore) Role(ctx context.Context, teamID, userID openmates.ID) (openmates.Role, error) {
	var role openmates.Role
	_, err := sqldb.Get(ctx, db, `SELECT role FROM members WHERE team_id = $1 AND user_id = $2`, []any{teamID, userID}, &role)
	return role, err
}

func scanTeam(s sqldb.Row) (t openmates.Team, err error) {
	var limits string
	var created int64
	if err = s.Scan(&t.ID, &t.Slug, &t.Name, &limits, &created); err != nil {
		return t, err
	}
	t.Created = sqldb.TimeOf(created)
	t.Limits, err = decodeLimits(limits)
	return t, err
}

// tail scans further columns after those that a scan function reads.
type tail struct {
	sqldb.Row
	more []any
}

func (t tail) Scan(dest ...any) error { return t.Row.Scan(append(dest, t.more...)...) }

// TeamAt returns the team that a workspace of a network belongs to.
func (db TeamStore) TeamAt(ctx context.Context, n openmates.Network, workspace openmates.WorkspaceID) (openmates.Team, error) {
	return first(ctx, db, connect.ErrNoConnection, scanTeam, `SELECT `+teamCols+` FROM workspaces w
		JOIN teams t ON t.id = w.team_id WHERE w.network = $1 AND w.workspace = $2`, n, workspace)
}

// RemoveTeam removes a team with everything it owns and the text of its
// questions and answers. Its usage records are kept.
func (db TeamStore) RemoveTeam(ctx context.Context, id openmates.ID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		for _, kind := range []string{Teams, Members, Installations} {
			t.Changed(kind)
		}
		if _, err := db.endTokens(t, `team_id = $1`, id); err != nil {
			return err
		}
		if _, err := t.Exec(`DELETE FROM connect_states WHERE team_id = $1`, id); err != nil {
			return err
		}
		_, err := t.Exec(`UPDATE turns SET lane = '', author = '', question = '', shown = '', answer = '', note = '', body = '', channel = '', lacks = '' WHERE team_id = $1 AND NOT open`, id)
		if err != nil {
			return err
		}
		return must(t, openmates.ErrNoTeam, `DELETE FROM teams WHERE id = $1`, id)
	})
}
