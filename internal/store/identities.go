package store

import (
	"context"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/sqldb"
)

// LinkStore stores linked accounts, and pending consents and codes.
type LinkStore struct{ *base }

// AddIdentity links an account on a network to a user. If somebody else has it,
// the error is connect.ErrAccountTaken; if the same user has it, only its name
// and picture are updated.
func (db LinkStore) AddIdentity(ctx context.Context, id openmates.Identity) (openmates.Identity, error) {
	err := db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Identities)
		var created int64
		ok, err := t.Get(`INSERT INTO identities (id, user_id, network, account_id, name, avatar, created) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (network, account_id) DO UPDATE SET name = excluded.name, avatar = excluded.avatar
				WHERE identities.user_id = excluded.user_id
			RETURNING id, created`,
			[]any{db.NextID(), id.UserID, id.Network, id.AccountID, id.Name, id.Avatar, db.now()}, &id.ID, &created)
		if err == nil && !ok {
			return connect.ErrAccountTaken
		}
		id.Created = sqldb.TimeOf(created)
		return taken(err, nil)
	})
	return id, err
}

// RemoveIdentity unlinks one of a user's accounts.
func (db LinkStore) RemoveIdentity(ctx context.Context, userID, id openmates.ID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Identities)
		return must(t, connect.ErrNoIdentity, `DELETE FROM identities WHERE id = $2 AND user_id = $1`, userID, id)
	})
}

// IdentitiesOf lists the linked accounts of a user.
func (db LinkStore) IdentitiesOf(ctx context.Context, userID openmates.ID) ([]openmates.Identity, error) {
	return sqldb.List(ctx, db, func(s sqldb.Row) (i openmates.Identity, err error) {
		var created int64
		err = s.Scan(&i.ID, &i.UserID, &i.Network, &i.AccountID, &i.Name, &i.Avatar, &created)
		i.Created = sqldb.TimeOf(created)
		return i, err
	}, `SELECT id, user_id, network, account_id, name, avatar, created FROM identities WHERE user_id = $1 ORDER BY network, id`, userID)
}

// UserOf returns the person who owns an account on a network.
func (db LinkStore) UserOf(ctx context.Context, n openmates.Network, account openmates.AccountID) (openmates.User, error) {
	return first(ctx, db, connect.ErrNoOwner, scanUser, `SELECT `+userCols+` FROM identities i
		JOIN users u ON u.id = i.user_id WHERE i.network = $1 AND i.account_id = $2`, n, account)
}
