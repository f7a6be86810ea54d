package dbqueue_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"openmates"
	"openmates/internal/polltest"
	"openmates/internal/queue"
	"openmates/internal/queue/dbqueue"
	"openmates/internal/queue/queuetest"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			queuetest.Exercise(t, func(t *testing.T) queuetest.Harness {
				open := storetest.One(t, engine)
				return queuetest.Harness{Journal: open(), New: func(t *testing.T, j queue.Journal, backoff func(int) time.Duration) queue.Queue {
					return newQueue(t, dbqueue.Config{Journal: j, Lease: open(), Poll: 20 * time.Millisecond, Backoff: backoff})
				}}
			})
		})
	}
}

func newQueue(t *testing.T, c dbqueue.Config) *dbqueue.Queue {
	t.Helper()
	c.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	q, err := dbqueue.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// TestLittleRoom works off far more jobs than there is room for in memory,
// some stored before and some while it works.
func TestLittleRoom(t *testing.T) {
	t.Parallel()
	const lanes, before, during = 7, 120, 120
	db := storetest.SQLite(t)
	q := newQueue(t, dbqueue.Config{Journal: db, Lease: db, Room: 40})
	fill := func(from, to int) {
		for n := from; n <= to; n++ {
			for l := range lanes {
				if err := q.Push(t.Context(), queue.Job{Key: fmt.Sprintf("%d-%d", l, n), Lane: fmt.Sprint(l)}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	fill(1, before)
	var last [lanes]atomic.Int64
	var left atomic.Int64
	left.Store(lanes * (before + during))
	all := make(chan struct{})
	go func() {
		_ = q.Work(t.Context(), 3, func(_ context.Context, j queue.Job) error {
			var l int
			var n int64
			fmt.Sscanf(j.Key, "%d-%d", &l, &n)
			if was := last[l].Swap(n); was+1 != n {
				t.Errorf("lane %d: %d after %d", l, n, was)
			}
			if left.Add(-1) == 0 {
				close(all)
			}
			return nil
		})
	}()
	fill(before+1, before+during)
	select {
	case <-all:
	case <-time.After(polltest.Patience):
		t.Fatalf("%d jobs are left", left.Load())
	}
}

// TestTwoProcessesOneLane lets two processes take turns in accepting the jobs
// of one lane.
func TestTwoProcessesOneLane(t *testing.T) {
	t.Parallel()
	open := storetest.One(t, "sqlite")
	db := open()
	worker := newQueue(t, dbqueue.Config{Journal: db, Lease: db, Poll: 5 * time.Millisecond})
	listener := newQueue(t, dbqueue.Config{Journal: open(), Lease: db})
	ran := make(chan string, 100)
	go func() {
		_ = worker.Work(t.Context(), 4, func(_ context.Context, j queue.Job) error {
			ran <- j.Key
			return nil
		})
	}()
	next := func(want string) {
		t.Helper()
		select {
		case key := <-ran:
			if key != want {
				t.Errorf("%s ran, want %s", key, want)
			}
		case <-time.After(polltest.Patience):
			t.Fatalf("%s did not run", want)
		}
	}
	push := func(q queue.Queue, key string) {
		t.Helper()
		if err := q.Push(t.Context(), queue.Job{Key: key, Lane: "lane"}); err != nil {
			t.Fatal(err)
		}
	}
	push(worker, "own")
	next("own")
	push(listener, "first") // tells that there is somebody else
	next("first")
	for n := range 30 {
		q := queue.Queue(worker)
		if n%3 == 1 {
			q = listener
		}
		push(q, fmt.Sprint(n))
	}
	for n := range 30 {
		next(fmt.Sprint(n))
	}
}

func TestPanicIsAFailure(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	q := newQueue(t, dbqueue.Config{Journal: db, Lease: db, Backoff: func(int) time.Duration { return time.Millisecond }})
	ran := make(chan queue.Job, 10)
	go func() {
		_ = q.Work(t.Context(), 1, func(_ context.Context, j queue.Job) error {
			if j.Attempt < 3 {
				panic("a job panics")
			}
			ran <- j
			return nil
		})
	}()
	if err := q.Push(t.Context(), queue.Job{Key: "key", Lane: "lane"}); err != nil {
		t.Fatal(err)
	}
	select {
	case j := <-ran:
		if !j.Again {
			t.Error("comes again without Again")
		}
	case <-time.After(polltest.Patience):
		t.Fatal("the job was lost")
	}
}

// TestFreshJobsAreFresh keeps Again, which makes a worker search the network,
// from jobs that were not begun before.
func TestFreshJobsAreFresh(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	q := newQueue(t, dbqueue.Config{Journal: db, Lease: db})
	ran := make(chan queue.Job, 10)
	go func() {
		_ = q.Work(t.Context(), 1, func(_ context.Context, j queue.Job) error {
			ran <- j
			return nil
		})
	}()
	if err := q.Push(t.Context(), queue.Job{Key: "0", Lane: "lane"}); err != nil {
		t.Fatal(err)
	}
	<-ran // stored before the lease was held, perhaps
	for n := 1; n < 20; n++ {
		if err := q.Push(t.Context(), queue.Job{Key: fmt.Sprint(n), Lane: "lane"}); err != nil {
			t.Fatal(err)
		}
		if j := <-ran; j.Again {
			t.Errorf("%s comes as begun before", j.Key)
		}
	}
}

type noSeal struct{}

func (noSeal) Seal(string, openmates.Secret) (string, error) { return "", nil }
func (noSeal) Open(string, string) (openmates.Secret, error) { return "", nil }
func (noSeal) MAC(string, openmates.Secret) string           { return "" }
func (noSeal) Verify(string, openmates.Secret, string) bool  { return false }

func TestNoGoroutineIsLeft(t *testing.T) { //nolint:paralleltest // counts goroutines
	before := goleak.IgnoreCurrent()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), store.Config{Dir: dir, Seal: noSeal{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	q := newQueue(t, dbqueue.Config{Journal: db, Lease: db})
	ctx, cancel := context.WithCancel(t.Context())
	ended, ran := make(chan error), make(chan struct{})
	go func() {
		ended <- q.Work(ctx, 4, func(context.Context, queue.Job) error { close(ran); return nil })
	}()
	if err := q.Push(t.Context(), queue.Job{Key: "key", Lane: "lane"}); err != nil {
		t.Fatal(err)
	}
	<-ran
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Work: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before)
}
