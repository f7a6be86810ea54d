package store

import (
	"context"
	"strconv"
	"time"

	"openmates"
	"openmates/internal/sqldb"
	"openmates/internal/team"
)

// UsageStore stores usage and spending.
type UsageStore struct{ *base }

// TeamMonth returns what a team spent in the calendar month of t (UTC), most
// expensive first, including reservations for answers in progress.
func (db UsageStore) TeamMonth(ctx context.Context, teamID openmates.ID, t time.Time) (team.Month, error) {
	_, start, end := month(t)
	sum := team.Month{Start: start}
	scan := func(s sqldb.Row) (x openmates.SpendLine, err error) { return x, s.Scan(&x.Name, &x.Requests, &x.Cost) }
	by := func(name, join, group string) ([]openmates.SpendLine, error) {
		return sqldb.List(ctx, db, scan, `SELECT `+name+`, COUNT(*), `+sumOf(`g.cost`)+`
			FROM usage g `+join+` WHERE g.team_id = $1 AND g.at >= $2 AND g.at < $3
			GROUP BY `+group+` ORDER BY 3 DESC, 2 DESC, 1`, teamID, start, end)
	}
	var err error
	if sum.People, err = by(`COALESCE(MAX(u.display_name), '`+openmates.FormerMember+`')`, `LEFT JOIN users u ON u.id = g.user_id`, `g.user_id`); err != nil {
		return sum, err
	}
	if sum.Mates, err = by(`COALESCE(MAX(m.name), '')`, `LEFT JOIN mates m ON m.id = g.mate_id`, `g.mate_id`); err != nil {
		return sum, err
	}
	if sum.Models, err = by(`g.model`, ``, `g.model`); err != nil {
		return sum, err
	}
	const day = 24 * 60 * 60 * 1000
	sum.Shares, err = sqldb.List(ctx, db, func(s sqldb.Row) (x team.DayShare, err error) { return x, s.Scan(&x.Day, &x.Mate, &x.Cost) },
		`SELECT (g.at - $2) / `+strconv.Itoa(day)+` AS day, COALESCE(MAX(m.name), ''), `+sumOf(`g.cost`)+`
		FROM usage g LEFT JOIN mates m ON m.id = g.mate_id WHERE g.team_id = $1 AND g.at >= $2 AND g.at < $3
		GROUP BY 1, g.mate_id ORDER BY 1, 3 DESC, 2`, teamID, start, end)
	if err != nil {
		return sum, err
	}
	days, err := sqldb.List(ctx, db, func(s sqldb.Row) (x struct {
		n    int64
		line openmates.SpendLine
	}, err error,
	) {
		return x, s.Scan(&x.n, &x.line.Requests, &x.line.Cost)
	}, `SELECT (g.at - $2) / `+strconv.Itoa(day)+` AS day, COUNT(*), `+sumOf(`g.cost`)+`
		FROM usage g WHERE g.team_id = $1 AND g.at >= $2 AND g.at < $3 GROUP BY 1 ORDER BY 1`, teamID, start, end)
	if err != nil {
		return sum, err
	}
	for d := start; d.Before(end); d = d.AddDate(0, 0, 1) {
		sum.Days = append(sum.Days, openmates.SpendLine{Name: strconv.Itoa(d.Day())})
	}
	for _, d := range days {
		line := &sum.Days[d.n]
		line.Requests, line.Cost = d.line.Requests, d.line.Cost
		sum.Requests += line.Requests
		sum.Cost = sum.Cost.Plus(line.Cost)
	}
	return sum, nil
}

// mostMonths is how many months back are listed.
const mostMonths = 60

// TeamMonths lists the months in which a team asked something, and the current
// month, newest first. It checks each month with one lookup in the index on
// time.
func (db UsageStore) TeamMonths(ctx context.Context, teamID openmates.ID, now time.Time) ([]time.Time, error) {
	_, start, _ := month(now)
	all := []time.Time{start}
	var first int64
	found, err := sqldb.Get(ctx, db, `SELECT COALESCE(MIN(at), 0) FROM usage WHERE at > 0`, nil, &first)
	if err != nil || !found || first == 0 {
		return all, err
	}
	_, oldest, _ := month(sqldb.TimeOf(first))
	for at := start.AddDate(0, -1, 0); !at.Before(oldest) && len(all) < mostMonths; at = at.AddDate(0, -1, 0) {
		var one int64
		some, err := sqldb.Get(ctx, db, `SELECT 1 FROM usage WHERE team_id = $1 AND at >= $2 AND at < $3 LIMIT 1`, []any{teamID, at, at.AddDate(0, 1, 0)}, &one)
		if err != nil {
			return nil, err
		}
		if some {
			all = append(all, at)
		}
	}
	return all, nil
}

// TeamUsage returns a team's usage in the calendar month of t (UTC), by day,
// person, mate and model, oldest day first.
func (db UsageStore) TeamUsage(ctx context.Context, teamID openmates.ID, t time.Time) ([]team.UsageLine, error) {
	_, start, end := month(t)
	const day = 24 * 60 * 60 * 1000
	return sqldb.List(ctx, db, func(s sqldb.Row) (l team.UsageLine, err error) {
		var n int
		err = s.Scan(&n, &l.Person, &l.Mate, &l.Model, &l.Requests, &l.Input, &l.Cached, &l.Output, &l.Cost)
		l.Day = start.AddDate(0, 0, n)
		return l, err
	}, `SELECT (g.at - $2) / `+strconv.Itoa(day)+` AS day, COALESCE(MAX(u.display_name), '`+openmates.FormerMember+`'), COALESCE(MAX(m.name), ''), g.model,
			COUNT(*), CAST(COALESCE(SUM(g.input), 0) AS BIGINT), CAST(COALESCE(SUM(g.cached), 0) AS BIGINT), CAST(COALESCE(SUM(g.output), 0) AS BIGINT), CAST(COALESCE(SUM(g.cost), 0) AS BIGINT)
		FROM usage g LEFT JOIN users u ON u.id = g.user_id LEFT JOIN mates m ON m.id = g.mate_id
		WHERE g.team_id = $1 AND g.at >= $2 AND g.at < $3
		GROUP BY 1, g.user_id, g.mate_id, g.model ORDER BY 1, 2, 3, 4`, teamID, start, end)
}
