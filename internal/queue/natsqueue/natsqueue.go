// Package natsqueue spreads the journal's work over many processes with NATS
// JetStream.
//
// Lanes are hashed onto partitions. Each partition is worked on by one process,
// which holds its lease; the processes share the partitions evenly, and those
// of a dead one are taken over when its leases expire. A job is stored in the
// journal and then told to the holder of its partition through a stream, which
// keeps the order in which pushes ended, over all processes.
//
// The journal alone decides what is open: whoever takes a partition over reads
// it there, and looks there each Poll for what the stream has lost. So the
// stream lives in NATS's memory, and nothing is lost when NATS is; only then
// can two jobs of one lane swap, which were accepted within one Poll.
package natsqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"openmates/internal/queue"
)

// Config holds what a Queue needs.
type Config struct {
	Conn       *nats.Conn
	Journal    queue.Journal
	Log        *slog.Logger
	Now        func() time.Time        // nil = the real clock
	Name       string                  // begins the names of what is kept in NATS; "" = "openmates"
	Partitions int                     // the same for all processes; 0 = 16
	Poll       time.Duration           // how often the journal is read for what was not told; 0 = 1 s
	TTL        time.Duration           // after it the work of a silent process is taken over; 0 = 8 s
	Room       int                     // jobs held in memory per partition; 0 = 2,000
	Replicas   int                     // of what is kept in NATS; 0 = 1
	Backoff    func(int) time.Duration // nil = queue.Backoff
}

// Queue is a queue.Queue. It is safe for concurrent use.
type Queue struct {
	Config
	js    jetstream.JetStream
	lease *Leaser
}

var _ queue.Queue = (*Queue)(nil)

// tellingLasts is how long the stream keeps what nobody has asked for; after
// that the journal tells it.
const tellingLasts = time.Minute

// New makes a Queue, its stream and its bucket of leases.
func New(ctx context.Context, c Config) (*Queue, error) {
	if c.Conn == nil || c.Journal == nil || c.Log == nil {
		return nil, errors.New("natsqueue: Config needs Conn, Journal and Log")
	}
	c.Log = c.Log.With("pkg", "natsqueue")
	c.Name = prefix(c.Name)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Partitions <= 0 {
		c.Partitions = 16
	}
	if c.Poll <= 0 {
		c.Poll = time.Second
	}
	if c.Room <= 0 {
		c.Room = 2000
	}
	if c.Backoff == nil {
		c.Backoff = queue.Backoff
	}
	js, err := jetstream.New(c.Conn)
	if err != nil {
		return nil, fmt.Errorf("natsqueue: %w", err)
	}
	_, err = js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: c.Name + "_jobs", Subjects: []string{c.Name + ".jobs.*"},
		Storage: jetstream.MemoryStorage, MaxAge: tellingLasts, MaxBytes: 64 << 20, Discard: jetstream.DiscardOld,
		Duplicates: tellingLasts, Replicas: max(c.Replicas, 1),
	})
	if err != nil {
		return nil, fmt.Errorf("natsqueue: make the stream of jobs: %w", err)
	}
	lease, err := NewLeaser(ctx, LeaseConfig{Conn: c.Conn, Log: c.Log, Name: c.Name, TTL: c.TTL, Replicas: c.Replicas})
	if err != nil {
		return nil, err
	}
	return &Queue{Config: c, js: js, lease: lease}, nil
}

// Leaser is the one that the queue itself uses, for others.
func (q *Queue) Leaser() *Leaser { return q.lease }

// Push stores the job and tells it to whom it concerns. That nobody could be
// told is no error: the job is stored, and will be found.
func (q *Queue) Push(ctx context.Context, j queue.Job) error {
	j.Attempt = max(j.Attempt, 1)
	if j.Accepted.IsZero() {
		j.Accepted = q.Now()
	}
	fresh, err := q.Journal.AddJob(ctx, j)
	if err != nil || !fresh {
		return err
	}
	msg, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("natsqueue: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if _, err := q.js.Publish(ctx, q.subject(q.partition(j.Lane)), msg, jetstream.WithMsgID(j.Key)); err != nil {
		q.Log.WarnContext(ctx, "can't tell a job; it waits to be found in the journal", "job", j.Key, "err", err)
	}
	return nil
}

func (q *Queue) partition(lane string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(lane))
	return int(h.Sum32() % uint32(q.Partitions))
}

func (q *Queue) subject(partition int) string {
	return fmt.Sprintf("%s.jobs.%d", q.Name, partition)
}

// part is the journal as far as it concerns one partition.
type part struct {
	queue.Journal
	q *Queue
	n int
}

// OpenJobs gives a page that is shorter than n only at the journal's end.
func (p part) OpenJobs(ctx context.Context, after int64, n int) ([]queue.OpenJob, int64, error) {
	var own []queue.OpenJob
	for {
		jobs, last, err := p.Journal.OpenJobs(ctx, after, n)
		if err != nil {
			return nil, after, err
		}
		for _, j := range jobs {
			if p.q.partition(j.Lane) == p.n {
				own = append(own, j)
			}
		}
		if len(jobs) < n || len(own) >= n {
			return own, last, nil
		}
		after = last
	}
}
