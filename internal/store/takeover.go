package store

import (
	"context"
	"slices"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/sqldb"
)

// TakeOver moves a workspace from one team to another, together with the bot
// that was just added there, and removes the old team's installations. It
// returns connect.ErrChanged if the workspace no longer belongs to the old team
// or if a bot has been added since the caller checked. It locks the workspace's
// row, so concurrent connections and takeovers wait.
func (db WorkspaceStore) TakeOver(ctx context.Context, o connect.Takeover) (openmates.Installation, error) {
	in := o.Installation
	err := db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Installations)
		n, err := networkOf(t, in.BotID)
		if err != nil {
			return err
		}
		var holder openmates.ID
		if _, err := t.Get(`SELECT team_id FROM workspaces WHERE network = $1 AND workspace = $2`+db.ForUpdate(),
			[]any{n, in.Workspace}, &holder); err != nil {
			return err
		}
		now, err := sqldb.List(t.Context(), t, db.scanInstallation, `SELECT `+installationCols+` FROM installations i
			LEFT JOIN workspaces w ON w.network = i.network AND w.workspace = i.workspace
			WHERE i.network = $1 AND i.workspace = $2 ORDER BY i.id`, n, in.Workspace)
		if err != nil {
			return err
		}
		if holder != o.From || slices.ContainsFunc(now, func(x openmates.Installation) bool { return cameSince(x, o) }) {
			return connect.ErrChanged
		}
		if _, err := t.Exec(`DELETE FROM installations WHERE network = $1 AND workspace = $2 AND bot_id <> $3`, n, in.Workspace, in.BotID); err != nil {
			return err
		}
		if _, err := t.Exec(`UPDATE workspaces SET team_id = $3, name = $4, created = $5 WHERE network = $1 AND workspace = $2`,
			n, in.Workspace, in.TeamID, in.Name, db.now()); err != nil {
			return err
		}
		if err := db.arrive(t, n, &in); err != nil {
			return err
		}
		return db.notice(t, o.From, o.Notice)
	})
	return in, err
}

// cameSince reports whether a bot was connected or has appeared since the
// caller checked. The bot that is being added doesn't count.
func cameSince(now openmates.Installation, o connect.Takeover) bool {
	i := slices.IndexFunc(o.Seen, func(x openmates.Installation) bool { return x.ID == now.ID })
	var was openmates.Installation
	if i >= 0 {
		was = o.Seen[i]
	}
	connected := !now.Connected.IsZero() && !now.Connected.Equal(was.Connected)
	appeared := now.BotID != o.BotID && now.Left.IsZero() && (i < 0 || !was.Left.IsZero())
	return connected || appeared
}

func networkOf(t *sqldb.Tx, botID openmates.ID) (n openmates.Network, err error) {
	ok, err := t.Get(`SELECT network FROM bots WHERE id = $1`, []any{botID}, &n)
	if err == nil && !ok {
		err = openmates.ErrNoBot
	}
	return n, err
}

// arrive records that a bot is in a workspace now. A bot that returns without a
// team was added by a plain link, and its earlier connection no longer counts.
// Each connection by a team gets a later time than the one before, even within
// a millisecond, so that TakeOver can tell them apart.
func (db *base) arrive(t *sqldb.Tx, n openmates.Network, in *openmates.Installation) error {
	var created, connected int64
	if in.TeamID != 0 {
		connected = sqldb.Millis(db.now())
	}
	token, err := db.seal.Seal(installationPlace(in.BotID, in.Workspace), in.Token)
	if err != nil {
		return err
	}
	_, err = t.Get(`INSERT INTO installations (id, bot_id, network, workspace, name, created, connected, token) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (bot_id, workspace) DO UPDATE SET left_at = 0,
			connected = CASE
				WHEN excluded.connected > installations.connected THEN excluded.connected
				WHEN excluded.connected > 0 THEN installations.connected + 1
				WHEN installations.left_at > 0 THEN 0 ELSE installations.connected END,
			token = CASE WHEN excluded.token = '' THEN installations.token ELSE excluded.token END,
			name = CASE WHEN excluded.name = '' THEN installations.name ELSE excluded.name END
		RETURNING id, created, connected`,
		[]any{db.NextID(), in.BotID, n, in.Workspace, in.Name, db.now(), connected, token}, &in.ID, &created, &connected)
	in.Created, in.Left, in.Connected = sqldb.TimeOf(created), sqldb.TimeOf(0), sqldb.TimeOf(connected)
	return err
}
