package discord

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// pipe passes events to the Host one by one while the connection keeps its
// heartbeat, and keeps the notes: the stored sequence only advances after the
// Host has accepted everything before it.
type pipe struct {
	host messenger.Host
	log  *slog.Logger
	now  openmates.Clock
	rand func() float64
	pace pace

	wake    chan struct{} // something has changed
	drained chan struct{} // the queue is short again after having been full

	mu     sync.Mutex
	queue  []job // the first one is being handled
	held   bool
	notes  notes
	dirty  bool // the notes differ from what is stored
	urgent bool // the unsaved changes concern the mate
	saved  time.Time
}

// job is an event to handle, and the position in the stream that is reached
// then.
type job struct {
	name string
	seq  int64
	at   time.Time
	do   func(ctx context.Context) error
}

// queueMost is how many events may wait. Beyond it the connection is closed, so
// that Discord keeps further events; it is resumed when half of them are
// handled.
const queueMost = 1000

func newPipe(d *Connector, host messenger.Host, log *slog.Logger, n notes) *pipe {
	return &pipe{
		host: host, log: log, now: d.now, rand: d.rand, pace: d.pace, notes: n,
		wake: make(chan struct{}, 1), drained: make(chan struct{}, 1), saved: d.now(),
	}
}

// full reports whether the queue is full, and if so makes the pipe signal when
// it no longer is.
func (p *pipe) full() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = len(p.queue) >= queueMost
	return p.held
}

// push adds an event.
func (p *pipe) push(j job) {
	p.mu.Lock()
	p.queue = append(p.queue, j)
	p.mu.Unlock()
	notify(p.wake)
}

// skip records an irrelevant event: its position is reached as soon as
// everything before it is handled.
func (p *pipe) skip(seq int64, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.queue); n > 0 {
		last := &p.queue[n-1]
		last.seq, last.at = max(last.seq, seq), at
		return
	}
	p.reach(seq, at)
	if !p.dirty {
		p.dirty = true
		notify(p.wake)
	}
}

// reach advances the stored position. Within a session it only grows.
func (p *pipe) reach(seq int64, at time.Time) {
	p.notes.Seq = max(p.notes.Seq, seq)
	p.notes.Mark = max(p.notes.Mark, at.UnixMilli())
}

// change modifies the notes.
func (p *pipe) change(f func(n *notes)) {
	p.mu.Lock()
	f(&p.notes)
	p.dirty, p.urgent = true, true
	p.mu.Unlock()
	notify(p.wake)
}

// saveNext makes the notes be stored right after the current event.
func (p *pipe) saveNext() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.saved = time.Time{}
}

// read reads from the notes.
func (p *pipe) read(f func(n *notes)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.notes)
}

// run handles events until ctx ends or, once drain is closed, until none is
// left. It stores the notes a last time before it returns.
func (p *pipe) run(ctx context.Context, drain <-chan struct{}) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	defer p.saveFinal(ctx)
	for ctx.Err() == nil {
		for p.next(ctx) {
			p.saveIfDue(ctx)
		}
		timer.Reset(p.saveIfDue(ctx))
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-timer.C:
		case <-drain:
			if !p.next(ctx) {
				return
			}
		}
	}
}

// next handles the first event; it returns false if there is none, or ctx has
// ended.
func (p *pipe) next(ctx context.Context) bool {
	p.mu.Lock()
	if len(p.queue) == 0 {
		p.queue = nil
		p.mu.Unlock()
		return false
	}
	j := p.queue[0]
	p.mu.Unlock()
	for try := 0; ; try++ {
		err := j.do(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return false
		}
		wait := min(p.pace.retry<<min(try, 8), 5*time.Second) // people are waiting
		wait = time.Duration(float64(wait) * (0.5 + p.rand()/2))
		if try == 0 {
			p.log.Warn("an event could not be handled; it is tried again until it is", "event", j.name, "err", err)
		}
		if sleep(ctx, wait) != nil {
			return false
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reach(p.queue[0].seq, p.queue[0].at) // skip may have advanced it
	p.queue[0] = job{}
	p.queue = p.queue[1:]
	p.dirty, p.urgent = true, true
	if p.held && len(p.queue) <= queueMost/2 {
		p.held = false
		notify(p.drained)
	}
	return true
}

// saveIfDue stores the notes if it is time, and returns the pause until the
// next check.
func (p *pipe) saveIfDue(ctx context.Context) time.Duration {
	p.mu.Lock()
	every := p.pace.saveIdle
	if p.urgent {
		every = p.pace.save
	}
	wait := p.saved.Add(every).Sub(p.now())
	dirty := p.dirty
	p.mu.Unlock()
	switch {
	case !dirty:
		return time.Hour
	case wait > 0:
		return wait
	}
	p.save(ctx)
	return every
}

func (p *pipe) save(ctx context.Context) {
	p.mu.Lock()
	raw, err := p.notes.encode()
	p.dirty, p.urgent = false, false
	p.saved = p.now()
	p.mu.Unlock()
	if err == nil {
		err = p.host.SaveNotes(ctx, raw)
	}
	if err != nil {
		if ctx.Err() == nil { // otherwise saveFinal tries once more
			p.log.Warn("the position in Discord's events could not be stored", "err", err)
		}
		p.mu.Lock()
		p.dirty = true
		p.mu.Unlock()
	}
}

// saveFinal stores the notes even if ctx has ended.
func (p *pipe) saveFinal(ctx context.Context) {
	p.mu.Lock()
	dirty := p.dirty
	p.mu.Unlock()
	if !dirty {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	p.save(ctx)
}

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
