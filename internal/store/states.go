package store

import (
	"context"
	"time"

	"openmates/internal/connect"
	"openmates/internal/sqldb"
)

// keepStates is how long expired states are kept, so that somebody who returns
// late or twice can be told which it was.
const keepStates = 24 * time.Hour

// AddState stores a one-time row under the hash of a consent page's state.
func (db LinkStore) AddState(ctx context.Context, hash string, s connect.BegunState) error {
	verifier, err := db.seal.Seal("connect_states.verifier:"+hash, s.Verifier)
	if err != nil {
		return err
	}
	return db.Update(ctx, func(t *sqldb.Tx) error {
		if _, err := t.Exec(`DELETE FROM connect_states WHERE expires < $1`, db.now().Add(-keepStates)); err != nil {
			return err
		}
		_, err := t.Exec(`INSERT INTO connect_states (hash, kind, bot_id, team_id, user_id, session, verifier, expires)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			hash, s.Kind, s.BotID, s.TeamID, s.UserID, s.Session, verifier, s.Expires)
		return taken(err, connect.ErrStateUsed)
	})
}

// TakeState marks the row as used and returns it; of several callers, only one
// gets it. It returns connect.ErrStateUsed for a row that was already taken, and
// connect.ErrNoState for one that never existed or can't be read. An expired row
// is also taken and returned; check its Expires.
func (db LinkStore) TakeState(ctx context.Context, hash string) (connect.BegunState, error) {
	var s connect.BegunState
	var verifier string
	var expires int64
	err := db.Update(ctx, func(t *sqldb.Tx) error {
		ok, err := t.Get(`SELECT kind, bot_id, team_id, user_id, session, verifier, expires FROM connect_states WHERE hash = $1`,
			[]any{hash}, &s.Kind, &s.BotID, &s.TeamID, &s.UserID, &s.Session, &verifier, &expires)
		if err != nil {
			return err
		}
		if !ok {
			return connect.ErrNoState
		}
		rows, err := t.Exec(`UPDATE connect_states SET used = $2, verifier = '' WHERE hash = $1 AND used = 0`, hash, db.now())
		if err == nil && rows == 0 {
			return connect.ErrStateUsed
		}
		return err
	})
	if err != nil {
		return connect.BegunState{}, err
	}
	s.Expires = sqldb.TimeOf(expires)
	var lost bool
	s.Verifier, lost, err = db.unseal("connect_states.verifier:"+hash, verifier)
	if lost {
		return connect.BegunState{}, connect.ErrNoState
	}
	return s, err
}
