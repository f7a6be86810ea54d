package store

import (
	"context"
	"errors"
	"strings"

	"openmates"
	"openmates/internal/sqldb"
)

// AuditStore stores the audit log.
type AuditStore struct{ *base }

var errAlone = errors.New("an entry of the audit record belongs into the transaction of its change")

// AddAudit writes an entry to the audit log; it sets its ID and time. ctx must
// be that of the transaction (Within) of the change itself.
func (db AuditStore) AddAudit(ctx context.Context, e openmates.AuditEntry) error {
	if !db.InTransaction(ctx) {
		return errAlone
	}
	return db.AddAuditAlone(ctx, e)
}

// AddAuditAlone is AddAudit for what changes nothing in the database, such as a
// failed sign-in.
func (db AuditStore) AddAuditAlone(ctx context.Context, e openmates.AuditEntry) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		_, err := t.Exec(`INSERT INTO audit (id, at, actor, team_id, action, target, subject, before, after)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			db.NextID(), db.now(), e.Actor, e.TeamID, e.Action, e.Target, e.Subject, e.Before, e.After)
		return err
	})
}

// Audit lists at most n entries of a team (0 = those without a team), newest
// first, older than before (0 = from the newest).
func (db AuditStore) Audit(ctx context.Context, teamID, before openmates.ID, n int) ([]openmates.AuditEntry, error) {
	return sqldb.List(ctx, db, func(s sqldb.Row) (e openmates.AuditEntry, err error) {
		var at int64
		err = s.Scan(&e.ID, &at, &e.Actor, &e.TeamID, &e.Action, &e.Target, &e.Subject, &e.Before, &e.After)
		e.At = sqldb.TimeOf(at)
		return e, err
	}, `SELECT a.id, a.at, a.actor, a.team_id, a.action, `+auditTarget+`, a.subject, a.before, a.after
		FROM audit a LEFT JOIN users p ON p.id = a.subject
		WHERE a.team_id = $1 AND (a.id < $2 OR $2 = 0) ORDER BY a.id DESC LIMIT $3`, teamID, before, n)
}

// auditTarget is an entry's target, with the current name of the person p.
const auditTarget = `CASE WHEN a.subject = 0 THEN a.target ELSE a.target || ' ' || COALESCE(p.username, '` + openmates.FormerMember + `') END`

// FindAudit lists the entries of the audit log that match a search, newest
// first.
func (db AuditStore) FindAudit(ctx context.Context, q openmates.AuditSearch) ([]openmates.AuditLine, error) {
	return sqldb.List(ctx, db, func(s sqldb.Row) (l openmates.AuditLine, err error) {
		var at int64
		err = s.Scan(&l.ID, &at, &l.Actor, &l.TeamID, &l.Action, &l.Target, &l.Subject, &l.Before, &l.After, &l.Username, &l.Team)
		l.At = sqldb.TimeOf(at)
		return l, err
	}, `SELECT a.id, a.at, a.actor, a.team_id, a.action, `+auditTarget+`, a.subject, a.before, a.after, COALESCE(u.username, ''), COALESCE(t.name, '')
		FROM audit a LEFT JOIN users u ON u.id = a.actor LEFT JOIN teams t ON t.id = a.team_id LEFT JOIN users p ON p.id = a.subject
		WHERE (a.id < $1 OR $1 = 0) AND ($2 = '' OR LOWER(COALESCE(u.username, '')) = LOWER($2))
			AND LOWER(a.action) LIKE LOWER($3) ESCAPE '!' AND LOWER(`+auditTarget+`) LIKE LOWER($4) ESCAPE '!'
			AND (LOWER(a.before) LIKE LOWER($5) ESCAPE '!' OR LOWER(a.after) LIKE LOWER($5) ESCAPE '!'
				OR LOWER(a.action) LIKE LOWER($5) ESCAPE '!' OR LOWER(`+auditTarget+`) LIKE LOWER($5) ESCAPE '!')
			AND a.at >= $6 AND (a.at < $7 OR $7 = 0)
		ORDER BY a.id DESC LIMIT $8`,
		q.Before, q.Actor, like(q.Action)+"%", "%"+like(q.Target)+"%", "%"+like(q.Text)+"%", q.From, q.To, q.Limit)
}

// like escapes a text for LIKE … ESCAPE '!'.
func like(s string) string { return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s) }

// Troubles lists the last n turns that were refused or failed, or whose answer
// couldn't be posted, newest first, without anything that was said.
func (db OverviewStore) Troubles(ctx context.Context, n int) ([]openmates.TroubledTurn, error) {
	return sqldb.List(ctx, db, func(s sqldb.Row) (t openmates.TroubledTurn, err error) {
		var at int64
		err = s.Scan(&at, &t.Why, &t.State, &t.Mate, &t.MateName, &t.Team, &t.TeamName, &t.Person, &t.Channel, &t.Lacks)
		t.At = sqldb.TimeOf(at)
		return t, err
	}, `SELECT r.accepted, r.why, r.state, COALESCE(m.handle, ''), COALESCE(m.name, ''), COALESCE(t.slug, ''), COALESCE(t.name, ''),
			COALESCE(u.display_name, CASE WHEN r.user_id = 0 THEN '' ELSE '`+openmates.FormerMember+`' END), r.channel, r.lacks
		FROM turns r LEFT JOIN mates m ON m.id = r.mate_id LEFT JOIN teams t ON t.id = r.team_id LEFT JOIN users u ON u.id = r.user_id
		WHERE r.why <> '' ORDER BY r.id DESC LIMIT $1`, n)
}
