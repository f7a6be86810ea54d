package sqldb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"openmates"
)

// fullAt makes SQLite answer as on a full disk once the file has that many
// more pages.
func fullAt(t *testing.T, db *DB, more int) {
	t.Helper()
	w := db.engine.(*lite).writer
	var pages int
	if err := w.conn.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := w.conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count=%d", pages+more)); err != nil {
		t.Fatal(err)
	}
}

// TestAFullDiskIsToldToWhomItHit lets each write of a batch in turn hit a full
// disk. SQLite then rolls back the whole transaction; nevertheless, every write
// that was reported as failed is absent, and every write that was reported as
// successful is present.
func TestAFullDiskIsToldToWhomItHit(t *testing.T) {
	t.Parallel()
	const writes = 5
	for big := range writes {
		for _, swallowed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d swallowed=%v", big, swallowed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { testFullDisk(t, writes, big, swallowed) })
			})
		}
	}
}

func testFullDisk(t *testing.T, writes, big int, swallowed bool) {
	ctx := context.Background()
	db, err := Open(ctx, testConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	fullAt(t, db, 4)
	set := func(name string, size int) func(*Tx) error {
		return func(t *Tx) error {
			_, err := t.Exec(`INSERT INTO pairs (name, value) VALUES ($1, $2)`, name, strings.Repeat("x", size))
			return err
		}
	}
	var mu sync.Mutex
	got := map[string]error{}
	var all sync.WaitGroup
	write := func(name string, fn func(*Tx) error) {
		all.Go(func() {
			err := db.Write(ctx, Hard, fn)
			mu.Lock()
			defer mu.Unlock()
			got[name] = err
		})
		synctest.Wait()
	}
	release := make(chan struct{})
	write("first", func(t *Tx) error { <-release; return set("first", 1)(t) })
	for n := range writes {
		name := fmt.Sprint("write", n)
		fn := set(name, 1)
		if n == big {
			fn = func(t *Tx) error {
				if err := set(name, 1)(t); err != nil {
					return err
				}
				err := set(name+" big", 1<<20)(t)
				if swallowed {
					err = nil
				}
				return errors.Join(err, set(name+" last", 1)(t))
			}
		}
		write(name, fn)
	}
	close(release)
	all.Wait()
	var want []string
	for name, err := range got {
		hit := name == fmt.Sprint("write", big)
		if hit != (err != nil) {
			t.Errorf("%s: %v", name, err)
		}
		if hit && (openmates.CodeOf(err) != openmates.EUnavailable || !strings.Contains(openmates.MessageOf(err), "server's disk is full")) {
			t.Errorf("%s was told %q", name, openmates.MessageOf(err))
		}
		if err == nil {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	there, err := List(ctx, db, func(s Row) (name string, err error) { return name, s.Scan(&name) },
		`SELECT name FROM pairs WHERE name LIKE 'write%' OR name = 'first' ORDER BY name`)
	if err != nil || !slices.Equal(there, want) {
		t.Errorf("there is %v, told was %v: %v", there, want, err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
