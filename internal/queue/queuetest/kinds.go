package queuetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"openmates/internal/queue"
)

// alone has jobs of one lane run side by side, and beside those that keep an
// order: neither kind waits for the other.
func alone(t *testing.T, h Harness) {
	begun := make(chan queue.Job, 20)
	release := make(chan struct{})
	p := start(t, h, 1, func(ctx context.Context, j queue.Job) error {
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
	none(t, begun, "one more than may be")
	push(t, p, "first", "lane")
	push(t, p, "second", "lane")
	if j := get(t, begun, "the one that keeps an order"); j.Key != "first" || j.Kind != queue.Message {
		t.Errorf("got %+v", j)
	}
	none(t, begun, "one before its turn")
	close(release)
	for range 2 {
		get(t, begun, "the rest")
	}
	waitEmpty(t, h.Journal)
}

// notBefore has a job wait for its time, also where another process takes it up.
func notBefore(t *testing.T, h Harness) {
	const pause = 300 * time.Millisecond
	ran := make(chan queue.Job, 10)
	p := start(t, h, 2, func(_ context.Context, j queue.Job) error {
		ran <- j
		return nil
	})
	from := time.Now().Add(pause)
	for _, j := range []queue.Job{{Key: "here", Lane: "here"}, {Key: "elsewhere", Lane: "elsewhere"}} {
		j.NotBefore = from
		var q queue.Queue = p
		if j.Key == "elsewhere" {
			q = h.New(t, h.Journal, quick)
		}
		if err := q.Push(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
	push(t, p, "now", "now")
	if j := get(t, ran, "the job without a time"); j.Key != "now" {
		t.Errorf("%s ran first", j.Key)
	}
	for range 2 {
		if j := get(t, ran, "a job whose time has come"); time.Now().Before(from.Truncate(time.Millisecond)) {
			t.Errorf("%s ran too soon", j.Key)
		}
	}
	waitEmpty(t, h.Journal)
}
