package store

import (
	"context"

	"openmates/internal/connect"
	"openmates/internal/sqldb"
)

// SaveBotReport stores a report of the process that listens for a bot. It is a
// soft write: the process repeats it soon.
func (db BotStore) SaveBotReport(ctx context.Context, r connect.BotReport) error {
	_, err := db.Exec(ctx, sqldb.Soft, `INSERT INTO bot_states (bot_id, process, state, updated) VALUES ($1, $2, $3, $4)
		ON CONFLICT (bot_id) DO UPDATE SET process = excluded.process, state = excluded.state, updated = excluded.updated`,
		r.BotID, r.Process, string(r.State), db.now())
	return taken(err, nil)
}

// BotReports lists the last report on every bot that has one.
func (db BotStore) BotReports(ctx context.Context) ([]connect.BotReport, error) {
	return sqldb.List(ctx, db, func(s sqldb.Row) (r connect.BotReport, err error) {
		var state string
		var at int64
		err = s.Scan(&r.BotID, &r.Process, &state, &at)
		r.State, r.At = []byte(state), sqldb.TimeOf(at)
		return r, err
	}, `SELECT bot_id, process, state, updated FROM bot_states ORDER BY bot_id`)
}
