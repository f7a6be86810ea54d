package guard

import (
	"net/netip"
	"time"
)

// Barrier bounds how often one secret of an account is guessed, without letting
// a stranger keep its owner out: each network has attempts of its own, all
// networks together have many more, and a browser in which the owner has signed
// in before depends on neither.
type Barrier struct{ near, wide, known *Throttle }

// NewBarrier returns a Barrier that allows burst attempts at once from a
// network or a known browser, and one more each time that every has passed;
// and mostWide at once from everywhere, one more each time that everyWide has
// passed.
func NewBarrier(every time.Duration, burst int, everyWide time.Duration, mostWide int) *Barrier {
	return &Barrier{near: NewThrottle(every, burst, 10_000), wide: NewThrottle(everyWide, mostWide, 10_000), known: NewThrottle(every, burst, 10_000)}
}

// Try is one guess.
type Try struct {
	Account string // whose secret is guessed
	From    netip.Addr
	Browser string // by which the owner is known; "" = an unknown one
}

// Allow counts a guess and reports whether it is allowed.
func (b *Barrier) Allow(t Try, now time.Time) bool {
	if t.Browser != "" {
		return b.known.Allow(t.Account+" "+t.Browser, now)
	}
	return b.near.Allow(t.Account+" "+Network(t.From), now) && b.wide.Allow(t.Account, now)
}

// Forget clears the counts for somebody who got in.
func (b *Barrier) Forget(t Try) {
	b.known.Forget(t.Account + " " + t.Browser)
	b.near.Forget(t.Account + " " + Network(t.From))
	b.wide.Forget(t.Account)
}
