// Package lanes is the part of a queue that both adapters share: it keeps the
// order of each lane, runs jobs while there are free slots, records how they
// end, and scans the journal for jobs that nobody announced. The adapter
// decides which process works on which lanes.
//
// It keeps at most Room jobs in memory, plus one page; the rest waits in the
// journal. It starts a goroutine for each running job and none for each lane.
package lanes

import (
	"container/heap"
	"context"
	"log/slog"
	"sync"
	"time"

	"openmates/internal/queue"
)

// Config configures a Set. All fields but Skip and Trouble are required.
type Config struct {
	Journal queue.Journal
	Log     *slog.Logger
	Clock   func() time.Time
	Poll    time.Duration
	Room    int
	Backoff func(int) time.Duration
	Slots   *Slots
	// Skip reports whether Pushed will deliver this job, so that a scan can
	// skip it.
	Skip func(key string) bool
	// Trouble logs when the journal becomes unavailable and available again.
	// Several Sets may share one.
	Trouble *Trouble
}

// Set holds the jobs that a working process has in memory, by lane.
type Set struct {
	Config
	ctx     context.Context
	do      func(context.Context, queue.Job) error
	workers sync.WaitGroup
	wake    chan struct{} // signals Run that something has changed

	mu       sync.Mutex
	draining bool
	known    map[string]bool // keys in memory
	lanes    map[string]*lane
	ordered  line    // lanes whose first job may run
	alone    line    // likewise, of jobs that are alone
	delayed  delayed // lanes whose first job must wait
	scan     scan
}

// lane is a queue of jobs that run in order; the first may be running. A lane
// without jobs is removed.
type lane struct {
	jobs []queue.Job
	at   int // index in delayed
}

// Of names the lane in which a job waits; one that is alone has its own.
func Of(j queue.Job) string {
	if j.Alone {
		return "\x00" + j.Key
	}
	return j.Lane
}

// New returns a Set. do is called with ctx.
func New(ctx context.Context, c Config, do func(context.Context, queue.Job) error) *Set {
	now := c.Clock()
	if c.Trouble == nil {
		c.Trouble = NewTrouble(c.Log)
	}
	if c.Skip == nil {
		c.Skip = func(string) bool { return false }
	}
	return &Set{
		Config: c, ctx: ctx, do: do, wake: make(chan struct{}, 1),
		known: map[string]bool{}, lanes: map[string]*lane{},
		scan: scan{behind: true, marks: []mark{{at: now}}},
	}
}

// Pushed adds a job that was just stored. It calls taken, in the same critical
// section, when Skip must no longer report the job: otherwise a job that is
// left to the journal could be skipped there.
func (d *Set) Pushed(j queue.Job, taken func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer taken()
	if d.scan.full(d) || d.scan.shared(d.Clock()) {
		// Jobs before it may only be in the journal, and it must not overtake
		// those of its lane. It may be before the position that was read,
		// because IDs are drawn before they become visible.
		d.scan.missed, d.scan.rewind = true, true
		d.poke()
		return
	}
	d.add(j)
}

// Look scans the journal before any other job is added.
func (d *Set) Look() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.scan.behind, d.scan.rewind, d.scan.missed = true, true, true
	d.poke()
}

// Wake scans the journal soon, because it contains a job that isn't in memory.
func (d *Set) Wake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.scan.woken = true
	d.poke()
}

// add appends a job to its lane.
func (d *Set) add(j queue.Job) {
	if d.known[j.Key] {
		return
	}
	d.known[j.Key] = true
	l := d.lanes[Of(j)]
	if l == nil {
		l = &lane{}
		d.lanes[Of(j)] = l
	}
	l.jobs = append(l.jobs, j)
	if len(l.jobs) == 1 {
		d.offer(l)
	}
}

// offer makes the first job of a lane runnable, now or when its time comes.
func (d *Set) offer(l *lane) {
	if l.jobs[0].NotBefore.After(d.Clock()) {
		heap.Push(&d.delayed, l)
		if l.at == 0 {
			d.poke()
		}
		return
	}
	d.queue(l)
	d.start()
}

// queue lines a lane up for a free slot.
func (d *Set) queue(l *lane) {
	if l.jobs[0].Alone {
		d.alone = append(d.alone, l)
		return
	}
	d.ordered = append(d.ordered, l)
}

// start runs ready jobs while there are free slots for their kind.
func (d *Set) start() {
	for _, w := range []*line{&d.ordered, &d.alone} {
		for len(*w) > 0 && !d.draining && d.ctx.Err() == nil && d.Slots.take(d, (*w)[0].jobs[0]) {
			l := w.first()
			job := l.jobs[0]
			d.workers.Go(func() { d.work(l, job) })
		}
	}
}

// line is lanes that wait for a slot.
type line []*lane

func (w *line) first() *lane {
	l := (*w)[0]
	(*w)[0] = nil
	*w = (*w)[1:]
	return l
}

// due makes lanes runnable whose time has come, and returns the time of the
// next one.
func (d *Set) due(now time.Time) (next time.Time) {
	for len(d.delayed) > 0 {
		l := d.delayed[0]
		if at := l.jobs[0].NotBefore; at.After(now) {
			next = at
			break
		}
		heap.Pop(&d.delayed)
		d.queue(l)
	}
	d.start()
	return next
}

// done removes the first job of a lane and offers the next.
func (d *Set) done(l *lane) {
	job := l.jobs[0]
	l.jobs[0] = queue.Job{}
	l.jobs = l.jobs[1:]
	delete(d.known, job.Key)
	d.scan.ended(d, job.Key)
	if len(l.jobs) == 0 {
		delete(d.lanes, Of(job))
		return
	}
	d.offer(l)
}

// Drain lets running jobs finish and starts no more.
func (d *Set) Drain() {
	d.mu.Lock()
	d.draining = true
	d.mu.Unlock()
	d.poke()
}

func (d *Set) drained() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.draining
}

func (d *Set) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends or Drain is called, and returns when the last job
// has ended.
func (d *Set) Run() error {
	defer func() {
		d.Drain() // otherwise Pushed could start a job after the wait
		d.workers.Wait()
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-d.ctx.Done():
			return d.ctx.Err()
		case <-d.wake:
		case <-timer.C:
		}
		if d.drained() {
			return nil
		}
		if err := d.look(); d.ctx.Err() == nil {
			d.Trouble.Note(d.ctx, err)
		}
		d.mu.Lock()
		now := d.Clock()
		next := d.scan.due()
		if at := d.due(now); !at.IsZero() && at.Before(next) {
			next = at
		}
		d.mu.Unlock()
		timer.Reset(max(next.Sub(now), time.Millisecond))
	}
}

// delayed is a heap of lanes, by the time of their first job.
type delayed []*lane

func (h delayed) Len() int { return len(h) }

func (h delayed) Less(i, j int) bool {
	return h[i].jobs[0].NotBefore.Before(h[j].jobs[0].NotBefore)
}

func (h delayed) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

// Push implements heap.Interface.
func (h *delayed) Push(x any) {
	l := x.(*lane) //nolint:forcetypeassert // the heap holds nothing else
	l.at = len(*h)
	*h = append(*h, l)
}

// Pop implements heap.Interface.
func (h *delayed) Pop() any {
	old := *h
	l := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return l
}
