package account

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"openmates"
)

// throttle counts attempts per key. It holds so many keys (most) and forgets the
// one that was quiet for longest, so that nobody can fill the memory by
// inventing names.
type throttle struct {
	every time.Duration
	burst int
	most  int

	mu    sync.Mutex
	order *list.List // of *gauge, latest first
	keys  map[string]*list.Element
}

type gauge struct {
	key string
	*rate.Limiter
}

func newThrottle(every time.Duration, burst, most int) *throttle {
	return &throttle{every: every, burst: burst, most: most, order: list.New(), keys: map[string]*list.Element{}}
}

// allow counts one attempt, or says that there were too many.
func (t *throttle) allow(key string, now time.Time) bool {
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

// forget starts a key anew; a person who got in had every right to the
// attempts before.
func (t *throttle) forget(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.keys[key]; e != nil {
		t.order.Remove(e)
		delete(t.keys, key)
	}
}

// addressKey is what one party on the internet can't change at will: an IPv4
// address, or the /64 network of an IPv6 one.
func addressKey(a netip.Addr) string {
	a = a.Unmap()
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

func tooMany() error {
	return openmates.Errorf(openmates.ELimit, "There were too many attempts. Please wait a few minutes and try again.")
}
