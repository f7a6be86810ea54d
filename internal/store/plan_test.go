package store

import (
	"log/slog"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/sqldb"
)

type noSeal struct{}

func (noSeal) Seal(string, openmates.Secret) (string, error) { return "", nil }
func (noSeal) Open(string, string) (openmates.Secret, error) { return "", nil }
func (noSeal) MAC(string, openmates.Secret) string           { return "" }
func (noSeal) Verify(string, openmates.Secret, string) bool  { return false }

// TestNoStatementReadsTheWholeJournal asks SQLite how it goes about what must
// not take longer the more was said before.
func TestNoStatementReadsTheWholeJournal(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), Config{Dir: t.TempDir(), Seal: noSeal{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, c := range []struct {
		name, text string
		args       []any
	}{
		{"addJob", addJob, []any{1, "key", "lane", "body", 1, 1, "message", false, 0}},
		{"unreached", unreached, []any{1, 1}},
		{"oldestTurns", oldestTurns, []any{1, 1}},
		{"heldByNone", heldByNone, []any{1}},
		{"oldTrials", oldTrials, []any{1, 1}},
	} {
		steps, err := sqldb.List(t.Context(), db, func(s sqldb.Row) (step string, err error) {
			var n int
			return step, s.Scan(&n, &n, &n, &step)
		}, `EXPLAIN QUERY PLAN `+c.text, c.args...)
		if err != nil || len(steps) == 0 {
			t.Errorf("%s: %v, %v", c.name, steps, err)
		}
		for _, step := range steps {
			if strings.HasPrefix(step, "SCAN turns") || step == "SCAN r" || step == "SCAN l" {
				t.Errorf("%s: %s", c.name, step)
			}
		}
	}
}
