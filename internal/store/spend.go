package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"openmates"
	"openmates/internal/policy"
	"openmates/internal/sqldb"
)

// Limits are checked against counters: per scope one row for the minute and one
// per month. Minutes are the clock's (12:03:00 to 12:04:00), months are
// calendar months in UTC. So at the turn of a minute twice PerMinute requests
// may come within a few seconds; the limit is on the rate, not the burst.

const minutePeriod = "minute"

// Reserve counts one request and its expected cost in every layer, or in none,
// see chat.Store. It is a soft write: what a power failure undoes wasn't
// answered either.
func (db UsageStore) Reserve(ctx context.Context, key string, u openmates.Usage, all []openmates.Layer) error {
	if u.At.IsZero() {
		u.At = db.now()
	}
	u.Cost = u.Cost.Plus(0)
	u.Sent = min(u.Sent.Plus(0), u.Cost)
	// A fixed order keeps PostgreSQL's row locks from deadlocking.
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b openmates.Layer) int { return strings.Compare(string(a.Scope), string(b.Scope)) })
	return db.Write(ctx, sqldb.Soft, func(t *sqldb.Tx) error {
		fresh, err := t.Exec(`INSERT INTO usage (turn, team_id, user_id, mate_id, model, cost, sent, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (turn) DO NOTHING`,
			key, u.TeamID, u.UserID, u.MateID, u.Model, u.Cost, u.Sent, u.At)
		if err != nil {
			return err
		}
		if fresh == 0 {
			return db.reserveMore(t, key, u, all)
		}
		for _, l := range all {
			if l.Limits.PerMinute > 0 {
				if err := reserveMinute(t, u.At, l); err != nil {
					return err
				}
			}
		}
		return db.hold(t, charge{u: u, at: u.At, requests: 1, cost: u.Cost}, all)
	})
}

// reserveMore raises a turn's reservation to what is needed now. What is
// settled doesn't change.
func (db *base) reserveMore(t *sqldb.Tx, key string, want openmates.Usage, all []openmates.Layer) error {
	var u openmates.Usage
	var at int64
	found, err := t.Get(`SELECT team_id, user_id, mate_id, cost, sent, at FROM usage WHERE turn = $1 AND NOT settled`+db.ForUpdate(),
		[]any{key}, &u.TeamID, &u.UserID, &u.MateID, &u.Cost, &u.Sent, &at)
	if err != nil || !found || want.Cost <= u.Cost && want.Sent <= u.Sent {
		return err
	}
	cost := max(want.Cost, u.Cost)
	if _, err := t.Exec(`UPDATE usage SET cost = $2, sent = $3 WHERE turn = $1`, key, cost, max(want.Sent, u.Sent)); err != nil {
		return fmt.Errorf("reserve more for %q: %w", key, err)
	}
	if cost == u.Cost {
		return nil
	}
	return db.hold(t, charge{u: u, at: sqldb.TimeOf(at), cost: cost - u.Cost}, all)
}

// reserveMinute counts in the row's minute if that is the current one or,
// because the clocks of several machines differ a little, up to one ahead;
// otherwise it starts a new one.
func reserveMinute(t *sqldb.Tx, at time.Time, l openmates.Layer) error {
	start := at.Truncate(time.Minute)
	ahead := start.Add(time.Minute)
	n, err := t.Exec(`INSERT INTO counters (scope, period, started, requests) VALUES ($1, $2, $3, 1)
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

// charge is what a turn adds to the sums of the month in which it started.
type charge struct {
	u        openmates.Usage // whose it is
	at       time.Time
	requests int
	cost     openmates.Micros
}

// hold adds to the month's sums, which already include the turn's own row of
// usage, and then checks the layers.
func (db *base) hold(t *sqldb.Tx, c charge, all []openmates.Layer) error {
	sums, err := db.addUp(t, c)
	if err != nil {
		return fmt.Errorf("count the month: %w", err)
	}
	for _, l := range all {
		if l.Limits.PerMonth <= 0 {
			continue
		}
		sum, kept := sums[l.Scope]
		if !kept {
			if sum, err = beginMonth(t, l.Scope, c); err != nil {
				return fmt.Errorf("begin the month of %s: %w", l.Scope, err)
			}
		}
		if sum > l.Limits.PerMonth {
			_, _, end := month(c.at)
			return &openmates.LimitError{Layer: l, Money: true, Until: end}
		}
	}
	return nil
}

// most is openmates.MostMicros in SQL.
const most = `1000000000000000000`

// sumOf returns a sum of money over all rows, at most about MostMicros. It adds
// whole millions and the rest separately, so that it can't overflow.
func sumOf(money string) string {
	millions := `COALESCE(SUM((` + money + `) / 1000000), 0)`
	return `CAST(CASE WHEN ` + millions + ` >= 1000000000000 THEN ` + most + `
		ELSE ` + millions + ` * 1000000 + COALESCE(SUM((` + money + `) % 1000000), 0) END AS BIGINT)`
}

// added returns a sum with something added or subtracted: never below 0, and at
// the maximum it stays there.
func added(sum, change string) string {
	return `CASE WHEN ` + sum + ` >= ` + most + ` OR ` + sum + ` + ` + change + ` > ` + most + ` THEN ` + most + `
		WHEN ` + sum + ` + ` + change + ` < 0 THEN 0 ELSE ` + sum + ` + ` + change + ` END`
}

// addUp adds to the month's sums of all scopes in which a turn counts, as far
// as they exist, and returns them. All callers lock them in the same order.
func (db *base) addUp(t *sqldb.Tx, c charge) (map[openmates.CounterName]openmates.Micros, error) {
	type row struct {
		scope openmates.CounterName
		cost  openmates.Micros
	}
	period, _, _ := month(c.at)
	args := []any{period, c.cost, c.requests}
	var in []string
	for _, k := range policy.All().Counters(c.u) {
		args = append(args, k.Scope)
		in = append(in, fmt.Sprintf("$%d", len(args)))
	}
	all, err := sqldb.List(t.Context(), t, func(s sqldb.Row) (r row, err error) { return r, s.Scan(&r.scope, &r.cost) },
		`WITH held AS (SELECT scope FROM counters WHERE period = $1 AND scope IN (`+strings.Join(in, ", ")+`)
			ORDER BY scope`+db.ForUpdate()+`)
		UPDATE counters SET cost = `+added(`cost`, `$2`)+`, requests = requests + $3
		WHERE period = $1 AND scope IN (SELECT scope FROM held) RETURNING scope, cost`,
		args...)
	sums := make(map[openmates.CounterName]openmates.Micros, len(all))
	for _, r := range all {
		sums[r.scope] = r.cost
	}
	return sums, err
}

// beginMonth creates the month's row from the usage so far. If somebody else
// has just created it, they didn't know about this turn.
func beginMonth(t *sqldb.Tx, scope openmates.CounterName, c charge) (sum openmates.Micros, err error) {
	period, start, end := month(c.at)
	where, args, err := counted(scope, c.u)
	if err != nil {
		return 0, err
	}
	args = append([]any{scope, period, start, end, c.cost, c.requests}, args...)
	_, err = t.Get(`INSERT INTO counters (scope, period, requests, cost)
		SELECT $1, $2, COUNT(*), `+sumOf(`cost`)+` FROM usage
		WHERE at >= $3 AND at < $4`+where+`
		ON CONFLICT (scope, period) DO UPDATE SET cost = `+added(`counters.cost`, `$5`)+`, requests = counters.requests + $6
		RETURNING cost`, args, &sum)
	return sum, err
}

// counted returns the condition for rows of usage that count in a scope of u;
// its arguments start at $7.
func counted(scope openmates.CounterName, u openmates.Usage) (where string, args []any, err error) {
	all := policy.All().Counters(u)
	i := slices.IndexFunc(all, func(c policy.Counter) bool { return c.Scope == scope })
	if i < 0 {
		return "", nil, fmt.Errorf("the scope %q does not belong to this turn", scope)
	}
	for _, c := range all[i].By {
		switch c {
		case policy.ByTeam:
			args = append(args, u.TeamID)
		case policy.ByUser:
			args = append(args, u.UserID)
		case policy.ByMate:
			args = append(args, u.MateID)
		}
		where += fmt.Sprintf(" AND %s_id = $%d", c, 6+len(args))
	}
	return where, args, nil
}

func month(t time.Time) (name string, start, end time.Time) {
	t = t.UTC()
	start = time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
	return start.Format("2006-01"), start, start.AddDate(0, 1, 0)
}

// settleUsage replaces a turn's reservation with its real cost.
func (db *base) settleUsage(t *sqldb.Tx, o openmates.Outcome) error {
	u := possible(o.Usage)
	was := openmates.Usage{}
	var at int64
	reserved, err := t.Get(`SELECT team_id, user_id, mate_id, cost, at FROM usage WHERE turn = $1`+db.ForUpdate(),
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
		was, at = openmates.Usage{TeamID: u.TeamID, UserID: u.UserID, MateID: u.MateID}, sqldb.Millis(u.At)
		_, err = t.Exec(`INSERT INTO usage (turn, team_id, user_id, mate_id, model, input, cached, output, cost, settled, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, TRUE, $10)`,
			o.Key, u.TeamID, u.UserID, u.MateID, u.Model, u.Input, u.Cached, u.Output, u.Cost, u.At)
	} else {
		_, err = t.Exec(`UPDATE usage SET model = $2, input = $3, cached = $4, output = $5, cost = $6, settled = TRUE WHERE turn = $1`,
			o.Key, u.Model, u.Input, u.Cached, u.Output, u.Cost)
	}
	if err != nil || u.Cost == was.Cost {
		return err
	}
	_, err = db.addUp(t, charge{u: was, at: sqldb.TimeOf(at), cost: u.Cost - was.Cost})
	return err
}

// possible returns u with its values clamped to what the usage table accepts.
func possible(u openmates.Usage) openmates.Usage {
	u.Cost = u.Cost.Plus(0)
	u.Input, u.Output = max(u.Input, 0), max(u.Output, 0)
	u.Cached = min(max(u.Cached, 0), u.Input)
	return u
}

// SpentInMonth returns what each mate spent in the month of t, including
// reservations for answers in progress.
func (db UsageStore) SpentInMonth(ctx context.Context, t time.Time) (map[openmates.ID]openmates.Micros, error) {
	_, start, end := month(t)
	type row struct {
		mate openmates.ID
		cost openmates.Micros
	}
	all, err := sqldb.List(ctx, db, func(s sqldb.Row) (r row, err error) {
		return r, s.Scan(&r.mate, &r.cost)
	}, `SELECT mate_id, `+sumOf(`cost`)+` FROM usage WHERE at >= $1 AND at < $2 GROUP BY mate_id`, sqldb.Millis(start), sqldb.Millis(end))
	spent := make(map[openmates.ID]openmates.Micros, len(all))
	for _, r := range all {
		spent[r.mate] = r.cost
	}
	return spent, err
}

// heldByNone finds money that is reserved for turns that have ended or no
// longer exist.
const heldByNone = `SELECT g.turn FROM usage g LEFT JOIN turns t ON t.key = g.turn
	WHERE NOT g.settled AND (t.key IS NULL OR t.state NOT IN ('received', 'running')) LIMIT $1`

// FreeHeld settles at most n reservations of turns that ended without being
// settled, see chat.Store. Each is its own transaction, so that others can
// write in between.
func (db UsageStore) FreeHeld(ctx context.Context, n int) (int, error) {
	keys, err := sqldb.List(ctx, db, func(s sqldb.Row) (key string, err error) { return key, s.Scan(&key) }, heldByNone, n)
	if err != nil {
		return 0, err
	}
	for i, key := range keys {
		if err := db.free(ctx, key); err != nil {
			return i, fmt.Errorf("free what turn %q holds: %w", key, err)
		}
	}
	return len(keys), nil
}

// free settles a turn's reservation: what it has certainly spent is kept, the
// rest is released.
func (db UsageStore) free(ctx context.Context, key string) error {
	return db.Write(ctx, sqldb.Soft, func(t *sqldb.Tx) error {
		var u openmates.Usage
		var at int64
		held, err := t.Get(`SELECT team_id, user_id, mate_id, cost, sent, at FROM usage WHERE turn = $1 AND NOT settled`+db.ForUpdate(),
			[]any{key}, &u.TeamID, &u.UserID, &u.MateID, &u.Cost, &u.Sent, &at)
		if err != nil || !held {
			return err
		}
		if _, err := t.Exec(`UPDATE usage SET cost = sent, settled = TRUE WHERE turn = $1`, key); err != nil {
			return err
		}
		_, err = db.addUp(t, charge{u: u, at: sqldb.TimeOf(at), cost: u.Sent - u.Cost})
		return err
	})
}
