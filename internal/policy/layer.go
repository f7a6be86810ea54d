package policy

import (
	"slices"
	"strings"

	"openmates"
)

// Limits are the limits that were set, by the kind of layer that they were set
// for. A kind that is missing sets none.
type Limits map[openmates.LayerKind]openmates.Limits

// Counter is a sum that usage counts in: all usage with the same IDs as By
// names.
type Counter struct {
	Scope openmates.CounterName
	By    []Column
}

// Column is an ID by which usage is told apart.
type Column string

// The columns.
const (
	ByTeam Column = "team"
	ByUser Column = "user"
	ByMate Column = "mate"
)

// Level is the row of one kind of layer.
type Level struct {
	Kind openmates.LayerKind
	// Holds reports whether the layer applies to an asker.
	Holds func(a openmates.Asker) bool
	// Name names the layer within a sentence: "the team Acme".
	Name func(a openmates.Asker) openmates.Text
	// Counters returns the sums that usage counts in, the layer's own first.
	Counters func(u openmates.Usage) []Counter
}

// Levels are kinds of layers, the widest first.
type Levels []Level

// All returns the levels of the product. A new kind of layer is a row here.
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

// The scopes of the product's layers, as the database keeps them.

// ServerScope names the counters of the whole server.
func ServerScope() openmates.CounterName { return scope(openmates.ServerLayer) }

// MateScope names the counters of a mate, over all teams.
func MateScope(mate openmates.ID) openmates.CounterName { return scope(openmates.MateLayer, mate) }

// TeamMateScope names the counters of a mate within one team.
func TeamMateScope(team, mate openmates.ID) openmates.CounterName {
	return scope(openmates.MateLayer, team, mate)
}

// TeamScope names the counters of a team.
func TeamScope(team openmates.ID) openmates.CounterName { return scope(openmates.TeamLayer, team) }

// MemberScope names the counters of a person within a team.
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

// Layers returns the layers that hold for an asker and limit anything, the
// widest first.
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

// Counters returns every sum that usage counts in.
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
