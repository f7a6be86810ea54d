package policy

import (
	"slices"
	"strings"

	"openmates"
)

// Limits contains the limits that are set, by kind of layer. A missing kind has
// none.
type Limits map[openmates.LayerKind]openmates.Limits

// Counter is a sum of usage: all usage with the same IDs in the columns By.
type Counter struct {
	Scope openmates.CounterName
	By    []Column
}

// Column is an ID that distinguishes usage.
type Column string

// The columns.
const (
	ByTeam Column = "team"
	ByUser Column = "user"
	ByMate Column = "mate"
)

// Level describes one kind of layer.
type Level struct {
	Kind openmates.LayerKind
	// Holds reports whether the layer applies to an asker.
	Holds func(a openmates.Asker) bool
	// Name returns the layer's name within a sentence: "the team Acme".
	Name func(a openmates.Asker) openmates.Text
	// Counters returns the sums that usage is added to, the layer's own first.
	Counters func(u openmates.Usage) []Counter
}

// Levels lists kinds of layers, widest first.
type Levels []Level

// All returns the product's levels. Add a new kind of layer here.
func All() Levels {
	return Levels{
		{
			Kind:     openmates.ServerLayer,
			Holds:    func(openmates.Asker) bool { return true },
			Name:     func(openmates.Asker) openmates.Text { return openmates.T("the server") },
			Counters: func(openmates.Usage) []Counter { return []Counter{{Scope: ServerScope()}} },
		},
		{
			Kind:  openmates.MateLayer,
			Holds: func(a openmates.Asker) bool { return a.Mate.ID != 0 },
			Name:  func(a openmates.Asker) openmates.Text { return openmates.T("the mate %s", a.Mate.Name) },
			Counters: func(u openmates.Usage) []Counter {
				return []Counter{
					{MateScope(u.MateID), []Column{ByMate}},
					{TeamMateScope(u.TeamID, u.MateID), []Column{ByTeam, ByMate}},
				}
			},
		},
		{
			Kind:  openmates.TeamLayer,
			Holds: func(a openmates.Asker) bool { return a.Team.ID != 0 },
			Name:  func(a openmates.Asker) openmates.Text { return openmates.T("the team %s", a.Team.Name) },
			Counters: func(u openmates.Usage) []Counter {
				return []Counter{{TeamScope(u.TeamID), []Column{ByTeam}}}
			},
		},
		{
			Kind:  openmates.MemberLayer,
			Holds: func(a openmates.Asker) bool { return a.Team.ID != 0 && a.User.ID != 0 },
			Name:  func(a openmates.Asker) openmates.Text { return openmates.T("%s", a.User.DisplayName) },
			Counters: func(u openmates.Usage) []Counter {
				return []Counter{{MemberScope(u.TeamID, u.UserID), []Column{ByTeam, ByUser}}}
			},
		},
	}
}

// The scopes of the product's layers, as stored in the database.

// ServerScope returns the name of the server's counters.
func ServerScope() openmates.CounterName { return scope(openmates.ServerLayer) }

// MateScope returns the name of a mate's counters, across all teams.
func MateScope(mate openmates.ID) openmates.CounterName { return scope(openmates.MateLayer, mate) }

// TeamMateScope returns the name of a mate's counters within one team.
func TeamMateScope(team, mate openmates.ID) openmates.CounterName {
	return scope(openmates.MateLayer, team, mate)
}

// TeamScope returns the name of a team's counters.
func TeamScope(team openmates.ID) openmates.CounterName { return scope(openmates.TeamLayer, team) }

// MemberScope returns the name of a person's counters within a team.
func MemberScope(team, user openmates.ID) openmates.CounterName {
	return scope(openmates.MemberLayer, team, user)
}

func scope(k openmates.LayerKind, ids ...openmates.ID) openmates.CounterName {
	parts := []string{string(k)}
	for _, id := range ids {
		parts = append(parts, id.String())
	}
	return openmates.CounterName(strings.Join(parts, ":"))
}

// Layers returns the layers that apply to an asker and have limits, widest
// first.
func (ls Levels) Layers(a openmates.Asker, set Limits) []openmates.Layer {
	u := openmates.Usage{TeamID: a.Team.ID, UserID: a.User.ID, MateID: a.Mate.ID}
	var all []openmates.Layer
	for _, l := range ls {
		if limits := set[l.Kind]; l.Holds(a) && limiting(limits) {
			all = append(all, openmates.Layer{Scope: l.Counters(u)[0].Scope, Name: l.Name(a), Limits: limits})
		}
	}
	return all
}

// Above returns the levels that are wider than a kind.
func (ls Levels) Above(k openmates.LayerKind) Levels {
	return ls[:max(slices.IndexFunc(ls, func(l Level) bool { return l.Kind == k }), 0)]
}

// Counters returns all sums that usage is added to.
func (ls Levels) Counters(u openmates.Usage) []Counter {
	var all []Counter
	for _, l := range ls {
		all = append(all, l.Counters(u)...)
	}
	return all
}

// limiting reports whether limits limit anything.
func limiting(l openmates.Limits) bool {
	return l.PerMinute != 0 || l.PerMonth != 0 || l.Mates.Only || l.Apps.Only || l.Skills.Only || l.Providers.Only || l.Models.Only
}
