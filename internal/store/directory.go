package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/server"
	"openmates/internal/sqldb"
)

// separates parts of a list that SQL joins; no name contains it.
const unit = "\x1f"

func parts(s string) []string {
	if s == "" {
		return nil
	}
	all := strings.Split(s, unit)
	slices.Sort(all)
	return slices.Compact(all)
}

// FindPeople lists accounts by username.
func (db PeopleStore) FindPeople(ctx context.Context, q openmates.DirectorySearch) ([]server.DirectoryPerson, error) {
	return sqldb.List(ctx, db, func(s sqldb.Row) (p server.DirectoryPerson, err error) {
		var teams string
		var asked int64
		p.User, err = scanUser(tail{s, []any{&teams, &asked}})
		p.Teams, p.Asked = parts(teams), sqldb.TimeOf(asked)
		return p, err
	}, `SELECT `+userCols+`,
			COALESCE((SELECT string_agg(t.name, $4) FROM members m JOIN teams t ON t.id = m.team_id WHERE m.user_id = u.id), ''),
			COALESCE((SELECT MAX(r.accepted) FROM turns r WHERE r.user_id = u.id), 0)
		FROM users u WHERE u.username > $1
			AND (LOWER(u.username) LIKE LOWER($2) ESCAPE '!' OR LOWER(u.display_name) LIKE LOWER($2) ESCAPE '!' OR LOWER(u.email) LIKE LOWER($2) ESCAPE '!')
		ORDER BY u.username LIMIT $3`, q.After, "%"+like(q.Text)+"%", q.Limit, unit)
}

// FindTeams lists teams by slug, with what each spent in the month of at.
func (db TeamStore) FindTeams(ctx context.Context, q openmates.DirectorySearch, at time.Time) ([]server.DirectoryTeam, error) {
	_, start, end := month(at)
	return sqldb.List(ctx, db, func(s sqldb.Row) (x server.DirectoryTeam, err error) {
		var admins string
		x.Team, err = scanTeam(tail{s, []any{&x.Members, &admins, &x.Places, &x.Mates, &x.Spent}})
		x.Admins = parts(admins)
		return x, err
	}, `SELECT `+teamCols+`,
			(SELECT COUNT(*) FROM members m WHERE m.team_id = t.id),
			COALESCE((SELECT string_agg(u.username, $6) FROM members m JOIN users u ON u.id = m.user_id WHERE m.team_id = t.id AND m.role = 'admin'), ''),
			(SELECT COUNT(*) FROM workspaces w WHERE w.team_id = t.id),
			(SELECT COUNT(DISTINCT i.bot_id) FROM workspaces w JOIN installations i ON i.network = w.network AND i.workspace = w.workspace AND i.left_at = 0 WHERE w.team_id = t.id),
			(SELECT CAST(COALESCE(SUM(g.cost), 0) AS BIGINT) FROM usage g WHERE g.team_id = t.id AND g.at >= $4 AND g.at < $5)
		FROM teams t WHERE t.slug > $1 AND (LOWER(t.slug) LIKE LOWER($2) ESCAPE '!' OR LOWER(t.name) LIKE LOWER($2) ESCAPE '!')
		ORDER BY t.slug LIMIT $3`, q.After, "%"+like(q.Text)+"%", q.Limit, start, end, unit)
}

// FindWorkspaces lists the workspaces that teams have connected, by network and
// ID.
func (db WorkspaceStore) FindWorkspaces(ctx context.Context, q openmates.DirectorySearch) ([]connect.DirectoryPlace, error) {
	network, workspace, _ := strings.Cut(q.After, "/")
	return sqldb.List(ctx, db, func(s sqldb.Row) (p connect.DirectoryPlace, err error) {
		var mates string
		var since int64
		p.Team, err = scanTeam(tail{s, []any{&p.Network, &p.Workspace, &p.Name, &mates, &since}})
		p.Mates, p.Since = parts(mates), sqldb.TimeOf(since)
		return p, err
	}, `SELECT `+teamCols+`, w.network, w.workspace, w.name,
			COALESCE((SELECT string_agg(m.name, $5) FROM installations i JOIN bots b ON b.id = i.bot_id JOIN mates m ON m.id = b.mate_id
				WHERE i.network = w.network AND i.workspace = w.workspace AND i.left_at = 0), ''), w.created
		FROM workspaces w JOIN teams t ON t.id = w.team_id
		WHERE (w.network > $1 OR w.network = $1 AND w.workspace > $2)
			AND (w.workspace LIKE $3 ESCAPE '!' OR LOWER(w.name) LIKE LOWER($3) ESCAPE '!' OR LOWER(t.slug) LIKE LOWER($3) ESCAPE '!' OR LOWER(t.name) LIKE LOWER($3) ESCAPE '!')
		ORDER BY w.network, w.workspace LIMIT $4`, network, workspace, "%"+like(q.Text)+"%", q.Limit, unit)
}

// SetServerAdmin makes a person a server admin, or removes the role. The last
// admin can't be removed: *openmates.LastAdminError.
func (db PeopleStore) SetServerAdmin(ctx context.Context, userID openmates.ID, admin bool) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		if last, err := db.lastServerAdmin(t, userID); err != nil || last && !admin {
			if err == nil {
				err = &openmates.LastAdminError{}
			}
			return err
		}
		t.Changed(Users)
		if !admin {
			if _, err := db.endTokens(t, `maker = $1 AND user_id IS NULL`, userID); err != nil { // listeners'
				return err
			}
		}
		return must(t, openmates.ErrNoUser, `UPDATE users SET admin = $2 WHERE id = $1`, userID, admin)
	})
}

// lastServerAdmin reports whether somebody is the only server admin. It locks
// the admins' rows, so that of two who leave at the same moment one stays.
func (db *base) lastServerAdmin(t *sqldb.Tx, userID openmates.ID) (bool, error) {
	admins, err := sqldb.List(t.Context(), t, func(s sqldb.Row) (id openmates.ID, err error) { return id, s.Scan(&id) },
		`SELECT id FROM users WHERE admin ORDER BY id`+db.ForUpdate())
	return len(admins) == 1 && admins[0] == userID, err
}
