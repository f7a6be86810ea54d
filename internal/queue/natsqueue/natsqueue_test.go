package natsqueue_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"openmates/internal/polltest"
	"openmates/internal/queue"
	"openmates/internal/queue/natsqueue"
	"openmates/internal/queue/queuetest"
	"openmates/internal/store/storetest"
)

// address starts a NATS server within the test, or names the one of
// OPENMATES_TEST_NATS.
func address(t *testing.T, kind string) string {
	t.Helper()
	if kind == "server" {
		a := os.Getenv("OPENMATES_TEST_NATS")
		if a == "" {
			t.Skip("OPENMATES_TEST_NATS is not set")
		}
		return a
	}
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("the NATS server did not start")
	}
	return s.ClientURL()
}

func connect(t *testing.T, address string) *nats.Conn {
	t.Helper()
	c, err := nats.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func newQueue(t *testing.T, c natsqueue.Config) *natsqueue.Queue {
	t.Helper()
	c.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	c.Partitions = 4
	c.Share = 20 * time.Millisecond
	q, err := natsqueue.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"embedded", "server"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			at := address(t, kind)
			queuetest.Exercise(t, func(t *testing.T) queuetest.Harness {
				open, n := storetest.One(t, "sqlite"), "test"+rand.Text()
				return queuetest.Harness{Journal: open(), New: func(t *testing.T, j queue.Journal, backoff func(int) time.Duration) queue.Queue {
					lease := open(storetest.Shared).Leases()
					return newQueue(t, natsqueue.Config{Conn: connect(t, at), Journal: j, Lease: lease, Name: n, Poll: 50 * time.Millisecond, Backoff: backoff})
				}}
			})
		})
	}
}

// TestWorkIsShared lets two processes work: both get some of it.
func TestWorkIsShared(t *testing.T) {
	t.Parallel()
	at := address(t, "embedded")
	open := storetest.One(t, "sqlite")
	db := open()
	type run struct {
		who int
		key string
	}
	ran := make(chan run, 1000)
	var first *natsqueue.Queue
	for who := range 2 {
		q := newQueue(t, natsqueue.Config{Conn: connect(t, at), Journal: db, Lease: open(storetest.Shared).Leases()})
		if who == 0 {
			first = q
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = q.Work(ctx, 4, func(_ context.Context, j queue.Job) error {
				ran <- run{who, j.Key}
				return nil
			})
		}()
		t.Cleanup(func() { cancel(); <-ended })
	}
	late := time.After(polltest.Patience)
	seen := map[int]bool{}
	keys := map[string]int{}
	for i := 0; len(seen) < 2; i++ {
		if err := first.Push(t.Context(), queue.Job{Key: fmt.Sprint(i), Lane: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
		select {
		case r := <-ran:
			seen[r.who] = true
			if keys[r.key]++; keys[r.key] > 1 {
				t.Errorf("%s ran twice", r.key)
			}
		case <-late:
			t.Fatal("one process does all the work")
		}
	}
}
