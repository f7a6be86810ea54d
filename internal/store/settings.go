package store

import (
	"context"

	"openmates"
	"openmates/internal/server"
	"openmates/internal/sqldb"
)

// SettingStore stores the server's settings by name, and its first setup.
type SettingStore struct{ *base }

// Setting returns the value of a setting; ok is false if it was never set.
func (db SettingStore) Setting(ctx context.Context, name string) (value string, ok bool, err error) {
	ok, err = sqldb.Get(ctx, db, `SELECT value FROM settings WHERE name = $1`, []any{name}, &value)
	return value, ok, err
}

// SetSetting sets a setting.
func (db SettingStore) SetSetting(ctx context.Context, name, value string) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Settings)
		return set(t, name, value)
	})
}

// TakeSetting removes a setting and returns its value: only one of several
// callers gets it.
func (db SettingStore) TakeSetting(ctx context.Context, name string) (value string, ok bool, err error) {
	err = db.Update(ctx, func(t *sqldb.Tx) error {
		ok, err = t.Get(`DELETE FROM settings WHERE name = $1 RETURNING value`, []any{name}, &value)
		return err
	})
	return value, ok && err == nil, err
}

func set(t *sqldb.Tx, name, value string) error {
	_, err := t.Exec(`INSERT INTO settings (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}

const setupHash = "setup_hash"

// SetSetupHash replaces the hash of the setup code if there is no server admin
// yet; otherwise it does nothing and returns false.
func (db SettingStore) SetSetupHash(ctx context.Context, hash string) (open bool, err error) {
	err = db.Update(ctx, func(t *sqldb.Tx) error {
		var n int64
		if _, err := t.Get(`SELECT COUNT(*) FROM users WHERE admin`, nil, &n); err != nil {
			return err
		}
		if open = n == 0; !open {
			return nil
		}
		return set(t, setupHash, hash)
	})
	return open && err == nil, err
}

// SetupHash returns the hash of the open setup code, or "".
func (db SettingStore) SetupHash(ctx context.Context) (string, error) {
	hash, _, err := db.Setting(ctx, setupHash)
	return hash, err
}

// Found creates the first admin and the first team with that admin, and ends
// the setup, all or nothing. If hash is no longer the open code's, somebody
// else was first: server.ErrSetUp.
func (db SettingStore) Found(ctx context.Context, hash string, u openmates.User, phc string, team openmates.Team) (openmates.User, openmates.Team, error) {
	var user openmates.User
	var made openmates.Team
	err := db.Update(ctx, func(t *sqldb.Tx) error {
		// The first to delete the row wins; the other waits for that commit and
		// then finds nothing.
		n, err := t.Exec(`DELETE FROM settings WHERE name = $1 AND value = $2`, setupHash, hash)
		if err != nil {
			return err
		}
		if n == 0 {
			return server.ErrSetUp
		}
		u.Admin = true
		if user, err = db.addUser(t, u, phc); err != nil {
			return err
		}
		if made, err = db.addTeam(t, team); err != nil {
			return err
		}
		return db.addMember(t, openmates.Membership{TeamID: made.ID, UserID: user.ID, Role: openmates.RoleAdmin})
	})
	return user, made, err
}

// SecretSetting returns a setting that is stored sealed, "" if it was never
// set; openmates.ErrUnreadable if this server's key can't open it.
func (db SettingStore) SecretSetting(ctx context.Context, name string) (openmates.Secret, error) {
	sealed, ok, err := db.Setting(ctx, name)
	if err != nil || !ok || sealed == "" {
		return "", err
	}
	return db.seal.Open(settingPlace(name), sealed)
}

// SetSecretSetting sets a setting, sealed.
func (db SettingStore) SetSecretSetting(ctx context.Context, name string, value openmates.Secret) error {
	sealed, err := db.seal.Seal(settingPlace(name), value)
	if err != nil {
		return err
	}
	return db.SetSetting(ctx, name, sealed)
}
