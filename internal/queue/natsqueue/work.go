package natsqueue

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"

	"openmates/internal/queue"
	"openmates/internal/queue/lanes"
)

// workers is the prefix of the leases by which working processes are counted.
const workers = "worker-"

func lease(partition int) string { return fmt.Sprint("partition-", partition) }

// Work takes a fair share of the partitions and works on them until ctx ends.
// It then returns nil.
func (q *Queue) Work(ctx context.Context, n int, do func(context.Context, queue.Job) error) error {
	if n < 1 {
		return errors.New("natsqueue: Work needs room for one job at least")
	}
	w := &worker{q: q, do: do, slots: lanes.NewSlots(n), trouble: lanes.NewTrouble(q.Log), parts: map[int]*lanes.Set{}}
	defer w.running.Wait()
	w.running.Go(func() { w.beCounted(ctx) })
	for ctx.Err() == nil {
		if err := w.share(ctx); err != nil && ctx.Err() == nil {
			w.trouble.Note(ctx, err)
		}
		lanes.Wait(ctx, q.Share)
	}
	return nil
}

// worker is one process's share of the work.
type worker struct {
	q       *Queue
	do      func(context.Context, queue.Job) error
	slots   *lanes.Slots
	trouble *lanes.Trouble
	running sync.WaitGroup

	mu    sync.Mutex
	parts map[int]*lanes.Set // partitions that are held; nil while one is starting
}

// beCounted holds a lease so that other processes count this one.
func (w *worker) beCounted(ctx context.Context) {
	name := workers + rand.Text()
	for ctx.Err() == nil {
		_, _ = w.q.Lease.Try(ctx, name, func(ctx context.Context) error {
			<-ctx.Done()
			return nil
		})
		lanes.Wait(ctx, w.q.Share)
	}
}

// share takes free partitions, and releases some when other processes have
// joined.
func (w *worker) share(ctx context.Context) error {
	names, err := w.q.Lease.Held(ctx)
	if err != nil {
		return err
	}
	members := 0
	taken := map[string]bool{}
	for _, name := range names {
		taken[name] = true
		if strings.HasPrefix(name, workers) {
			members++
		}
	}
	members = max(members, 1)
	fair := (w.q.Partitions + members - 1) / members
	for p := range w.q.Partitions {
		w.mu.Lock()
		_, own := w.parts[p]
		take := !own && !taken[lease(p)] && len(w.parts) < fair
		if take {
			w.parts[p] = nil
		}
		w.mu.Unlock()
		if take {
			w.running.Go(func() { w.try(ctx, p) })
		}
	}
	w.giveBack(fair)
	return nil
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

// try works on a partition, if it is free, until its lease is lost or it is
// drained.
func (w *worker) try(ctx context.Context, p int) {
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.parts, p)
	}()
	_, err := w.q.Lease.Try(ctx, lease(p), func(ctx context.Context) error { return w.part(ctx, p) })
	if err != nil && ctx.Err() == nil {
		w.q.Log.DebugContext(ctx, "work on a partition ended", "partition", p, "err", err)
	}
}

func (w *worker) part(ctx context.Context, p int) error {
	q := w.q
	set := lanes.New(ctx, lanes.Config{
		Journal: part{q.Journal, q, p}, Log: q.Log, Clock: q.Clock, Poll: q.Poll, Room: q.Room, Backoff: q.Backoff,
		Slots: w.slots, Trouble: w.trouble,
	}, w.do)
	// The client keeps the subscription while NATS is down. Jobs announced
	// meanwhile are found in the journal.
	told, err := q.Conn.Subscribe(q.subject(p), func(*nats.Msg) { set.Wake() })
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer func() { _ = told.Unsubscribe() }()
	w.mu.Lock()
	w.parts[p] = set
	w.mu.Unlock()
	return set.Run()
}
