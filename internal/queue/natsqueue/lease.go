package natsqueue

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"openmates/internal/queue"
)

// LeaseConfig holds what a Leaser needs.
type LeaseConfig struct {
	Conn     *nats.Conn
	Log      *slog.Logger
	Name     string        // begins the names of what is kept in NATS; "" = "openmates"
	TTL      time.Duration // after it the hold of a silent process is free; 0 = 8 s
	Replicas int           // 0 = 1
}

// Leaser is queue.Leaser on a JetStream key-value bucket whose keys expire. A
// hold is a key that its process renews four times per TTL, and gives up after
// three quarters of it without a renewal, so before anybody else can have it.
type Leaser struct {
	kv  jetstream.KeyValue
	ttl time.Duration
	log *slog.Logger
}

var _ queue.Leaser = (*Leaser)(nil)

// NewLeaser makes a Leaser and its bucket.
func NewLeaser(ctx context.Context, c LeaseConfig) (*Leaser, error) {
	if c.Conn == nil || c.Log == nil {
		return nil, errors.New("natsqueue: LeaseConfig needs Conn and Log")
	}
	if c.TTL <= 0 {
		c.TTL = 8 * time.Second
	}
	js, err := jetstream.New(c.Conn)
	if err != nil {
		return nil, fmt.Errorf("natsqueue: %w", err)
	}
	kv, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: prefix(c.Name) + "_leases", TTL: c.TTL, Replicas: max(c.Replicas, 1),
	})
	if err != nil {
		return nil, fmt.Errorf("natsqueue: make the bucket of leases: %w", err)
	}
	return &Leaser{kv: kv, ttl: c.TTL, log: c.Log.With("pkg", "natsqueue")}, nil
}

func prefix(name string) string {
	if name == "" {
		return "openmates"
	}
	return name
}

// Hold waits for the name and runs do while it is held.
func (l *Leaser) Hold(ctx context.Context, name string, do func(context.Context) error) error {
	for {
		h, err := l.try(ctx, name)
		if h != nil {
			return h.during(ctx, do)
		}
		if err != nil && ctx.Err() == nil {
			l.log.WarnContext(ctx, "can't ask for a lease", "lease", name, "err", err)
		}
		wait(ctx, l.ttl/32+rand.N(l.ttl/32))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// hold is a key of this process.
type hold struct {
	*Leaser
	key  string
	rev  uint64
	last time.Time // of the renewal that surely arrived
}

// try gives nil where somebody else holds the name.
func (l *Leaser) try(ctx context.Context, name string) (*hold, error) {
	h := &hold{Leaser: l, key: "lease." + base64.RawURLEncoding.EncodeToString([]byte(name)), last: time.Now()}
	ctx, cancel := context.WithTimeout(ctx, l.ttl/4)
	defer cancel()
	rev, err := l.kv.Create(ctx, h.key, nil)
	if errors.Is(err, jetstream.ErrKeyExists) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	h.rev = rev
	return h, nil
}

var errLost = errors.New("the lease is lost")

// during runs do, renews meanwhile, and frees the name.
func (h *hold) during(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		h.renew(ctx, stop, cancel)
	}()
	err := do(ctx)
	close(stop)
	<-ended
	cancel(nil)
	free, done := context.WithTimeout(context.WithoutCancel(ctx), h.ttl/4)
	defer done()
	if e := h.kv.Delete(free, h.key, jetstream.LastRevision(h.rev)); e != nil {
		h.log.DebugContext(ctx, "a lease was not given back; it expires", "err", e)
	}
	return err
}

// renew goes on also while do ends after its context did: until then the name
// must stay held.
func (h *hold) renew(ctx context.Context, stop <-chan struct{}, lose context.CancelCauseFunc) {
	tick := time.NewTicker(h.ttl / 4)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		now := time.Now()
		once, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.ttl/4)
		rev, err := h.kv.Update(once, h.key, nil, h.rev)
		cancel()
		if err == nil {
			h.rev, h.last = rev, now
			continue
		}
		if taken := errors.Is(err, jetstream.ErrKeyExists); taken || time.Since(h.last) >= h.ttl/2 {
			h.log.ErrorContext(ctx, "a lease is lost", "err", err)
			lose(errLost)
			return
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
