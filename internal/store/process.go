package store

import (
	"context"
	"fmt"
	"time"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/policy"
	"openmates/internal/sqldb"
)

// Progress returns the progress of a turn, see chat.Desk.
func (db TurnStore) Progress(ctx context.Context, key string) (p chat.Progress, err error) {
	var state openmates.TurnState
	p.Known, err = sqldb.Get(ctx, db, `SELECT state, answer, state <> 'received' OR EXISTS (SELECT 1 FROM usage WHERE turn = $1)
		FROM turns WHERE key = $1`, []any{key}, &state, &p.Text, &p.Taken)
	p.Ended = p.Known && state != openmates.TurnReceived && state != openmates.TurnRunning
	return p, err
}

// Grow records the text so far of an answer. It is a soft write: the next one
// contains more.
func (db TurnStore) Grow(ctx context.Context, key, text string) error {
	_, err := db.Exec(ctx, sqldb.Soft, `UPDATE turns SET answer = $2, state = 'running' WHERE key = $1 AND state IN ('received', 'running')`, key, text)
	return err
}

// StopTurn marks the answer to a turn to be stopped.
func (db TurnStore) StopTurn(ctx context.Context, key string) error {
	_, err := db.Exec(ctx, sqldb.Soft, `UPDATE turns SET stop = TRUE WHERE key = $1 AND state IN ('received', 'running')`, key)
	return err
}

// oldTrials finds trials whose answers are no longer needed.
const oldTrials = `SELECT id FROM turns WHERE kind = '` + string(chat.KindTrial) + `' AND NOT open AND answer <> '' AND closed < $1 LIMIT $2`

// ForgetTrials removes the answers to at most n trials that ended before a time.
func (db TurnStore) ForgetTrials(ctx context.Context, before time.Time, n int) (int, error) {
	count, err := db.Exec(ctx, sqldb.Soft, `UPDATE turns SET answer = '' WHERE id IN (`+oldTrials+`)`, before, n)
	return int(count), err
}

// heldByNone finds money that is reserved for turns that have ended or no
// longer exist.
const heldByNone = `SELECT g.turn FROM usage g LEFT JOIN turns t ON t.key = g.turn
	WHERE NOT g.settled AND (t.key IS NULL OR t.state NOT IN ('received', 'running')) LIMIT $1`

// FreeHeld settles at most n reservations of turns that ended without being
// settled, see chat.Store. Each is its own transaction, so that others can
// write in between.
func (db UsageStore) FreeHeld(ctx context.Context, n int) (int, error) {
	keys, err := sqldb.List(ctx, db, func(s sqldb.Row) (key string, err error) { return key, s.Scan(&key) }, heldByNone, n)
	if err != nil {
		return 0, err
	}
	for i, key := range keys {
		if err := db.free(ctx, key); err != nil {
			return i, fmt.Errorf("free what turn %q holds: %w", key, err)
		}
	}
	return len(keys), nil
}

// free settles a turn's reservation: what it has certainly spent is kept, the
// rest is released.
func (db UsageStore) free(ctx context.Context, key string) error {
	return db.Write(ctx, sqldb.Soft, func(t *sqldb.Tx) error {
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
