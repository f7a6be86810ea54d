package natsqueue_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

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
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
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

// name is a fresh one, whose stream and bucket are gone after the test.
func name(t *testing.T, address string) string {
	t.Helper()
	n := "test" + rand.Text()
	c := connect(t, address)
	t.Cleanup(func() {
		js, err := jetstream.New(c)
		if err != nil {
			t.Error(err)
			return
		}
		_ = js.DeleteStream(context.Background(), n+"_jobs")
		_ = js.DeleteKeyValue(context.Background(), n+"_leases")
	})
	return n
}

func newQueue(t *testing.T, c natsqueue.Config) *natsqueue.Queue {
	t.Helper()
	c.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	c.Partitions = 4
	c.TTL = 2 * time.Second
	q, err := natsqueue.New(t.Context(), c)
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
				n := name(t, at)
				return queuetest.Harness{Journal: storetest.SQLite(t), New: func(t *testing.T, j queue.Journal, backoff func(int) time.Duration) queue.Queue {
					return newQueue(t, natsqueue.Config{Conn: connect(t, at), Journal: j, Name: n, Poll: 50 * time.Millisecond, Backoff: backoff})
				}}
			})
		})
	}
}

// TestWorkIsShared lets two processes work: both get some of it.
func TestWorkIsShared(t *testing.T) {
	t.Parallel()
	at := address(t, "embedded")
	n := name(t, at)
	db := storetest.SQLite(t)
	type run struct {
		who int
		key string
	}
	ran := make(chan run, 1000)
	var first *natsqueue.Queue
	for who := range 2 {
		q := newQueue(t, natsqueue.Config{Conn: connect(t, at), Journal: db, Name: n})
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
	late := time.After(30 * time.Second)
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

// TestLeaseOfASilentProcess cuts the connection of a holder.
func TestLeaseOfASilentProcess(t *testing.T) {
	t.Parallel()
	at := address(t, "embedded")
	n := name(t, at)
	leaser := func() (*natsqueue.Leaser, *nats.Conn) {
		c := connect(t, at)
		l, err := natsqueue.NewLeaser(t.Context(), natsqueue.LeaseConfig{Conn: c, Name: n, TTL: time.Second, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
		if err != nil {
			t.Fatal(err)
		}
		return l, c
	}
	one, conn := leaser()
	two, _ := leaser()
	err := one.Hold(t.Context(), "a name", func(ctx context.Context) error {
		conn.Close()
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Second):
			t.Error("the holder does not notice that it is cut off")
		}
		return context.Cause(ctx)
	})
	if err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("Hold: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for range 2 { // and again after it was given back
		if err := two.Hold(ctx, "a name", func(context.Context) error { return nil }); err != nil {
			t.Errorf("Hold: %v", err)
		}
	}
}
