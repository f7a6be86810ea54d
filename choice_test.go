package openmates_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"openmates"
)

func kinds() []openmates.Kind {
	return []openmates.Kind{openmates.KindMate, openmates.KindApp, openmates.KindSkill, openmates.KindProvider, openmates.KindModel}
}

// known are names of a kind: parts belong to two wholes.
func known(k openmates.Kind) []string {
	switch k {
	case openmates.KindSkill:
		return []string{"ada.x", "ada.y", "burt.x", "burt.y"}
	case openmates.KindModel:
		return []string{"ada/x", "ada/y/z", "burt/x", "burt/y"}
	}
	return names()
}

func kindSets(k openmates.Kind) *rapid.Generator[openmates.Set] {
	return rapid.Custom(func(t *rapid.T) openmates.Set {
		return openmates.Set{Only: rapid.Bool().Draw(t, "only"), Names: rapid.SliceOfN(rapid.SampledFrom(known(k)), 0, 5).Draw(t, "names")}
	})
}

func layerLists() *rapid.Generator[[]openmates.Layer] {
	one := rapid.Custom(func(t *rapid.T) openmates.Layer {
		l := openmates.Layer{Name: rapid.SampledFrom([]openmates.Text{openmates.T("the server"), openmates.T("the mate"), openmates.T("the team"), openmates.T("the person")}).Draw(t, "name")}
		for _, k := range kinds() {
			l.Limits = l.Limits.With(k, kindSets(k).Draw(t, string(k)))
		}
		l.Limits.PerMinute = rapid.IntRange(0, 3).Draw(t, "per minute")
		return l
	})
	return rapid.SliceOfN(one, 0, 4)
}

func eachName(f func(k openmates.Kind, name string)) {
	for _, k := range kinds() {
		for _, n := range append(known(k), "nobody", "") {
			f(k, n)
		}
	}
}

func TestALowerLayerOnlyNarrows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		layers := layerLists().Draw(t, "layers")
		for n := range layers {
			wide, narrow := openmates.Effective(layers[:n]...), openmates.Effective(layers[:n+1]...)
			eachName(func(k openmates.Kind, name string) {
				if narrow.Allows(k, name) && !wide.Allows(k, name) {
					t.Fatalf("layer %d allows the %s %q, which those above forbid", n, k, name)
				}
			})
			if wide.PerMinute != 0 && (narrow.PerMinute == 0 || narrow.PerMinute > wide.PerMinute) {
				t.Fatalf("layer %d makes %d of %d per minute", n, narrow.PerMinute, wide.PerMinute)
			}
		}
	})
}

func TestTheOrderOfLayersDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		layers := layerLists().Draw(t, "layers")
		other := rapid.Permutation(layers).Draw(t, "other order")
		a, b := openmates.Effective(layers...), openmates.Effective(other...)
		eachName(func(k openmates.Kind, name string) {
			if a.Allows(k, name) != b.Allows(k, name) {
				t.Fatalf("the %s %q depends on the order", k, name)
			}
		})
		if a.PerMinute != b.PerMinute || a.PerMonth != b.PerMonth {
			t.Fatal("the numbers depend on the order")
		}
	})
}

func TestWhoForbidsAgreesWithWhatHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		layers := layerLists().Draw(t, "layers")
		all := openmates.Effective(layers...)
		eachName(func(k openmates.Kind, name string) {
			by, forbidden := openmates.Forbidding(layers, k, name)
			if forbidden == all.Allows(k, name) {
				t.Fatalf("the %s %q is forbidden: %v, allowed: %v", k, name, forbidden, all.Allows(k, name))
			}
			if !forbidden {
				return
			}
			if by.Limits.Allows(k, name) {
				t.Fatalf("%s allows the %s %q that it is said to forbid", by.Name, k, name)
			}
			i := slices.IndexFunc(layers, func(l openmates.Layer) bool { return !l.Limits.Allows(k, name) })
			if layers[i].Name != by.Name {
				t.Fatalf("%s forbids the %s %q first, not %s", layers[i].Name, k, name, by.Name)
			}
		})
	})
}

func TestNoPartWithoutItsWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := openmates.Effective(layerLists().Draw(t, "layers")...)
		eachName(func(k openmates.Kind, name string) {
			if whole, of, ok := k.Whole(name); ok && l.Allows(k, name) && !l.Allows(whole, of) {
				t.Fatalf("the %s %q is allowed, but not the %s %q", k, name, whole, of)
			}
		})
	})
}

func TestChoicesAgreeWithWhatHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		above, mine := layerLists().Draw(t, "above"), layerLists().Draw(t, "mine")
		own := openmates.Effective(mine...)
		all := openmates.Effective(append(slices.Clone(above), openmates.Layer{Limits: own})...)
		for _, k := range kinds() {
			choices := openmates.Choices(above, own, k, known(k))
			n := 0
			for _, c := range choices {
				if c.Allowed != all.Allows(k, c.Name) {
					t.Fatalf("the %s %q is shown as allowed: %v", k, c.Name, c.Allowed)
				}
				if (c.By != "") == openmates.Effective(above...).Allows(k, c.Name) {
					t.Fatalf("the %s %q: by %q", k, c.Name, c.By)
				}
				if c.Allowed {
					n++
				}
			}
			if got := openmates.Count(choices); got != (openmates.Tally{Allowed: n, Of: len(known(k))}) {
				t.Fatalf("%d of %d counted as %v", n, len(choices), got)
			}
		}
	})
}

func TestChooseDoesWhatWasChecked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(kinds()).Draw(t, "kind")
		above := layerLists().Draw(t, "above")
		was := kindSets(k).Draw(t, "was")
		was.Names = append(was.Names, "gone")
		shown := openmates.Choices(above, openmates.Limits{}.With(k, was), k, known(k))
		checked := rapid.SliceOf(rapid.SampledFrom(append(known(k), "forged"))).Draw(t, "checked")
		got := was.Choose(shown, checked)
		everything := true
		for _, c := range shown {
			want := slices.Contains(checked, c.Name)
			if c.By != "" {
				want = c.Checked
			}
			everything = everything && want
			if got.Allows(c.Name) != want {
				t.Fatalf("%q became %v", c.Name, got.Allows(c.Name))
			}
		}
		if everything == got.Only {
			t.Fatalf("everything is checked: %v, and the set is %+v", everything, got)
		}
		if got.Only && got.Allows("forged") {
			t.Fatal("a name that was not shown got in")
		}
		if got.Only && was.Only && !got.Allows("gone") {
			t.Fatal("what is gone for now is forgotten")
		}
		if again := got.Choose(openmates.Choices(above, openmates.Limits{}.With(k, got), k, known(k)), got.Names); got.Only && !slices.Equal(again.Names, got.Names) {
			t.Fatalf("saving without a change made %v of %v", again.Names, got.Names)
		}
	})
}

func TestMoneyIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := openmates.Micros(rapid.Int64Range(0, 1_000_000_000_000_000).Draw(t, "money"))
		got, err := openmates.ParseMoney(m.String())
		if err != nil || got != m {
			t.Fatalf("%d is written %q and read as %d, %v", m, m, got, err)
		}
	})
	for text, want := range map[string]openmates.Micros{
		"0": 0, "": 0, " 12 ": 12_000_000, "12.5": 12_500_000, "12,50": 12_500_000, "0.000001": 1, ".5": 500_000, "1.": 1_000_000,
	} {
		if got, err := openmates.ParseMoney(text); err != nil || got != want {
			t.Errorf("ParseMoney(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"-1", "+1", "1e3", "0x1", "1.0000001", "1.2.3", "1,000.50", "NaN", ".", ",", "€5", "١", "1 000", "99999999999", "\x00"} {
		if got, err := openmates.ParseMoney(text); openmates.CodeOf(err) != openmates.EInvalid {
			t.Errorf("ParseMoney(%q) = %d, %v", text, got, err)
		}
	}
	for m, want := range map[openmates.Micros]string{0: "0", 1_000_000: "1", 2_500_000: "2.50", 1: "0.000001", -2_500_000: "-2.50"} {
		if got := m.String(); got != want {
			t.Errorf("%d is written %q, want %q", int64(m), got, want)
		}
	}
}
