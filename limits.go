package openmates

import (
	"slices"
	"time"
)

// Limits are what a layer (server, team, mate, user) allows. A lower layer can
// only narrow them, see Narrow.
type Limits struct {
	Mates     Set    `json:"mates"`                // handles
	Apps      Set    `json:"apps"`                 // names
	Skills    Set    `json:"skills"`               // "app.skill"
	Providers Set    `json:"providers"`            // names
	Models    Set    `json:"models"`               // "provider/model"
	PerMinute int    `json:"per_minute,omitempty"` // requests; 0 = no limit in this layer
	PerMonth  Micros `json:"per_month,omitempty"`  // money; 0 = no limit in this layer
}

// Set is a set of names: everything, unless Only is set; then just what Names
// lists. The zero Set allows everything, an Only set without names nothing.
type Set struct {
	Only  bool     `json:"only,omitempty"`
	Names []string `json:"names,omitempty"`
}

// OnlyThese returns a Set of just these names, sorted and without duplicates.
// It doesn't keep names.
func OnlyThese(names ...string) Set {
	names = slices.Sorted(slices.Values(names))
	return Set{Only: true, Names: slices.Compact(names)}
}

// Allows reports whether name is in the set.
func (s Set) Allows(name string) bool { return !s.Only || slices.Contains(s.Names, name) }

// Narrow returns what both sets allow.
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

// Narrow returns the limits that apply when both do: the intersection of the
// sets and the smaller numbers.
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

// Usage is what one request used.
type Usage struct {
	TeamID ID
	UserID ID
	MateID ID
	Model  string
	Input  int // input tokens, including cached ones
	Cached int // of these, read from the provider's cache
	Output int // output tokens
	Cost   Micros
	Sent   Micros // of a reservation: what is spent even if it is never settled
	At     time.Time
}
