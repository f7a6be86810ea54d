package store

import (
	"context"
	"encoding/json"
	"fmt"

	"openmates"
	"openmates/internal/sqldb"
)

// Privacy returns what a person lets mates see.
func (db PeopleStore) Privacy(ctx context.Context, userID openmates.ID) (openmates.Privacy, error) {
	var text string
	ok, err := sqldb.Get(ctx, db, `SELECT privacy FROM users WHERE id = $1`, []any{userID}, &text)
	if err == nil && !ok {
		err = openmates.ErrNoUser
	}
	if err != nil {
		return openmates.Privacy{}, err
	}
	return decodePrivacy(text)
}

// SetPrivacy sets what a person lets mates see.
func (db PeopleStore) SetPrivacy(ctx context.Context, userID openmates.ID, p openmates.Privacy) error {
	b, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("write the privacy: %w", err)
	}
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Users)
		return must(t, openmates.ErrNoUser, `UPDATE users SET privacy = $2 WHERE id = $1`, userID, string(b))
	})
}

// SetPerson sets only what a person says about themselves.
func (db PeopleStore) SetPerson(ctx context.Context, u openmates.User) error {
	prefs, err := json.Marshal(u.Preferences)
	if err != nil {
		return fmt.Errorf("write preferences: %w", err)
	}
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Users)
		return must(t, openmates.ErrNoUser, `UPDATE users SET display_name = $2, language = $3, time_zone = $4, preferences = $5 WHERE id = $1`,
			u.ID, u.DisplayName, u.Language, u.TimeZone, string(prefs))
	})
}

func decodePrivacy(s string) (p openmates.Privacy, err error) {
	if s == "" || s == "{}" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(s), &p); err != nil {
		return p, fmt.Errorf("read the privacy: %w", err)
	}
	return p, nil
}

// Topics returns a person's last n questions that mates answered in a team,
// newest first.
func (db PeopleStore) Topics(ctx context.Context, teamID, userID openmates.ID, n int) ([]string, error) {
	return sqldb.List(ctx, db, func(s sqldb.Row) (q string, err error) { return q, s.Scan(&q) },
		`SELECT question FROM turns WHERE user_id = $1 AND state = 'answered' AND team_id = $2 AND question <> ''
		ORDER BY id DESC LIMIT $3`, userID, teamID, n)
}
