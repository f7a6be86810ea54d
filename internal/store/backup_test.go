package store_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"openmates"
	"openmates/internal/secret"
	"openmates/internal/sqldb"
	"openmates/internal/store"
)

// A backup is whole by itself, though the server writes on meanwhile: what was
// written before it began is in it.
func TestABackupHoldsWhatWasWritten(t *testing.T) {
	t.Parallel()
	ring, err := secret.New(make([]byte, 32))
	ok(t, err)
	dir := t.TempDir()
	open := func(dir string) *store.DB {
		db, err := store.Open(t.Context(), store.Config{Dir: dir, Seal: ring, Log: slog.New(slog.DiscardHandler)})
		ok(t, err)
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	db := open(dir)
	ok(t, db.SetSetting(t.Context(), "before", "yes"))
	var all sync.WaitGroup
	all.Go(func() {
		for n := range 50 {
			if err := db.SetSetting(t.Context(), "during", fmt.Sprint(n)); err != nil {
				t.Error(err)
			}
		}
	})
	to := filepath.Join(t.TempDir(), "openmates.db")
	ok(t, sqldb.Backup(t.Context(), filepath.Join(dir, "openmates.db"), to))
	all.Wait()
	st, err := os.Stat(to)
	ok(t, err)
	if st.Mode().Perm() != 0o600 {
		t.Errorf("the backup has the mode %v", st.Mode())
	}
	copied := open(filepath.Dir(to))
	if v, _, err := copied.Setting(t.Context(), "before"); v != "yes" || err != nil {
		t.Errorf("the backup has %q, %v", v, err)
	}
	err = sqldb.Backup(t.Context(), filepath.Join(dir, "openmates.db"), to)
	if openmates.CodeOf(err) != openmates.EInvalid || !strings.Contains(openmates.MessageOf(err), "already exists") {
		t.Errorf("over a file that exists: %v", err)
	}
	if v, _, err := copied.Setting(t.Context(), "before"); v != "yes" || err != nil {
		t.Errorf("the first backup was harmed: %q, %v", v, err)
	}
}
