// Package lanes is the part of a queue that both adapters share: it keeps the
// order of each lane, runs jobs while there are free slots, records how they
// end, and reads the journal for jobs that nobody announced. Which process
// works on which lanes is decided by the adapter.
//
// It keeps at most Room jobs in memory, and a page more; the rest waits in the
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

// Config holds what a Set needs. Nothing may be left out but Skip and Trouble.
type Config struct {
	Journal queue.Journal
	Log     *slog.Logger
	Clock   func() time.Time
	Poll    time.Duration
	Room    int
	Backoff func(int) time.Duration
	Slots   *Slots
	// Skip says of a job found in the journal that Pushed will be told of it.
	Skip func(key string) bool
	// Trouble says when the journal can't be used and when it can again;
	// several Sets may share it.
	Trouble *Trouble
}

// Set is the jobs that a working process knows of: which wait in which lane,
// and which lanes may go on.
type Set struct {
	Config
	ctx     context.Context
	do      func(context.Context, queue.Job) error
	workers sync.WaitGroup
	wake    chan struct{} // something for Run to look at

	mu       sync.Mutex
	draining bool
	known    map[string]bool // keys in memory
	lanes    map[string]*lane
	ready    []*lane // the first job of each may run
	delayed  delayed // the first job of each must wait
	scan     scan
}

// lane is the waiting jobs of one lane; the first one may be running. A lane
// without jobs is forgotten.
type lane struct {
	jobs []queue.OpenJob
	at   int // place in delayed
}

// New makes a Set. do's context is ctx.
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

// Pushed takes a job that was stored just now. It calls taken when from now on
// Skip must not name the job any more, in one with the taking: otherwise a job
// that is left to the journal could be skipped there.
func (d *Set) Pushed(j queue.Job, taken func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer taken()
	if d.scan.full(d) || d.scan.shared(d.Clock()) {
		// Jobs before it may wait in the journal only, and it must not
		// overtake those of its lane. It may lie before what was read already:
		// IDs are drawn before they become visible.
		d.scan.missed, d.scan.rewind = true, true
		d.poke()
		return
	}
	d.add(queue.OpenJob{Job: j})
}

// Look reads the journal before any further job is taken from elsewhere.
func (d *Set) Look() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.scan.behind, d.scan.rewind, d.scan.missed = true, true, true
	d.poke()
}

// Wake reads the journal soon: it holds a job that is not in memory.
func (d *Set) Wake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.scan.woken = true
	d.poke()
}

// add puts a job behind those of its lane.
func (d *Set) add(j queue.OpenJob) {
	if d.known[j.Key] {
		return
	}
	d.known[j.Key] = true
	l := d.lanes[j.Lane]
	if l == nil {
		l = &lane{}
		d.lanes[j.Lane] = l
	}
	l.jobs = append(l.jobs, j)
	if len(l.jobs) == 1 {
		d.offer(l)
	}
}

// offer lets the first job of a lane run, now or when its time comes.
func (d *Set) offer(l *lane) {
	if l.jobs[0].NotBefore.After(d.Clock()) {
		heap.Push(&d.delayed, l)
		if l.at == 0 {
			d.poke()
		}
		return
	}
	d.ready = append(d.ready, l)
	d.start()
}

// start runs what may run while there is a free place.
func (d *Set) start() {
	for len(d.ready) > 0 && !d.draining && d.ctx.Err() == nil && d.Slots.take(d) {
		l := d.ready[0]
		d.ready[0] = nil
		d.ready = d.ready[1:]
		job := l.jobs[0]
		d.workers.Go(func() { d.work(l, job) })
	}
}

// due moves the lanes whose time has come and returns the time of the next.
func (d *Set) due(now time.Time) time.Time {
	for len(d.delayed) > 0 {
		l := d.delayed[0]
		if at := l.jobs[0].NotBefore; at.After(now) {
			return at
		}
		heap.Pop(&d.delayed)
		d.ready = append(d.ready, l)
	}
	d.start()
	return time.Time{}
}

// done takes the first job of a lane out of memory and lets the next one run.
func (d *Set) done(l *lane) {
	job := l.jobs[0]
	l.jobs[0] = queue.OpenJob{}
	l.jobs = l.jobs[1:]
	delete(d.known, job.Key)
	d.scan.ended(d, job.Key)
	if len(l.jobs) == 0 {
		delete(d.lanes, job.Lane)
		return
	}
	d.offer(l)
}

// Drain lets running jobs end and begins no more.
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

// Run works until ctx ends or, with ctx alive, until Drain; it returns when the
// last job has.
func (d *Set) Run() error {
	defer func() {
		d.Drain() // or Pushed could begin a job after the wait
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

// delayed is a heap of lanes by the time of their first job.
type delayed []*lane

func (h delayed) Len() int { return len(h) }

func (h delayed) Less(i, j int) bool {
	return h[i].jobs[0].NotBefore.Before(h[j].jobs[0].NotBefore)
}

func (h delayed) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

// Push is heap.Interface's.
func (h *delayed) Push(x any) {
	l := x.(*lane) //nolint:forcetypeassert // the heap holds nothing else
	l.at = len(*h)
	*h = append(*h, l)
}

// Pop is heap.Interface's.
func (h *delayed) Pop() any {
	old := *h
	l := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return l
}
