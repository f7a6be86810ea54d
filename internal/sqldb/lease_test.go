package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"openmates"
	"openmates/internal/sqldb"
	"openmates/internal/sqldb/sqldbtest"
)

// eachLeaser runs a test with locks on files and with rows, on both engines.
func eachLeaser(t *testing.T, run func(t *testing.T, open func() *sqldb.DB)) {
	t.Helper()
	for name, c := range map[string]struct {
		engine string
		change []func(*sqldb.Config)
	}{
		"files": {"sqlite", nil}, "rows": {"sqlite", []func(*sqldb.Config){sqldbtest.Shared}}, "postgres": {"postgres", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := sqldbtest.One(t, c.engine)
			run(t, func() *sqldb.DB { return open(c.change...) })
		})
	}
}

func TestLease(t *testing.T) {
	t.Parallel()
	eachLeaser(t, func(t *testing.T, open func() *sqldb.DB) {
		dbs := []*sqldb.DB{open(), open()}
		var inside, most, runs atomic.Int64
		var all sync.WaitGroup
		for n := range 6 {
			all.Go(func() {
				err := dbs[n%2].Hold(t.Context(), "one/name", func(context.Context) error {
					most.Store(max(most.Load(), inside.Add(1)))
					runs.Add(1)
					// Another name is free all the while.
					err := dbs[n%2].Hold(t.Context(), fmt.Sprint("free", n), func(context.Context) error { return nil })
					inside.Add(-1)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		same(t, [2]int64{most.Load(), runs.Load()}, [2]int64{1, 6})

		ctx, cancel := context.WithCancel(t.Context())
		held := make(chan struct{})
		all.Go(func() {
			err := dbs[0].Hold(ctx, "long", func(ctx context.Context) error {
				close(held)
				<-ctx.Done()
				return ctx.Err()
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Hold: %v", err)
			}
		})
		<-held
		waiting, stop := context.WithCancel(t.Context())
		stop()
		if err := dbs[1].Hold(waiting, "long", func(context.Context) error { t.Error("held twice"); return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("Hold: %v", err)
		}
		cancel()
		ok(t, dbs[1].Hold(t.Context(), "long", func(context.Context) error { return nil }))
		all.Wait()
	})
}

// wire is a connection to the database that can be paused: nothing passes, but
// it stays open.
type wire struct {
	net.Listener
	to   string
	mu   sync.Mutex
	open sync.Cond
	shut bool
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: l, to: to}
	w.open.L = &w.mu
	t.Cleanup(func() { w.set(false); _ = l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			go w.carry(near, far)
			go w.carry(far, near)
		}
	}()
	return w
}

func (w *wire) carry(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	_, _ = io.Copy(through{w, to}, from)
}

type through struct {
	*wire
	net.Conn
}

func (t through) Write(b []byte) (int, error) {
	t.mu.Lock()
	for t.shut {
		t.open.Wait()
	}
	t.mu.Unlock()
	return t.Conn.Write(b)
}

func (w *wire) set(shut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shut = shut
	w.open.Broadcast()
}

// A process that loses its connection stops trusting its lease before another
// takes over, and later finds out that it was replaced.
func TestNeverTwoActUnderOneLease(t *testing.T) {
	t.Parallel()
	address := sqldbtest.Address(t)
	u, err := url.Parse(address)
	ok(t, err)
	w := newWire(t, u.Host)
	u.Host = w.Addr().String()
	open := func(address string) *sqldb.DB {
		c := sqldbtest.Config(t)
		c.URL = address
		db, err := sqldb.Open(t.Context(), c)
		ok(t, err)
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	one, two := open(u.String()), open(address)

	var taken atomic.Bool // by two
	acted := 0
	ended := make(chan error, 1)
	held := make(chan struct{})
	go func() {
		ended <- one.Hold(t.Context(), "name", func(ctx context.Context) error {
			close(held)
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for {
				<-tick.C
				before := taken.Load()
				if err := openmates.Fence(ctx); err != nil {
					if ctx.Err() == nil || !errors.Is(context.Cause(ctx), openmates.ErrLost) {
						t.Errorf("lost with a living context: %v", context.Cause(ctx))
					}
					return err
				}
				if before {
					t.Error("two are certain at once")
					return nil
				}
				acted++
			}
		})
	}()
	<-held
	w.set(true)
	ok(t, two.Hold(t.Context(), "name", func(ctx context.Context) error {
		taken.Store(true)
		w.set(false)
		if err := <-ended; !errors.Is(err, openmates.ErrLost) {
			t.Errorf("Hold: %v", err)
		}
		return openmates.Fence(ctx)
	}))
	if acted == 0 {
		t.Error("the holder never acted")
	}
	// And it comes back as if it were new.
	ok(t, one.Hold(t.Context(), "name", openmates.Fence))
}

// A lease doesn't depend on a connection: it survives if the holder reconnects
// in time.
func TestALeaseOutlivesAShortSilence(t *testing.T) {
	t.Parallel()
	db := sqldbtest.One(t, "sqlite")(sqldbtest.Shared)
	ok(t, db.Hold(t.Context(), "name", func(ctx context.Context) error {
		begun := time.Now()
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for time.Since(begun) < 2*time.Second { // longer than one beat is worth
			<-tick.C
			ok(t, openmates.Fence(ctx))
		}
		return ctx.Err()
	}))
}

// What a process left behind that died without a word is free soon.
func TestALeaseOfTheDeadIsFree(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, open sqldbtest.Open) {
		var conf sqldb.Config
		db := open(sqldbtest.Shared, func(c *sqldb.Config) { conf = *c })
		ok(t, sqldbtest.Run(t, conf, `INSERT INTO processes (id, beat) VALUES ('dead', 7)`))
		ok(t, sqldbtest.Run(t, conf, `INSERT INTO leases (name, holder) VALUES ('name', 'dead')`))
		names, err := db.Leases().Held(t.Context())
		ok(t, err)
		same(t, names, []string{"name"})
		if held, err := db.Leases().Try(t.Context(), "name", func(context.Context) error { return nil }); held || err != nil {
			t.Errorf("taken from one that may live: %v", err)
		}
		ok(t, db.Hold(t.Context(), "name", openmates.Fence))
		names, err = db.Leases().Held(t.Context())
		ok(t, err)
		same(t, len(names), 0)
	})
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same[T any](t *testing.T, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
