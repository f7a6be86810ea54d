package lanes

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"openmates"
	"openmates/internal/queue"
)

// journalPatience is how long a worker that was told to stop keeps trying to
// record what it has done.
const journalPatience = 5 * time.Second

// work runs the first job of a lane and then releases the lane.
func (d *Set) work(l *lane, job queue.Job) {
	err := d.call(job)
	open := d.settle(&job, err)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Slots.free(job)
	switch {
	case !open:
		d.done(l)
	case d.ctx.Err() == nil:
		l.jobs[0] = job
		d.offer(l)
	}
	d.start()
}

// call runs a job and turns a panic into an error, so that the job is retried
// and finally dropped like any other failure.
func (d *Set) call(j queue.Job) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	// A replaced process must not start anything: its successor assumes that
	// jobs from now on are untouched.
	if err := openmates.Fence(d.ctx); err != nil {
		return err
	}
	return d.do(d.ctx, j)
}

// settle records how a job ended, and reports whether it is still open.
func (d *Set) settle(job *queue.Job, err error) (open bool) {
	log := d.Log.With("job", job.Key, "attempt", job.Attempt)
	end := queue.Dropped
	switch {
	case err == nil:
		end = queue.Done
	case queue.IsDrop(err):
		log.WarnContext(d.ctx, "a job is given up", "err", err)
	case d.ctx.Err() != nil || errors.Is(err, openmates.ErrLost):
		return true
	case job.Attempt >= queue.MaxAttempts:
		log.ErrorContext(d.ctx, "a job failed too often and is given up", "err", err)
	default:
		pause := d.Backoff(job.Attempt)
		log.WarnContext(d.ctx, "a job failed and will be tried again", "err", err, "after", pause)
		return d.delay(job, pause)
	}
	return !d.record(job.Key, func(ctx context.Context) error { return d.Journal.CloseJob(ctx, job.Key, end) })
}

// delay keeps the job open for one more attempt after a pause.
func (d *Set) delay(job *queue.Job, pause time.Duration) (open bool) {
	job.Attempt, job.NotBefore, job.Again = job.Attempt+1, d.Clock().Add(pause), true
	d.record(job.Key, func(ctx context.Context) error {
		return d.Journal.DelayJob(ctx, job.Key, job.Attempt, job.NotBefore)
	})
	return true
}

// record writes to the journal, with retries while this process works. It
// reports whether that succeeded.
func (d *Set) record(key string, write func(context.Context) error) bool {
	for try := 1; ; try++ {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(d.ctx), journalPatience)
		err := write(ctx)
		cancel()
		if err == nil {
			return true
		}
		if d.ctx.Err() != nil {
			d.Log.WarnContext(d.ctx, "what became of a job is not in the journal; it will be looked at again", "job", key, "err", err)
			return false
		}
		d.Trouble.Note(d.ctx, err)
		Wait(d.ctx, queue.Backoff(min(try, 2)))
	}
}

// Wait returns after d, or as soon as ctx ends.
func Wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
