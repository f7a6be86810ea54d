package queuetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"openmates/internal/queue"
)

var errJob = errors.New("the job failed")

func order(t *testing.T, h Harness) {
	const lanes, each = 8, 20
	r := newRecord(t)
	var left atomic.Int64
	left.Store(lanes * each)
	all := make(chan struct{})
	p := start(t, h, 4, func(_ context.Context, j queue.Job) error {
		r.begin(j)
		defer r.end(j)
		if string(j.Body) != `{"of":"`+j.Key+`"}` || j.Attempt != 1 || j.Accepted.IsZero() {
			t.Errorf("got %+v", j)
		}
		if left.Add(-1) == 0 {
			close(all)
		}
		return nil
	})
	for n := 1; n <= each; n++ {
		var wg sync.WaitGroup
		for l := range lanes {
			lane := fmt.Sprintf("lane%d", l)
			wg.Go(func() { push(t, p, fmt.Sprintf("%s-%d", lane, n), lane) })
		}
		wg.Wait()
	}
	get(t, all, "the last job")
	waitEmpty(t, h.Journal)
	for key, n := range r.runs {
		if n != 1 {
			t.Errorf("%s ran %d times", key, n)
		}
	}
}

func slowLane(t *testing.T, h Harness) {
	release := make(chan struct{})
	ran := make(chan string, 10)
	p := start(t, h, 2, func(ctx context.Context, j queue.Job) error {
		if j.Key == "slow-1" {
			select {
			case <-release:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		ran <- j.Key
		return nil
	})
	push(t, p, "slow-1", "slow")
	push(t, p, "slow-2", "slow")
	for n := range 5 {
		push(t, p, fmt.Sprint("fast-", n), "fast")
		if key := get(t, ran, "a job of the fast lane"); key != fmt.Sprint("fast-", n) {
			t.Errorf("%s ran", key)
		}
	}
	close(release)
	for _, want := range []string{"slow-1", "slow-2"} {
		if key := get(t, ran, want); key != want {
			t.Errorf("%s ran, want %s", key, want)
		}
	}
}

func once(t *testing.T, h Harness) {
	ran := make(chan string, 10)
	p := start(t, h, 2, func(_ context.Context, j queue.Job) error {
		ran <- j.Key
		return nil
	})
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() { push(t, p, "key", "lane") })
	}
	wg.Wait()
	get(t, ran, "the job")
	waitEmpty(t, h.Journal)
	push(t, p, "key", "lane")
	push(t, h.New(t, h.Journal, quick), "key", "lane")
	push(t, p, "sign", "lane")
	if key := get(t, ran, "the next job"); key != "sign" {
		t.Errorf("%s ran again", key)
	}
}

func atMost(t *testing.T, h Harness) {
	const most = 3
	begun := make(chan string, 20)
	release := make(chan struct{})
	var running atomic.Int64
	p := start(t, h, most, func(ctx context.Context, j queue.Job) error {
		if n := running.Add(1); n > most {
			t.Errorf("%s is the %d. at once", j.Key, n)
		}
		defer running.Add(-1)
		begun <- j.Key
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	for n := range 2 * most {
		push(t, p, fmt.Sprint("job-", n), fmt.Sprint("lane", n))
	}
	for range most {
		get(t, begun, "as many jobs at once as may be")
	}
	for range most { // each that ends lets one more begin
		release <- struct{}{}
		get(t, begun, "the next job")
	}
	close(release)
	waitEmpty(t, h.Journal)
}

func pause(t *testing.T, h Harness) {
	const pause = 200 * time.Millisecond
	ran := make(chan queue.Job, 10)
	var failed atomic.Bool
	var earliest time.Time
	p := startWith(t, h, 2, func(int) time.Duration { return pause }, func(_ context.Context, j queue.Job) error {
		if !failed.Swap(true) {
			earliest = time.Now().Add(pause)
			return errJob
		}
		ran <- j
		return nil
	})
	push(t, p, "first", "lane")
	push(t, p, "second", "lane")
	j := get(t, ran, "the failed job")
	if j.Key != "first" || j.Attempt != 2 || !j.Again {
		t.Errorf("got %+v", j)
	}
	if early := time.Until(earliest.Truncate(time.Millisecond)); early > 0 {
		t.Errorf("ran %v too early", early)
	}
	if j := get(t, ran, "the follower"); j.Key != "second" {
		t.Errorf("got %+v", j)
	}
	waitEmpty(t, h.Journal)
}

func drop(t *testing.T, h Harness) {
	ran := make(chan string, 10)
	p := start(t, h, 1, func(_ context.Context, j queue.Job) error {
		ran <- j.Key
		if j.Key == "bad" {
			return queue.Drop(errJob)
		}
		return nil
	})
	push(t, p, "bad", "lane")
	push(t, p, "good", "lane")
	for _, want := range []string{"bad", "good"} {
		if key := get(t, ran, want); key != want {
			t.Errorf("%s ran, want %s", key, want)
		}
	}
	waitEmpty(t, h.Journal)
	noMore(t, p, func() string { return get(t, ran, "the last job") })
}

func retry(t *testing.T, h Harness) {
	ran := make(chan queue.Job, 2*queue.MaxAttempts)
	p := start(t, h, 1, func(_ context.Context, j queue.Job) error {
		ran <- j
		if j.Key == "bad" {
			return errJob
		}
		return nil
	})
	push(t, p, "bad", "lane")
	push(t, p, "good", "lane")
	for n := 1; n <= queue.MaxAttempts; n++ {
		j := get(t, ran, "an attempt")
		if j.Key != "bad" || j.Attempt != n || n > 1 && !j.Again {
			t.Errorf("attempt %d: got %+v", n, j)
		}
	}
	if j := get(t, ran, "the follower"); j.Key != "good" {
		t.Errorf("got %+v", j)
	}
	waitEmpty(t, h.Journal)
	noMore(t, p, func() string { return get(t, ran, "the last job").Key })
}

func end(t *testing.T, h Harness) {
	begun := make(chan struct{}, 1)
	p := start(t, h, 1, func(ctx context.Context, _ queue.Job) error {
		begun <- struct{}{}
		<-ctx.Done()
		return fmt.Errorf("stopped: %w", ctx.Err())
	})
	push(t, p, "one", "lane")
	push(t, p, "two", "lane")
	get(t, begun, "the job")
	p.stop()
	open, _, err := h.Journal.OpenJobs(t.Context(), 0, 10)
	if err != nil || len(open) != 2 || open[0].Key != "one" || open[0].Attempt != 1 {
		t.Fatalf("open: %+v, %v", open, err)
	}
	ran := make(chan queue.Job, 2)
	start(t, h, 1, func(_ context.Context, j queue.Job) error {
		ran <- j
		return nil
	})
	if j := get(t, ran, "the job's second life"); j.Key != "one" || !j.Again {
		t.Errorf("got %+v", j)
	}
	if j := get(t, ran, "its follower"); j.Key != "two" {
		t.Errorf("got %+v", j)
	}
}

func crash(t *testing.T, h Harness) {
	begun := make(chan struct{}, 1)
	ran := make(chan queue.Job, 10)
	first := start(t, h, 4, func(ctx context.Context, j queue.Job) error {
		if j.Key == "done" {
			return nil
		}
		select {
		case begun <- struct{}{}:
		default:
		}
		<-ctx.Done()
		return nil // as if it had worked, but the result is lost
	})
	push(t, first, "done", "lane")
	waitEmpty(t, h.Journal)
	for n := range 3 {
		push(t, first, fmt.Sprint("job-", n), "lane")
	}
	get(t, begun, "the job's begin")
	// Not earlier, or another process could get the lane.
	second := start(t, h, 4, func(_ context.Context, j queue.Job) error {
		ran <- j
		return nil
	})
	killed := time.Now()
	first.kill()
	for n := range 3 {
		j := get(t, ran, "the takeover")
		if j.Key != fmt.Sprint("job-", n) {
			t.Errorf("got %s as number %d", j.Key, n)
		}
		if n == 0 && !j.Again {
			t.Error("a job that was begun comes without Again")
		}
	}
	if took := time.Since(killed); took > 10*time.Second {
		t.Errorf("the takeover took %v", took)
	} else {
		t.Logf("the takeover took %v", took)
	}
	waitEmpty(t, h.Journal)
	noMore(t, second, func() string { return get(t, ran, "the last job").Key })
}

func other(t *testing.T, h Harness) {
	ran := make(chan string, 100)
	start(t, h, 4, func(_ context.Context, j queue.Job) error {
		ran <- j.Key
		return nil
	})
	listener := h.New(t, h.Journal, quick)
	var want []string
	for n := range 50 {
		want = append(want, fmt.Sprint("job-", n))
		push(t, listener, want[n], "lane")
	}
	var got []string
	for range want {
		got = append(got, get(t, ran, "a job of the other process"))
	}
	if !slices.Equal(got, want) {
		t.Errorf("ran %v", got)
	}
	noMore(t, listener, func() string { return get(t, ran, "the last job") })
}

func failing(t *testing.T, h Harness) {
	ran := make(chan string, 10)
	p := start(t, h, 1, func(_ context.Context, j queue.Job) error {
		ran <- j.Key
		return nil
	})
	p.journal.broken.Store(true)
	if err := p.Push(t.Context(), queue.Job{Key: "key", Lane: "lane"}); err == nil {
		t.Error("a job was accepted that nobody stored")
	}
	p.journal.broken.Store(false)
	push(t, p, "key", "lane")
	get(t, ran, "the job")
	noMore(t, p, func() string { return get(t, ran, "the last job") })
}

// chaos kills one process after the other while jobs arrive and some fail. In
// the end every job must have completed at least once, in the order of its
// lane.
func chaos(t *testing.T, h Harness) {
	const lanes, each, lives = 5, 24, 3
	r := newRecord(t)
	var failures sync.Map
	do := func(ctx context.Context, j queue.Job) error {
		r.begin(j)
		defer r.end(j)
		if strings.HasSuffix(j.Key, "3") {
			if _, twice := failures.LoadOrStore(j.Key, true); !twice {
				return errJob
			}
		}
		return ctx.Err()
	}
	for life := range lives {
		p := start(t, h, 3, do)
		for n := 1 + life*each/lives; n <= (life+1)*each/lives; n++ {
			for l := range lanes {
				lane := fmt.Sprintf("lane%d", l)
				push(t, p, fmt.Sprintf("%s-%d", lane, n), lane)
			}
		}
		if life < lives-1 {
			p.kill()
		}
	}
	waitEmpty(t, h.Journal)
	r.mu.Lock()
	defer r.mu.Unlock()
	for l := range lanes {
		if lane := fmt.Sprintf("lane%d", l); r.last[lane] != each {
			t.Errorf("lane %s ended at %d", lane, r.last[lane])
		}
	}
	if len(r.runs) != lanes*each {
		t.Errorf("%d jobs ran, want %d", len(r.runs), lanes*each)
	}
}
