package store

import (
	"context"

	"openmates/internal/connect"
	"openmates/internal/sqldb"
)

// AddLinkCode stores a one-time code by its hash, replacing an earlier one for
// the same account or person.
func (db LinkStore) AddLinkCode(ctx context.Context, hash string, c connect.LinkCode) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		if _, err := t.Exec(`DELETE FROM link_codes WHERE expires <= $1
			OR network = $2 AND account_id = $3 AND user_id = $4`, db.now(), c.Network, c.AccountID, c.UserID); err != nil {
			return err
		}
		_, err := t.Exec(`INSERT INTO link_codes (hash, network, account_id, name, avatar, user_id, session, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			hash, c.Network, c.AccountID, c.Name, c.Avatar, c.UserID, c.Session, c.Expires)
		return err
	})
}

const linkCodeCols = `network, account_id, name, avatar, user_id, expires`

// LinkCode returns what a code stands for. If it has expired, was used or
// doesn't exist, the error is connect.ErrNoCode.
func (db LinkStore) LinkCode(ctx context.Context, hash string) (connect.LinkCode, error) {
	return db.linkCode(func(dest ...any) (bool, error) {
		return sqldb.Get(ctx, db, `SELECT `+linkCodeCols+` FROM link_codes WHERE hash = $1`, []any{hash}, dest...)
	})
}

// TakeLinkCode returns it and removes it: only one of several callers gets it.
func (db LinkStore) TakeLinkCode(ctx context.Context, hash string) (connect.LinkCode, error) {
	return db.linkCode(func(dest ...any) (ok bool, err error) {
		err = db.Update(ctx, func(t *sqldb.Tx) (err error) {
			ok, err = t.Get(`DELETE FROM link_codes WHERE hash = $1 RETURNING `+linkCodeCols, []any{hash}, dest...)
			return err
		})
		return ok, err
	})
}

func (db *base) linkCode(read func(dest ...any) (bool, error)) (c connect.LinkCode, err error) {
	var expires int64
	ok, err := read(&c.Network, &c.AccountID, &c.Name, &c.Avatar, &c.UserID, &expires)
	if err != nil {
		return connect.LinkCode{}, err
	}
	c.Expires = sqldb.TimeOf(expires)
	if !ok || !c.Expires.After(db.now()) {
		return connect.LinkCode{}, connect.ErrNoCode
	}
	return c, nil
}
