package web

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// longestValue is how much of a value the audit page shows.
const longestValue = 160

// changes lists what differs between the two sides of an audit line. Sides are
// objects in JSON, mostly; anything else is one value without a name.
func changes(before, after string) []change {
	was, okWas := object(before)
	is, okIs := object(after)
	if !okWas || !okIs {
		if before == "" && after == "" {
			return nil
		}
		return []change{{Before: short(before), After: short(after)}}
	}
	names := slices.Sorted(maps.Keys(was))
	for name := range is {
		if _, both := was[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var all []change
	for _, name := range names {
		b, a := plainValue(was[name]), plainValue(is[name])
		if b != a {
			all = append(all, change{name, short(b), short(a)})
		}
	}
	return all
}

// object reads a JSON object; "" is an empty one.
func object(side string) (map[string]json.RawMessage, bool) {
	if side == "" {
		return nil, true
	}
	var m map[string]json.RawMessage
	err := json.Unmarshal([]byte(side), &m)
	return m, err == nil && m != nil
}

// plainValue is a JSON value as a person would write it.
func plainValue(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	return strings.TrimSpace(string(v))
}

func short(s string) string {
	if r := []rune(s); len(r) > longestValue {
		return string(r[:longestValue]) + "…"
	}
	return s
}
