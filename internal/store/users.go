package store

import (
	"context"
	"encoding/json"
	"fmt"

	"openmates"
	"openmates/internal/sqldb"
)

// PeopleStore stores accounts, what people say about themselves, and the
// deletion of accounts.
type PeopleStore struct{ *base }

const userCols = `u.id, u.username, u.display_name, u.email, u.admin, u.language, u.time_zone, u.preferences, u.created, u.epoch`

// User returns the account with this ID.
func (db PeopleStore) User(ctx context.Context, id openmates.ID) (openmates.User, error) {
	return first(ctx, db, openmates.ErrNoUser, scanUser, `SELECT `+userCols+` FROM users u WHERE u.id = $1`, id)
}

// UserByName returns the account with this username.
func (db PeopleStore) UserByName(ctx context.Context, username string) (openmates.User, error) {
	return first(ctx, db, openmates.ErrNoUser, scanUser, `SELECT `+userCols+` FROM users u WHERE u.username = $1`, username)
}

// Users lists all accounts by username.
func (db PeopleStore) Users(ctx context.Context) ([]openmates.User, error) {
	return sqldb.List(ctx, db, scanUser, `SELECT `+userCols+` FROM users u ORDER BY u.username`)
}

// AddUser creates an account with this password (a PHC string, or "" for none).
// It returns openmates.ErrUsernameTaken if another account has the username, or
// one that looks like it.
func (db PeopleStore) AddUser(ctx context.Context, u openmates.User, phc string) (openmates.User, error) {
	var made openmates.User
	err := db.Update(ctx, func(t *sqldb.Tx) (err error) {
		made, err = db.addUser(t, u, phc)
		return err
	})
	return made, err
}

func (db *base) addUser(t *sqldb.Tx, u openmates.User, phc string) (openmates.User, error) {
	u.ID = db.NextID()
	if u.Created.IsZero() {
		u.Created = db.now()
	}
	u.Created = sqldb.TimeOf(sqldb.Millis(u.Created))
	prefs, err := json.Marshal(u.Preferences)
	if err != nil {
		return u, fmt.Errorf("write preferences: %w", err)
	}
	_, err = t.Exec(`INSERT INTO users (id, username, skeleton, display_name, email, password, admin, language, time_zone, preferences, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		u.ID, u.Username, openmates.Skeleton(u.Username), u.DisplayName, u.Email, phc, u.Admin, u.Language, u.TimeZone, string(prefs), u.Created)
	if sqldb.Collision(err) {
		return u, err
	}
	return u, taken(err, openmates.ErrUsernameTaken)
}

// SaveUser updates what people may change about their account.
func (db PeopleStore) SaveUser(ctx context.Context, u openmates.User) error {
	prefs, err := json.Marshal(u.Preferences)
	if err != nil {
		return fmt.Errorf("write preferences: %w", err)
	}
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Users)
		err := must(t, openmates.ErrNoUser, `UPDATE users SET username = $2,
			skeleton = CASE WHEN username = $2 THEN skeleton ELSE $9 END, display_name = $3, email = $4, admin = $5,
			language = $6, time_zone = $7, preferences = $8 WHERE id = $1`,
			u.ID, u.Username, u.DisplayName, u.Email, u.Admin, u.Language, u.TimeZone, string(prefs), openmates.Skeleton(u.Username))
		return taken(err, openmates.ErrUsernameTaken)
	})
}

// Password returns an account's PHC string, or "" if it has no password.
func (db PeopleStore) Password(ctx context.Context, userID openmates.ID) (string, error) {
	var phc string
	ok, err := sqldb.Get(ctx, db, `SELECT password FROM users WHERE id = $1`, []any{userID}, &phc)
	if err == nil && !ok {
		err = openmates.ErrNoUser
	}
	return phc, err
}

// SetPassword replaces an account's PHC string.
func (db PeopleStore) SetPassword(ctx context.Context, userID openmates.ID, phc string) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		return must(t, openmates.ErrNoUser, `UPDATE users SET password = $2 WHERE id = $1`, userID, phc)
	})
}

// Rehash replaces an account's PHC string if it is still the one that the
// password was just checked against.
func (db PeopleStore) Rehash(ctx context.Context, userID openmates.ID, old, fresh string) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		_, err := t.Exec(`UPDATE users SET password = $3 WHERE id = $1 AND password = $2`, userID, old, fresh)
		return err
	})
}

func scanUser(s sqldb.Row) (u openmates.User, err error) {
	var prefs string
	var created int64
	err = s.Scan(&u.ID, &u.Username, &u.DisplayName, &u.Email, &u.Admin, &u.Language, &u.TimeZone, &prefs, &created, &u.Epoch)
	if err != nil {
		return u, err
	}
	u.Created = sqldb.TimeOf(created)
	return u, decodePreferences(prefs, &u.Preferences)
}

func decodePreferences(s string, p *openmates.Preferences) error {
	if s == "" || s == "{}" {
		return nil
	}
	if err := json.Unmarshal([]byte(s), p); err != nil {
		return fmt.Errorf("read preferences: %w", err)
	}
	return nil
}

// ConfirmedUsers lists the accounts that have confirmed an address.
func (db PeopleStore) ConfirmedUsers(ctx context.Context, address string) ([]openmates.User, error) {
	return sqldb.List(ctx, db, scanUser, `SELECT `+userCols+` FROM users u WHERE u.email_confirmed AND u.email = $1 ORDER BY u.id`, address)
}
