package store

import (
	"context"
	"strings"
	"time"

	"openmates"
	"openmates/internal/sqldb"
)

// FindAudit lists the lines of the audit record that a search asks for, newest
// first.
func (db *DB) FindAudit(ctx context.Context, q openmates.AuditSearch) ([]openmates.AuditLine, error) {
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

// like makes a text stand for itself in LIKE … ESCAPE '!'.
func like(s string) string { return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s) }

// Troubles lists the last n turns that were refused, have failed, or whose
// answer could not be posted, newest first. What was said is not among it.
func (db *DB) Troubles(ctx context.Context, n int) ([]openmates.TroubledTurn, error) {
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

// Unheard lists where mates were asked last in a team's workspaces since a time
// and may not write, newest first: one line for each mate and channel, which
// goes when something else came of a later question there.
func (db *DB) Unheard(ctx context.Context, teamID openmates.ID, since time.Time) ([]openmates.TroubledTurn, error) {
	return sqldb.List(ctx, db, func(s sqldb.Row) (t openmates.TroubledTurn, err error) {
		var at int64
		err = s.Scan(&at, &t.Mate, &t.MateName, &t.Channel, &t.Lacks)
		t.At, t.Why, t.State = sqldb.TimeOf(at), openmates.TroubleNoAccess, openmates.TurnRefused
		return t, err
	}, unheard, teamID, sqldb.FirstID(since))
}

const unheard = `SELECT r.accepted, m.handle, m.name, r.channel, r.lacks FROM turns r JOIN mates m ON m.id = r.mate_id
	WHERE r.why <> '' AND r.why = '` + string(openmates.TroubleNoAccess) + `' AND r.team_id = $1 AND r.id >= $2
		AND NOT EXISTS (SELECT 1 FROM turns l WHERE l.lane = r.lane AND l.id > r.id)
	ORDER BY r.id DESC LIMIT 20`

// Answered says whether a person ever got an answer in a messenger.
func (db *DB) Answered(ctx context.Context, userID openmates.ID) (bool, error) {
	var n int64
	return sqldb.Get(ctx, db, `SELECT 1 WHERE EXISTS (SELECT 1 FROM turns WHERE user_id = $1 AND `+answeredThere+`)
		OR EXISTS (SELECT 1 FROM users WHERE id = $1 AND answered)`, []any{userID}, &n)
}

// answeredThere is the condition on a turn that it was answered, and in a
// messenger.
const answeredThere = `state = 'answered' AND why = '' AND kind = 'message' AND body <> ''`

// Month sums up what was spent in the calendar month of t (UTC), by mate and
// by model, the dearest first.
func (db *DB) Month(ctx context.Context, t time.Time) (openmates.MonthSpend, error) {
	_, start, end := month(t)
	sum := openmates.MonthSpend{Start: start}
	scan := func(s sqldb.Row) (x openmates.SpendLine, err error) { return x, s.Scan(&x.Name, &x.Requests, &x.Cost) }
	var err error
	sum.Mates, err = sqldb.List(ctx, db, scan, `SELECT COALESCE(MAX(m.name), ''), COUNT(*), `+sumOf(`g.cost`)+`
		FROM usage g LEFT JOIN mates m ON m.id = g.mate_id WHERE g.at >= $1 AND g.at < $2
		GROUP BY g.mate_id ORDER BY 3 DESC, 2 DESC, 1`, start, end)
	if err != nil {
		return sum, err
	}
	sum.Models, err = sqldb.List(ctx, db, scan, `SELECT g.model, COUNT(*), `+sumOf(`g.cost`)+`
		FROM usage g WHERE g.at >= $1 AND g.at < $2 GROUP BY g.model ORDER BY 3 DESC, 2 DESC, 1`, start, end)
	for _, x := range sum.Models {
		sum.Requests += x.Requests
		sum.Cost = sum.Cost.Plus(x.Cost)
	}
	return sum, err
}

// Count says how many there are of what.
func (db *DB) Count(ctx context.Context) (c openmates.Counts, err error) {
	_, err = sqldb.Get(ctx, db, `SELECT (SELECT COUNT(*) FROM teams), (SELECT COUNT(*) FROM users),
		(SELECT COUNT(DISTINCT user_id) FROM identities), (SELECT COUNT(*) FROM workspaces)`, nil,
		&c.Teams, &c.People, &c.Linked, &c.Workspaces)
	return c, err
}
