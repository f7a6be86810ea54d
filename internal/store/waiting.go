package store

import (
	"context"
	"time"

	"openmates"
	"openmates/internal/chat"
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
	count, err := db.Exec(ctx, sqldb.Soft, `UPDATE turns SET answer = '', note = '' WHERE id IN (`+oldTrials+`)`, before, n)
	return int(count), err
}
