package web

import (
	"encoding/json"
	"maps"
	"slices"

	"openmates/internal/locale"
	"openmates/internal/spelling"
)

// longestValue is how many characters of a value the audit page shows.
const longestValue = 160

// changes describes how the two sides of an audit entry differ. Most sides are
// JSON objects, whose nested objects are flattened; any other side is a single
// value without a name.
func changes(v *locale.Voice, currency, before, after string) []change {
	was, okWas := object(before)
	is, okIs := object(after)
	if !okWas || !okIs {
		if before == "" && after == "" {
			return nil
		}
		return []change{{Before: short(loose(v, currency, before)), After: short(loose(v, currency, after))}}
	}
	was, is = apart(was), apart(is)
	var all []change
	for _, name := range sortedNames(was, is) {
		b, a := valueWords(v, currency, name, was[name]), valueWords(v, currency, name, is[name])
		if b != a {
			all = append(all, change{fieldName(name), short(b), short(a)})
		}
	}
	return all
}

// loose formats a side that is not a JSON object.
func loose(v *locale.Voice, currency, side string) string {
	if !json.Valid([]byte(side)) {
		return side
	}
	return valueWords(v, currency, "", json.RawMessage(side))
}

// apart replaces limits, the only nested object, with its fields.
func apart(fields map[string]json.RawMessage) map[string]json.RawMessage {
	inner, ok := object(string(fields["limits"]))
	if !ok {
		return fields
	}
	fields = maps.Clone(fields)
	delete(fields, "limits")
	for name, value := range inner {
		if _, taken := fields[name]; !taken {
			fields[name] = value
		}
	}
	return fields
}

func sortedNames(a, b map[string]json.RawMessage) []string {
	all := slices.Collect(maps.Keys(a))
	for name := range b {
		if _, both := a[name]; !both {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// object decodes a JSON object; "" is an empty one.
func object(side string) (map[string]json.RawMessage, bool) {
	if side == "" {
		return nil, true
	}
	var m map[string]json.RawMessage
	err := json.Unmarshal([]byte(side), &m)
	return m, err == nil && m != nil
}

func short(s string) string { return spelling.Clip(s, longestValue) }
