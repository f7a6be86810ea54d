package connect

import (
	"context"
	"sync"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// A page with many mates checks all of them in parallel, and not again within
// lookEvery, because each check needs requests by its bot.
const (
	lookEvery = 30 * time.Second
	lookAtOne = 4
	mostLooks = 1000
)

// Look is the result of a survey.
type Look struct {
	Survey messenger.Survey
	Gone   bool // the network says that the bot isn't there
	Err    error
	At     time.Time
}

type lookKey struct {
	bot       openmates.ID
	workspace openmates.WorkspaceID
}

// looks caches the last look at each bot in each workspace.
type looks struct {
	mu  sync.Mutex
	all map[lookKey]Look
}

func (l *looks) get(k lookKey, since time.Time) (Look, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	got, ok := l.all[k]
	return got, ok && got.At.After(since)
}

func (l *looks) put(k lookKey, got Look) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil || len(l.all) >= mostLooks {
		l.all = map[lookKey]Look{}
	}
	l.all[k] = got
}

func (l *looks) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.all)
}

// Forget clears the cached looks; it is called when installations change.
func (r *Room) Forget() { r.looks.forget() }

// LookAround surveys the mates that are present in a workspace, by handle, as
// far as possible before ctx ends.
func (r *Room) LookAround(ctx context.Context, p Place) map[string]Look {
	out := map[string]Look{}
	if _, can := r.connectors[p.Network].(messenger.Surveyor); !can {
		return out
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	slots := make(chan struct{}, lookAtOne)
	for _, g := range p.Guests {
		if g.Presence != Present {
			continue
		}
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			got := r.lookInto(ctx, g.Bot.ID, p, false)
			mu.Lock()
			defer mu.Unlock()
			out[g.Mate.Handle] = got
		})
	}
	all.Wait()
	return out
}

// LookAt surveys one mate in a workspace; fresh ignores the cache.
func (r *Room) LookAt(ctx context.Context, p Place, g Guest, fresh bool) (got Look, can bool) {
	if _, can = r.connectors[p.Network].(messenger.Surveyor); !can {
		return got, false
	}
	return r.lookInto(ctx, g.Bot.ID, p, fresh), true
}

func (r *Room) lookInto(ctx context.Context, bot openmates.ID, p Place, fresh bool) Look {
	key := lookKey{bot, p.ID}
	if got, ok := r.looks.get(key, r.now().Add(-lookEvery)); ok && !fresh {
		return got
	}
	b, err := r.store.Bot(ctx, bot)
	if err != nil {
		return Look{Err: err, At: r.now()}
	}
	via, err := r.via(ctx, b, p.ID)
	if err != nil {
		return Look{Err: err, At: r.now()}
	}
	s, err := r.connectors[p.Network].(messenger.Surveyor).Survey(ctx, via) //nolint:forcetypeassert // checked by the callers
	got := Look{Survey: s, Err: err, At: r.now()}
	if openmates.CodeOf(err) == openmates.ENotFound {
		got.Gone, got.Err = true, nil
	}
	if ctx.Err() == nil {
		r.looks.put(key, got)
	}
	return got
}
