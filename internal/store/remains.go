package store

import (
	"context"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/sqldb"
)

// What somebody left behind ends in the transaction that takes their right
// away. Package policy decides which right that is, and checks it again at each
// use; docs/adr/0015-delegated-access.md.

// EndAccess ends every way to act for a person: sessions, even unfinished ones,
// what is pending in them, tokens, and open invites for admins. With a new
// password, both happen or neither.
func (db SessionStore) EndAccess(ctx context.Context, e identity.AccessEnd) (identity.AccessEnded, error) {
	var out identity.AccessEnded
	err := db.Update(ctx, func(t *sqldb.Tx) (err error) {
		out, err = db.endAccess(t, e)
		return err
	})
	return out, err
}

func (db *base) endAccess(t *sqldb.Tx, e identity.AccessEnd) (out identity.AccessEnded, err error) {
	ok, err := t.Get(`UPDATE users SET epoch = epoch + 1, password = CASE WHEN $2 = '' THEN password ELSE $2 END
		WHERE id = $1 RETURNING epoch`, []any{e.UserID, e.Password}, &out.Epoch)
	if err == nil && !ok {
		err = openmates.ErrNoUser
	}
	if err != nil {
		return out, err
	}
	if err := db.endWaiting(t, e.UserID); err != nil {
		return out, err
	}
	if out.Tokens, err = db.endTokens(t, `maker = $1 AND ($2 = FALSE OR user_id = $1 AND team_id IS NULL)`, e.UserID, e.KeepShared); err != nil {
		return out, err
	}
	out.Invites, err = t.Exec(`UPDATE invites SET revoked = $2 WHERE maker = $1 AND role = $3 AND revoked = 0 AND expires > $2`,
		e.UserID, db.now(), openmates.RoleAdmin)
	return out, err
}

// endWaiting ends a person's sessions and everything started in them.
func (db *base) endWaiting(t *sqldb.Tx, userID openmates.ID) error {
	for _, text := range []string{
		`DELETE FROM sessions WHERE user_id = $1`,
		`DELETE FROM link_codes WHERE user_id = $1`,
		`DELETE FROM connect_states WHERE user_id = $1`,
		`DELETE FROM address_codes WHERE user_id = $1`,
		`DELETE FROM authenticators WHERE user_id = $1 AND confirmed = 0`,
		`DELETE FROM password_resets WHERE user_id = $1 OR maker = $1`,
	} {
		if _, err := t.Exec(text, userID); err != nil {
			return err
		}
	}
	_, err := t.Exec(`DELETE FROM kept_answers WHERE owner = $1`, "user:"+userID.String())
	return err
}

// endInTeam ends what only a team admin can make, for somebody who is no longer
// one.
func (db *base) endInTeam(t *sqldb.Tx, teamID, userID openmates.ID) error {
	if _, err := db.endTokens(t, `team_id = $1 AND maker = $2`, teamID, userID); err != nil {
		return err
	}
	_, err := t.Exec(`UPDATE invites SET revoked = $3 WHERE team_id = $1 AND maker = $2 AND revoked = 0`, teamID, userID, db.now())
	return err
}

// endOfUser ends what a deleted account has left with others; its own data is
// deleted with its row.
func (db *base) endOfUser(t *sqldb.Tx, userID openmates.ID) error {
	if err := db.endWaiting(t, userID); err != nil {
		return err
	}
	if _, err := db.endTokens(t, `maker = $1 OR user_id = $1`, userID); err != nil {
		return err
	}
	_, err := t.Exec(`UPDATE invites SET revoked = $2 WHERE maker = $1 AND revoked = 0`, userID, db.now())
	return err
}

// endTokens revokes the access tokens that match a condition, with everything
// made with them.
func (db *base) endTokens(t *sqldb.Tx, where string, args ...any) (int64, error) {
	ids, err := sqldb.List(t.Context(), t, func(s sqldb.Row) (id openmates.ID, err error) { return id, s.Scan(&id) },
		`DELETE FROM access_tokens WHERE `+where+` RETURNING id`, args...)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		if err := db.endToken(t, id); err != nil {
			return 0, err
		}
	}
	return int64(len(ids)), nil
}

// endToken ends what was made with an access token.
func (db *base) endToken(t *sqldb.Tx, id openmates.ID) error {
	if _, err := t.Exec(`UPDATE invites SET revoked = $2 WHERE token_id = $1 AND revoked = 0`, id, db.now()); err != nil {
		return err
	}
	_, err := t.Exec(`DELETE FROM kept_answers WHERE owner = $1`, "token:"+id.String())
	return err
}

// endSession ends everything unfinished in a session.
func endSession(t *sqldb.Tx, hash string) error {
	for _, table := range []string{"link_codes", "connect_states"} {
		if _, err := t.Exec(`DELETE FROM `+table+` WHERE session = $1`, hash); err != nil {
			return err
		}
	}
	return nil
}
