package api

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs.html
var docsHTML string

//go:embed docs.css
var docsCSS []byte

// entry is one operation on the documentation page.
type entry struct {
	Method, Path string
	Op           *huma.Operation
	Params       []*huma.Param // except those that are the same everywhere
	Body         []property    // of the request
	Answer       []property    // of the successful response
}

// property is a field of an object. If it is an object itself, that is
// described under its own name.
type property struct{ Name, Type, Ref, Doc string }

// object is a named object of the API.
type object struct {
	Name   string
	Fields []property
}

// docs renders the documentation once, from the OpenAPI document: no scripts,
// nothing from elsewhere.
func docs(mux *http.ServeMux, o *huma.OpenAPI) error {
	t, err := template.New("docs").Parse(docsHTML)
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	all := objects(o)
	var page bytes.Buffer
	if err := t.Execute(&page, map[string]any{"API": o, "Entries": entries(o, all), "Objects": all, "Prefix": Prefix,
		"Codes": []string{"invalid", "unauthorized", "forbidden", "not_found", "conflict", "limit", "unavailable", "internal"}}); err != nil {
		return fmt.Errorf("api: %w", err)
	}
	serve := func(kind string, b []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write(b) // this fails only if the client has disconnected
		}
	}
	mux.HandleFunc("GET "+Prefix+"/docs", serve("text/html; charset=utf-8", page.Bytes()))
	mux.HandleFunc("GET "+Prefix+"/docs.css", serve("text/css; charset=utf-8", docsCSS))
	return nil
}

func entries(o *huma.OpenAPI, named []object) []entry {
	var all []entry
	for _, path := range slices.Sorted(maps.Keys(o.Paths)) {
		item := o.Paths[path]
		for _, m := range []struct {
			name string
			op   *huma.Operation
		}{{"GET", item.Get}, {"POST", item.Post}, {"PUT", item.Put}, {"PATCH", item.Patch}, {"DELETE", item.Delete}} {
			if m.op == nil {
				continue
			}
			e := entry{Method: m.name, Path: path, Op: m.op}
			for _, p := range m.op.Parameters {
				if p.Name != "team_slug" && p.Name != "limit" && p.Name != "cursor" {
					e.Params = append(e.Params, p)
				}
			}
			if m.op.RequestBody != nil {
				e.Body = properties(o, named, m.op.RequestBody.Content["application/json"])
			}
			if r := good(m.op); r != nil {
				e.Answer = properties(o, named, r.Content["application/json"])
			}
			all = append(all, e)
		}
	}
	return all
}

// good returns the response of a successful operation.
func good(op *huma.Operation) *huma.Response {
	for _, status := range []string{"200", "201"} {
		if r := op.Responses[status]; r != nil {
			return r
		}
	}
	return nil
}

// properties lists the fields of a body. An object that is described on the
// page is only named.
func properties(o *huma.OpenAPI, named []object, m *huma.MediaType) []property {
	if m == nil {
		return nil
	}
	s := m.Schema
	if s != nil && s.Ref != "" {
		name := refName(s.Ref)
		if slices.ContainsFunc(named, func(o object) bool { return o.Name == name }) {
			return []property{{Ref: name}}
		}
		s = o.Components.Schemas.SchemaFromRef(s.Ref)
	}
	if s != nil && s.Properties["items"] != nil && len(s.Properties) == 2 { // a page in a list
		return fields(&huma.Schema{Properties: map[string]*huma.Schema{"items": s.Properties["items"]}})
	}
	return fields(s)
}

// fields lists the fields of an object.
func fields(s *huma.Schema) []property {
	if s == nil {
		return nil
	}
	var all []property
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := property{Name: name, Doc: s.Properties[name].Description}
		kind := s.Properties[name]
		for kind != nil && kind.Type == huma.TypeArray {
			p.Type += "list of "
			kind = kind.Items
		}
		if kind != nil && kind.Ref != "" {
			p.Ref = refName(kind.Ref)
		} else {
			p.Type += typeOf(kind)
		}
		all = append(all, p)
	}
	return all
}

func refName(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// objects lists all objects that others refer to, once each.
func objects(o *huma.OpenAPI) []object {
	schemas := o.Components.Schemas.Map()
	named := map[string]bool{}
	var follow func(s *huma.Schema)
	follow = func(s *huma.Schema) {
		if s == nil {
			return
		}
		if s.Ref != "" && !named[refName(s.Ref)] {
			named[refName(s.Ref)] = true
			follow(schemas[refName(s.Ref)])
		}
		follow(s.Items)
		for _, p := range s.Properties {
			follow(p)
		}
	}
	for _, s := range schemas {
		for _, p := range s.Properties {
			follow(p)
		}
	}
	var all []object
	for _, name := range slices.Sorted(maps.Keys(named)) {
		all = append(all, object{name, fields(schemas[name])})
	}
	return all
}

func typeOf(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case len(s.Enum) > 0:
		return fmt.Sprintf("one of %v", s.Enum)
	case s.Format != "":
		return s.Type + " (" + s.Format + ")"
	}
	return s.Type
}
