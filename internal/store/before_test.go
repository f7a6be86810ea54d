package store_test

import (
	"testing"

	"openmates/internal/queue"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

// A message that a version without kinds has journalled is read as what it was,
// and nobody waits with it.
func TestAJobOfTheVersionBeforeIsAMessage(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		var c store.Config
		db := open(func(conf *store.Config) { c = *conf })
		ok(t, storetest.Exec(t, c, `INSERT INTO turns (id, key, lane, body, accepted) VALUES (1, 'old', 'lane', '{"text":"hello"}', 1000)`))
		jobs, _, err := db.OpenJobs(t.Context(), 0, 10)
		ok(t, err)
		if len(jobs) != 1 {
			t.Fatalf("%d jobs are open", len(jobs))
		}
		if j := jobs[0]; j.Kind != queue.Message || j.Alone || !j.NotBefore.IsZero() || j.Key != "old" || string(j.Body) != `{"text":"hello"}` {
			t.Errorf("it is read as %+v", j)
		}
	})
}
