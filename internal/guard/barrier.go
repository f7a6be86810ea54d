package guard

import (
	"net/netip"
	"time"
)

// Barrier limits how often one secret of an account can be guessed, without
// letting a stranger lock out its owner. Each network has its own attempts, all
// networks together have many more, and a browser in which the owner has signed
// in before is counted separately.
type Barrier struct{ near, wide, known *Throttle }

// NewBarrier returns a Barrier. A network or a known browser has burst attempts
// at once, plus one per every; all networks together have mostWide at once,
// plus one per everyWide.
func NewBarrier(every time.Duration, burst int, everyWide time.Duration, mostWide int) *Barrier {
	return &Barrier{near: NewThrottle(every, burst, 10_000), wide: NewThrottle(everyWide, mostWide, 10_000), known: NewThrottle(every, burst, 10_000)}
}

// Try is one guess.
type Try struct {
	Account string // whose secret is guessed
	From    netip.Addr
	Browser string // a known browser of the owner; "" = an unknown one
}

// Allow counts a guess and reports whether it is allowed.
func (b *Barrier) Allow(t Try, now time.Time) bool {
	if t.Browser != "" {
		return b.known.Allow(t.Account+" "+t.Browser, now)
	}
	return b.near.Allow(t.Account+" "+Network(t.From), now) && b.wide.Allow(t.Account, now)
}

// Forget clears the counts after a successful attempt.
func (b *Barrier) Forget(t Try) {
	b.known.Forget(t.Account + " " + t.Browser)
	b.near.Forget(t.Account + " " + Network(t.From))
	b.wide.Forget(t.Account)
}
