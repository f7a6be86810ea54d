package store

import (
	"context"
	"slices"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/sqldb"
)

// WorkspaceStore stores which team has which bot in which workspace.
type WorkspaceStore struct{ *base }

// BindWorkspace assigns a workspace of a network to a team. It returns
// connect.ErrWorkspaceTaken if it belongs to another team.
func (db WorkspaceStore) BindWorkspace(ctx context.Context, n openmates.Network, workspace openmates.WorkspaceID, name string, teamID openmates.ID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error { return db.bind(t, n, workspace, name, teamID) })
}

func (db *base) bind(t *sqldb.Tx, n openmates.Network, workspace openmates.WorkspaceID, name string, teamID openmates.ID) error {
	t.Changed(Installations)
	rows, err := t.Exec(`INSERT INTO workspaces (network, workspace, team_id, name, created) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (network, workspace) DO UPDATE SET name = excluded.name WHERE workspaces.team_id = excluded.team_id`,
		n, workspace, teamID, name, db.now())
	if err == nil && rows == 0 {
		return connect.ErrWorkspaceTaken
	}
	return taken(err, connect.ErrWorkspaceTaken)
}

// UnbindWorkspace releases a workspace from a team; the bots in it stop
// answering there.
func (db WorkspaceStore) UnbindWorkspace(ctx context.Context, n openmates.Network, workspace openmates.WorkspaceID, teamID openmates.ID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Installations)
		if err := must(t, connect.ErrNoConnection, `DELETE FROM workspaces WHERE network = $1 AND workspace = $2 AND team_id = $3`, n, workspace, teamID); err != nil {
			return err
		}
		// The installations belong to the old team. The network reports again
		// which bots are still there.
		_, err := t.Exec(`DELETE FROM installations WHERE network = $1 AND workspace = $2`, n, workspace)
		return err
	})
}

// RemoveInstallation deletes a bot's installation in one of a team's
// workspaces.
func (db WorkspaceStore) RemoveInstallation(ctx context.Context, teamID, botID openmates.ID, workspace openmates.WorkspaceID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Installations)
		return must(t, connect.ErrNoConnection, `DELETE FROM installations WHERE bot_id = $2 AND workspace = $3 AND EXISTS
			(SELECT 1 FROM workspaces w WHERE w.network = installations.network AND w.workspace = installations.workspace AND w.team_id = $1)`,
			teamID, botID, workspace)
	})
}

// TestInstallation reports whether a bot may post a test message in a workspace
// now and, if so, records it: once per interval.
func (db WorkspaceStore) TestInstallation(ctx context.Context, botID openmates.ID, workspace openmates.WorkspaceID, every time.Duration) (ok bool, err error) {
	now := db.now()
	err = db.Update(ctx, func(t *sqldb.Tx) error {
		rows, err := t.Exec(`UPDATE installations SET tested = $3 WHERE bot_id = $1 AND workspace = $2 AND tested <= $4`,
			botID, workspace, now, now.Add(-every))
		ok = rows == 1
		return err
	})
	return ok, err
}

// Strangers lists where bots have been for at least this long in workspaces
// that nobody has connected, and where they have not yet explained how to.
func (db WorkspaceStore) Strangers(ctx context.Context, since time.Time) ([]openmates.Installation, error) {
	return sqldb.List(ctx, db, db.scanInstallation, `SELECT `+installationCols+` FROM installations i
		LEFT JOIN workspaces w ON w.network = i.network AND w.workspace = i.workspace
		WHERE i.greeted = 0 AND i.left_at = 0 AND w.team_id IS NULL AND i.created <= $1 ORDER BY i.id LIMIT 100`, since)
}

// GreetOnce reports whether a bot should explain how to connect it and, if so,
// records that it did: at most once per bot and workspace, and only while the
// workspace belongs to no team.
func (db WorkspaceStore) GreetOnce(ctx context.Context, botID openmates.ID, workspace openmates.WorkspaceID) (ok bool, err error) {
	err = db.Update(ctx, func(t *sqldb.Tx) error {
		rows, err := t.Exec(`UPDATE installations SET greeted = $3 WHERE bot_id = $1 AND workspace = $2 AND greeted = 0 AND left_at = 0
			AND NOT EXISTS (SELECT 1 FROM workspaces w WHERE w.network = installations.network AND w.workspace = installations.workspace)`,
			botID, workspace, db.now())
		ok = rows == 1
		return err
	})
	return ok, err
}

// AddInstallation records that a bot is in a workspace now and assigns the
// workspace to in.TeamID, in one transaction. With TeamID 0 it records only the
// presence: the network reported it, but nobody connected it. It may be
// repeated. It returns connect.ErrWorkspaceTaken if the workspace belongs to
// another team.
func (db WorkspaceStore) AddInstallation(ctx context.Context, in openmates.Installation) (openmates.Installation, error) {
	err := db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Installations)
		n, err := networkOf(t, in.BotID)
		if err != nil {
			return err
		}
		if in.TeamID != 0 {
			if err := db.bind(t, n, in.Workspace, in.Name, in.TeamID); err != nil {
				return err
			}
		}
		return db.arrive(t, n, &in)
	})
	return in, err
}

// LeftWorkspace records that a bot has left a workspace and deletes the
// credential that it had there.
func (db WorkspaceStore) LeftWorkspace(ctx context.Context, botID openmates.ID, workspace openmates.WorkspaceID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error { return db.leave(t, botID, workspace) })
}

func (db *base) leave(t *sqldb.Tx, botID openmates.ID, workspace openmates.WorkspaceID) error {
	t.Changed(Installations)
	_, err := t.Exec(`UPDATE installations SET left_at = $3, token = '' WHERE bot_id = $1 AND workspace = $2 AND left_at = 0`,
		botID, workspace, db.now())
	return err
}

// OnlyWorkspaces records that a bot has left every workspace not in all: it was
// removed there while nobody was listening.
func (db WorkspaceStore) OnlyWorkspaces(ctx context.Context, botID openmates.ID, all []openmates.WorkspaceID) error {
	var gone []openmates.WorkspaceID
	known, err := sqldb.List(ctx, db, func(s sqldb.Row) (w openmates.WorkspaceID, err error) { return w, s.Scan(&w) },
		`SELECT workspace FROM installations WHERE bot_id = $1 AND left_at = 0`, botID)
	if err != nil {
		return err
	}
	for _, w := range known {
		if !slices.Contains(all, w) {
			gone = append(gone, w)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return db.Update(ctx, func(t *sqldb.Tx) error {
		for _, w := range gone {
			if err := db.leave(t, botID, w); err != nil {
				return err
			}
		}
		return nil
	})
}

const installationCols = `i.id, i.bot_id, COALESCE(w.team_id, 0), i.workspace,
	CASE WHEN i.name = '' THEN COALESCE(w.name, '') ELSE i.name END, i.created, i.left_at, i.connected, i.token`

// InstallationsOf lists the installations in a team's workspaces, including
// former ones, by workspace and bot.
func (db WorkspaceStore) InstallationsOf(ctx context.Context, teamID openmates.ID) ([]openmates.Installation, error) {
	return sqldb.List(ctx, db, db.scanInstallation, `SELECT `+installationCols+` FROM workspaces w
		JOIN installations i ON i.network = w.network AND i.workspace = w.workspace
		WHERE w.team_id = $1 ORDER BY i.workspace, i.bot_id`, teamID)
}

// InstallationsOfBot lists the workspaces in which teams have added a bot,
// including former ones, by workspace.
func (db WorkspaceStore) InstallationsOfBot(ctx context.Context, botID openmates.ID) ([]openmates.Installation, error) {
	return sqldb.List(ctx, db, db.scanInstallation, `SELECT `+installationCols+` FROM installations i
		JOIN workspaces w ON w.network = i.network AND w.workspace = i.workspace
		WHERE i.bot_id = $1 ORDER BY i.workspace`, botID)
}

// InstallationAt returns a bot's installation in a workspace. TeamID is 0 if
// the workspace belongs to no team.
func (db WorkspaceStore) InstallationAt(ctx context.Context, botID openmates.ID, workspace openmates.WorkspaceID) (openmates.Installation, error) {
	return first(ctx, db, connect.ErrNoConnection, db.scanInstallation, `SELECT `+installationCols+` FROM installations i
		LEFT JOIN workspaces w ON w.network = i.network AND w.workspace = i.workspace
		WHERE i.bot_id = $1 AND i.workspace = $2`, botID, workspace)
}

// installationPlace returns the place that an installation's credential is
// sealed for.
func installationPlace(bot openmates.ID, workspace openmates.WorkspaceID) string {
	return "installations.token:" + bot.String() + ":" + string(workspace)
}

func (db *base) scanInstallation(s sqldb.Row) (in openmates.Installation, err error) {
	var created, left, connected int64
	var token string
	err = s.Scan(&in.ID, &in.BotID, &in.TeamID, &in.Workspace, &in.Name, &created, &left, &connected, &token)
	if err != nil {
		return in, err
	}
	in.Token, in.TokenLost, err = db.unseal(installationPlace(in.BotID, in.Workspace), token)
	in.Created, in.Left, in.Connected = sqldb.TimeOf(created), sqldb.TimeOf(left), sqldb.TimeOf(connected)
	return in, err
}
