package openmates

import (
	"slices"
	"time"
)

// Limits are what a layer (server, team, mate, user) allows. A lower layer can
// only narrow: see Narrow.
type Limits struct {
	Mates     Set    `json:"mates"`                // handles
	Apps      Set    `json:"apps"`                 // names
	Skills    Set    `json:"skills"`               // "app.skill"
	Providers Set    `json:"providers"`            // names
	Models    Set    `json:"models"`               // "provider/model"
	PerMinute int    `json:"per_minute,omitempty"` // requests; 0 = this layer sets none
	PerMonth  Micros `json:"per_month,omitempty"`  // money; 0 = this layer sets none
}

// Set is a choice among names: everything, unless Only is set; then just what
// Names lists. The zero Set allows everything, an Only set without names
// nothing.
type Set struct {
	Only  bool     `json:"only,omitempty"`
	Names []string `json:"names,omitempty"`
}

// OnlyThese is a Set of just these names, in order and each once. The caller
// keeps names.
func OnlyThese(names ...string) Set {
	names = slices.Sorted(slices.Values(names))
	return Set{Only: true, Names: slices.Compact(names)}
}

// Allows says whether name is in the set.
func (s Set) Allows(name string) bool { return !s.Only || slices.Contains(s.Names, name) }

// Narrow is what both sets allow.
func (s Set) Narrow(t Set) Set {
	if !s.Only {
		return t
	}
	if !t.Only {
		return s
	}
	var both []string
	for _, n := range s.Names {
		if t.Allows(n) {
			both = append(both, n)
		}
	}
	return OnlyThese(both...)
}

// Narrow gives the limits that hold where both layers do: the intersection of
// the sets and the smaller of the numbers.
func (l Limits) Narrow(m Limits) Limits {
	return Limits{
		Mates:     l.Mates.Narrow(m.Mates),
		Apps:      l.Apps.Narrow(m.Apps),
		Skills:    l.Skills.Narrow(m.Skills),
		Providers: l.Providers.Narrow(m.Providers),
		Models:    l.Models.Narrow(m.Models),
		PerMinute: lower(l.PerMinute, m.PerMinute),
		PerMonth:  lower(l.PerMonth, m.PerMonth),
	}
}

func lower[N int | Micros](a, b N) N {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// Usage is what one request spent.
type Usage struct {
	TeamID ID
	UserID ID
	MateID ID
	Model  string
	Input  int // tokens read, cached ones included
	Cached int // of these, tokens read from the provider's cache
	Output int // tokens written
	Cost   Micros
	Sent   Micros // of a reservation: what is gone even if nobody ever settles it
	At     time.Time
}
