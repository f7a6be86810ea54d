package store

import (
	"context"
	"time"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/sqldb"
)

// TurnStore stores the questions to mates and their answers.
type TurnStore struct{ *base }

// ForgetTalk restarts a conversation: earlier turns are no longer part of its
// history; see chat.Talks.
func (db TurnStore) ForgetTalk(ctx context.Context, conversation string) error {
	_, err := db.Exec(ctx, sqldb.Hard, `INSERT INTO forgotten (lane, turn)
		SELECT $1, COALESCE(MAX(id), 0) FROM turns WHERE lane = $1
		ON CONFLICT (lane) DO UPDATE SET turn = excluded.turn`, conversation)
	return err
}

// StopTalk asks the answer in progress in a conversation, the one to its oldest
// open question, to stop. ok reports whether there is one.
func (db TurnStore) StopTalk(ctx context.Context, conversation string) (ok bool, err error) {
	n, err := db.Exec(ctx, sqldb.Soft, `UPDATE turns SET stop = TRUE WHERE state IN ('received', 'running') AND id =
		(SELECT MIN(id) FROM turns WHERE lane = $1 AND open)`, conversation)
	return n > 0, err
}

// Stopped reports whether an answer should stop.
func (db TurnStore) Stopped(ctx context.Context, key string) (bool, error) {
	var stop bool
	_, err := sqldb.Get(ctx, db, `SELECT stop FROM turns WHERE key = $1`, []any{key}, &stop)
	return stop, err
}

// keepRefusals is how long refusals are remembered at most.
const keepRefusals = 24 * time.Hour

// SayRefusal reports whether a turn may post a refusal: true if it was last
// posted before since, or by this same turn.
func (db TurnStore) SayRefusal(ctx context.Context, key, about string, since time.Time) (say bool, err error) {
	err = db.Write(ctx, sqldb.Soft, func(t *sqldb.Tx) error {
		if _, err := t.Exec(`DELETE FROM refusals WHERE said < $1`, db.now().Add(-keepRefusals)); err != nil {
			return err
		}
		n, err := t.Exec(`INSERT INTO refusals (about, turn, said) VALUES ($1, $2, $3)
			ON CONFLICT (about) DO UPDATE SET turn = excluded.turn,
				said = CASE WHEN refusals.turn = excluded.turn THEN refusals.said ELSE excluded.said END
			WHERE refusals.turn = excluded.turn OR refusals.said < $4`, about, key, db.now(), since)
		say = n > 0
		return err
	})
	return say, err
}

// ForgetRefusals allows refusals to be posted again after their cause was
// fixed. It is called often, so it writes only if there is something to delete.
func (db TurnStore) ForgetRefusals(ctx context.Context, about ...string) error {
	for _, a := range about {
		var said int64
		there, err := sqldb.Get(ctx, db, `SELECT said FROM refusals WHERE about = $1`, []any{a}, &said)
		if err == nil && there {
			_, err = db.Exec(ctx, sqldb.Soft, `DELETE FROM refusals WHERE about = $1`, a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ChooseTeam stores which team a person's direct messages count for; 0 means
// that the person is asked again.
func (db TurnStore) ChooseTeam(ctx context.Context, botID, userID, teamID openmates.ID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Members)
		var team any
		if teamID != 0 {
			team = teamID
		}
		_, err := t.Exec(`INSERT INTO chosen_teams (bot_id, user_id, team_id) VALUES ($1, $2, $3)
			ON CONFLICT (bot_id, user_id) DO UPDATE SET team_id = excluded.team_id`, botID, userID, team)
		return taken(err, nil)
	})
}

// SpentBy returns what a person and their whole team spent in the month of t,
// including reservations for answers in progress.
func (db UsageStore) SpentBy(ctx context.Context, teamID, userID openmates.ID, t time.Time) (mine, team openmates.Micros, err error) {
	_, start, end := month(t)
	_, err = sqldb.Get(ctx, db, `SELECT `+sumOf(`CASE WHEN user_id = $2 THEN cost ELSE 0 END`)+`, `+sumOf(`cost`)+`
		FROM usage WHERE team_id = $1 AND at >= $3 AND at < $4`, []any{teamID, userID, start, end}, &mine, &team)
	return mine, team, err
}

// AskerMonth returns the totals for the month of t (UTC) that limit a person
// who asks a mate in a team, including reservations for answers in progress.
func (db UsageStore) AskerMonth(ctx context.Context, teamID, userID, mateID openmates.ID, t time.Time) (m chat.AskerMonth, err error) {
	_, start, end := month(t)
	_, err = sqldb.Get(ctx, db, `SELECT COUNT(CASE WHEN user_id = $2 THEN 1 END),
			`+sumOf(`CASE WHEN user_id = $2 THEN cost ELSE 0 END`)+`, `+sumOf(`cost`)+`,
			`+sumOf(`CASE WHEN mate_id = $3 THEN cost ELSE 0 END`)+`
		FROM usage WHERE team_id = $1 AND at >= $4 AND at < $5`, []any{teamID, userID, mateID, start, end},
		&m.Requests, &m.Spent, &m.Team, &m.Mate)
	return m, err
}
