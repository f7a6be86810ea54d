package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"openmates"
)

// Limits are held against counters: per scope one row for the minute and one
// per month. A minute is the clock's (12:03:00 to 12:04:00), in UTC a month is
// the calendar's. So at the turn of a minute twice PerMinute requests may come
// within a few seconds; what is limited is the rate, not the burst.

const minutePeriod = "minute"

// Reserve counts one request and its expected cost against every layer, or
// against none, see chat.Store. It is a soft write: what a power failure takes
// back was not answered either.
func (db *DB) Reserve(ctx context.Context, key string, u openmates.Usage, all []openmates.Layer) error {
	if u.At.IsZero() {
		u.At = db.now()
	}
	// One order for all keeps PostgreSQL's row locks from crossing.
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b openmates.Layer) int { return strings.Compare(a.Scope, b.Scope) })
	return db.write(ctx, soft, func(t *tx) error {
		fresh, err := t.exec(`INSERT INTO usage (turn, team_id, user_id, mate_id, model, cost, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (turn) DO NOTHING`,
			key, u.TeamID, u.UserID, u.MateID, u.Model, u.Cost, u.At)
		if err != nil || fresh == 0 {
			return err
		}
		for _, l := range all {
			if err := reserve(t, key, u, l); err != nil {
				return err
			}
		}
		return nil
	})
}

func reserve(t *tx, key string, u openmates.Usage, l openmates.Layer) error {
	if l.Limits.PerMinute > 0 {
		if err := reserveMinute(t, u.At, l); err != nil {
			return err
		}
	}
	if l.Limits.PerMonth > 0 {
		return reserveMonth(t, key, u, l)
	}
	return nil
}

// reserveMinute counts in the row's minute when that is this one or, as clocks
// of several machines differ a little, up to one ahead; else a new one begins.
func reserveMinute(t *tx, at time.Time, l openmates.Layer) error {
	start := at.Truncate(time.Minute)
	ahead := start.Add(time.Minute)
	n, err := t.exec(`INSERT INTO counters (scope, period, started, requests) VALUES ($1, $2, $3, 1)
		ON CONFLICT (scope, period) DO UPDATE SET
			requests = CASE WHEN counters.started BETWEEN $3 AND $4 THEN counters.requests + 1 ELSE 1 END,
			started = CASE WHEN counters.started BETWEEN $3 AND $4 THEN counters.started ELSE $3 END
		WHERE counters.requests < $5 OR counters.started NOT BETWEEN $3 AND $4`,
		l.Scope, minutePeriod, start, ahead, l.Limits.PerMinute)
	if err != nil {
		return fmt.Errorf("count the minute of %s: %w", l.Scope, err)
	}
	if n == 0 {
		return &openmates.LimitError{Layer: l, Until: ahead}
	}
	return nil
}

func reserveMonth(t *tx, key string, u openmates.Usage, l openmates.Layer) error {
	period, start, end := month(u.At)
	for begun := false; ; begun = true {
		n, err := t.exec(`UPDATE counters SET requests = requests + 1, cost = cost + $3
			WHERE scope = $1 AND period = $2 AND cost + $3 <= $4`, l.Scope, period, u.Cost, l.Limits.PerMonth)
		if err != nil {
			return fmt.Errorf("count the month of %s: %w", l.Scope, err)
		}
		if n > 0 {
			return nil
		}
		if begun {
			return &openmates.LimitError{Layer: l, Money: true, Until: end}
		}
		if err := beginMonth(t, key, l.Scope, u, period, start, end); err != nil {
			return fmt.Errorf("begin the month of %s: %w", l.Scope, err)
		}
	}
}

// beginMonth makes the month's row, where there is none, of what was used so
// far but for this turn.
func beginMonth(t *tx, key, scope string, u openmates.Usage, period string, start, end time.Time) error {
	where, args, err := counted(scope, u)
	if err != nil {
		return err
	}
	args = append([]any{scope, period, start, end, key}, args...)
	_, err = t.exec(`INSERT INTO counters (scope, period, requests, cost)
		SELECT $1, $2, COUNT(*), COALESCE(SUM(cost), 0) FROM usage
		WHERE at >= $3 AND at < $4 AND turn <> $5`+where+`
		ON CONFLICT (scope, period) DO NOTHING`, args...)
	return err
}

// The scopes that a turn counts in. A mate counts over all teams, and within
// its team beside that.
const serverScope = "server"

func teamScope(u openmates.Usage) string { return "team:" + u.TeamID.String() }
func mateScope(u openmates.Usage) string { return "mate:" + u.MateID.String() }
func teamMateScope(u openmates.Usage) string {
	return "mate:" + u.TeamID.String() + ":" + u.MateID.String()
}
func memberScope(u openmates.Usage) string {
	return "member:" + u.TeamID.String() + ":" + u.UserID.String()
}

// counted says which rows of usage count in a scope that u counts in, as
// conditions whose arguments begin at $6.
func counted(scope string, u openmates.Usage) (where string, args []any, err error) {
	switch scope {
	case serverScope:
		return "", nil, nil
	case teamScope(u):
		return ` AND team_id = $6`, []any{u.TeamID}, nil
	case mateScope(u):
		return ` AND mate_id = $6`, []any{u.MateID}, nil
	case teamMateScope(u):
		return ` AND team_id = $6 AND mate_id = $7`, []any{u.TeamID, u.MateID}, nil
	case memberScope(u):
		return ` AND team_id = $6 AND user_id = $7`, []any{u.TeamID, u.UserID}, nil
	}
	return "", nil, fmt.Errorf("the scope %q is none of this turn", scope)
}

func month(t time.Time) (name string, start, end time.Time) {
	t = t.UTC()
	start = time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
	return start.Format("2006-01"), start, start.AddDate(0, 1, 0)
}

// settleUsage puts what a turn really cost in place of what was reserved.
func (db *DB) settleUsage(t *tx, o openmates.Outcome) error {
	u := o.Usage
	was := openmates.Usage{}
	var at int64
	reserved, err := t.get(`SELECT team_id, user_id, mate_id, cost, at FROM usage WHERE turn = $1`,
		[]any{o.Key}, &was.TeamID, &was.UserID, &was.MateID, &was.Cost, &at)
	if err != nil {
		return err
	}
	if !reserved {
		if u == (openmates.Usage{}) {
			return nil
		}
		if u.At.IsZero() {
			u.At = db.now()
		}
		was, at = openmates.Usage{TeamID: u.TeamID, UserID: u.UserID, MateID: u.MateID}, millis(u.At)
		_, err = t.exec(`INSERT INTO usage (turn, team_id, user_id, mate_id, model, input, cached, output, cost, settled, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, TRUE, $10)`,
			o.Key, u.TeamID, u.UserID, u.MateID, u.Model, u.Input, u.Cached, u.Output, u.Cost, u.At)
	} else {
		_, err = t.exec(`UPDATE usage SET model = $2, input = $3, cached = $4, output = $5, cost = $6, settled = TRUE WHERE turn = $1`,
			o.Key, u.Model, u.Input, u.Cached, u.Output, u.Cost)
	}
	if err != nil || u.Cost == was.Cost {
		return err
	}
	return db.correct(t, was, timeOf(at), u.Cost-was.Cost)
}

// correct adds to the month's sums of all scopes that a turn counts in, as far
// as they are kept. It locks them in the order of Reserve.
func (db *DB) correct(t *tx, u openmates.Usage, at time.Time, by openmates.Micros) error {
	period, _, _ := month(at)
	_, err := t.exec(`WITH held AS (SELECT scope FROM counters WHERE period = $1 AND scope IN ($2, $3, $4, $5, $6)
			ORDER BY scope`+db.words().forUpdate+`)
		UPDATE counters SET cost = cost + $7 WHERE period = $1 AND scope IN (SELECT scope FROM held)`,
		period, mateScope(u), teamMateScope(u), memberScope(u), serverScope, teamScope(u), by)
	return err
}

// SpentInMonth sums up by mate what was spent in the month of t, with what is
// reserved for answers that are being written.
func (db *DB) SpentInMonth(ctx context.Context, t time.Time) (map[openmates.ID]openmates.Micros, error) {
	_, start, end := month(t)
	type row struct {
		mate openmates.ID
		cost openmates.Micros
	}
	all, err := list(ctx, db, func(s scanner) (r row, err error) {
		return r, s.Scan(&r.mate, &r.cost)
	}, `SELECT mate_id, CAST(COALESCE(SUM(cost), 0) AS BIGINT) FROM usage WHERE at >= $1 AND at < $2 GROUP BY mate_id`, millis(start), millis(end))
	spent := make(map[openmates.ID]openmates.Micros, len(all))
	for _, r := range all {
		spent[r.mate] = r.cost
	}
	return spent, err
}
