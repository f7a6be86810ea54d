package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"openmates"
	"openmates/internal/sqldb"
	"openmates/internal/team"
)

// InviteStore stores invites and who has used them.
type InviteStore struct{ *base }

const inviteCols = `i.id, i.team_id, i.role, i.note, i.only_to, i.uses, i.used, i.maker, i.created, i.expires, i.revoked, i.token_id`

// AddInvite stores an invite with the hash of its code.
func (db InviteStore) AddInvite(ctx context.Context, i openmates.Invite, hash string) (openmates.Invite, error) {
	only, err := json.Marshal(i.Only)
	if err != nil {
		return i, fmt.Errorf("write whom an invite is for: %w", err)
	}
	if i.Only == nil {
		only = []byte("[]")
	}
	err = db.Update(ctx, func(t *sqldb.Tx) error {
		i.ID = db.NextID()
		_, err := t.Exec(`INSERT INTO invites (id, team_id, hash, role, note, only_to, uses, maker, token_id, created, expires)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			i.ID, i.TeamID, hash, i.Role, i.Note, string(only), i.Uses, i.By, i.TokenID, i.Created, i.Expires)
		return err
	})
	return i, err
}

// InviteByHash returns the invite whose code has this hash, and the hash as it
// is stored.
func (db InviteStore) InviteByHash(ctx context.Context, hash string) (openmates.Invite, string, error) {
	var stored string
	i, err := first(ctx, db, team.ErrNoInvite, func(s sqldb.Row) (openmates.Invite, error) {
		return scanInvite(tail{s, []any{&stored}})
	}, `SELECT `+inviteCols+`, i.hash FROM invites i WHERE i.hash = $1`, hash)
	return i, stored, err
}

// Invites lists a team's invites, newest first, with who joined with them.
func (db InviteStore) Invites(ctx context.Context, teamID openmates.ID) ([]team.InviteLine, error) {
	all, err := sqldb.List(ctx, db, func(s sqldb.Row) (l team.InviteLine, err error) {
		l.Invite, err = scanInvite(tail{s, []any{&l.Maker}})
		return l, err
	}, `SELECT `+inviteCols+`, COALESCE(u.display_name, '') FROM invites i LEFT JOIN users u ON u.id = i.maker
		WHERE i.team_id = $1 ORDER BY i.id DESC`, teamID)
	if err != nil {
		return nil, err
	}
	type row struct {
		invite openmates.ID
		team.Joined
	}
	came, err := sqldb.List(ctx, db, func(s sqldb.Row) (r row, err error) {
		var at int64
		err = s.Scan(&r.invite, &r.User.Username, &r.User.DisplayName, &at)
		r.At = sqldb.TimeOf(at)
		return r, err
	}, `SELECT j.invite_id, u.username, u.display_name, j.at FROM invite_joins j
		JOIN invites i ON i.id = j.invite_id JOIN users u ON u.id = j.user_id
		WHERE i.team_id = $1 ORDER BY j.at, u.username`, teamID)
	by := map[openmates.ID][]team.Joined{}
	for _, r := range came {
		by[r.invite] = append(by[r.invite], r.Joined)
	}
	for n := range all {
		all[n].Joined = by[all[n].ID]
	}
	return all, err
}

// RevokeInvite revokes a team's invite. One of another team, or one that has
// already ended, is team.ErrNoInvite.
func (db InviteStore) RevokeInvite(ctx context.Context, teamID, invite openmates.ID, at time.Time) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		return must(t, team.ErrNoInvite, `UPDATE invites SET revoked = $3 WHERE id = $1 AND team_id = $2 AND revoked = 0`, invite, teamID, at)
	})
}

// Join uses up an invite once and adds the user to its team, all or nothing. A
// user without an ID is created with this password. If two people race for the
// last use one wins; the other gets team.ErrInviteOver, and somebody already in
// the team team.ErrJoined. proof is the hash of the link that proves an address,
// "" = none; it works once, then it is team.ErrProofUsed, and it confirms the
// address if it is the user's.
func (db InviteStore) Join(ctx context.Context, invite openmates.ID, u openmates.User, phc, proof string, at time.Time) (openmates.User, error) {
	made := u
	err := db.Update(ctx, func(t *sqldb.Tx) (err error) {
		// This one statement decides: it counts and checks at once.
		n, err := t.Exec(`UPDATE invites SET used = used + 1
			WHERE id = $1 AND revoked = 0 AND expires > $2 AND (uses = 0 OR used < uses)`, invite, at)
		if err == nil && n == 0 {
			err = team.ErrInviteOver
		}
		if err != nil {
			return err
		}
		proved, err := takeProof(t, invite, proof, at)
		if err != nil {
			return err
		}
		if made = u; u.ID == 0 {
			if made, err = db.addUser(t, u, phc); err != nil {
				return err
			}
		}
		if err := confirmEmail(t, made.ID, proved); err != nil {
			return err
		}
		t.Changed(Members)
		n, err = t.Exec(`INSERT INTO members (team_id, user_id, role, created)
			SELECT i.team_id, $2, i.role, $3 FROM invites i WHERE i.id = $1
			ON CONFLICT (team_id, user_id) DO NOTHING`, invite, made.ID, at)
		if err == nil && n == 0 {
			err = team.ErrJoined
		}
		if err != nil {
			return err
		}
		_, err = t.Exec(`INSERT INTO invite_joins (invite_id, user_id, at) VALUES ($1, $2, $3)
			ON CONFLICT (invite_id, user_id) DO UPDATE SET at = excluded.at`, invite, made.ID, at)
		return err
	})
	return made, err
}

// takeProof uses up the proof of an address and returns the address: of two who
// use the same proof, only one succeeds.
func takeProof(t *sqldb.Tx, invite openmates.ID, proof string, at time.Time) (address string, err error) {
	if proof == "" {
		return "", nil
	}
	ok, err := t.Get(`DELETE FROM invite_mails WHERE hash = $1 AND invite_id = $2 AND expires > $3 RETURNING email`,
		[]any{proof, invite, at}, &address)
	if err == nil && !ok {
		err = team.ErrProofUsed
	}
	return address, err
}

// confirmEmail marks a user's address as confirmed if it is the proved one.
func confirmEmail(t *sqldb.Tx, userID openmates.ID, proved string) error {
	if proved == "" {
		return nil
	}
	t.Changed(Users)
	_, err := t.Exec(`UPDATE users SET email_confirmed = TRUE WHERE id = $1 AND email = $2`, userID, proved)
	return taken(err, openmates.ErrEmailTaken)
}

// AddInviteMail stores the hash of a link that proves an email address, and
// removes expired ones.
func (db InviteStore) AddInviteMail(ctx context.Context, m team.InviteMail, hash string, now time.Time) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		if _, err := t.Exec(`DELETE FROM invite_mails WHERE expires <= $1`, now); err != nil {
			return err
		}
		_, err := t.Exec(`INSERT INTO invite_mails (hash, invite_id, email, expires) VALUES ($1, $2, $3, $4)`,
			hash, m.InviteID, m.Email, m.Expires)
		return err
	})
}

// InviteMail returns what the link with this hash proves.
func (db InviteStore) InviteMail(ctx context.Context, hash string) (team.InviteMail, error) {
	return first(ctx, db, team.ErrNoProof, func(s sqldb.Row) (m team.InviteMail, err error) {
		var expires int64
		err = s.Scan(&m.InviteID, &m.Email, &expires)
		m.Expires = sqldb.TimeOf(expires)
		return m, err
	}, `SELECT invite_id, email, expires FROM invite_mails WHERE hash = $1`, hash)
}

func scanInvite(s sqldb.Row) (i openmates.Invite, err error) {
	var only string
	var created, expires, revoked int64
	err = s.Scan(&i.ID, &i.TeamID, &i.Role, &i.Note, &only, &i.Uses, &i.Used, &i.By, &created, &expires, &revoked, &i.TokenID)
	if err != nil {
		return i, err
	}
	i.Created, i.Expires, i.Revoked = sqldb.TimeOf(created), sqldb.TimeOf(expires), sqldb.TimeOf(revoked)
	if err := json.Unmarshal([]byte(only), &i.Only); err != nil {
		return i, fmt.Errorf("read whom an invite is for: %w", err)
	}
	return i, nil
}
