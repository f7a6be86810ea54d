package openmates

import (
	"slices"
	"strings"
)

// Kind names one of the sets of Limits.
type Kind string

// The kinds of names that limits choose among. A skill belongs to an app and a
// model to a provider: what the whole is forbidden, no part is allowed.
const (
	KindMate     Kind = "mate"
	KindApp      Kind = "app"
	KindSkill    Kind = "skill" // "app.skill"
	KindProvider Kind = "provider"
	KindModel    Kind = "model" // "provider/model"
)

// Whole is the kind and name of what a name belongs to: the app of a skill, the
// provider of a model; ok is false for a whole.
func (k Kind) Whole(name string) (whole Kind, of string, ok bool) {
	switch k {
	case KindSkill:
		of, _, _ = strings.Cut(name, ".")
		return KindApp, of, true
	case KindModel:
		of, _, _ = strings.Cut(name, "/")
		return KindProvider, of, true
	}
	return "", "", false
}

// Set gives the set of a kind.
func (l Limits) Set(k Kind) Set {
	switch k {
	case KindMate:
		return l.Mates
	case KindApp:
		return l.Apps
	case KindSkill:
		return l.Skills
	case KindProvider:
		return l.Providers
	case KindModel:
		return l.Models
	}
	return OnlyThese()
}

// With gives l with another set of a kind.
func (l Limits) With(k Kind, s Set) Limits {
	switch k {
	case KindMate:
		l.Mates = s
	case KindApp:
		l.Apps = s
	case KindSkill:
		l.Skills = s
	case KindProvider:
		l.Providers = s
	case KindModel:
		l.Models = s
	}
	return l
}

// Allows says whether the limits allow a name and what it belongs to.
func (l Limits) Allows(k Kind, name string) bool {
	if whole, of, ok := k.Whole(name); ok && !l.Set(whole).Allows(of) {
		return false
	}
	return l.Set(k).Allows(name)
}

// Effective is what holds where all layers do, in whichever order they come.
func Effective(layers ...Layer) Limits {
	var all Limits
	for _, l := range layers {
		all = all.Narrow(l.Limits)
	}
	return all
}

// Forbidding is the first of the layers, which is the widest, that doesn't
// allow a name; ok is false where all of them do.
func Forbidding(layers []Layer, k Kind, name string) (by Layer, ok bool) {
	for _, l := range layers {
		if !l.Limits.Allows(k, name) {
			return l, true
		}
	}
	return Layer{}, false
}

// Choice is one name as a layer can choose it.
type Choice struct {
	Name    string
	Checked bool // the layer's own set has it
	By      Text // who above the layer forbids it; "" = the layer may choose
	Allowed bool // what comes of it, the layer's own choice of the whole included
}

// Choices says of each name what a layer below others can make of it. Who
// forbids is named by the Name of the Layer.
func Choices(above []Layer, own Limits, k Kind, names []string) []Choice {
	all := make([]Choice, 0, len(names))
	for _, n := range names {
		by, forbidden := Forbidding(above, k, n)
		all = append(all, Choice{
			Name: n, Checked: own.Set(k).Allows(n), By: by.Name,
			Allowed: !forbidden && own.Allows(k, n),
		})
	}
	return all
}

// Tally counts what is allowed: "14 of 20".
type Tally struct{ Allowed, Of int }

// Count tallies choices.
func Count(choices []Choice) Tally {
	t := Tally{Of: len(choices)}
	for _, c := range choices {
		if c.Allowed {
			t.Allowed++
		}
	}
	return t
}

// Choose gives the set that a person meant who was shown choices and checked
// some of them. What could not be chosen stays as it was. A set that forbids
// nothing of what there is becomes everything, also what is added later; one
// that forbids something holds just what is listed.
func (s Set) Choose(shown []Choice, checked []string) Set {
	var names []string
	forbids := false
	for _, c := range shown {
		has := c.Checked
		if c.By == "" {
			has = slices.Contains(checked, c.Name)
		}
		if has {
			names = append(names, c.Name)
		} else {
			forbids = true
		}
	}
	if !forbids {
		return Set{}
	}
	if s.Only { // what is gone for now is not forgotten
		for _, n := range s.Names {
			if !slices.ContainsFunc(shown, func(c Choice) bool { return c.Name == n }) {
				names = append(names, n)
			}
		}
	}
	return OnlyThese(names...)
}
