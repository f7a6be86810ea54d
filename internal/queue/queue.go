// Package queue hands accepted messages to workers.
//
// Every job is a row of the journal, which lives in the database, always; a
// queue only carries jobs from the process that accepted them to one that
// works them off. Promises, proven for every adapter by queuetest:
//   - a job that Push accepted is processed even if any process is killed or
//     the power fails at any moment (at least once; again within three seconds
//     after the death of a worker);
//   - jobs of one lane are processed in the order of acceptance, one at a
//     time; a waiting or slow lane holds up no other;
//   - a key seen before is a no-op, also after its job is done;
//   - at most n jobs run at once per Work, and nothing else waits in memory
//     without a bound.
//
// It refuses to know what a job means, and it does not promise "at most once":
// the worker makes repetition harmless by what it has recorded in the journal.
package queue

import (
	"context"
	"errors"
	"time"
)

// Job is one unit of work. Body is opaque to the queue and holds no secret.
type Job struct {
	Key      string
	Lane     string
	Body     []byte
	Attempt  int // 1 at first
	Accepted time.Time
	// Again is set on delivery when the job may have been begun before, so that
	// the worker must look up what it recorded then.
	Again bool
}

// Queue carries jobs.
type Queue interface {
	// Push stores the job durably and makes it known to the workers. nil means
	// stored, or that the key was seen before. Any error means: not accepted,
	// push again.
	Push(ctx context.Context, j Job) error

	// Work calls do for one job after another, at most n at once, until ctx
	// ends, and returns when the last call has returned. do's error decides
	// what follows: nil closes the job as Done, Drop(err) closes it as Dropped
	// and never again, After(d, err) works it off again after d without
	// counting the attempt, any other error again after a growing pause; after
	// MaxAttempts it is dropped. A job of which do returned because ctx ended
	// stays open.
	Work(ctx context.Context, n int, do func(context.Context, Job) error) error
}

// MaxAttempts is how often a failing job is tried.
const MaxAttempts = 8

// Journal is the durable side of a queue: the database's part.
type Journal interface {
	// AddJob stores j as open; fresh is false when its key was seen before, and
	// then nothing changes.
	AddJob(ctx context.Context, j Job) (fresh bool, err error)
	// OpenJobs lists at most n open jobs after the given position, in order of
	// acceptance, with the position of the last one. Position 0 is the start.
	OpenJobs(ctx context.Context, after int64, n int) (jobs []OpenJob, last int64, err error)
	// CloseJob ends a job; closing twice is a no-op.
	CloseJob(ctx context.Context, key string, end End) error
	// DelayJob keeps a job open but not before t.
	DelayJob(ctx context.Context, key string, attempt int, t time.Time) error
}

// OpenJob is a job with the time before which it must not run (zero: at once).
type OpenJob struct {
	Job
	NotBefore time.Time
}

// End says how a job ended.
type End string

// The ends.
const (
	Done    End = "done"
	Dropped End = "dropped"
)

// Leaser lets one process at a time do a thing. It is asked by the dispatcher
// of jobs and by the supervisor of listeners.
type Leaser interface {
	// Hold waits until this process alone holds name, then runs do, and frees
	// the name when do returns. do's context ends with openmates.ErrLost when
	// another process may have the name, and openmates.Fence with it tells
	// whether that is so. A hold of a process that died is free within three
	// seconds, sooner where the engine can tell.
	Hold(ctx context.Context, name string, do func(context.Context) error) error
}

type drop struct{ error }

func (d drop) Unwrap() error { return d.error }

// Drop marks err as one that no further attempt can heal.
func Drop(err error) error { return drop{err} }

// IsDrop reports whether err came from Drop.
func IsDrop(err error) bool { _, ok := errors.AsType[drop](err); return ok }

type after struct {
	error
	d time.Duration
}

func (a after) Unwrap() error { return a.error }

// After asks for another attempt after d that does not count as a failed one.
func After(d time.Duration, err error) error { return after{err, d} }

// IsAfter returns the pause that After asked for.
func IsAfter(err error) (time.Duration, bool) {
	a, ok := errors.AsType[after](err)
	return a.d, ok
}

// Backoff is the pause before attempt n+1 of a failing job: 1 s, 2 s, 4 s … up
// to five minutes.
func Backoff(n int) time.Duration {
	d := time.Second << min(max(n-1, 0), 10)
	return min(d, 5*time.Minute)
}
