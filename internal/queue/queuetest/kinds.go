package queuetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"openmates/internal/polltest"
	"openmates/internal/queue"
)

// alone runs jobs of one lane in parallel, also with ordered jobs: neither kind
// waits for the other.
func alone(t *testing.T, h Harness) {
	begun := make(chan queue.Job, 20)
	release := make(chan struct{})
	var running [2]atomic.Int64 // in a lane's order, and alone
	p := start(t, h, 1, func(ctx context.Context, j queue.Job) error {
		kind, most := &running[0], int64(1)
		if j.Alone {
			kind, most = &running[1], queue.BesideEach
		}
		if n := kind.Add(1); n > most {
			t.Errorf("%s is the %d. at once", j.Key, n)
		}
		defer kind.Add(-1)
		begun <- j
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	for n := range queue.BesideEach + 1 {
		if err := p.Push(t.Context(), queue.Job{Key: fmt.Sprint("alone-", n), Kind: "question", Lane: "lane", Alone: true}); err != nil {
			t.Fatal(err)
		}
	}
	for range queue.BesideEach {
		if j := get(t, begun, "as many that are alone as may be"); !j.Alone || j.Kind != "question" || j.Lane != "lane" {
			t.Errorf("got %+v", j)
		}
	}
	push(t, p, "first", "lane")
	push(t, p, "second", "lane")
	if j := get(t, begun, "the one that keeps an order"); j.Key != "first" || j.Kind != queue.Message {
		t.Errorf("got %+v", j)
	}
	close(release)
	for range 2 {
		get(t, begun, "the rest")
	}
	waitEmpty(t, h.Journal)
}

// notBefore has a job wait for its time, also where another process takes it up,
// and holds up no other.
func notBefore(t *testing.T, h Harness) {
	ran := make(chan queue.Job, 10)
	p := start(t, h, 2, func(_ context.Context, j queue.Job) error {
		ran <- j
		return nil
	})
	add := func(q queue.Queue, key string, from time.Time) {
		t.Helper()
		if err := q.Push(t.Context(), queue.Job{Key: key, Lane: key, NotBefore: from}); err != nil {
			t.Fatal(err)
		}
	}
	add(p, "in an hour", time.Now().Add(time.Hour))
	push(t, p, "now", "now")
	if j := get(t, ran, "the job without a time"); j.Key != "now" {
		t.Errorf("%s ran first", j.Key)
	}
	from := time.Now().Add(300 * time.Millisecond)
	add(p, "here", from)
	add(h.New(t, h.Journal, quick), "elsewhere", from)
	for range 2 {
		if j := get(t, ran, "a job whose time has come"); time.Now().Before(from.Truncate(time.Millisecond)) || j.Key == "in an hour" {
			t.Errorf("%s ran too soon", j.Key)
		}
	}
	polltest.Until(t, "only the job in an hour is open", func() bool {
		open, _, err := h.Journal.OpenJobs(t.Context(), 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(open) == 1 && open[0].Key == "in an hour"
	})
}
