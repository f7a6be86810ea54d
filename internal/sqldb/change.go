package sqldb

import (
	"context"
	"time"
)

// OnChange calls fn after each commit that changed a kind of data that is
// cached. Changes by other processes are reported within about a second;
// changes by this process may be reported twice. fn must not block.
func (db *DB) OnChange(fn func(kind string)) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.listeners = append(db.listeners, fn)
}

func (db *DB) tell(kinds []string) {
	if len(kinds) == 0 {
		return
	}
	db.mu.Lock()
	fns := db.listeners
	db.mu.Unlock()
	for _, kind := range kinds {
		for _, fn := range fns {
			fn(kind)
		}
	}
}

// countChanges records the kinds that this transaction changes, for other
// processes.
func (t *Tx) countChanges() error {
	for _, kind := range t.kinds {
		_, err := t.Exec(`INSERT INTO revisions (kind, n) VALUES ($1, 1)
			ON CONFLICT (kind) DO UPDATE SET n = revisions.n + 1`, kind)
		if err != nil {
			return err
		}
	}
	return nil
}

// watch watches for changes by other processes until ctx ends.
func (db *DB) watch(ctx context.Context, every time.Duration) error {
	seen, err := db.revisions(ctx)
	if err != nil {
		return err
	}
	db.watching.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		away := false
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			now, err := db.revisions(ctx)
			if err != nil {
				if ctx.Err() == nil && !away {
					away = true
					db.log.WarnContext(ctx, "the database does not answer", "err", err)
				}
				continue
			}
			if away {
				away = false
				db.log.InfoContext(ctx, "the database answers again")
			}
			for kind, n := range now {
				if seen[kind] != n {
					db.tell([]string{kind})
				}
			}
			seen = now
		}
	})
	return nil
}

// Revision returns a number that grows with each commit that changes one of
// these kinds, in any process. A cache that checks it before each use never
// returns outdated data.
func (db *DB) Revision(ctx context.Context) (int64, error) {
	var n int64
	_, err := Get(ctx, db, `SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM revisions`, nil, &n)
	return n, err
}

func (db *DB) revisions(ctx context.Context) (map[string]int64, error) {
	type row struct {
		kind string
		n    int64
	}
	all, err := List(ctx, db, func(s Row) (r row, err error) {
		return r, s.Scan(&r.kind, &r.n)
	}, `SELECT kind, n FROM revisions`)
	m := make(map[string]int64, len(all))
	for _, r := range all {
		m[r.kind] = r.n
	}
	return m, err
}
