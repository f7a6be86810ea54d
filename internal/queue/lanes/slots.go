package lanes

import "sync"

// Slots are the places for running jobs that several Sets share.
type Slots struct {
	mu      sync.Mutex
	left    int
	waiting map[*Set]bool
}

// NewSlots makes n places.
func NewSlots(n int) *Slots { return &Slots{left: n, waiting: map[*Set]bool{}} }

// take returns a place, or remembers that the set waits for one.
func (s *Slots) take(d *Set) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == 0 {
		s.waiting[d] = true
		return false
	}
	s.left--
	return true
}

// free returns a place and wakes who waits for one.
func (s *Slots) free() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left++
	for d := range s.waiting {
		d.poke()
	}
	clear(s.waiting)
}
