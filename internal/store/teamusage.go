package store

import (
	"context"
	"strconv"
	"time"

	"openmates"
)

// TeamMonth sums up what a team spent in the calendar month of t (UTC), the
// dearest first, with what is reserved for answers that are being written.
func (db *DB) TeamMonth(ctx context.Context, teamID openmates.ID, t time.Time) (openmates.TeamMonth, error) {
	_, start, end := month(t)
	sum := openmates.TeamMonth{Start: start}
	scan := func(s scanner) (x openmates.SpendLine, err error) { return x, s.Scan(&x.Name, &x.Requests, &x.Cost) }
	by := func(name, join, group string) ([]openmates.SpendLine, error) {
		return list(ctx, db, scan, `SELECT `+name+`, COUNT(*), `+sumOf(`g.cost`)+`
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
	sum.Shares, err = list(ctx, db, func(s scanner) (x openmates.DayShare, err error) { return x, s.Scan(&x.Day, &x.Mate, &x.Cost) },
		`SELECT (g.at - $2) / `+strconv.Itoa(day)+` AS day, COALESCE(MAX(m.name), ''), `+sumOf(`g.cost`)+`
		FROM usage g LEFT JOIN mates m ON m.id = g.mate_id WHERE g.team_id = $1 AND g.at >= $2 AND g.at < $3
		GROUP BY 1, g.mate_id ORDER BY 1, 3 DESC, 2`, teamID, start, end)
	if err != nil {
		return sum, err
	}
	days, err := list(ctx, db, func(s scanner) (x struct {
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
