package sqldb

import (
	"math/rand/v2"
	"sync"
	"time"

	"openmates"
)

// epoch is the start of the ID clock; 41 bits of milliseconds last 69 years.
const epoch = 1_735_689_600_000 // 2025-01-01T00:00:00Z

const (
	idBits   = 22
	idRandom = 1<<(idBits-1) - 1
)

// ids generates IDs: milliseconds, then 22 bits that start at a random value in
// the lower half of their range and count up. Within a process IDs always
// increase, even if the clock jumps back. Two processes draw the same ID about
// once in two million shared milliseconds; then the unique key fails and the
// write is repeated with another ID.
type ids struct {
	now  func() time.Time
	mu   sync.Mutex
	last int64
}

func (g *ids) next() openmates.ID {
	id := (g.now().UnixMilli()-epoch)<<idBits | rand.Int64N(idRandom)
	g.mu.Lock()
	defer g.mu.Unlock()
	if id>>idBits <= g.last>>idBits {
		id = g.last + 1
	}
	g.last = id
	return openmates.ID(id)
}

// FirstID returns the lowest ID that can be drawn at a time.
func FirstID(t time.Time) openmates.ID {
	return openmates.ID((t.UnixMilli() - epoch) << idBits)
}
