package openmates

import (
	"slices"
	"strings"
)

// Kind names one of the sets of Limits.
type Kind string

// The kinds of names that limits allow. A skill belongs to an app and a model
// to a provider: if the whole is forbidden, so are its parts.
const (
	KindMate     Kind = "mate"
	KindApp      Kind = "app"
	KindSkill    Kind = "skill" // "app.skill"
	KindProvider Kind = "provider"
	KindModel    Kind = "model" // "provider/model"
)

// Whole returns the kind and name of what a name belongs to: the app of a
// skill, the provider of a model. ok is false if it isn't a part.
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

// Set returns the set of a kind.
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

// With returns l with another set for a kind.
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

// Allows reports whether the limits allow a name and what it belongs to.
func (l Limits) Allows(k Kind, name string) bool {
	if whole, of, ok := k.Whole(name); ok && !l.Set(whole).Allows(of) {
		return false
	}
	return l.Set(k).Allows(name)
}

// Effective returns the limits that apply when all layers do, in any order.
func Effective(layers ...Layer) Limits {
	var all Limits
	for _, l := range layers {
		all = all.Narrow(l.Limits)
	}
	return all
}

// Forbidding returns the first, and so the widest, of the layers that doesn't
// allow a name. ok is false if all of them do.
func Forbidding(layers []Layer, k Kind, name string) (by Layer, ok bool) {
	for _, l := range layers {
		if !l.Limits.Allows(k, name) {
			return l, true
		}
	}
	return Layer{}, false
}

// Choice is a name that a layer can allow or not.
type Choice struct {
	Name    string
	Checked bool // the layer's own set contains it
	By      Text // the wider layer that forbids it; "" = the layer may choose
	Allowed bool // the result, including the layer's own choice for the whole
}

// Choices returns, for each name, what a layer below others can choose. The
// Name of a Layer says who forbids it.
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

// Tally counts how many are allowed: "14 of 20".
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

// Choose returns the set that a person meant who was shown choices and checked
// some of them. Names that couldn't be chosen keep their state. If everything
// shown is allowed, the set becomes everything, including later additions;
// otherwise it contains just what is listed.
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
	if s.Only { // what is temporarily missing is kept
		for _, n := range s.Names {
			if !slices.ContainsFunc(shown, func(c Choice) bool { return c.Name == n }) {
				names = append(names, n)
			}
		}
	}
	return OnlyThese(names...)
}
