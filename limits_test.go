package openmates_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"openmates"
)

// names that a generated set can hold; probes that no set holds make it certain
// that "everything" stays everything.
func names() []string  { return []string{"ada", "burt", "cleo", "dora"} }
func probes() []string { return append(names(), "", "nobody", "ADA") }

// sets generates sets as clients send them: unsorted, with duplicates, and with
// names next to "everything".
func sets() *rapid.Generator[openmates.Set] {
	return rapid.Custom(func(t *rapid.T) openmates.Set {
		return openmates.Set{
			Only:  rapid.Bool().Draw(t, "only"),
			Names: rapid.SliceOfN(rapid.SampledFrom(names()), 0, 6).Draw(t, "names"),
		}
	})
}

func limits() *rapid.Generator[openmates.Limits] {
	return rapid.Custom(func(t *rapid.T) openmates.Limits {
		return openmates.Limits{
			Mates:     sets().Draw(t, "mates"),
			Apps:      sets().Draw(t, "apps"),
			Skills:    sets().Draw(t, "skills"),
			Providers: sets().Draw(t, "providers"),
			Models:    sets().Draw(t, "models"),
			PerMinute: rapid.IntRange(0, 3).Draw(t, "per minute"),
			PerMonth:  openmates.Micros(rapid.Int64Range(0, 3).Draw(t, "per month")),
		}
	})
}

// fieldsOf returns the sets of l by field name, including any that are added to
// Limits later.
func fieldsOf(l openmates.Limits) map[string]openmates.Set {
	out := map[string]openmates.Set{}
	v := reflect.ValueOf(l)
	for i := range v.NumField() {
		if s, ok := reflect.TypeAssert[openmates.Set](v.Field(i)); ok {
			out[v.Type().Field(i).Name] = s
		}
	}
	return out
}

// same reports whether two limits allow the same, ignoring the order of names.
func same(a, b openmates.Limits) bool {
	if a.PerMinute != b.PerMinute || a.PerMonth != b.PerMonth {
		return false
	}
	of := fieldsOf(b)
	for field, s := range fieldsOf(a) {
		for _, name := range probes() {
			if s.Allows(name) != of[field].Allows(name) {
				return false
			}
		}
	}
	return true
}

func TestNarrowIsCommutative(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := limits().Draw(t, "a"), limits().Draw(t, "b")
		if x, y := a.Narrow(b), b.Narrow(a); !same(x, y) {
			t.Fatalf("a∩b = %+v, b∩a = %+v", x, y)
		}
	})
}

func TestNarrowIsAssociative(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := limits().Draw(t, "a"), limits().Draw(t, "b"), limits().Draw(t, "c")
		if x, y := a.Narrow(b).Narrow(c), a.Narrow(b.Narrow(c)); !same(x, y) {
			t.Fatalf("(a∩b)∩c = %+v, a∩(b∩c) = %+v", x, y)
		}
	})
}

func TestNarrowIsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := limits().Draw(t, "a")
		if x := a.Narrow(a); !same(x, a) {
			t.Fatalf("a∩a = %+v, a = %+v", x, a)
		}
	})
}

func TestTheZeroLimitsNarrowNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := limits().Draw(t, "a")
		if x := a.Narrow(openmates.Limits{}); !same(x, a) {
			t.Fatalf("a∩0 = %+v, a = %+v", x, a)
		}
	})
}

func TestNarrowAllowsWhatBothAllow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := limits().Draw(t, "a"), limits().Draw(t, "b")
		x := a.Narrow(b)
		fa, fb := fieldsOf(a), fieldsOf(b)
		for field, s := range fieldsOf(x) {
			for _, name := range probes() {
				if s.Allows(name) != (fa[field].Allows(name) && fb[field].Allows(name)) {
					t.Fatalf("%s: %q is allowed: %v, by a: %v, by b: %v",
						field, name, s.Allows(name), fa[field].Allows(name), fb[field].Allows(name))
				}
			}
		}
		// A number never grows, and never vanishes.
		for _, n := range [][3]int64{
			{int64(a.PerMinute), int64(b.PerMinute), int64(x.PerMinute)},
			{int64(a.PerMonth), int64(b.PerMonth), int64(x.PerMonth)},
		} {
			for _, layer := range n[:2] {
				if layer != 0 && (n[2] == 0 || n[2] > layer) {
					t.Fatalf("%d and %d became %d", n[0], n[1], n[2])
				}
			}
		}
	})
}

func TestNarrowLeavesItsArgumentsAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := limits().Draw(t, "a"), limits().Draw(t, "b")
		before, err := json.Marshal([]openmates.Limits{a, b})
		if err != nil {
			t.Fatal(err)
		}
		a.Narrow(b)
		if after, _ := json.Marshal([]openmates.Limits{a, b}); string(after) != string(before) {
			t.Fatalf("%s became %s", before, after)
		}
	})
}

func TestOnlyThese(t *testing.T) {
	t.Parallel()
	mine := []string{"b", "a", "b"}
	s := openmates.OnlyThese(mine...)
	if !slices.Equal(s.Names, []string{"a", "b"}) || !s.Only {
		t.Errorf("OnlyThese = %+v", s)
	}
	if !slices.Equal(mine, []string{"b", "a", "b"}) {
		t.Errorf("the caller's names became %v", mine)
	}
	if openmates.OnlyThese().Allows("a") {
		t.Error("a set of no names allows one")
	}
	if !(openmates.Set{}).Allows("a") {
		t.Error("the zero set does not allow everything")
	}
}

func TestLimitsSurviveTheStore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := limits().Draw(t, "a")
		b, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var back openmates.Limits
		if err := json.Unmarshal(b, &back); err != nil || !same(a, back) {
			t.Fatalf("%s became %+v, %v", b, back, err)
		}
	})
}
