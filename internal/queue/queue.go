// Package queue hands accepted messages to workers.
//
// Every job is a row of the journal, which is always in the database; a queue
// only carries jobs from the process that accepted them to the one that
// processes them. queuetest checks for every adapter that
//   - a job that Push accepted is processed even if any process is killed or
//     the power fails at any moment (at least once, and within three seconds
//     after the death of a worker);
//   - jobs of one lane are processed in the order of acceptance, one at a
//     time, and a waiting or slow lane delays no other lane;
//   - pushing a key a second time has no effect, also after its job is done;
//   - each Work runs at most n jobs at once, and the number of jobs that wait in
//     memory is bounded.
//
// It does not know what a job means, and it does not promise "at most once":
// the worker makes repetition harmless by what it has recorded in the journal.
package queue

import (
	"context"
	"errors"
	"time"
)

// Job is one unit of work. Body is opaque to the queue and holds no secret.
type Job struct {
	Key  string
	Kind Kind // what Body holds; "" = Message
	Lane string
	// Alone has the job wait for no other one of its lane, and no other one for
	// it. What its lane is good for then, only the journal's readers know.
	Alone    bool
	Body     []byte
	Attempt  int // starts at 1
	Accepted time.Time
	// NotBefore is the earliest time at which the job may run; zero = now. It
	// holds up the jobs behind it in its lane.
	NotBefore time.Time
	// Soft is for callers that push a job, wait for its result and push it
	// again if it is lost: Push need not wait for the disk. The job survives a
	// crash of any process, but perhaps not of the machine, and is not kept.
	Soft bool
	// Again is set on delivery when the job may have been begun before, so that
	// the worker must look up what it recorded then.
	Again bool
}

// Kind tells the worker what a job's Body holds.
type Kind string

// Message is the kind of a job that names none, as all did at first.
const Message Kind = "message"

// Queue carries jobs.
type Queue interface {
	// Push stores the job durably and notifies the workers. It returns nil if
	// the job is stored, or if its key already was. Any error means that the job
	// was not accepted and must be pushed again.
	Push(ctx context.Context, j Job) error

	// Work calls do for each job until ctx ends, and returns when the last call
	// has returned: for at most n jobs at once that keep an order, and for at most
	// BesideEach times as many that are Alone. Neither kind waits for the other.
	// The error of do decides what follows: nil closes the job as Done, Drop(err)
	// closes it as Dropped, and any other error retries it after a growing pause,
	// up to MaxAttempts. A job whose do returned because ctx ended stays open.
	Work(ctx context.Context, n int, do func(context.Context, Job) error) error
}

// BesideEach is how many jobs that are Alone may run at once for each that keeps
// an order: somebody holds a connection open for most of them.
const BesideEach = 4

// MaxAttempts is how often a failing job is tried before it is dropped.
const MaxAttempts = 8

// Journal is the durable part of a queue, in the database.
type Journal interface {
	// AddJob stores j as open. fresh is false if its key already exists; then
	// nothing changes.
	AddJob(ctx context.Context, j Job) (fresh bool, err error)
	// OpenJobs lists at most n open jobs after the given position, in order of
	// acceptance, with the position of the last one. Position 0 is the start.
	OpenJobs(ctx context.Context, after int64, n int) (jobs []Job, last int64, err error)
	// CloseJob ends a job; closing twice is a no-op.
	CloseJob(ctx context.Context, key string, end End) error
	// DelayJob keeps a job open but not before t.
	DelayJob(ctx context.Context, key string, attempt int, t time.Time) error
}

// End says how a job ended.
type End string

// Possible ends.
const (
	Done    End = "done"
	Dropped End = "dropped"
)

// Leaser lets one process at a time do something. The dispatcher of jobs and
// the supervisor of listeners use it.
type Leaser interface {
	// Hold waits until only this process holds name, runs do, and releases the
	// name when do returns. The context of do is cancelled with
	// openmates.ErrLost when another process may hold the name; openmates.Fence
	// reports whether that is so. If a process dies its names are released
	// within three seconds, or sooner if the engine can tell.
	Hold(ctx context.Context, name string, do func(context.Context) error) error
}

type drop struct{ error }

func (d drop) Unwrap() error { return d.error }

// Drop marks err as permanent: the job is not retried.
func Drop(err error) error { return drop{err} }

// IsDrop reports whether err came from Drop.
func IsDrop(err error) bool { _, ok := errors.AsType[drop](err); return ok }

// Backoff returns the pause before attempt n+1 of a failing job: 1 s, 2 s, 4 s
// … up to five minutes.
func Backoff(n int) time.Duration {
	d := time.Second << min(max(n-1, 0), 10)
	return min(d, 5*time.Minute)
}
