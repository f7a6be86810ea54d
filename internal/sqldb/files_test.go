//go:build unix

package sqldb

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Whatever the umask, SQLite's files are private; also those that an earlier
// version, or a restored copy, has left open to others.
func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	for _, left := range []bool{false, true} {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if left {
			for _, name := range []string{"test.db", "test.db-wal", "test.db-shm"} {
				if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		db, err := Open(t.Context(), configIn(dir))
		if err != nil {
			t.Fatal(err)
		}
		if err := setPair(t.Context(), db, "a", "b"); err != nil {
			t.Fatal(err)
		}
		seen := 0
		err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || path == dir {
				return err
			}
			st, err := d.Info()
			if err == nil && st.Mode().Perm()&0o077 != 0 {
				t.Errorf("left=%v: %s has the mode %v", left, path, st.Mode())
			}
			seen++
			return err
		})
		if err != nil || seen < 4 { // the file, its log, its shared memory, the locks
			t.Errorf("%d files, %v", seen, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
