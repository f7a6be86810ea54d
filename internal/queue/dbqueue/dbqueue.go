// Package dbqueue processes jobs directly from the journal: a queue without a
// separate service.
//
// Only one process at a time works for a database: the one that holds the lease
// "worker". The others wait, and one takes over when it dies. A job that the
// working process accepts goes to its workers through memory, immediately and
// without another write. Jobs that other processes accept are found in the
// journal, within Poll. After a takeover every open job is processed with Again
// set, each lane in order; a delayed job delays the jobs after it.
//
// It keeps at most Room jobs in memory (plus one page); the rest waits in the
// journal. It starts a goroutine for each running job and none for each lane.
//
// Lanes keep the order of acceptance, with one exception: if two processes
// accept jobs of one lane within the same Poll, and neither did so recently,
// those two jobs may swap.
package dbqueue

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"openmates/internal/queue"
	"openmates/internal/queue/lanes"
)

// Config configures a Queue.
type Config struct {
	Journal queue.Journal
	Lease   queue.Leaser
	Log     *slog.Logger
	Clock   func() time.Time        // nil = the real clock
	Poll    time.Duration           // how often the journal is checked for jobs of other processes; 0 = 250 ms
	Room    int                     // jobs held in memory; 0 = 10,000
	Backoff func(int) time.Duration // nil = queue.Backoff
}

// lease is the name of the lease that the working process holds.
const lease = "worker"

// Queue is a queue.Queue. It is safe for concurrent use.
type Queue struct {
	Config
	pushing pushing

	mu   sync.Mutex
	here *lanes.Set // nil while this process doesn't work
}

var _ queue.Queue = (*Queue)(nil)

// New returns a Queue.
func New(c Config) (*Queue, error) {
	if c.Journal == nil || c.Lease == nil || c.Log == nil {
		return nil, errors.New("dbqueue: Config needs Journal, Lease and Log")
	}
	c.Log = c.Log.With("pkg", "dbqueue")
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Poll <= 0 {
		c.Poll = 250 * time.Millisecond
	}
	if c.Room <= 0 {
		c.Room = 10_000
	}
	if c.Backoff == nil {
		c.Backoff = queue.Backoff
	}
	return &Queue{Config: c, pushing: pushing{keys: map[string]int{}}}, nil
}

// Push stores the job and, if this process works, hands it to a worker.
func (q *Queue) Push(ctx context.Context, j queue.Job) error {
	j.Attempt, j.Kind = max(j.Attempt, 1), cmp.Or(j.Kind, queue.Message)
	if j.Accepted.IsZero() {
		j.Accepted = q.Clock()
	}
	// While the key is in pushing, a scan of the journal leaves the job to
	// Push. Otherwise the scan could find, process and forget it before AddJob
	// returns, and Push would then run it a second time.
	q.pushing.begin(j.Key)
	fresh, err := q.Journal.AddJob(ctx, j)
	end := func() { q.pushing.end(j.Key) }
	here := q.working()
	if here != nil && fresh && err == nil {
		here.Pushed(j, end)
		return nil
	}
	end()
	if here == nil {
		// Work may have started meanwhile, and left the job to this call.
		if here = q.working(); here != nil {
			here.Look()
		}
	}
	return err
}

// Work waits until this process holds the lease, then works until ctx ends and
// returns nil.
func (q *Queue) Work(ctx context.Context, n int, do func(context.Context, queue.Job) error) error {
	if n < 1 {
		return errors.New("dbqueue: Work needs room for one job at least")
	}
	for ctx.Err() == nil {
		err := q.Lease.Hold(ctx, lease, func(ctx context.Context) error { return q.hold(ctx, n, do) })
		if ctx.Err() != nil {
			break
		}
		q.Log.WarnContext(ctx, "this process does not work off jobs any more; it stands by", "err", err)
		lanes.Wait(ctx, time.Second)
	}
	return nil //nolint:nilerr // ctx ended, which is how Work ends
}

// hold works while the lease is held.
func (q *Queue) hold(ctx context.Context, n int, do func(context.Context, queue.Job) error) error {
	here := lanes.New(ctx, lanes.Config{
		Journal: q.Journal, Log: q.Log, Clock: q.Clock, Poll: q.Poll, Room: q.Room, Backoff: q.Backoff,
		Slots: lanes.NewSlots(n), Skip: q.pushing.has,
	}, do)
	q.set(here)
	defer q.set(nil)
	q.Log.InfoContext(ctx, "this process works off jobs now", "at_once", n)
	return here.Run()
}

func (q *Queue) working() *lanes.Set {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.here
}

func (q *Queue) set(s *lanes.Set) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.here = s
}

// pushing holds the keys of jobs that Push is storing.
type pushing struct {
	mu   sync.Mutex
	keys map[string]int
}

func (p *pushing) begin(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[key]++
}

func (p *pushing) end(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keys[key]--; p.keys[key] == 0 {
		delete(p.keys, key)
	}
}

func (p *pushing) has(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[key] > 0
}
