package sqldb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// TestWritersTakeTurns holds the one connection while others come, of whom one
// goes again, one fails and one panics. The rest is written, in one commit, and
// closing waits for it.
func TestWritersTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		db, err := Open(ctx, testConfig(t))
		if err != nil {
			t.Fatal(err)
		}
		set := func(name string) func(*Tx) error {
			return func(t *Tx) error {
				_, err := t.Exec(`INSERT INTO pairs (name, value) VALUES ($1, '')`, name)
				return err
			}
		}
		var mu sync.Mutex
		got := map[string]error{}
		var all sync.WaitGroup
		write := func(ctx context.Context, name string, fn func(*Tx) error) {
			all.Go(func() {
				err := db.Write(ctx, Hard, fn)
				mu.Lock()
				defer mu.Unlock()
				got[name] = err
			})
			synctest.Wait()
		}
		release := make(chan struct{})
		write(ctx, "first", func(t *Tx) error { <-release; return set("first")(t) })
		for n := range 5 {
			name := fmt.Sprint("good", n)
			write(ctx, name, set(name))
		}
		leaving, leave := context.WithCancel(ctx)
		write(leaving, "left", set("left"))
		write(ctx, "twice", set("good0"))
		write(ctx, "panic", func(*Tx) error { panic("a write panics") })
		leave()
		synctest.Wait()
		mu.Lock()
		if err := got["left"]; len(got) != 1 || !errors.Is(err, context.Canceled) {
			t.Errorf("while the connection is held: %v", got)
		}
		mu.Unlock()
		closed := make(chan error, 1)
		go func() { closed <- db.engine.(*lite).writer.close() }()
		synctest.Wait()
		if err := db.Write(ctx, Hard, set("late")); !errors.Is(err, errClosed) {
			t.Errorf("written while it closes: %v", err)
		}
		close(release)
		all.Wait()
		if err := <-closed; err != nil {
			t.Error(err)
		}
		for name, err := range got {
			if bad := name == "left" || name == "twice" || name == "panic"; bad != (err != nil) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := got["panic"]; err == nil || !strings.Contains(err.Error(), "panic in a write") {
			t.Errorf("the panic became %v", err)
		}
		there, err := List(ctx, db, func(s Row) (name string, err error) { return name, s.Scan(&name) },
			`SELECT name FROM pairs ORDER BY name`)
		if want := "[first good0 good1 good2 good3 good4]"; err != nil || fmt.Sprint(there) != want {
			t.Errorf("written is %v, want %s: %v", there, want, err)
		}
		db.stop()
		db.watching.Wait()
		_ = db.engine.(*lite).readers.Close()
	})
}
