package discord

import (
	"sync"
	"time"
)

// Discord bans an IP address for a while after 10,000 invalid responses (401,
// 403, or 429 other than shared) within 10 minutes (topics/rate-limits,
// Invalid Request Limit). All bots of one host share that address, so they
// share this breaker; it opens well before the ban.
const (
	invalidWindow = 10 * time.Minute
	invalidMost   = 8000
	invalidSlots  = 60
)

type breaker struct {
	mu    sync.Mutex
	slots [invalidSlots]struct {
		tick  int64
		count int
	}
}

// count records an invalid response.
func (b *breaker) count(now time.Time) {
	tick := now.UnixNano() / int64(invalidWindow/invalidSlots)
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &b.slots[tick%invalidSlots]
	if s.tick != tick {
		s.tick, s.count = tick, 0
	}
	s.count++
}

// open reports whether requests are stopped for now.
func (b *breaker) open(now time.Time) bool {
	tick := now.UnixNano() / int64(invalidWindow/invalidSlots)
	b.mu.Lock()
	defer b.mu.Unlock()
	sum := 0
	for _, s := range b.slots {
		if s.tick > tick-invalidSlots {
			sum += s.count
		}
	}
	return sum >= invalidMost
}
