package store

import (
	"context"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/sqldb"
)

// SaveBotCheck stores the result of checking a bot's setup. It is a soft write:
// the next check repeats it.
func (db BotStore) SaveBotCheck(ctx context.Context, c connect.BotCheck) error {
	_, err := db.Exec(ctx, sqldb.Soft, `INSERT INTO bot_checks (bot_id, revision, redirect, findings, checked) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (bot_id) DO UPDATE SET revision = excluded.revision, redirect = excluded.redirect,
			findings = excluded.findings, checked = excluded.checked`,
		c.BotID, c.Revision, c.Redirect, string(c.Findings), c.At)
	return taken(err, nil)
}

// BotChecks lists the last check of every bot that has one.
func (db BotStore) BotChecks(ctx context.Context) ([]connect.BotCheck, error) {
	return sqldb.List(ctx, db, func(s sqldb.Row) (c connect.BotCheck, err error) {
		var findings string
		var at int64
		err = s.Scan(&c.BotID, &c.Revision, &c.Redirect, &findings, &at)
		c.Findings, c.At = []byte(findings), sqldb.TimeOf(at)
		return c, err
	}, `SELECT bot_id, revision, redirect, findings, checked FROM bot_checks ORDER BY bot_id`)
}

// RemoveBot deletes a bot with its credentials and installations. A workspace
// without other bots of its team no longer belongs to a team. Questions and
// costs are kept.
func (db BotStore) RemoveBot(ctx context.Context, id openmates.ID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Bots)
		t.Changed(Installations)
		_, err := t.Exec(`DELETE FROM workspaces WHERE EXISTS (
				SELECT 1 FROM installations i WHERE i.bot_id = $1 AND i.network = workspaces.network AND i.workspace = workspaces.workspace)
			AND NOT EXISTS (
				SELECT 1 FROM installations o WHERE o.bot_id <> $1 AND o.network = workspaces.network AND o.workspace = workspaces.workspace)`, id)
		if err != nil {
			return err
		}
		return must(t, openmates.ErrNoBot, `DELETE FROM bots WHERE id = $1`, id)
	})
}
