package store

import (
	"context"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/sqldb"
)

// OwnTies lists what connects a person to teams and programs, oldest first.
func (db PeopleStore) OwnTies(ctx context.Context, userID openmates.ID) (o identity.OwnTies, err error) {
	o.Memberships, err = sqldb.List(ctx, db, func(s sqldb.Row) (m identity.OwnMembership, err error) {
		var limits string
		var since int64
		if err = s.Scan(&m.Team, &m.Name, &m.Role, &limits, &since); err != nil {
			return m, err
		}
		m.Since = sqldb.TimeOf(since)
		m.Limits, err = decodeLimits(limits)
		return m, err
	}, `SELECT t.slug, t.name, m.role, m.limits, m.created FROM members m JOIN teams t ON t.id = m.team_id WHERE m.user_id = $1 ORDER BY m.created, t.slug`, userID)
	if err != nil {
		return o, err
	}
	o.Tokens, err = sqldb.List(ctx, db, func(s sqldb.Row) (k identity.OwnToken, err error) {
		var created, expires, used int64
		err = s.Scan(&k.Name, &k.Team, &k.Scopes, &created, &expires, &used)
		k.Created, k.Expires, k.Used = sqldb.TimeOf(created), sqldb.TimeOf(expires), sqldb.TimeOf(used)
		return k, err
	}, `SELECT k.name, COALESCE(t.slug, ''), k.scopes, k.created, k.expires, k.used FROM access_tokens k
		LEFT JOIN teams t ON t.id = k.team_id WHERE k.user_id = $1 OR k.maker = $1 ORDER BY k.id`, userID)
	if err != nil {
		return o, err
	}
	o.Invites, err = sqldb.List(ctx, db, func(s sqldb.Row) (i identity.OwnInvite, err error) {
		var created, expires, revoked int64
		err = s.Scan(&i.Team, &i.Role, &i.Note, &i.Uses, &i.Used, &created, &expires, &revoked)
		i.Created, i.Expires, i.Revoked = sqldb.TimeOf(created), sqldb.TimeOf(expires), sqldb.TimeOf(revoked)
		return i, err
	}, `SELECT t.slug, i.role, i.note, i.uses, i.used, i.created, i.expires, i.revoked FROM invites i
		JOIN teams t ON t.id = i.team_id WHERE i.maker = $1 ORDER BY i.id`, userID)
	if err != nil {
		return o, err
	}
	return o, db.ownTraces(ctx, userID, &o)
}

// ownTraces adds what a person's use of the server has left.
func (db *base) ownTraces(ctx context.Context, userID openmates.ID, o *identity.OwnTies) (err error) {
	o.Joins, err = sqldb.List(ctx, db, func(s sqldb.Row) (j identity.OwnJoin, err error) {
		var at int64
		err = s.Scan(&j.Team, &at)
		j.At = sqldb.TimeOf(at)
		return j, err
	}, `SELECT t.slug, j.at FROM invite_joins j JOIN invites i ON i.id = j.invite_id JOIN teams t ON t.id = i.team_id
		WHERE j.user_id = $1 ORDER BY j.at, t.slug`, userID)
	if err != nil {
		return err
	}
	o.Chosen, err = sqldb.List(ctx, db, func(s sqldb.Row) (c identity.OwnChoice, err error) {
		return c, s.Scan(&c.Mate, &c.Team)
	}, `SELECT COALESCE(m.handle, ''), COALESCE(t.slug, '') FROM chosen_teams c JOIN bots b ON b.id = c.bot_id
		LEFT JOIN mates m ON m.id = b.mate_id LEFT JOIN teams t ON t.id = c.team_id WHERE c.user_id = $1 ORDER BY 1, c.bot_id`, userID)
	if err != nil {
		return err
	}
	o.Changes, err = sqldb.List(ctx, db, func(s sqldb.Row) (c identity.OwnChange, err error) {
		var at int64
		err = s.Scan(&at, &c.Action)
		c.At = sqldb.TimeOf(at)
		return c, err
	}, `SELECT at, action FROM audit WHERE actor = $1 ORDER BY id`, userID)
	return err
}
