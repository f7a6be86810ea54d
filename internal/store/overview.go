package store

import (
	"context"
	"time"

	"openmates"
	"openmates/internal/sqldb"
)

// OverviewStore counts what an admin's first page shows.
type OverviewStore struct{ *base }

// Unheard lists where mates were recently asked in a team's workspaces but may
// not write, newest first: one line per mate and channel, which disappears when
// a later question there has another outcome.
func (db OverviewStore) Unheard(ctx context.Context, teamID openmates.ID, since time.Time) ([]openmates.TroubledTurn, error) {
	return sqldb.List(ctx, db, func(s sqldb.Row) (t openmates.TroubledTurn, err error) {
		var at int64
		err = s.Scan(&at, &t.Mate, &t.MateName, &t.Channel, &t.Lacks)
		t.At, t.Why, t.State = sqldb.TimeOf(at), openmates.TroubleNoAccess, openmates.TurnRefused
		return t, err
	}, unreached, teamID, sqldb.FirstID(since))
}

const unreached = `SELECT r.accepted, m.handle, m.name, r.channel, r.lacks FROM turns r JOIN mates m ON m.id = r.mate_id
	WHERE r.why <> '' AND r.why = '` + string(openmates.TroubleNoAccess) + `' AND r.team_id = $1 AND r.id >= $2
		AND NOT EXISTS (SELECT 1 FROM turns l WHERE l.lane = r.lane AND l.id > r.id)
	ORDER BY r.id DESC LIMIT 20`

// Answered reports whether a person was ever answered in a messenger.
func (db OverviewStore) Answered(ctx context.Context, userID openmates.ID) (bool, error) {
	var n int64
	return sqldb.Get(ctx, db, `SELECT 1 WHERE EXISTS (SELECT 1 FROM turns WHERE user_id = $1 AND `+answeredThere+`)
		OR EXISTS (SELECT 1 FROM users WHERE id = $1 AND answered)`, []any{userID}, &n)
}

// answeredThere is the condition that a turn was answered in a messenger.
const answeredThere = `state = 'answered' AND why = '' AND kind = 'message' AND body <> ''`

// Month returns the cost of the calendar month of t (UTC), by mate and by
// model, highest first.
func (db OverviewStore) Month(ctx context.Context, t time.Time) (openmates.MonthSpend, error) {
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

// Count counts things on the server.
func (db OverviewStore) Count(ctx context.Context) (c openmates.Counts, err error) {
	_, err = sqldb.Get(ctx, db, `SELECT (SELECT COUNT(*) FROM teams), (SELECT COUNT(*) FROM users),
		(SELECT COUNT(DISTINCT user_id) FROM identities), (SELECT COUNT(*) FROM workspaces)`, nil,
		&c.Teams, &c.People, &c.Linked, &c.Workspaces)
	return c, err
}
