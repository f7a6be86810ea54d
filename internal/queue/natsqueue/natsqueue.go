// Package natsqueue spreads the journal's work over many processes, which wake
// each other through NATS.
//
// Lanes are hashed onto partitions. Each partition belongs to one process at a
// time, which holds its lease. The processes share the partitions evenly, and
// take over those of a dead process when its leases expire. A process that
// accepts a job stores it in the journal and tells the partition's subject on
// NATS that there is something new; the holder then reads the journal.
//
// NATS carries nothing else and stores nothing: which jobs are open, in which
// order, and who works on them is only in the database. While NATS is away, jobs
// are found in the journal every Poll, a little later and otherwise the same.
// When it is back, in whatever state, nothing has to be repaired.
package natsqueue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"

	"openmates/internal/queue"
	"openmates/internal/queue/lanes"
)

// Leaser manages the leases of partitions.
type Leaser interface {
	// Try is queue.Leaser's Hold without waiting: if the name is held, it
	// doesn't call do and ok is false.
	Try(ctx context.Context, name string, do func(context.Context) error) (ok bool, err error)
	// Held lists the names held by any process.
	Held(ctx context.Context) ([]string, error)
}

// Config configures a Queue.
type Config struct {
	Conn       *nats.Conn
	Journal    queue.Journal
	Lease      Leaser
	Log        *slog.Logger
	Clock      func() time.Time        // nil = the real clock
	Name       string                  // prefix of the NATS subjects; "" = "openmates"
	Partitions int                     // the same for all processes; 0 = 16
	Poll       time.Duration           // how often the journal is read without a message; 0 = 1 s
	Share      time.Duration           // how often free partitions are looked for; 0 = 250 ms
	Room       int                     // jobs held in memory per partition; 0 = 2,000
	Backoff    func(int) time.Duration // nil = queue.Backoff
}

// Queue is a queue.Queue. It is safe for concurrent use.
type Queue struct{ Config }

var _ queue.Queue = (*Queue)(nil)

// New returns a Queue.
func New(c Config) (*Queue, error) {
	if c.Conn == nil || c.Journal == nil || c.Lease == nil || c.Log == nil {
		return nil, errors.New("natsqueue: Config needs Conn, Journal, Lease and Log")
	}
	c.Log = c.Log.With("pkg", "natsqueue")
	if c.Name == "" {
		c.Name = "openmates"
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Partitions <= 0 {
		c.Partitions = 16
	}
	if c.Poll <= 0 {
		c.Poll = time.Second
	}
	if c.Share <= 0 {
		c.Share = 250 * time.Millisecond
	}
	if c.Room <= 0 {
		c.Room = 2000
	}
	if c.Backoff == nil {
		c.Backoff = queue.Backoff
	}
	return &Queue{c}, nil
}

// Push stores the job and wakes the worker of its partition. Failing to wake it
// is not an error: the job is stored and will be found.
func (q *Queue) Push(ctx context.Context, j queue.Job) error {
	j.Attempt, j.Kind = max(j.Attempt, 1), cmp.Or(j.Kind, queue.Message)
	if j.Accepted.IsZero() {
		j.Accepted = q.Clock()
	}
	fresh, err := q.Journal.AddJob(ctx, j)
	if err != nil || !fresh {
		return err
	}
	if err := q.Conn.Publish(q.subject(q.partition(j)), nil); err != nil {
		q.Log.DebugContext(ctx, "nobody could be told of a job; it waits to be found in the journal", "job", j.Key, "err", err)
	}
	return nil
}

func (q *Queue) partition(j queue.Job) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(lanes.Of(j)))
	return int(h.Sum32() % uint32(q.Partitions))
}

func (q *Queue) subject(partition int) string {
	return fmt.Sprintf("%s.wake.%d", q.Name, partition)
}

// part is the journal restricted to one partition.
type part struct {
	queue.Journal
	q *Queue
	n int
}

// OpenJobs returns fewer than n jobs only at the journal's end.
func (p part) OpenJobs(ctx context.Context, after int64, n int) ([]queue.Job, int64, error) {
	var own []queue.Job
	for {
		jobs, last, err := p.Journal.OpenJobs(ctx, after, n)
		if err != nil {
			return nil, after, err
		}
		for _, j := range jobs {
			if p.q.partition(j) == p.n {
				own = append(own, j)
			}
		}
		if len(jobs) < n || len(own) >= n {
			return own, last, nil
		}
		after = last
	}
}
