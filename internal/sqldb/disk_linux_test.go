package sqldb

import (
	"context"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"openmates/internal/sqldb/disktest"

	"openmates"
)

func openAt(t *testing.T, dir string) *DB {
	t.Helper()
	db, err := Open(context.Background(), configIn(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// disks that take no writes, each with the way to make it so and back.
func TestADiskThatTakesNothingIsNoticedAndRecovers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		want  string
		spoil func(t *testing.T, dir string) (restore func())
	}{
		"full": {"This server's disk is full", disktest.Fill},
		"read-only": {"This server can't write to its disk", func(t *testing.T, dir string) func() {
			// Files that are open for writing keep a mount writable, so the new
			// mount of the same folder is what the probe meets.
			if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
				t.Fatal(err)
			}
			return func() {
				if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
					t.Fatal(err)
				}
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := disktest.Small(t, 6)
			db := openAt(t, dir)
			ctx := t.Context()
			if err := db.Ready(ctx); err != nil {
				t.Fatalf("at first: %v", err)
			}
			restore := c.spoil(t, dir)
			if err := db.Ready(ctx); openmates.CodeOf(err) != openmates.EUnavailable || !strings.Contains(openmates.MessageOf(err), c.want) {
				t.Errorf("not ready with %v", err)
			}
			if name == "full" {
				err := setPair(ctx, db, "big", strings.Repeat("x", 2<<20))
				if !strings.Contains(openmates.MessageOf(err), c.want) {
					t.Errorf("a write says %v", err)
				}
				var size int64
				if ok, err := Get(ctx, db, `SELECT LENGTH(value) FROM pairs WHERE name = 'big'`, nil, &size); ok || err != nil {
					t.Errorf("what failed is there: %v, %v", ok, err)
				}
			}
			restore()
			if err := db.Ready(ctx); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			if err := setPair(ctx, db, "after", "x"); err != nil {
				t.Error(err)
			}
			left, err := filepath.Glob(filepath.Join(dir, ".space*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// A server whose disk is read-only from the start says so in a sentence.
func TestAReadOnlyFolderIsNamedAtStart(t *testing.T) {
	t.Parallel()
	dir := disktest.Small(t, 6)
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), configIn(dir))
	if openmates.CodeOf(err) != openmates.EInvalid || !strings.Contains(openmates.MessageOf(err), dir) {
		t.Errorf("opened with %v", err)
	}
}
