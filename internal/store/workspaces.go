package store

import (
	"context"
	"slices"
	"time"

	"openmates"
	"openmates/internal/sqldb"
)

// WorkspaceStore keeps which team has which bot in which workspace.
type WorkspaceStore struct{ *base }

func workspaceTaken() openmates.Text {
	return openmates.T("This workspace is already connected to another team. A server admin can disconnect it.")
}

// BindWorkspace gives a workspace of a network to a team. That another team
// has it is EConflict.
func (db WorkspaceStore) BindWorkspace(ctx context.Context, n openmates.Network, workspace openmates.WorkspaceID, name string, teamID openmates.ID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error { return db.bind(t, n, workspace, name, teamID) })
}

func (db *base) bind(t *sqldb.Tx, n openmates.Network, workspace openmates.WorkspaceID, name string, teamID openmates.ID) error {
	t.Changed(Installations)
	rows, err := t.Exec(`INSERT INTO workspaces (network, workspace, team_id, name, created) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (network, workspace) DO UPDATE SET name = excluded.name WHERE workspaces.team_id = excluded.team_id`,
		n, workspace, teamID, name, db.now())
	if err == nil && rows == 0 {
		return &openmates.Error{Code: openmates.EConflict, Message: workspaceTaken()}
	}
	return taken(err, workspaceTaken())
}

// UnbindWorkspace takes a workspace from a team; the bots in it don't answer
// there any more.
func (db WorkspaceStore) UnbindWorkspace(ctx context.Context, n openmates.Network, workspace openmates.WorkspaceID, teamID openmates.ID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Installations)
		if err := must(t, openmates.T("This connection"), `DELETE FROM workspaces WHERE network = $1 AND workspace = $2 AND team_id = $3`, n, workspace, teamID); err != nil {
			return err
		}
		// What is known of the bots there was this team's affair. Those that are
		// there still are told anew by the network.
		_, err := t.Exec(`DELETE FROM installations WHERE network = $1 AND workspace = $2`, n, workspace)
		return err
	})
}

// RemoveInstallation forgets that a bot is, or was, in a workspace of a team.
func (db WorkspaceStore) RemoveInstallation(ctx context.Context, teamID, botID openmates.ID, workspace openmates.WorkspaceID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Installations)
		return must(t, openmates.T("This connection"), `DELETE FROM installations WHERE bot_id = $2 AND workspace = $3 AND EXISTS
			(SELECT 1 FROM workspaces w WHERE w.network = installations.network AND w.workspace = installations.workspace AND w.team_id = $1)`,
			teamID, botID, workspace)
	})
}

// TestInstallation says whether a bot may post a test message in a workspace
// now, and notes that it does: once in every span of time.
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

// Strangers lists where bots have been for at least this long without that
// anybody connected the workspace, and have not said yet how that is done.
func (db WorkspaceStore) Strangers(ctx context.Context, since time.Time) ([]openmates.Installation, error) {
	return sqldb.List(ctx, db, db.scanInstallation, `SELECT `+installationCols+` FROM installations i
		LEFT JOIN workspaces w ON w.network = i.network AND w.workspace = i.workspace
		WHERE i.greeted = 0 AND i.left_at = 0 AND w.team_id IS NULL AND i.created <= $1 ORDER BY i.id LIMIT 100`, since)
}

// GreetOnce says whether a bot is to say how it is connected, and notes that it
// did: once for each bot and workspace, whatever happens, unless the workspace
// has become a team's meanwhile.
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

// AddInstallation records that a bot is in a workspace, now, and gives the
// workspace to in.TeamID, in one. With TeamID 0 only the presence is recorded:
// the network told of it, nobody connected it. It may be repeated. That another
// team has the workspace is EConflict.
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

// LeftWorkspace records that a bot is not in a workspace any more, and forgets
// the credential that it had there.
func (db WorkspaceStore) LeftWorkspace(ctx context.Context, botID openmates.ID, workspace openmates.WorkspaceID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error { return db.leave(t, botID, workspace) })
}

func (db *base) leave(t *sqldb.Tx, botID openmates.ID, workspace openmates.WorkspaceID) error {
	t.Changed(Installations)
	_, err := t.Exec(`UPDATE installations SET left_at = $3, token = '' WHERE bot_id = $1 AND workspace = $2 AND left_at = 0`,
		botID, workspace, db.now())
	return err
}

// OnlyWorkspaces records that a bot has left every workspace that is not among
// all: it was removed there while nobody listened.
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

// InstallationsOf lists where bots are in the workspaces of a team, left ones
// included, by workspace and bot.
func (db WorkspaceStore) InstallationsOf(ctx context.Context, teamID openmates.ID) ([]openmates.Installation, error) {
	return sqldb.List(ctx, db, db.scanInstallation, `SELECT `+installationCols+` FROM workspaces w
		JOIN installations i ON i.network = w.network AND i.workspace = w.workspace
		WHERE w.team_id = $1 ORDER BY i.workspace, i.bot_id`, teamID)
}

// InstallationsOfBot lists where teams have added a bot, places that it has
// left included, by workspace.
func (db WorkspaceStore) InstallationsOfBot(ctx context.Context, botID openmates.ID) ([]openmates.Installation, error) {
	return sqldb.List(ctx, db, db.scanInstallation, `SELECT `+installationCols+` FROM installations i
		JOIN workspaces w ON w.network = i.network AND w.workspace = i.workspace
		WHERE i.bot_id = $1 ORDER BY i.workspace`, botID)
}

// InstallationAt gives a bot's presence in a workspace. TeamID is 0 when the
// workspace is no team's.
func (db WorkspaceStore) InstallationAt(ctx context.Context, botID openmates.ID, workspace openmates.WorkspaceID) (openmates.Installation, error) {
	return first(ctx, db, openmates.T("This connection"), db.scanInstallation, `SELECT `+installationCols+` FROM installations i
		LEFT JOIN workspaces w ON w.network = i.network AND w.workspace = i.workspace
		WHERE i.bot_id = $1 AND i.workspace = $2`, botID, workspace)
}

// installationPlace is where the credential of an installation is sealed for.
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
