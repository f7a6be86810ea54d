package store

import (
	"context"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/sqldb"
)

// ProtectionStore stores what protects an account besides its password, and
// password resets.
type ProtectionStore struct{ *base }

const passkeyCols = `id, user_id, credential, data, name, created, used`

func passkeyPlace(credential string) string       { return "passkeys.data:" + credential }
func authenticatorPlace(user openmates.ID) string { return "authenticators.secret:" + user.String() }
func settingPlace(name string) string             { return "settings.value:" + name }

// Passkeys lists a person's passkeys, oldest first.
func (db ProtectionStore) Passkeys(ctx context.Context, userID openmates.ID) ([]identity.Passkey, error) {
	return sqldb.List(ctx, db, db.scanPasskey, `SELECT `+passkeyCols+` FROM passkeys WHERE user_id = $1 ORDER BY id`, userID)
}

// AddPasskey stores a passkey. A credential that somebody already has is
// identity.ErrPasskeyKnown.
func (db ProtectionStore) AddPasskey(ctx context.Context, p identity.Passkey) (identity.Passkey, error) {
	data, err := db.seal.Seal(passkeyPlace(p.Credential), p.Data)
	if err != nil {
		return p, err
	}
	err = db.Update(ctx, func(t *sqldb.Tx) error {
		p.ID, p.Created = db.NextID(), sqldb.TimeOf(sqldb.Millis(db.now()))
		_, err := t.Exec(`INSERT INTO passkeys (id, user_id, credential, data, name, created) VALUES ($1, $2, $3, $4, $5, $6)`,
			p.ID, p.UserID, p.Credential, data, p.Name, p.Created)
		if sqldb.Collision(err) {
			return err
		}
		return taken(err, identity.ErrPasskeyKnown)
	})
	return p, err
}

// UsePasskey stores a credential's state after it was used.
func (db ProtectionStore) UsePasskey(ctx context.Context, p identity.Passkey) error {
	data, err := db.seal.Seal(passkeyPlace(p.Credential), p.Data)
	if err != nil {
		return err
	}
	return db.Update(ctx, func(t *sqldb.Tx) error {
		return must(t, identity.ErrNoPasskey, `UPDATE passkeys SET data = $3, used = $4 WHERE id = $1 AND user_id = $2`,
			p.ID, p.UserID, data, db.now())
	})
}

// RemovePasskey removes one of a person's passkeys and returns its name.
func (db ProtectionStore) RemovePasskey(ctx context.Context, userID, id openmates.ID) (name string, err error) {
	err = db.Update(ctx, func(t *sqldb.Tx) error {
		ok, err := t.Get(`DELETE FROM passkeys WHERE id = $2 AND user_id = $1 RETURNING name`, []any{userID, id}, &name)
		if err == nil && !ok {
			return identity.ErrNoPasskey
		}
		return err
	})
	return name, err
}

func (db *base) scanPasskey(s sqldb.Row) (p identity.Passkey, err error) {
	var data string
	var created, used int64
	if err = s.Scan(&p.ID, &p.UserID, &p.Credential, &data, &p.Name, &created, &used); err != nil {
		return p, err
	}
	p.Created, p.Used = sqldb.TimeOf(created), sqldb.TimeOf(used)
	p.Data, p.Lost, err = db.unseal(passkeyPlace(p.Credential), data)
	return p, err
}

// Authenticator returns a person's authenticator, confirmed or not;
// identity.ErrNoAuthenticator if there is none.
func (db ProtectionStore) Authenticator(ctx context.Context, userID openmates.ID) (a identity.Authenticator, err error) {
	var sealed string
	var confirmed, created int64
	ok, err := sqldb.Get(ctx, db, `SELECT secret, confirmed, step, created FROM authenticators WHERE user_id = $1`,
		[]any{userID}, &sealed, &confirmed, &a.Step, &created)
	if err != nil || !ok {
		if err == nil {
			err = identity.ErrNoAuthenticator
		}
		return a, err
	}
	a.Confirmed, a.Created = confirmed > 0, sqldb.TimeOf(created)
	a.Secret, a.Lost, err = db.unseal(authenticatorPlace(userID), sealed)
	return a, err
}

// BeginAuthenticator stores an unconfirmed secret, replacing an earlier
// unconfirmed one; identity.ErrAuthenticatorSet if one is confirmed.
func (db ProtectionStore) BeginAuthenticator(ctx context.Context, userID openmates.ID, secret openmates.Secret) error {
	sealed, err := db.seal.Seal(authenticatorPlace(userID), secret)
	if err != nil {
		return err
	}
	return db.Update(ctx, func(t *sqldb.Tx) error {
		n, err := t.Exec(`INSERT INTO authenticators (user_id, secret, created) VALUES ($1, $2, $3)
			ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created = excluded.created, step = 0
			WHERE authenticators.confirmed = 0`, userID, sealed, db.now())
		if err == nil && n == 0 {
			return identity.ErrAuthenticatorSet
		}
		return taken(err, nil)
	})
}

// ConfirmAuthenticator enables an authenticator after a code of this step was
// entered, and replaces the recovery codes' hashes (none = keep them).
func (db ProtectionStore) ConfirmAuthenticator(ctx context.Context, userID openmates.ID, step int64, recovery []string) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		n, err := t.Exec(`UPDATE authenticators SET confirmed = $2, step = $3 WHERE user_id = $1 AND confirmed = 0`, userID, db.now(), step)
		if err != nil {
			return err
		}
		if n == 0 {
			return identity.ErrNothingToConfirm
		}
		return setRecovery(t, userID, recovery)
	})
}

// UseStep accepts the code of a time step once: it returns false if it, or a
// later one, was used before. Of two at the same moment, one succeeds.
func (db ProtectionStore) UseStep(ctx context.Context, userID openmates.ID, step int64) (fresh bool, err error) {
	n, err := db.Exec(ctx, sqldb.Hard, `UPDATE authenticators SET step = $2 WHERE user_id = $1 AND step < $2`, userID, step)
	return n > 0, err
}

// RemoveAuthenticator removes a person's authenticator.
func (db ProtectionStore) RemoveAuthenticator(ctx context.Context, userID openmates.ID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		return must(t, identity.ErrNoAuthenticator, `DELETE FROM authenticators WHERE user_id = $1`, userID)
	})
}

// SetRecovery replaces the hashes of a person's recovery codes.
func (db ProtectionStore) SetRecovery(ctx context.Context, userID openmates.ID, hashes []string) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		if _, err := t.Exec(`DELETE FROM recovery_codes WHERE user_id = $1`, userID); err != nil {
			return err
		}
		return setRecovery(t, userID, hashes)
	})
}

func setRecovery(t *sqldb.Tx, userID openmates.ID, hashes []string) error {
	if len(hashes) == 0 {
		return nil
	}
	if _, err := t.Exec(`DELETE FROM recovery_codes WHERE user_id = $1`, userID); err != nil {
		return err
	}
	for _, h := range hashes {
		if _, err := t.Exec(`INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)`, userID, h); err != nil {
			return taken(err, nil)
		}
	}
	return nil
}

// UseRecovery uses up a recovery code: it returns false if the person doesn't
// have one with this hash. Of two at the same moment, one succeeds.
func (db ProtectionStore) UseRecovery(ctx context.Context, userID openmates.ID, hash string) (ok bool, err error) {
	n, err := db.Exec(ctx, sqldb.Hard, `DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2`, userID, hash)
	return n > 0, err
}

// Protection returns what an account requires besides its password.
func (db ProtectionStore) Protection(ctx context.Context, userID openmates.ID) (p identity.Protection, err error) {
	ok, err := sqldb.Get(ctx, db, `SELECT u.passkey_second,
			(SELECT COUNT(*) FROM authenticators a WHERE a.user_id = u.id AND a.confirmed > 0) > 0,
			(SELECT COUNT(*) FROM passkeys k WHERE k.user_id = u.id),
			(SELECT COUNT(*) FROM recovery_codes r WHERE r.user_id = u.id)
		FROM users u WHERE u.id = $1`, []any{userID}, &p.AskPasskey, &p.Authenticator, &p.Passkeys, &p.Recovery)
	if err == nil && !ok {
		err = openmates.ErrNoUser
	}
	return p, err
}

// AskPasskey sets whether a passkey is required after the password, and
// replaces the recovery codes' hashes (none = keep them).
func (db ProtectionStore) AskPasskey(ctx context.Context, userID openmates.ID, ask bool, recovery []string) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		if err := must(t, openmates.ErrNoUser, `UPDATE users SET passkey_second = $2 WHERE id = $1`, userID, ask); err != nil {
			return err
		}
		return setRecovery(t, userID, recovery)
	})
}
