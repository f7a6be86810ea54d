package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"openmates/internal/sqldb"
	"openmates/internal/store"
)

// Audited checks that an action and its audit entry are written together. While
// the database, which must be SQLite, rejects the entry, do must fail and leave
// every table unchanged; after that, do must succeed and the entry must exist.
// except names tables that do writes before the change, such as the log of sent
// mail.
func Audited(t *testing.T, db *store.DB, action string, do func() error, except ...string) {
	t.Helper()
	before, had := tables(t, db, except), entries(t, db, action)
	exec(t, db, `CREATE TRIGGER no_audit BEFORE INSERT ON audit WHEN NEW.action = '`+action+`'
		BEGIN SELECT RAISE(ABORT, 'the audit record takes no entry'); END`)
	err := do()
	exec(t, db, `DROP TRIGGER no_audit`)
	if err == nil || !strings.Contains(err.Error(), "the audit record takes no entry") {
		t.Errorf("%s without its entry: %v", action, err)
	}
	for name, rows := range tables(t, db, except) {
		if rows != before[name] {
			t.Errorf("%s without its entry has changed %s from\n%s to\n%s", action, name, before[name], rows)
		}
	}
	if err := do(); err != nil {
		t.Fatalf("%s: %v", action, err)
	}
	if n := entries(t, db, action); n != had+1 {
		t.Errorf("%s left %d entries", action, n-had)
	}
}

func exec(t *testing.T, db *store.DB, query string) {
	t.Helper()
	if _, err := db.Exec(t.Context(), sqldb.Hard, query); err != nil {
		t.Fatal(err)
	}
}

func entries(t *testing.T, db *store.DB, action string) (n int) {
	t.Helper()
	if _, err := sqldb.Get(t.Context(), db, `SELECT COUNT(*) FROM audit WHERE action = $1`, []any{action}, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// tables returns the content of each table as text. Of sessions it includes
// only the owners, since every request replaces its token.
func tables(t *testing.T, db *store.DB, except []string) map[string]string {
	t.Helper()
	names, err := sqldb.List(t.Context(), db, text, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, name := range names {
		if slices.Contains(except, name) || name == "processes" || name == "leases" {
			continue
		}
		what := "*"
		if name == "sessions" {
			what = "user_id"
		}
		all[name] = rows(t, db, `SELECT `+what+` FROM `+name+` ORDER BY 1`)
	}
	return all
}

func text(r sqldb.Row) (s string, err error) { return s, r.Scan(&s) }

func rows(t *testing.T, db *store.DB, query string) string {
	t.Helper()
	found, err := db.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	var all strings.Builder
	for found.Next() {
		if err := found.Scan(into...); err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintln(&all, values...)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return all.String()
}
