// Package queuetest checks that a queue keeps the promises of package queue.
package queuetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"openmates/internal/polltest"
	"openmates/internal/queue"
)

// Harness is a journal and a way to work on it.
type Harness struct {
	Journal queue.Journal
	// New returns a queue as a separate process would have it: it shares
	// nothing with others except what outlives a process. j is the Journal,
	// wrapped so that the suite can break it to simulate a crash; backoff is
	// the pause after a failed attempt.
	New func(t *testing.T, j queue.Journal, backoff func(int) time.Duration) queue.Queue
}

// Exercise runs the suite. open returns a new, empty Harness.
func Exercise(t *testing.T, open func(t *testing.T) Harness) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"order within lanes", order},
		{"a slow lane holds up no other", slowLane},
		{"a key runs once", once},
		{"at most n at once", atMost},
		{"alone", alone},
		{"not before", notBefore},
		{"a failed job waits, and its lane with it", pause},
		{"drop", drop},
		{"retry until it is too much", retry},
		{"the end leaves jobs open", end},
		{"a crash", crash},
		{"jobs of another process", other},
		{"push fails when the journal does", failing},
		{"chaos", chaos},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, open(t))
		})
	}
}

// process is a queue that works until it is stopped or killed.
type process struct {
	queue.Queue
	journal *breakable
	cancel  context.CancelFunc
	ended   chan struct{}
}

func start(t *testing.T, h Harness, n int, do func(context.Context, queue.Job) error) *process {
	t.Helper()
	return startWith(t, h, n, quick, do)
}

func startWith(t *testing.T, h Harness, n int, backoff func(int) time.Duration, do func(context.Context, queue.Job) error) *process {
	t.Helper()
	g := &breakable{Journal: h.Journal}
	p := &process{Queue: h.New(t, g, backoff), journal: g, ended: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	p.cancel = cancel
	go func() {
		defer close(p.ended)
		if err := p.Work(ctx, n, do); err != nil && ctx.Err() == nil {
			t.Errorf("Work: %v", err)
		}
	}()
	t.Cleanup(p.stop)
	return p
}

// stop ends Work like a shutdown.
func (p *process) stop() {
	p.cancel()
	<-p.ended
}

// kill ends the process like a crash: nothing is written any more.
func (p *process) kill() {
	p.journal.broken.Store(true)
	p.stop()
}

func quick(int) time.Duration { return time.Millisecond }

// breakable is a journal that can be broken.
type breakable struct {
	queue.Journal
	broken atomic.Bool
}

var errBroken = errors.New("the process is dead")

func (g *breakable) AddJob(ctx context.Context, j queue.Job) (bool, error) {
	if g.broken.Load() {
		return false, errBroken
	}
	return g.Journal.AddJob(ctx, j)
}

func (g *breakable) CloseJob(ctx context.Context, key string, e queue.End) error {
	if g.broken.Load() {
		return errBroken
	}
	return g.Journal.CloseJob(ctx, key, e)
}

func (g *breakable) DelayJob(ctx context.Context, key string, attempt int, at time.Time) error {
	if g.broken.Load() {
		return errBroken
	}
	return g.Journal.DelayJob(ctx, key, attempt, at)
}

func push(t *testing.T, q queue.Queue, key, lane string) {
	t.Helper()
	if err := q.Push(t.Context(), queue.Job{Key: key, Lane: lane, Body: []byte(`{"of":"` + key + `"}`)}); err != nil {
		t.Fatalf("Push %s: %v", key, err)
	}
}

// get waits for a value.
func get[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(polltest.Patience):
		t.Fatalf("%s did not happen", what)
		panic("unreachable")
	}
}

// noMore checks that no job of the lane "lane" runs again: a lane is in order,
// so that the next one to run must be one that is pushed now.
func noMore(t *testing.T, q queue.Queue, next func() string) {
	t.Helper()
	push(t, q, "last", "lane")
	if key := next(); key != "last" {
		t.Errorf("%s ran again", key)
	}
}

// waitEmpty waits until the journal has no open job.
func waitEmpty(t *testing.T, j queue.Journal) {
	t.Helper()
	polltest.Until(t, "every job is closed", func() bool {
		open, _, err := j.OpenJobs(t.Context(), 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(open) == 0
	})
}

// record records which jobs ran and any that ran out of order.
type record struct {
	t       *testing.T
	mu      sync.Mutex
	runs    map[string]int
	last    map[string]int
	running map[string]bool
}

func newRecord(t *testing.T) *record {
	return &record{t: t, runs: map[string]int{}, last: map[string]int{}, running: map[string]bool{}}
}

func (r *record) begin(j queue.Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running[j.Lane] {
		r.t.Errorf("two jobs of lane %s at once", j.Lane)
	}
	r.running[j.Lane] = true
	r.runs[j.Key]++
	var n int
	if _, err := fmt.Sscanf(j.Key, j.Lane+"-%d", &n); err != nil {
		r.t.Errorf("key %q of lane %q", j.Key, j.Lane)
	}
	if n != r.last[j.Lane]+1 && n != r.last[j.Lane] {
		r.t.Errorf("lane %s: %d after %d", j.Lane, n, r.last[j.Lane])
	}
	r.last[j.Lane] = n
}

func (r *record) end(j queue.Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running[j.Lane] = false
}
