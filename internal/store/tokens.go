package store

import (
	"context"
	"strings"
	"time"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/sqldb"
)

// AnswerStore stores the responses to calls with an idempotency key.
type AnswerStore struct{ *base }

// TokenStore stores access tokens by their hash.
type TokenStore struct{ *base }

const tokenCols = `id, COALESCE(user_id, 0), COALESCE(team_id, 0), name, hint, scopes, maker, created, expires, used`

// AddAccessToken stores a token under its hash. It returns
// identity.ErrTooManyTokens if the person, the team or, for listeners, the
// server already has most tokens.
func (db TokenStore) AddAccessToken(ctx context.Context, k openmates.AccessToken, hash string, most int) (openmates.AccessToken, error) {
	err := db.Update(ctx, func(t *sqldb.Tx) error {
		k.ID = db.NextID()
		scopes := make([]string, len(k.Scopes))
		for i, s := range k.Scopes {
			scopes[i] = string(s)
		}
		n, err := t.Exec(`INSERT INTO access_tokens (id, hash, user_id, team_id, name, hint, scopes, maker, created, expires)
			SELECT $1, $2, NULLIF(CAST($3 AS BIGINT), 0), NULLIF(CAST($4 AS BIGINT), 0), $5, $6, $7, $8, $9, $10
			WHERE (SELECT COUNT(*) FROM access_tokens WHERE COALESCE(team_id, 0) = $4 AND ($4 <> 0 OR COALESCE(user_id, 0) = $3)) < $11`,
			k.ID, hash, k.UserID, k.TeamID, k.Name, k.Hint, strings.Join(scopes, " "), k.By, k.Created, k.Expires, most)
		if err == nil && n == 0 {
			err = identity.ErrTooManyTokens
		}
		return err
	})
	return k, err
}

// AccessToken returns the token with this hash, and the hash as stored.
func (db TokenStore) AccessToken(ctx context.Context, hash string) (openmates.AccessToken, string, error) {
	var stored string
	k, err := first(ctx, db, openmates.ErrNoToken, func(s sqldb.Row) (openmates.AccessToken, error) {
		return scanToken(tail{s, []any{&stored}})
	}, `SELECT `+tokenCols+`, hash FROM access_tokens WHERE hash = $1`, hash)
	return k, stored, err
}

// AccessTokenByID returns the token with this ID.
func (db TokenStore) AccessTokenByID(ctx context.Context, id openmates.ID) (openmates.AccessToken, error) {
	return first(ctx, db, openmates.ErrNoToken, scanToken, `SELECT `+tokenCols+` FROM access_tokens WHERE id = $1`, id)
}

// AccessTokens lists a team's tokens (userID 0), a person's tokens that are not
// tied to a team (teamID 0), or the listeners' tokens (both 0), newest first.
func (db TokenStore) AccessTokens(ctx context.Context, userID, teamID openmates.ID) ([]openmates.AccessToken, error) {
	return sqldb.List(ctx, db, scanToken, `SELECT `+tokenCols+` FROM access_tokens
		WHERE COALESCE(team_id, 0) = $2 AND ($2 <> 0 OR COALESCE(user_id, 0) = $1) ORDER BY id DESC`, userID, teamID)
}

// DropAccessToken deletes a token that AccessTokens lists.
func (db TokenStore) DropAccessToken(ctx context.Context, userID, teamID, id openmates.ID) (openmates.AccessToken, error) {
	var k openmates.AccessToken
	err := db.Update(ctx, func(t *sqldb.Tx) (err error) {
		if k, err = first(ctx, t, openmates.ErrNoToken, scanToken, `DELETE FROM access_tokens
			WHERE id = $3 AND COALESCE(team_id, 0) = $2 AND ($2 <> 0 OR COALESCE(user_id, 0) = $1) RETURNING `+tokenCols, userID, teamID, id); err != nil {
			return err
		}
		return db.endToken(t, k.ID)
	})
	return k, err
}

// TokensBy lists the tokens that a person created for themselves, a team or a
// listener, newest first.
func (db TokenStore) TokensBy(ctx context.Context, maker openmates.ID) ([]openmates.AccessToken, error) {
	return sqldb.List(ctx, db, scanToken, `SELECT `+tokenCols+` FROM access_tokens WHERE maker = $1 ORDER BY id DESC`, maker)
}

// DropTokenBy deletes a token that TokensBy lists.
func (db TokenStore) DropTokenBy(ctx context.Context, maker, id openmates.ID) (openmates.AccessToken, error) {
	var k openmates.AccessToken
	err := db.Update(ctx, func(t *sqldb.Tx) (err error) {
		if k, err = first(ctx, t, openmates.ErrNoToken, scanToken, `DELETE FROM access_tokens WHERE id = $2 AND maker = $1 RETURNING `+tokenCols, maker, id); err != nil {
			return err
		}
		return db.endToken(t, k.ID)
	})
	return k, err
}

// MAC returns a keyed hash of text for one place. The database alone reveals
// nothing about the text.
func (db TokenStore) MAC(place string, text openmates.Secret) string { return db.seal.MAC(place, text) }

// Verify reports whether mac is the MAC of text for this place.
func (db TokenStore) Verify(place string, text openmates.Secret, mac string) bool {
	return db.seal.Verify(place, text, mac)
}

// TouchAccessToken records when a token was used. It is a soft write.
func (db TokenStore) TouchAccessToken(ctx context.Context, id openmates.ID, at time.Time) error {
	_, err := db.Exec(ctx, sqldb.Soft, `UPDATE access_tokens SET used = $2 WHERE id = $1 AND used < $2`, id, at)
	return err
}

func scanToken(s sqldb.Row) (k openmates.AccessToken, err error) {
	var scopes string
	var created, expires, used int64
	err = s.Scan(&k.ID, &k.UserID, &k.TeamID, &k.Name, &k.Hint, &scopes, &k.By, &created, &expires, &used)
	k.Created, k.Expires, k.Used = sqldb.TimeOf(created), sqldb.TimeOf(expires), sqldb.TimeOf(used)
	for s := range strings.FieldsSeq(scopes) {
		k.Scopes = append(k.Scopes, openmates.Scope(s))
	}
	return k, err
}

// ClaimAnswer claims a key for one of several concurrent requests; mine reports
// whether this one got it. Otherwise it returns the stored entry, with a's
// Request if both are the same. A claim that began before abandoned and is
// still open counts as failed. Expired keys are free again.
//
// A request may contain something that is easy to guess, so only its MAC is
// stored.
func (db AnswerStore) ClaimAnswer(ctx context.Context, owner, key string, a openmates.KeptAnswer, abandoned, expires time.Time) (is openmates.KeptAnswer, mine bool, err error) {
	mac := db.seal.MAC(requestName(owner, key), openmates.Secret(a.Request))
	err = db.Update(ctx, func(t *sqldb.Tx) error {
		mine = false
		if _, err := t.Exec(`DELETE FROM kept_answers WHERE expires <= $1`, a.Begun); err != nil {
			return err
		}
		n, err := t.Exec(`INSERT INTO kept_answers (owner, key, request, begun, expires, ticket) VALUES ($1, $2, $3, $4, $5, $7)
			ON CONFLICT (owner, key) DO UPDATE SET request = excluded.request, begun = excluded.begun, expires = excluded.expires
				WHERE kept_answers.status = 0 AND kept_answers.request = excluded.request AND kept_answers.begun <= $6`,
			owner, key, mac, a.Begun, expires, abandoned, a.Ticket)
		if err != nil {
			return err
		}
		var status, begun int64
		var body string
		ok, err := t.Get(`SELECT request, status, type, body, begun, ticket FROM kept_answers WHERE owner = $1 AND key = $2`,
			[]any{owner, key}, &is.Request, &status, &is.Type, &body, &begun, &is.Ticket)
		if err != nil {
			return err
		}
		if !ok {
			return openmates.ErrAnswerDropped
		}
		if db.seal.Verify(requestName(owner, key), openmates.Secret(a.Request), is.Request) {
			is.Request = a.Request
		}
		is.Status, is.Begun, mine = int(status), sqldb.TimeOf(begun), n > 0
		if status != 0 {
			var lost bool
			if is.Body, lost, err = db.unseal(answerName(owner, key), body); lost {
				return openmates.ErrAnswerUnreadable
			}
		}
		return err
	})
	return is, mine, err
}

// KeepAnswer stores the response to a claimed request.
func (db AnswerStore) KeepAnswer(ctx context.Context, owner, key string, a openmates.KeptAnswer) error {
	body, err := db.seal.Seal(answerName(owner, key), a.Body)
	if err != nil {
		return err
	}
	return db.Update(ctx, func(t *sqldb.Tx) error {
		return must(t, openmates.ErrNoAnswer, `UPDATE kept_answers SET status = $3, type = $4, body = $5 WHERE owner = $1 AND key = $2 AND request = $6`,
			owner, key, a.Status, a.Type, body, db.seal.MAC(requestName(owner, key), openmates.Secret(a.Request)))
	})
}

// DropAnswer releases the key of a failed request if it still has this ticket.
func (db AnswerStore) DropAnswer(ctx context.Context, owner, key, ticket string) error {
	_, err := db.Exec(ctx, sqldb.Hard, `DELETE FROM kept_answers WHERE owner = $1 AND key = $2 AND status = 0 AND ticket = $3`, owner, key, ticket)
	return err
}

func requestName(owner, key string) string { return "kept_answers.request:" + owner + ":" + key }

func answerName(owner, key string) string { return "kept_answers.body:" + owner + ":" + key }
