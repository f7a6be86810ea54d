package store

import (
	"context"
	"time"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/sqldb"
)

const resetCols = `r.user_id, r.origin, r.maker, r.address, r.second, r.expires`

// A reset is invalid once it has expired, or once its user's address has
// changed. Whether its maker is still an admin is for the room to check.
const resetHolds = `r.expires > $2
	AND (r.address = '' OR EXISTS (SELECT 1 FROM users u WHERE u.id = r.user_id AND u.email = r.address AND u.email_confirmed))`

// AddReset stores a reset by the hash of its code. A link made by an admin or a
// command replaces earlier ones of that kind; expired ones are removed.
func (db ProtectionStore) AddReset(ctx context.Context, r identity.PasswordReset, hash string, at time.Time) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		if _, err := t.Exec(`DELETE FROM password_resets WHERE expires <= $1 OR user_id = $2 AND address = '' AND $3 = ''`,
			at, r.UserID, r.Address); err != nil {
			return err
		}
		_, err := t.Exec(`INSERT INTO password_resets (hash, user_id, origin, maker, address, second, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			hash, r.UserID, string(r.Origin), r.Maker, r.Address, r.Second, r.Expires)
		return taken(err, nil)
	})
}

// Reset returns the reset whose code has this hash, if it is valid.
func (db ProtectionStore) Reset(ctx context.Context, hash string, at time.Time) (identity.PasswordReset, error) {
	return first(ctx, db, identity.ErrNoReset, scanReset, `SELECT `+resetCols+` FROM password_resets r WHERE r.hash = $1 AND `+resetHolds, hash, at)
}

// UseReset uses up a reset: it sets the new password and ends everything that
// depends on the old one. Of several callers at the same moment one succeeds,
// the others get identity.ErrNoReset.
func (db ProtectionStore) UseReset(ctx context.Context, hash, phc string, at time.Time) (r identity.PasswordReset, ended identity.AccessEnded, err error) {
	err = db.Update(ctx, func(t *sqldb.Tx) error {
		found, err := sqldb.List(t.Context(), t, scanReset, `SELECT `+resetCols+` FROM password_resets r WHERE r.hash = $1 AND `+resetHolds, hash, at)
		if err != nil {
			return err
		}
		n, err := t.Exec(`DELETE FROM password_resets WHERE hash = $1`, hash)
		if err != nil {
			return err
		}
		if len(found) == 0 || n == 0 {
			return identity.ErrNoReset
		}
		r = found[0]
		if r.Second {
			if err := dropSecondStep(t, r.UserID); err != nil {
				return err
			}
		}
		ended, err = db.endAccess(t, identity.AccessEnd{UserID: r.UserID, Password: phc})
		return err
	})
	return r, ended, err
}

// DropSecondStep removes everything that is required after a person's password,
// and their passkeys, which may be on the lost device.
func (db ProtectionStore) DropSecondStep(ctx context.Context, userID openmates.ID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error { return dropSecondStep(t, userID) })
}

func dropSecondStep(t *sqldb.Tx, userID openmates.ID) error {
	for _, table := range []string{"authenticators", "recovery_codes", "passkeys"} {
		if _, err := t.Exec(`DELETE FROM `+table+` WHERE user_id = $1`, userID); err != nil {
			return err
		}
	}
	return must(t, openmates.ErrNoUser, `UPDATE users SET passkey_second = $2 WHERE id = $1`, userID, false)
}

func scanReset(s sqldb.Row) (r identity.PasswordReset, err error) {
	var origin string
	var expires int64
	err = s.Scan(&r.UserID, &origin, &r.Maker, &r.Address, &r.Second, &expires)
	r.Origin, r.Expires = identity.ResetOrigin(origin), sqldb.TimeOf(expires)
	return r, err
}
