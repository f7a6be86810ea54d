package store

import (
	"context"
	"fmt"
	"time"

	"openmates"
	"openmates/internal/policy"
	"openmates/internal/sqldb"
)

// AddTurn records a question that is answered at once and by nobody but its
// asker's own request: the queue never sees it. It is a soft write, as the
// asker who gets no answer asks again.
func (db *DB) AddTurn(ctx context.Context, key, conversation string, until time.Time) error {
	_, err := db.Exec(ctx, sqldb.Soft, `INSERT INTO turns (id, key, lane, body, open, accepted, not_before) VALUES ($1, $2, $3, '', FALSE, $4, $5)
		ON CONFLICT (key) DO NOTHING`, db.NextID(), key, conversation, db.now(), until)
	return err
}

// KeepTurn says that a turn of AddTurn is still being answered.
func (db *DB) KeepTurn(ctx context.Context, key string, until time.Time) error {
	_, err := db.Exec(ctx, sqldb.Soft, `UPDATE turns SET not_before = $2 WHERE key = $1 AND NOT open`, key, until)
	return err
}

// leftAlone finds turns that nobody answers any more. One that waits in the queue
// is open; one that was given up has ended, and one that was pruned is no longer
// there, but either may hold money.
const leftAlone = `SELECT key FROM (
		SELECT key FROM turns WHERE NOT open AND state IN ('received', 'running') AND not_before < $1 LIMIT $2) AS left_alone
	UNION SELECT key FROM (
		SELECT g.turn AS key FROM usage g LEFT JOIN turns t ON t.key = g.turn
		WHERE NOT g.settled AND (t.key IS NULL OR t.state NOT IN ('received', 'running')) LIMIT $2) AS held`

// EndTurns ends at most n turns that nobody answers any more, see chat.Store.
// Each is a transaction of its own, so that others may write in between.
func (db *DB) EndTurns(ctx context.Context, now time.Time, n int) (int, error) {
	keys, err := sqldb.List(ctx, db, func(s sqldb.Row) (key string, err error) { return key, s.Scan(&key) },
		leftAlone, now, n)
	if err != nil {
		return 0, err
	}
	for i, key := range keys {
		if err := db.endTurn(ctx, key, now); err != nil {
			return i, fmt.Errorf("end turn %q: %w", key, err)
		}
	}
	return len(keys), nil
}

// endTurn ends one turn. What it has certainly spent stays in the books, and the
// rest of what it holds is free again.
func (db *DB) endTurn(ctx context.Context, key string, now time.Time) error {
	return db.Write(ctx, sqldb.Soft, func(t *sqldb.Tx) error {
		if _, err := t.Exec(`UPDATE turns SET state = 'failed' WHERE key = $1 AND NOT open AND state IN ('received', 'running') AND not_before < $2`, key, now); err != nil {
			return err
		}
		var state string
		known, err := t.Get(`SELECT state FROM turns WHERE key = $1`, []any{key}, &state)
		if err != nil || known && (state == string(openmates.TurnReceived) || state == string(openmates.TurnRunning)) {
			return err // somebody has said in between that it is being answered
		}
		var u openmates.Usage
		var at int64
		held, err := t.Get(`SELECT team_id, user_id, mate_id, cost, sent, at FROM usage WHERE turn = $1 AND NOT settled`+db.ForUpdate(),
			[]any{key}, &u.TeamID, &u.UserID, &u.MateID, &u.Cost, &u.Sent, &at)
		if err != nil || !held {
			return err
		}
		if _, err := t.Exec(`UPDATE usage SET cost = sent, settled = TRUE WHERE turn = $1`, key); err != nil {
			return err
		}
		_, err = db.addUp(t, charge{u: u, at: sqldb.TimeOf(at), cost: u.Sent - u.Cost})
		return err
	})
}

// Layers lists the limits that hold for a person who asks a mate within a
// team, see chat.Store.
func (db *DB) Layers(ctx context.Context, a openmates.Asker) ([]openmates.Layer, error) {
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
