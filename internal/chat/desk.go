package chat

import (
	"context"
	"errors"
	"sync"

	"openmates"
	"openmates/internal/messenger"
)

// desk is where this server's own questions are answered. The asker waits in a
// seat. Worker and seat communicate directly in the same process, otherwise
// through the journal.
type desk struct {
	store Store

	mu      sync.Mutex
	seats   map[string][]*seat                 // by key of the turn
	writing map[string]context.CancelCauseFunc // turns whose answer this process is writing
}

func newDesk(s Store) *desk {
	return &desk{store: s, seats: map[string][]*seat{}, writing: map[string]context.CancelCauseFunc{}}
}

// seat is somebody who waits for the answer to a turn.
type seat struct {
	key   string
	looks bool          // they want to see the answer grow
	wake  chan struct{} // something has changed

	// Guarded by the desk's lock.
	text  string
	taken bool               // a worker in this process writes the answer
	came  *openmates.Outcome // what the turn came to; nil = not known here
}

// sit starts waiting; rise ends it.
func (d *desk) sit(key string, looks bool) *seat {
	s := &seat{key: key, looks: looks, wake: make(chan struct{}, 1)}
	d.mu.Lock()
	defer d.mu.Unlock()
	_, s.taken = d.writing[key]
	d.seats[key] = append(d.seats[key], s)
	return s
}

func (d *desk) rise(s *seat) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var left []*seat
	for _, other := range d.seats[s.key] {
		if other != s {
			left = append(left, other)
		}
	}
	if d.seats[s.key] = left; left == nil {
		delete(d.seats, s.key)
	}
}

// see returns the state of a seat.
func (d *desk) see(s *seat) (text string, taken bool, came *openmates.Outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return s.text, s.taken, s.came
}

// tell changes the seats of a turn and wakes them. The lock must be held.
func (d *desk) tell(key string, change func(*seat)) {
	for _, s := range d.seats[key] {
		change(s)
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// begins records that this process writes the answer to a turn; stop cancels
// the writing. The returned func removes the record.
func (d *desk) begins(key string, stop context.CancelCauseFunc) func() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writing[key] = stop
	d.tell(key, func(s *seat) { s.taken = true })
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.writing, key)
	}
}

// grows passes the text so far to those who watch.
func (d *desk) grows(key string, text func() string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.seats[key] {
		if s.looks {
			now := text()
			d.tell(key, func(s *seat) { s.text = now })
			return
		}
	}
}

// settled wakes those who wait for the outcome of a turn.
func (d *desk) settled(o openmates.Outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tell(o.Key, func(s *seat) { s.came = &o })
}

// errLeft cancels an answer that nobody waits for any more.
var errLeft = errors.New("nobody waits for the answer any more")

// leave cancels the answer to a turn that nobody can ask for again.
func (d *desk) leave(ctx context.Context, key string) error {
	d.mu.Lock()
	stop, here := d.writing[key]
	d.mu.Unlock()
	if here {
		stop(errLeft)
		return nil
	}
	return d.store.StopTurn(ctx, key)
}

// counter is the desk as a place to post to.
type counter struct {
	*desk
	info messenger.Info
}

// Info describes the place.
func (c counter) Info() messenger.Info { return c.info }

// Send shows the text so far. Once the turn is settled there is nothing to
// show, because the outcome is in the journal.
func (c counter) Send(ctx context.Context, _ messenger.Via, out messenger.Outbound) (openmates.MessageID, error) {
	return openmates.MessageID(out.Key), c.show(ctx, out)
}

// Edit is Send for a text that has grown.
func (c counter) Edit(ctx context.Context, _ messenger.Via, _ openmates.MessageID, out messenger.Outbound) error {
	return c.show(ctx, out)
}

func (c counter) show(ctx context.Context, out messenger.Outbound) error {
	c.mu.Lock()
	_, writing := c.writing[out.Key]
	here := len(c.seats[out.Key]) > 0 // seats here get each piece directly
	c.mu.Unlock()
	if !writing || here {
		return nil
	}
	return c.store.Grow(ctx, out.Key, out.Text)
}

// taken records that a worker in another process writes the answer.
func (d *desk) taken(s *seat, yes bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.taken = s.taken || yes
}
