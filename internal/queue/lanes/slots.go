package lanes

import (
	"sync"

	"openmates/internal/queue"
)

// Slots limits how many jobs run at once, across several Sets. Jobs that keep an
// order and jobs that are alone have slots of their own, so that neither kind
// can take all.
type Slots struct {
	mu      sync.Mutex
	ordered int // free
	alone   int // free
	waiting map[*Set]bool
}

// NewSlots returns n slots for jobs that keep an order, and so many for those
// that are alone as queue.Queue says.
func NewSlots(n int) *Slots {
	return &Slots{ordered: n, alone: n * queue.BesideEach, waiting: map[*Set]bool{}}
}

// of is the number of free slots for a job.
func (s *Slots) of(j queue.Job) *int {
	if j.Alone {
		return &s.alone
	}
	return &s.ordered
}

// take returns true if there is a free slot for a job; otherwise it registers
// the set as waiting.
func (s *Slots) take(d *Set, j queue.Job) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.of(j)
	if *left == 0 {
		s.waiting[d] = true
		return false
	}
	*left--
	return true
}

// free releases a job's slot and wakes the waiting sets.
func (s *Slots) free(j queue.Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.of(j)++
	for d := range s.waiting {
		d.poke()
	}
	clear(s.waiting)
}
