package sqldb

import (
	"math/rand/v2"
	"sync"
	"time"

	"openmates"
)

// epoch is when the clock of IDs began; 41 bits of milliseconds last 69 years.
const epoch = 1_735_689_600_000 // 2025-01-01T00:00:00Z

const (
	idBits   = 22
	idRandom = 1<<(idBits-1) - 1
)

// ids makes IDs: milliseconds, then 22 bits that start at random in the lower
// half of their range and count up. Within a process they grow strictly, even
// when the clock jumps back. Two processes meet in the same ID about once in
// two million shared milliseconds; the unique key tells, and the write is made
// again with another one.
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

// FirstID is the lowest ID that can be drawn at a time.
func FirstID(t time.Time) openmates.ID {
	return openmates.ID((t.UnixMilli() - epoch) << idBits)
}
