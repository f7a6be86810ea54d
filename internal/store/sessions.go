package store

import (
	"context"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/sqldb"
)

// SessionStore stores who is signed in, and ends sessions.
type SessionStore struct{ *base }

// Session returns the data of the session whose token has this hash; an expired
// one isn't found.
func (db SessionStore) Session(ctx context.Context, hash string) (data []byte, found bool, err error) {
	var text string
	found, err = sqldb.Get(ctx, db, `SELECT data FROM sessions WHERE token = $1 AND expires > $2`, []any{hash, db.now()}, &text)
	if err != nil || !found {
		return nil, false, err
	}
	data, err = sqldb.DecodeBytes(text)
	return data, err == nil, err
}

// AddSession adds a session. It is a soft write: after a power failure somebody
// may have to sign in again.
func (db SessionStore) AddSession(ctx context.Context, s identity.SessionRecord) error {
	_, err := db.Exec(ctx, sqldb.Soft, `INSERT INTO sessions (token, user_id, data, expires) VALUES ($1, $2, $3, $4)
		ON CONFLICT (token) DO UPDATE SET user_id = excluded.user_id, data = excluded.data, expires = excluded.expires`,
		s.Hash, s.UserID, sqldb.EncodeBytes(s.Data), s.Expires)
	return err
}

// SaveSession updates an existing session. It doesn't restore one that was
// ended meanwhile.
func (db SessionStore) SaveSession(ctx context.Context, s identity.SessionRecord) error {
	_, err := db.Exec(ctx, sqldb.Soft, `UPDATE sessions SET user_id = $2, data = $3, expires = $4 WHERE token = $1`,
		s.Hash, s.UserID, sqldb.EncodeBytes(s.Data), s.Expires)
	return err
}

// SessionsOf lists a person's sessions that haven't expired.
func (db SessionStore) SessionsOf(ctx context.Context, userID openmates.ID) ([]identity.SessionRecord, error) {
	return sqldb.List(ctx, db, func(s sqldb.Row) (r identity.SessionRecord, err error) {
		var text string
		var expires int64
		if err = s.Scan(&r.Hash, &r.UserID, &text, &expires); err != nil {
			return r, err
		}
		r.Expires = sqldb.TimeOf(expires)
		r.Data, err = sqldb.DecodeBytes(text)
		return r, err
	}, `SELECT token, user_id, data, expires FROM sessions WHERE user_id = $1 AND expires > $2 ORDER BY expires DESC, token`, userID, db.now())
}

// DeleteSession ends a session, as a hard write: it must not come back after a
// power failure.
func (db SessionStore) DeleteSession(ctx context.Context, hash string) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		if err := endSession(t, hash); err != nil {
			return err
		}
		_, err := t.Exec(`DELETE FROM sessions WHERE token = $1`, hash)
		return err
	})
}

// EndSession ends one of a person's sessions. It checks the owner, so that
// nobody ends somebody else's.
func (db SessionStore) EndSession(ctx context.Context, userID openmates.ID, hash string) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		if err := endSession(t, hash); err != nil {
			return err
		}
		return must(t, identity.ErrNoSession, `DELETE FROM sessions WHERE token = $2 AND user_id = $1`, userID, hash)
	})
}

// Sweep removes what has expired: sessions, states of consent pages, and
// unconfirmed addresses.
func (db SessionStore) Sweep(ctx context.Context) error {
	return db.Write(ctx, sqldb.Soft, func(t *sqldb.Tx) error {
		for _, table := range []string{"sessions", "connect_states", "address_codes", "link_codes", "password_resets"} {
			if _, err := t.Exec(`DELETE FROM `+table+` WHERE expires <= $1`, db.now()); err != nil {
				return err
			}
		}
		return nil
	})
}
