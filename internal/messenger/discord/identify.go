package discord

import (
	"sync"
	"time"
)

// gates space out the IDENTIFYs of each application within this process, even
// across restarts of its listener: max_concurrency per five seconds
// (events/gateway, Rate Limiting). Applications don't wait for each other.
type gates struct {
	mu   sync.Mutex
	last map[string][]time.Time
}

// reserve returns the time at which the application may identify.
func (g *gates) reserve(app string, now time.Time, concurrency int, window time.Duration) time.Time {
	concurrency = min(max(concurrency, 1), 64)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last == nil {
		g.last = map[string][]time.Time{}
	}
	times := g.last[app]
	at := now
	if n := len(times); n >= concurrency {
		at = later(now, times[n-concurrency].Add(window))
	}
	times = append(times, at)
	if n := len(times); n > concurrency {
		times = append(times[:0], times[n-concurrency:]...)
	}
	g.last[app] = times
	return at
}

// sent records when the reserved IDENTIFY was actually sent, because a slow
// connection delays it.
func (g *gates) sent(app string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if times := g.last[app]; len(times) > 0 {
		last := &times[len(times)-1]
		*last = later(*last, now)
	}
}

// budget counts IDENTIFYs. Discord ends all sessions and resets the token of an
// application that identifies more than 1,000 times in 24 hours, so the count
// survives restarts and stays below that even if the server reports no limit.
type budget struct {
	Used  int       `json:"used,omitempty"`
	Since time.Time `json:"since,omitzero"`
}

const (
	budgetMost   = 950
	budgetWindow = 24 * time.Hour
)

func (b *budget) spend(now time.Time) {
	if now.Sub(b.Since) >= budgetWindow {
		b.Used, b.Since = 0, now
	}
	b.Used++
}

// wait returns how long to delay the next IDENTIFY.
func (b *budget) wait(now time.Time, info gatewayInfo) time.Duration {
	if info.limited && info.remaining <= 0 {
		return max(info.resetAfter, time.Second)
	}
	if b.Used >= budgetMost {
		return max(b.Since.Add(budgetWindow).Sub(now), 0)
	}
	return 0
}
