package lanes

import "sync"

// Slots limits how many jobs run at once, across several Sets.
type Slots struct {
	mu      sync.Mutex
	left    int
	waiting map[*Set]bool
}

// NewSlots returns n slots.
func NewSlots(n int) *Slots { return &Slots{left: n, waiting: map[*Set]bool{}} }

// take returns true if there is a free slot; otherwise it registers the set as
// waiting.
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

// free releases a slot and wakes a waiting set.
func (s *Slots) free() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left++
	for d := range s.waiting {
		d.poke()
	}
	clear(s.waiting)
}
