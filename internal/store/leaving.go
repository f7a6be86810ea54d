package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/sqldb"
)

// AddAddressCode stores the hash of a code that was mailed to an address to
// confirm it. It replaces the person's earlier code.
func (db PeopleStore) AddAddressCode(ctx context.Context, hash string, userID openmates.ID, address string, expires time.Time) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		if _, err := t.Exec(`DELETE FROM address_codes WHERE user_id = $1`, userID); err != nil {
			return err
		}
		_, err := t.Exec(`INSERT INTO address_codes (hash, user_id, address, expires) VALUES ($1, $2, $3, $4)`, hash, userID, address, expires)
		return taken(err, nil)
	})
}

// AwaitedAddress returns the address that a person was asked to confirm, or "".
func (db PeopleStore) AwaitedAddress(ctx context.Context, userID openmates.ID) (address string, err error) {
	_, err = sqldb.Get(ctx, db, `SELECT address FROM address_codes WHERE user_id = $1 AND expires > $2`, []any{userID, db.now()}, &address)
	return address, err
}

// TakeAddressCode uses up a code and sets its person's address. It works once;
// afterwards, for another person, or after it has expired, the error is
// identity.ErrNoConfirmation.
func (db PeopleStore) TakeAddressCode(ctx context.Context, hash string, userID openmates.ID) (address string, err error) {
	err = db.Update(ctx, func(t *sqldb.Tx) error {
		ok, err := t.Get(`DELETE FROM address_codes WHERE hash = $1 AND user_id = $2 AND expires > $3 RETURNING address`,
			[]any{hash, userID, db.now()}, &address)
		if err != nil {
			return err
		}
		if !ok {
			return identity.ErrNoConfirmation
		}
		return setEmail(t, userID, address, true)
	})
	return address, err
}

// SetEmail sets a person's address, and whether it is confirmed. A pending
// confirmation is dropped.
func (db PeopleStore) SetEmail(ctx context.Context, userID openmates.ID, address string, confirmed bool) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		if _, err := t.Exec(`DELETE FROM address_codes WHERE user_id = $1`, userID); err != nil {
			return err
		}
		return setEmail(t, userID, address, confirmed)
	})
}

func setEmail(t *sqldb.Tx, userID openmates.ID, address string, confirmed bool) error {
	t.Changed(Users)
	err := must(t, openmates.ErrNoUser, `UPDATE users SET email = $2, email_confirmed = $3 WHERE id = $1`, userID, address, confirmed)
	return taken(err, openmates.ErrEmailTaken)
}

// EmailConfirmed reports whether a person's address is confirmed.
func (db PeopleStore) EmailConfirmed(ctx context.Context, userID openmates.ID) (yes bool, err error) {
	_, err = sqldb.Get(ctx, db, `SELECT email_confirmed FROM users WHERE id = $1`, []any{userID}, &yes)
	return yes, err
}

// OwnTurns lists a person's questions and answers, oldest first.
func (db PeopleStore) OwnTurns(ctx context.Context, userID openmates.ID) ([]identity.OwnTurn, error) {
	return sqldb.List(ctx, db, func(s sqldb.Row) (o identity.OwnTurn, err error) {
		var at int64
		var shown, note string
		err = s.Scan(&at, &o.Team, &o.Mate, &o.State, &o.Question, &shown, &o.Answer, &note)
		if shown != "" {
			o.Question += "\n" + shown
		}
		o.Answer += note
		o.At = sqldb.TimeOf(at)
		return o, err
	}, `SELECT r.accepted, COALESCE(t.slug, ''), COALESCE(m.handle, ''), r.state, r.question, r.shown, r.answer, r.note
		FROM turns r LEFT JOIN teams t ON t.id = r.team_id LEFT JOIN mates m ON m.id = r.mate_id
		WHERE r.user_id = $1 ORDER BY r.id`, userID)
}

// OwnUsage lists what a person's requests cost, oldest first.
func (db PeopleStore) OwnUsage(ctx context.Context, userID openmates.ID) ([]identity.OwnUsage, error) {
	return sqldb.List(ctx, db, func(s sqldb.Row) (o identity.OwnUsage, err error) {
		var at int64
		err = s.Scan(&at, &o.Team, &o.Mate, &o.Model, &o.Input, &o.Cached, &o.Output, &o.Cost)
		o.At = sqldb.TimeOf(at)
		return o, err
	}, `SELECT g.at, COALESCE(t.slug, ''), COALESCE(m.handle, ''), g.model, g.input, g.cached, g.output, g.cost
		FROM usage g LEFT JOIN teams t ON t.id = g.team_id LEFT JOIN mates m ON m.id = g.mate_id
		WHERE g.user_id = $1 ORDER BY g.at, g.turn`, userID)
}

// leavingTeam is a team of somebody who is leaving.
type leavingTeam struct {
	id     openmates.ID
	name   string
	admins int64 // others
	people int64 // others
}

// RemoveUser deletes an account permanently: its memberships, linked accounts,
// sessions and credentials, the text of questions and answers, and teams
// without other members. Cost records are kept. Who has to stay, because they
// are the only admin of the server or of a team with other members, is
// *openmates.LastAdminError.
func (db PeopleStore) RemoveUser(ctx context.Context, userID openmates.ID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		last, err := db.lastServerAdmin(t, userID)
		if err != nil {
			return err
		}
		if last {
			return &openmates.LastAdminError{}
		}
		teams, err := db.leavingTeams(t, userID)
		if err != nil {
			return err
		}
		for _, team := range teams {
			if team.people > 0 && team.admins == 0 {
				return &openmates.LastAdminError{Team: team.name}
			}
		}
		for _, team := range teams {
			if team.people > 0 {
				continue
			}
			if _, err := t.Exec(`DELETE FROM teams WHERE id = $1`, team.id); err != nil {
				return fmt.Errorf("remove the team that nobody is left in: %w", err)
			}
			t.Changed(Teams)
			t.Changed(Installations)
		}
		if err := db.forgetAddress(t, userID); err != nil {
			return err
		}
		if err := db.endOfUser(t, userID); err != nil {
			return fmt.Errorf("end what an account left behind: %w", err)
		}
		for _, text := range []string{
			// An open turn still runs: it finds that its author isn't linked,
			// and says so.
			`UPDATE turns SET lane = '', author = '', question = '', shown = '', answer = '', note = '', body = '', channel = '', lacks = '' WHERE user_id = $1 AND NOT open`,
			// Delete which accounts they had linked.
			`UPDATE audit SET before = '', after = '' WHERE actor = $1 AND action IN ('account.link', 'account.unlink')`,
			// Stored responses to their requests.
			`DELETE FROM kept_answers WHERE owner = 'user:' || CAST(CAST($1 AS BIGINT) AS TEXT)
				OR owner IN (SELECT 'token:' || CAST(id AS TEXT) FROM access_tokens WHERE user_id = $1)`,
			`DELETE FROM link_codes WHERE user_id = $1 OR EXISTS (SELECT 1 FROM identities i
				WHERE i.user_id = $1 AND i.network = link_codes.network AND i.account_id = link_codes.account_id)`,
			`DELETE FROM invite_mails WHERE email = (SELECT email FROM users WHERE id = $1)`,
			`DELETE FROM users WHERE id = $1`, // and by foreign keys everything that belongs to it
		} {
			if _, err := t.Exec(text, userID); err != nil {
				return fmt.Errorf("remove an account: %w", err)
			}
		}
		t.Changed(Users)
		t.Changed(Members)
		t.Changed(Identities)
		return nil
	})
}

// forgetAddress removes a person's address from invites. An invite that was
// only for them is deleted, because otherwise it would be for everybody.
func (db *base) forgetAddress(t *sqldb.Tx, userID openmates.ID) error {
	var email string
	if _, err := t.Get(`SELECT email FROM users WHERE id = $1`, []any{userID}, &email); err != nil || email == "" {
		return err
	}
	invites, err := sqldb.List(t.Context(), t, scanInvite, `SELECT `+inviteCols+` FROM invites i WHERE i.only_to LIKE $1 ESCAPE '!'`, "%"+like(email)+"%")
	if err != nil {
		return err
	}
	for _, i := range invites {
		if i.Only = slices.DeleteFunc(i.Only, func(a string) bool { return a == email }); len(i.Only) == 0 && i.Revoked.IsZero() {
			i.Revoked = db.now()
		}
		only, err := json.Marshal(append([]string{}, i.Only...))
		if err != nil {
			return fmt.Errorf("write whom an invite is for: %w", err)
		}
		if _, err := t.Exec(`UPDATE invites SET only_to = $2, revoked = $3 WHERE id = $1`, i.ID, string(only), i.Revoked); err != nil {
			return fmt.Errorf("take an address out of an invite: %w", err)
		}
	}
	return nil
}

// leavingTeams lists a person's teams and locks their rows.
func (db *base) leavingTeams(t *sqldb.Tx, userID openmates.ID) ([]leavingTeam, error) {
	if _, err := sqldb.List(t.Context(), t, func(s sqldb.Row) (id openmates.ID, err error) { return id, s.Scan(&id) },
		`SELECT t.id FROM teams t WHERE t.id IN (SELECT team_id FROM members WHERE user_id = $1) ORDER BY t.id`+db.ForUpdate(), userID); err != nil {
		return nil, err
	}
	return sqldb.List(t.Context(), t, func(s sqldb.Row) (l leavingTeam, err error) {
		return l, s.Scan(&l.id, &l.name, &l.admins, &l.people)
	}, `SELECT t.id, t.name,
			(SELECT COUNT(*) FROM members o WHERE o.team_id = t.id AND o.user_id <> $1 AND o.role = 'admin'),
			(SELECT COUNT(*) FROM members o WHERE o.team_id = t.id AND o.user_id <> $1)
		FROM teams t JOIN members m ON m.team_id = t.id WHERE m.user_id = $1 ORDER BY t.name, t.id`, userID)
}
