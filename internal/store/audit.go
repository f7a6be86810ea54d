package store

import (
	"context"
	"errors"

	"openmates"
	"openmates/internal/sqldb"
)

var errAlone = errors.New("an entry of the audit record belongs into the transaction of its change")

// AddAudit writes a line of the audit record; its ID and time are given here.
// ctx must be that of a transaction (Within), in which what the line tells
// happens.
func (db *DB) AddAudit(ctx context.Context, e openmates.AuditEntry) error {
	if !db.InTransaction(ctx) {
		return errAlone
	}
	return db.AddAuditAlone(ctx, e)
}

// AddAuditAlone is AddAudit for what changes nothing in the database, such as a
// sign-in that failed.
func (db *DB) AddAuditAlone(ctx context.Context, e openmates.AuditEntry) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		_, err := t.Exec(`INSERT INTO audit (id, at, actor, team_id, action, target, subject, before, after)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			db.NextID(), db.now(), e.Actor, e.TeamID, e.Action, e.Target, e.Subject, e.Before, e.After)
		return err
	})
}

// Audit lists at most n lines of a team (0 = those of no team), newest first,
// older than the line before (0 = from the newest on).
func (db *DB) Audit(ctx context.Context, teamID, before openmates.ID, n int) ([]openmates.AuditEntry, error) {
	return sqldb.List(ctx, db, func(s sqldb.Row) (e openmates.AuditEntry, err error) {
		var at int64
		err = s.Scan(&e.ID, &at, &e.Actor, &e.TeamID, &e.Action, &e.Target, &e.Subject, &e.Before, &e.After)
		e.At = sqldb.TimeOf(at)
		return e, err
	}, `SELECT a.id, a.at, a.actor, a.team_id, a.action, `+auditTarget+`, a.subject, a.before, a.after
		FROM audit a LEFT JOIN users p ON p.id = a.subject
		WHERE a.team_id = $1 AND (a.id < $2 OR $2 = 0) ORDER BY a.id DESC LIMIT $3`, teamID, before, n)
}

// auditTarget is what a line is about, with the name that the person p has now.
const auditTarget = `CASE WHEN a.subject = 0 THEN a.target ELSE a.target || ' ' || COALESCE(p.username, '` + openmates.FormerMember + `') END`
