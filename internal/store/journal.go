package store

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"openmates/internal/chat"
	"openmates/internal/queue"
	"openmates/internal/sqldb"
)

// JournalStore is the journal of the queue.
type JournalStore struct{ *base }

// MAX is in a query of its own, which SQLite answers from the end of the tree;
// within an expression it would read the whole journal. (SQLite needs WHERE to
// tell the conflict clause from a join.)
const addJob = `INSERT INTO turns (id, key, lane, body, attempt, accepted, kind, alone, not_before)
	SELECT CASE WHEN latest.id >= $1 THEN latest.id + 1 ELSE $1 END, $2, $3, $4, $5, $6, $7, $8, $9
	FROM (SELECT (SELECT MAX(id) FROM turns) AS id) AS latest WHERE TRUE
	ON CONFLICT (key) DO NOTHING`

// AddJob stores a job as open; fresh is false if its key already exists, and
// then nothing changes. It waits for the disk, unless the job is soft.
func (db JournalStore) AddJob(ctx context.Context, j queue.Job) (fresh bool, err error) {
	body := sqldb.EncodeBytes(j.Body)
	accepted := j.Accepted
	if accepted.IsZero() {
		accepted = db.now()
	}
	durability := sqldb.Hard
	if j.Soft {
		durability = sqldb.Soft
	}
	for try := 0; ; try++ {
		// Processes draw IDs from their own clocks, so within a millisecond, or
		// with a slow clock, an ID may be below one that is stored. It is
		// raised above it: a job that is accepted later has a higher ID. Two
		// PostgreSQL connections may then choose the same ID; the loser
		// retries.
		n, err := db.Exec(ctx, durability, addJob,
			db.NextID(), j.Key, j.Lane, body, max(j.Attempt, 1), accepted, string(cmp.Or(j.Kind, queue.Message)), j.Alone, j.NotBefore)
		if err != nil && try < 10 && sqldb.Collision(err) {
			continue
		}
		return n > 0, err
	}
}

// OpenJobs lists at most n open jobs after the given position, in order of
// acceptance, with the position of the last one. Position 0 is the start.
func (db JournalStore) OpenJobs(ctx context.Context, after int64, n int) ([]queue.Job, int64, error) {
	last := after
	jobs, err := sqldb.List(ctx, db, func(s sqldb.Row) (j queue.Job, err error) {
		var body string
		var attempt, notBefore, accepted int64
		if err = s.Scan(&last, &j.Key, &j.Kind, &j.Lane, &j.Alone, &body, &attempt, &notBefore, &accepted); err != nil {
			return j, err
		}
		j.Attempt, j.NotBefore, j.Accepted = int(attempt), sqldb.TimeOf(notBefore), sqldb.TimeOf(accepted)
		j.Body, err = sqldb.DecodeBytes(body)
		return j, err
	}, `SELECT id, key, kind, lane, alone, body, attempt, not_before, accepted FROM turns WHERE open AND id > $1 ORDER BY id LIMIT $2`, after, n)
	if err != nil {
		return nil, after, err
	}
	return jobs, last, nil
}

// CloseJob closes a job; closing twice is a no-op. It is a soft write: a job
// whose end was lost runs again, and finds what it did.
func (db JournalStore) CloseJob(ctx context.Context, key string, end queue.End) error {
	_, err := db.Exec(ctx, sqldb.Soft, `UPDATE turns SET open = FALSE, closed = $2, body = CASE WHEN kind = '`+string(chat.KindTrial)+`' THEN '' ELSE body END,
			why = CASE WHEN $3 = 'dropped' AND state IN ('received', 'running') THEN 'given_up'
				WHEN $3 = 'dropped' AND state = 'answered' THEN 'not_posted' ELSE why END,
			state = CASE WHEN $3 = 'dropped' AND state IN ('received', 'running') THEN 'failed' ELSE state END
		WHERE key = $1 AND open`, key, db.now(), string(end))
	return err
}

// DelayJob keeps a job open but not before t. It is a soft write: a lost pause
// is only a shorter pause.
func (db JournalStore) DelayJob(ctx context.Context, key string, attempt int, t time.Time) error {
	_, err := db.Exec(ctx, sqldb.Soft, `UPDATE turns SET attempt = $2, not_before = $3 WHERE key = $1 AND open`, key, attempt, t)
	return err
}

// oldestTurns finds the end of a batch of old turns. IDs begin with the time,
// so younger rows aren't read.
const oldestTurns = `SELECT COUNT(*), COALESCE(MAX(id), 0) FROM
	(SELECT id FROM turns WHERE NOT open AND id < $1 ORDER BY id LIMIT $2) AS oldest`

// PruneTurns removes the n oldest ended turns that were accepted before a time,
// and returns how many there were. Their usage is kept, and that a person was
// ever answered is recorded. It is a soft write: what comes back is removed
// again.
func (db JournalStore) PruneTurns(ctx context.Context, before time.Time, n int) (removed int, err error) {
	err = db.Write(ctx, sqldb.Soft, func(t *sqldb.Tx) error {
		var count, last int64
		if _, err := t.Get(oldestTurns, []any{sqldb.FirstID(before), n}, &count, &last); err != nil || count == 0 {
			return err
		}
		removed = int(count)
		_, err := t.Exec(`UPDATE users SET answered = TRUE WHERE NOT answered AND id IN
			(SELECT user_id FROM turns WHERE NOT open AND id <= $1 AND `+answeredThere+`)`, last)
		if err != nil {
			return fmt.Errorf("remember who was answered: %w", err)
		}
		_, err = t.Exec(`DELETE FROM turns WHERE NOT open AND id <= $1`, last)
		return err
	})
	return removed, err
}
