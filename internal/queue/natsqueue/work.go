package natsqueue

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"openmates/internal/queue"
	"openmates/internal/queue/lanes"
)

// Work takes a fair share of the partitions and works on them, until ctx ends.
// It gives nil then.
func (q *Queue) Work(ctx context.Context, n int, do func(context.Context, queue.Job) error) error {
	if n < 1 {
		return errors.New("natsqueue: Work needs room for one job at least")
	}
	w := &worker{q: q, do: do, slots: lanes.NewSlots(n), member: "member." + rand.Text(), parts: map[int]*lanes.Set{}}
	defer w.leave(ctx)
	defer w.running.Wait()
	for ctx.Err() == nil {
		if err := w.share(ctx); err != nil && ctx.Err() == nil {
			q.Log.WarnContext(ctx, "can't look at who else works", "err", err)
		}
		wait(ctx, q.lease.ttl/16)
	}
	return nil
}

// worker is one process's part of the work.
type worker struct {
	q       *Queue
	do      func(context.Context, queue.Job) error
	slots   *lanes.Slots
	member  string
	seen    time.Time // when the others were last told of this one
	running sync.WaitGroup

	mu    sync.Mutex
	parts map[int]*lanes.Set // what is held; nil while it is being begun
}

// share takes partitions that are free, and gives some back when others have
// come.
func (w *worker) share(ctx context.Context) error {
	fair, err := w.fair(ctx)
	if err != nil {
		return err
	}
	for p := range w.q.Partitions {
		w.mu.Lock()
		_, own := w.parts[p]
		enough := len(w.parts) >= fair
		w.mu.Unlock()
		if own || enough {
			continue
		}
		h, err := w.q.lease.try(ctx, fmt.Sprint("partition ", p))
		if err != nil {
			return err
		}
		if h == nil {
			continue
		}
		w.mu.Lock()
		w.parts[p] = nil
		w.mu.Unlock()
		w.running.Go(func() { w.hold(ctx, h, p) })
	}
	w.giveBack(fair)
	return nil
}

// fair is how many partitions this process may hold.
func (w *worker) fair(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, w.q.lease.ttl/2)
	defer cancel()
	if time.Since(w.seen) >= w.q.lease.ttl/4 {
		if _, err := w.q.lease.kv.Put(ctx, w.member, nil); err != nil {
			return 0, err
		}
		w.seen = time.Now()
	}
	list, err := w.q.lease.kv.ListKeysFiltered(ctx, "member.>")
	if err != nil {
		return 0, err
	}
	members := 0
	for key := range list.Keys() {
		if strings.HasPrefix(key, "member.") {
			members++
		}
	}
	members = max(members, 1)
	return (w.q.Partitions + members - 1) / members, nil
}

func (w *worker) giveBack(fair int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	over := len(w.parts) - fair
	for _, set := range w.parts {
		if over <= 0 {
			return
		}
		if set != nil {
			set.Drain()
			over--
		}
	}
}

func (w *worker) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.q.lease.ttl/4)
	defer cancel()
	_ = w.q.lease.kv.Delete(ctx, w.member)
}

// hold works on one partition until its lease is lost or it is drained.
func (w *worker) hold(ctx context.Context, h *hold, p int) {
	defer func() {
		w.mu.Lock()
		delete(w.parts, p)
		w.mu.Unlock()
	}()
	err := h.during(ctx, func(ctx context.Context) error { return w.part(ctx, p) })
	if err != nil && ctx.Err() == nil {
		w.q.Log.WarnContext(ctx, "work on a partition ended", "partition", p, "err", err)
	}
}

func (w *worker) part(ctx context.Context, p int) error {
	q := w.q
	set := lanes.New(ctx, lanes.Config{
		Journal: part{q.Journal, q, p}, Log: q.Log, Now: q.Now, Poll: q.Poll, Room: q.Room, Backoff: q.Backoff,
		Slots: w.slots, Fed: true,
	}, w.do)
	// First listen, then read the journal: what comes in between is known by
	// both, and run once.
	stop, err := w.listen(ctx, set, p)
	if err != nil {
		return err
	}
	defer stop()
	w.mu.Lock()
	w.parts[p] = set
	w.mu.Unlock()
	return set.Run()
}

// listen hands what is told to the partition to its lanes.
func (w *worker) listen(ctx context.Context, set *lanes.Set, p int) (stop func(), err error) {
	c, err := w.q.js.OrderedConsumer(ctx, w.q.Name+"_jobs", jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{w.q.subject(p)}, DeliverPolicy: jetstream.DeliverNewPolicy,
	})
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	told, err := c.Consume(func(m jetstream.Msg) {
		var j queue.Job
		if err := json.Unmarshal(m.Data(), &j); err != nil {
			w.q.Log.WarnContext(ctx, "something that is no job was told", "err", err)
			set.Look()
			return
		}
		j.Again = false
		set.Pushed(j, func() {})
	}, jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
		// Something may have been missed.
		w.q.Log.WarnContext(ctx, "listening was disturbed", "err", err)
		set.Look()
	}))
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return told.Stop, nil
}
