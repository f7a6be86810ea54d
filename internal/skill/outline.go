package skill

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// outline is a schema reduced to which of its parts apply to which values. It
// limits how much work a schema can cause before it is passed to the library,
// which has no limits.
type outline struct {
	parts map[string]*part // by JSON pointer, "" = the whole schema
}

// part is one schema within a schema.
type part struct {
	ref     string           // the target of its reference, if any
	same    []*part          // applied to the same value
	members map[string]*part // applied to the member with this name
	each    []*part          // applied to any member
	items   []*part          // applied to the items of a list
	visits  []int            // see outline.visits
	open    bool             // being visited: reaching it again means a cycle
}

// newOutline walks through a schema, makes it portable, and follows its
// references.
func newOutline(doc map[string]any) (*outline, error) {
	o := &outline{parts: map[string]*part{}}
	if _, err := o.add(doc, "", 0); err != nil {
		return nil, err
	}
	for _, at := range slices.Sorted(maps.Keys(o.parts)) {
		p := o.parts[at]
		if p.ref == "" {
			continue
		}
		fragment, err := url.PathUnescape(strings.TrimPrefix(p.ref, "#"))
		to := o.parts[fragment]
		if err != nil || !strings.HasPrefix(p.ref, "#") || to == nil {
			return nil, fmt.Errorf("it refers to %q, which is no part of it", Clip(p.ref, 100))
		}
		p.same = append(p.same, to)
	}
	return o, nil
}

// add adds the schema at a pointer, and those within it.
func (o *outline) add(v any, at string, depth int) (*part, error) {
	if depth > 4*maxNesting {
		return nil, errors.New("it is nested too deeply")
	}
	p := &part{members: map[string]*part{}}
	o.parts[at] = p
	s, ok := v.(map[string]any)
	if _, always := v.(bool); always {
		return p, nil
	}
	if !ok {
		return nil, fmt.Errorf("%s is not a schema", place(at))
	}
	portable(s)
	if err := knownType(s["type"], at); err != nil {
		return nil, err
	}
	for _, key := range []string{"$dynamicRef", "$recursiveRef"} {
		if _, ok := s[key]; ok {
			return nil, fmt.Errorf("%s uses %s, which is not supported", place(at), key)
		}
	}
	p.ref, _ = s["$ref"].(string)
	return p, o.addParts(p, s, at, depth+1)
}

// addParts adds the subschemas in a schema's keywords.
func (o *outline) addParts(p *part, s map[string]any, at string, depth int) error {
	var stray []*part // only applied through references or names
	for keyword, to := range map[string]*[]*part{
		"not": &p.same, "if": &p.same, "then": &p.same, "else": &p.same,
		"allOf": &p.same, "anyOf": &p.same, "oneOf": &p.same, "dependentSchemas": &p.same, "dependencies": &p.same,
		"additionalProperties": &p.each, "unevaluatedProperties": &p.each, "patternProperties": &p.each, "propertyNames": &p.each,
		"items": &p.items, "additionalItems": &p.items, "unevaluatedItems": &p.items, "contains": &p.items, "prefixItems": &p.items,
		"contentSchema": &stray, "$defs": &stray, "definitions": &stray, "properties": nil,
	} {
		held, ok := s[keyword]
		if !ok {
			continue
		}
		for segment, v := range within(keyword, held) {
			inner, err := o.add(v, at+"/"+keyword+segment, depth)
			if err != nil {
				return err
			}
			if keyword == "properties" {
				p.members[segment] = inner
			} else {
				*to = append(*to, inner)
			}
		}
	}
	return nil
}

// within lists the subschemas of a keyword, by the rest of their pointer.
func within(keyword string, held any) map[string]any {
	out := map[string]any{}
	switch held := held.(type) {
	case []any:
		for i, v := range held {
			out["/"+strconv.Itoa(i)] = v
		}
		return out
	case map[string]any:
		if slices.Contains([]string{"properties", "patternProperties", "dependentSchemas", "dependencies", "$defs", "definitions"}, keyword) {
			for name, v := range held {
				if _, names := v.([]any); names && keyword == "dependencies" {
					continue
				}
				out["/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name)] = v
			}
			return out
		}
	}
	out[""] = held
	return out
}

func knownType(v any, at string) error {
	names, ok := v.([]any)
	if !ok {
		names = []any{v}
	}
	for _, name := range names {
		if v != nil && !slices.Contains([]any{"object", "array", "string", "number", "integer", "boolean", "null"}, name) {
			return fmt.Errorf("%s has the type %v, which JSON Schema does not know", place(at), name)
		}
	}
	return nil
}

func place(at string) string {
	if at == "" {
		return "it"
	}
	return Clip(at, 100)
}

// depth returns how many levels arguments may have so that no value is compared
// with more than maxVisits schemas. It is less than maxNesting only for a
// schema that refers to itself in several alternatives.
func (o *outline) depth() (int, error) {
	for d := 0; d <= maxNesting; d++ {
		n, err := o.parts[""].count(d)
		if err != nil {
			return 0, err
		}
		if n > maxVisits {
			if d < 2 {
				return 0, errors.New("it has too many alternatives to check")
			}
			return d - 1, nil
		}
	}
	return maxNesting, nil
}

// count limits how many schemas a value d levels below is compared with when p
// is applied. It must have been called for each smaller d.
func (p *part) count(d int) (int, error) {
	if d < len(p.visits) {
		return p.visits[d], nil
	}
	if p.open {
		return 0, errors.New("it refers to itself in a circle")
	}
	p.open = true
	defer func() { p.open = false }()
	n := 1
	if d > 0 {
		each, err := total(p.each, d-1)
		if err != nil {
			return 0, err
		}
		n = each
		for _, m := range p.members {
			one, err := m.count(d - 1)
			if err != nil {
				return 0, err
			}
			n = max(n, each+one)
		}
		items, err := total(p.items, d-1)
		if err != nil {
			return 0, err
		}
		n = max(n, items)
	}
	same, err := total(p.same, d)
	if err != nil {
		return 0, err
	}
	n = min(n+same, maxVisits+1) // enough to know that it is too many
	if d == len(p.visits) {
		p.visits = append(p.visits, n)
	}
	return n, nil
}

func total(parts []*part, d int) (int, error) {
	n := 0
	for _, p := range parts {
		one, err := p.count(d)
		if err != nil {
			return 0, err
		}
		n += one
	}
	return n, nil
}
