package policy_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"openmates"
	"openmates/internal/policy"
)

// channelLayer is a fifth kind of layer, which only these tests have: it is
// added by a value and its row.
const channelLayer openmates.LayerKind = "channel"

func withChannel() policy.Levels {
	return append(policy.All(), policy.Level{
		Kind:  channelLayer,
		Holds: func(a openmates.Asker) bool { return a.Team.ID != 0 },
		Name:  func(openmates.Asker) openmates.Text { return "the channel #general" },
		Counters: func(u openmates.Usage) []policy.Counter {
			return []policy.Counter{{Scope: "channel:" + openmates.CounterName(u.TeamID.String()) + ":9", By: []policy.Column{policy.ByTeam}}}
		},
	})
}

func kinds() []openmates.LayerKind {
	return []openmates.LayerKind{openmates.ServerLayer, openmates.MateLayer, openmates.TeamLayer, openmates.MemberLayer, channelLayer}
}

func things() []policy.Thing {
	var all []policy.Thing
	for k, names := range map[openmates.Kind][]string{
		openmates.KindMate: {"sophia", "mark"}, openmates.KindApp: {"web", "calc"}, openmates.KindSkill: {"web.read", "web.search", "calc.sum"},
		openmates.KindProvider: {"openai", "google"}, openmates.KindModel: {"openai/a", "openai/b", "google/a"},
	} {
		for _, n := range names {
			all = append(all, policy.Named(k, n))
		}
	}
	return all
}

func drawLimits(t *rapid.T, label string) (l openmates.Limits) {
	for _, k := range []openmates.Kind{openmates.KindMate, openmates.KindApp, openmates.KindSkill, openmates.KindProvider, openmates.KindModel} {
		if !rapid.Bool().Draw(t, label+" narrows "+string(k)) {
			continue
		}
		var names []string
		for _, x := range things() {
			if x.Kind == k && rapid.Bool().Draw(t, label+" allows "+x.Name) {
				names = append(names, x.Name)
			}
		}
		l = l.With(k, openmates.OnlyThese(names...))
	}
	l.PerMinute = rapid.IntRange(0, 9).Draw(t, label+" per minute")
	return l
}

func drawAsker(t *rapid.T) openmates.Asker {
	a := openmates.Asker{Mate: openmates.Mate{ID: 4, Handle: "sophia", Name: "Sophia", Enabled: true}}
	if rapid.Bool().Draw(t, "in a team") {
		a.Team = openmates.Team{ID: 7, Name: "Acme"}
		a.Role = rapid.SampledFrom([]openmates.Role{"", openmates.RoleMember, openmates.RoleAdmin}).Draw(t, "role")
	}
	if rapid.Bool().Draw(t, "known") {
		a.User = openmates.User{ID: 31, DisplayName: "Ada"}
	}
	return a
}

// What is enforced is what the effective view says, and a layer that is added
// below only narrows: for any layers, the fifth among them, askers and things.
func TestWhatIsEnforcedIsWhatTheEffectiveViewSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		set := policy.Limits{}
		for _, k := range kinds() {
			set[k] = drawLimits(rt, string(k))
		}
		levels, a := withChannel(), drawAsker(rt)
		var wider *openmates.Asker
		for n := range len(levels) + 1 {
			a := a
			a.Layers = levels[:n].Layers(a, set)
			effective := openmates.Effective(a.Layers...)
			for _, x := range things() {
				ok, by, why := policy.MayUse(a, x)
				member := a.Team.ID == 0 || a.User.ID != 0 && a.Role != ""
				if want := member && effective.Allows(x.Kind, x.Name); ok != want {
					rt.Fatalf("%s %q: enforced %v, shown %v, by %v", x.Kind, x.Name, ok, want, a.Layers)
				}
				if ok != (why == "") || (why == policy.NoRight) == member && !ok {
					rt.Fatalf("%s %q: %v because of %q", x.Kind, x.Name, ok, why)
				}
				if why == policy.Forbidden && by.Limits.Allows(x.Kind, x.Name) {
					rt.Fatalf("%s allows %q, and is named as what forbids it", by.Name, x.Name)
				}
				if wider == nil {
					continue
				}
				if before, _, _ := policy.MayUse(*wider, x); ok && !before {
					rt.Fatalf("the layer %q allows %s %q, which the ones above it forbid", levels[n-1].Kind, x.Kind, x.Name)
				}
			}
			wider = &a
		}
	})
}

// A new kind of layer comes with its name, its counters and its place in the
// order, by its row alone.
func TestALayerIsAddedByItsRow(t *testing.T) {
	t.Parallel()
	a := openmates.Asker{
		Mate: openmates.Mate{ID: 4, Handle: "sophia", Name: "Sophia", Enabled: true}, Team: openmates.Team{ID: 7, Name: "Acme"},
		User: openmates.User{ID: 31, DisplayName: "Ada"}, Role: openmates.RoleMember,
	}
	set := policy.Limits{}
	for i, k := range kinds() {
		set[k] = openmates.Limits{PerMinute: i + 1}
	}
	a.Layers = withChannel().Layers(a, set)
	want := []openmates.Layer{
		{Scope: "server", Name: openmates.T("the server")}, {Scope: "mate:4", Name: openmates.T("the mate Sophia")}, {Scope: "team:7", Name: openmates.T("the team Acme")},
		{Scope: "member:7:31", Name: openmates.T("%s", "Ada")}, {Scope: "channel:7:9", Name: openmates.T("the channel #general")},
	}
	for i, l := range a.Layers {
		if i >= len(want) || l.Scope != want[i].Scope || l.Name.String() != want[i].Name.String() || l.Kind() != kinds()[i] || l.Limits.PerMinute != i+1 {
			t.Errorf("layer %d is %v", i, l)
		}
	}
	if len(a.Layers) != len(want) {
		t.Errorf("there are %d layers", len(a.Layers))
	}
	u := openmates.Usage{TeamID: 7, UserID: 31, MateID: 4}
	counters := withChannel().Counters(u)
	for _, l := range a.Layers {
		if !slices.ContainsFunc(counters, func(c policy.Counter) bool { return c.Scope == l.Scope }) {
			t.Errorf("nothing counts in %q", l.Scope)
		}
	}
	set[channelLayer] = openmates.Limits{Models: openmates.OnlyThese("google/a")}
	a.Layers = withChannel().Layers(a, set)
	if ok, by, why := policy.MayUse(a, policy.Named(openmates.KindModel, "openai/a")); ok || why != policy.Forbidden || by.Kind() != channelLayer {
		t.Errorf("the channel forbids a model: %v, %q by %v", ok, why, by)
	}
	if got := withChannel().Above(channelLayer); len(got) != len(policy.All()) {
		t.Errorf("above the channel there are %d levels", len(got))
	}
}

// Layers without limits, and those that don't apply to the asker, are omitted.
func TestOnlyLayersThatHoldAreListed(t *testing.T) {
	t.Parallel()
	set := policy.Limits{openmates.TeamLayer: {PerMinute: 1}, openmates.MemberLayer: {PerMinute: 1}, openmates.MateLayer: {}}
	a := openmates.Asker{Mate: openmates.Mate{ID: 4, Handle: "sophia"}}
	if got := policy.All().Layers(a, set); len(got) != 0 {
		t.Errorf("without a team there are %v", got)
	}
	a.Team.ID = 7
	if got := policy.All().Layers(a, set); len(got) != 1 || got[0].Kind() != openmates.TeamLayer {
		t.Errorf("without a person there are %v", got)
	}
	if ok, _, why := policy.MayUse(openmates.Asker{}, policy.Mate(openmates.Mate{Handle: "sophia"})); ok || why != policy.Off {
		t.Errorf("a mate that is switched off: %v, %q", ok, why)
	}
}
