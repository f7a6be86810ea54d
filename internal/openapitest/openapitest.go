// Package openapitest checks requests and responses against an OpenAPI 3.1
// document in tests: a server's own document, or the one that a service
// publishes. The schemas are JSON Schema and are checked by a third-party
// library.
//
// Anything that an operation doesn't describe is an error: another status,
// another content type, an unknown parameter. The package fetches nothing and
// checks only JSON bodies, paths and queries.
package openapitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"
)

// Document is an OpenAPI document. It is safe for concurrent use.
type Document struct {
	OpenAPI    string // the version of OpenAPI
	tree       map[string]any
	operations []*Operation

	mu       sync.Mutex
	resolved map[string]*jsonschema.Resolved // by the text of the schema
}

// Operation is one method of one path.
type Operation struct {
	ID, Method, Path string
	Tree             map[string]any // as in the document

	doc    *Document
	shared []any // parameters of all methods of the path
}

// Read parses a document.
func Read(text []byte) (*Document, error) {
	d := &Document{resolved: map[string]*jsonschema.Resolved{}}
	if err := json.Unmarshal(text, &d.tree); err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	d.OpenAPI, _ = d.tree["openapi"].(string)
	if !strings.HasPrefix(d.OpenAPI, "3.1") {
		return nil, fmt.Errorf("the document is OpenAPI %q; only from 3.1 on its schemas are JSON Schema", d.OpenAPI)
	}
	for path, item := range object(d.tree, "paths") {
		methods, _ := item.(map[string]any)
		shared, _ := methods["parameters"].([]any)
		for name, o := range methods {
			tree, is := o.(map[string]any)
			if !is || name == "servers" {
				continue
			}
			id, _ := tree["operationId"].(string)
			d.operations = append(d.operations, &Operation{ID: id, Method: strings.ToUpper(name), Path: path, Tree: tree, doc: d, shared: shared})
		}
	}
	slices.SortFunc(d.operations, func(a, b *Operation) int { return strings.Compare(a.ID, b.ID) })
	return d, nil
}

// Operations returns all operations, sorted by ID.
func (d *Document) Operations() []*Operation { return d.operations }

// Find returns the operation for a path without its query, or nil. If several
// patterns match, it returns the one with the most literal segments.
func (d *Document) Find(method, path string) (best *Operation) {
	most := -1
	for _, o := range d.operations {
		if o.Method != method {
			continue
		}
		if _, words, fits := o.match(path); fits && words > most {
			best, most = o, words
		}
	}
	return best
}

// match reports whether a path matches the operation's pattern, how many of its
// segments are literal, and the values of its variables.
func (o *Operation) match(path string) (variables map[string]string, words int, fits bool) {
	pattern, parts := strings.Split(o.Path, "/"), strings.Split(path, "/")
	if len(pattern) != len(parts) {
		return nil, 0, false
	}
	variables = map[string]string{}
	for i, p := range pattern {
		name, open := strings.CutPrefix(p, "{")
		switch {
		case p == parts[i]:
			words++
		case open && parts[i] != "":
			variables[strings.TrimSuffix(name, "}")] = parts[i]
		default:
			return nil, 0, false
		}
	}
	return variables, words, true
}

// Properties returns the property names of a schema; known reports whether the
// schema exists.
func (d *Document) Properties(schema string) (names []string, known bool) {
	s, known := object(d.tree, "components", "schemas")[schema].(map[string]any)
	for name := range object(s, "properties") {
		names = append(names, name)
	}
	return names, known
}

// Check checks a JSON value against a schema of the document.
func (d *Document) Check(schema string, v any) error {
	return d.check(map[string]any{"$ref": "#/components/schemas/" + schema}, v)
}

// Answer returns the description of a response with this status, or nil.
func (o *Operation) Answer(status int) map[string]any {
	responses := object(o.Tree, "responses")
	found := responses[strconv.Itoa(status)]
	if found == nil && status >= http.StatusBadRequest {
		if found = responses[strconv.Itoa(status/100)+"XX"]; found == nil {
			found = responses["default"]
		}
	}
	return o.doc.follow(found)
}

// CheckAnswer checks the JSON body of a response against its description.
func (o *Operation) CheckAnswer(status int, kind string, v any) error {
	answer := o.Answer(status)
	if answer == nil {
		return fmt.Errorf("the document knows no %d", status)
	}
	media := object(answer, "content", kind)
	if media == nil {
		return fmt.Errorf("the document knows no %q with %d", kind, status)
	}
	return o.doc.check(media["schema"], v)
}

// CheckRequest checks the path, query and body of a request. The path is
// relative to the server's URL.
func (o *Operation) CheckRequest(path string, query url.Values, kind string, body []byte) error {
	variables, _, fits := o.match(path)
	if !fits {
		return fmt.Errorf("%s doesn't fit %s", path, o.Path)
	}
	own, _ := o.Tree["parameters"].([]any)
	known := map[string]bool{}
	for _, p := range slices.Concat(o.shared, own) {
		p := o.doc.follow(p)
		name, _ := p["name"].(string)
		var given []string
		switch p["in"] {
		case "path":
			given = []string{variables[name]}
		case "query":
			known[name] = true
			given = query[name]
			if required, _ := p["required"].(bool); required && len(given) == 0 {
				return fmt.Errorf("the query lacks %s", name)
			}
		}
		if len(given) > 0 && !o.doc.fits(p["schema"], given) {
			return fmt.Errorf("%s can't be %q", name, given)
		}
	}
	for name := range query {
		if !known[name] {
			return fmt.Errorf("the document knows no %s in the query", name)
		}
	}
	return o.checkBody(kind, body)
}

func (o *Operation) checkBody(kind string, body []byte) error {
	described := o.doc.follow(o.Tree["requestBody"])
	if len(body) == 0 {
		if required, _ := described["required"].(bool); required {
			return fmt.Errorf("%s %s lacks its body", o.Method, o.Path)
		}
		return nil
	}
	kind, _, _ = strings.Cut(kind, ";")
	media := object(described, "content", kind)
	if media == nil {
		return fmt.Errorf("%s %s takes no body of %q", o.Method, o.Path, kind)
	}
	if kind != "application/json" {
		return nil
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return fmt.Errorf("the body is no JSON: %w", err)
	}
	return o.doc.check(media["schema"], v)
}

// fits reports whether a value from a path or query matches a schema when read
// as a string, as JSON, or as a list.
func (d *Document) fits(schema any, given []string) bool {
	list := make([]any, len(given))
	for i, s := range given {
		list[i] = s
	}
	if d.check(schema, list) == nil {
		return true
	}
	if len(given) > 1 {
		return false
	}
	if d.check(schema, given[0]) == nil {
		return true
	}
	var v any
	return json.Unmarshal([]byte(given[0]), &v) == nil && d.check(schema, v) == nil
}

// check checks a value against a schema; nil allows everything.
func (d *Document) check(schema, v any) error {
	if schema == nil {
		return nil
	}
	text, err := json.Marshal(schema)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.resolved[string(text)] == nil {
		if d.resolved[string(text)], err = d.resolve(schema); err != nil {
			return err
		}
	}
	return d.resolved[string(text)].Validate(v)
}

// resolve returns a self-contained schema that includes everything it refers
// to.
func (d *Document) resolve(schema any) (*jsonschema.Resolved, error) {
	defs := map[string]any{}
	root := map[string]any{"allOf": []any{d.whole(schema, defs)}, "$defs": defs}
	text, err := json.Marshal(root)
	if err != nil {
		return nil, err
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("read the schema %s: %w", text, err)
	}
	r, err := s.Resolve(nil)
	if err != nil {
		return nil, fmt.Errorf("resolve the schema %s: %w", text, err)
	}
	return r, nil
}

// whole copies a part of a schema and collects the schemas that it refers to in
// defs. JSON Schema doesn't check formats, so time formats become patterns.
func (d *Document) whole(part any, defs map[string]any) any {
	switch part := part.(type) {
	case []any:
		out := make([]any, len(part))
		for i, p := range part {
			out[i] = d.whole(p, defs)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for key, v := range part {
			name, ref := strings.CutPrefix(fmt.Sprint(v), "#/components/schemas/")
			switch {
			case key == "$ref" && ref:
				out[key] = "#/$defs/" + name
				if _, done := defs[name]; !done {
					defs[name] = nil // it may refer to itself
					defs[name] = d.whole(object(d.tree, "components", "schemas")[name], defs)
				}
			case key == "enum" && len(v.([]any)) == 0: // Discord uses an empty enum next to the actual values
			default:
				out[key] = d.whole(v, defs)
			}
		}
		if pattern, is := formats()[fmt.Sprint(out["format"])]; is && out["pattern"] == nil {
			out["pattern"] = pattern
		}
		return out
	}
	return part
}

func formats() map[string]string {
	const date = `[0-9]{4}-[0-9]{2}-[0-9]{2}`
	return map[string]string{
		"date":      `^` + date + `$`,
		"date-time": `^` + date + `[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$`,
	}
}

// follow returns an object of the document, following a reference if necessary,
// or nil.
func (d *Document) follow(v any) map[string]any {
	found, _ := v.(map[string]any)
	if ref, is := found["$ref"].(string); is {
		return object(d.tree, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	return found
}

// object returns the object at these keys, or nil.
func object(tree map[string]any, keys ...string) map[string]any {
	for _, key := range keys {
		tree, _ = tree[key].(map[string]any)
	}
	return tree
}
