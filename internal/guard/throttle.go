package guard

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Throttle counts attempts by key. It remembers a limited number of keys and
// forgets the least recently used one. It is safe for concurrent use.
type Throttle struct {
	every time.Duration
	burst int
	most  int

	mu    sync.Mutex
	order *list.List // of *gauge, most recent first
	keys  map[string]*list.Element
}

type gauge struct {
	key string
	*rate.Limiter
}

// NewThrottle returns a Throttle that allows each key burst attempts at once,
// plus one per every. It remembers up to most keys.
func NewThrottle(every time.Duration, burst, most int) *Throttle {
	return &Throttle{every: every, burst: burst, most: most, order: list.New(), keys: map[string]*list.Element{}}
}

// Allow counts an attempt and reports whether it is allowed.
func (t *Throttle) Allow(key string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.keys[key]
	if e == nil {
		e = t.order.PushFront(&gauge{key, rate.NewLimiter(rate.Every(t.every), t.burst)})
		t.keys[key] = e
		if t.order.Len() > t.most {
			delete(t.keys, gaugeOf(t.order.Back()).key)
			t.order.Remove(t.order.Back())
		}
	}
	t.order.MoveToFront(e)
	return gaugeOf(e).AllowN(now, 1)
}

func gaugeOf(e *list.Element) *gauge { return e.Value.(*gauge) } //nolint:forcetypeassert // the list holds nothing else

// Forget clears the count of a key after a successful attempt.
func (t *Throttle) Forget(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.keys[key]; e != nil {
		t.order.Remove(e)
		delete(t.keys, key)
	}
}
