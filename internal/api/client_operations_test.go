package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"openmates/client"
)

// answered is a server that answers every documented operation with an example
// that has all properties.
type answered struct {
	doc    map[string]any
	bare   map[string]bool // operations that take no Idempotency-Key
	mux    *http.ServeMux
	mu     sync.Mutex
	asked  map[string]bool // by operation
	sample any             // what was answered last
	wrong  []string
}

func answering(t *testing.T, s *Server) *answered {
	t.Helper()
	a := &answered{mux: http.NewServeMux(), asked: map[string]bool{}, bare: s.keyless}
	document, err := json.Marshal(s.api.OpenAPI())
	must(t, err)
	must(t, json.Unmarshal(document, &a.doc))
	for path, ops := range a.doc["paths"].(map[string]any) {
		for method, v := range ops.(map[string]any) {
			op, ok := v.(map[string]any)
			if id, _ := op["operationId"].(string); ok && id != "" {
				a.asked[id] = false
				a.mux.HandleFunc(strings.ToUpper(method)+" "+path, func(w http.ResponseWriter, r *http.Request) { a.answer(w, r, id, op) })
			}
		}
	}
	return a
}

func (a *answered) answer(w http.ResponseWriter, r *http.Request, id string, op map[string]any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked[id], a.sample = true, nil
	if body, _ := io.ReadAll(r.Body); len(body) > 0 {
		schema := a.schema(op, "requestBody", "content")
		var sent map[string]any
		if err := json.Unmarshal(body, &sent); err != nil {
			a.wrong = append(a.wrong, fmt.Sprintf("%s is sent %q", id, body))
		}
		known, _ := schema["properties"].(map[string]any)
		for name := range sent {
			if known[name] == nil {
				a.wrong = append(a.wrong, fmt.Sprintf("%s is sent %q, which it doesn't know", id, name))
			}
		}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, ok := sent[name.(string)]; !ok {
				a.wrong = append(a.wrong, fmt.Sprintf("%s is not sent %q", id, name))
			}
		}
	}
	if r.Header.Get("Idempotency-Key") != "" && a.bare[r.Pattern] {
		a.wrong = append(a.wrong, id+" is sent an Idempotency-Key, which it refuses")
	}
	for code, v := range op["responses"].(map[string]any) {
		if !strings.HasPrefix(code, "2") {
			continue
		}
		if schema := a.schema(v.(map[string]any), "content"); schema != nil {
			a.sample = a.example(schema)
			w.Header().Set("Content-Type", "application/json")
			must2(json.NewEncoder(w).Encode(a.sample))
			return
		}
		w.WriteHeader(http.StatusNoContent)
		return
	}
}

func must2(err error) {
	if err != nil {
		panic(err)
	}
}

// schema finds the JSON schema below these keys.
func (a *answered) schema(v map[string]any, keys ...string) map[string]any {
	for _, key := range keys {
		v, _ = v[key].(map[string]any)
	}
	for _, media := range slices.Sorted(maps.Keys(v)) {
		if strings.Contains(media, "json") {
			return a.resolved(v[media].(map[string]any)["schema"])
		}
	}
	return nil
}

func (a *answered) resolved(v any) map[string]any {
	s, _ := v.(map[string]any)
	ref, ok := s["$ref"].(string)
	if !ok {
		return s
	}
	found := a.doc
	for key := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		found = found[key].(map[string]any)
	}
	return found
}

// example fits a schema, with all of its properties; a list has one item, and
// is the last page.
func (a *answered) example(v any) any {
	s := a.resolved(v)
	kind, _ := s["type"].(string)
	if kinds, ok := s["type"].([]any); ok {
		kind, _ = kinds[0].(string)
	}
	switch kind {
	case "object":
		out := map[string]any{}
		properties, _ := s["properties"].(map[string]any)
		for name, p := range properties {
			if name != "$schema" && name != "next" {
				out[name] = a.example(p)
			}
		}
		if len(properties) == 0 {
			out["key"] = a.example(s["additionalProperties"])
		}
		return out
	case "array":
		return []any{a.example(s["items"])}
	case "integer", "number":
		return 7
	case "boolean":
		return true
	}
	switch {
	case s["format"] == "date-time":
		return "2026-11-05T12:00:00Z"
	case s["enum"] != nil:
		return s["enum"].([]any)[0]
	}
	return "9" // reads as an ID as well
}

// Every operation of the API has a method in the client that sends all its
// parameters and reads all its results.
func TestTheClientHasEachOperation(t *testing.T) {
	t.Parallel()
	a := answering(t, newHouse(t).srv)
	srv := httptest.NewServer(a.mux)
	t.Cleanup(srv.Close)
	c, err := client.New(client.Config{URL: srv.URL})
	must(t, err)
	value := reflect.ValueOf(c)
	for i := range value.NumMethod() {
		name, m := value.Type().Method(i).Name, value.Method(i)
		if name == "Do" {
			continue
		}
		a.sample = nil
		out := call(m)
		if err, _ := reflect.TypeAssert[error](out[len(out)-1]); err != nil && name != "Stream" { // an event stream is no example
			t.Errorf("%s: %v", name, err)
		}
		if len(out) > 1 && a.sample != nil && name != "Stream" {
			compare(t, name, a.sample, out[0].Interface())
		}
	}
	for _, w := range a.wrong {
		t.Error(w)
	}
	for _, id := range slices.Sorted(maps.Keys(a.asked)) {
		if !a.asked[id] {
			t.Errorf("the client has no method for %s", id)
		}
	}
}

// call calls a method with something for each parameter.
func call(m reflect.Value) []reflect.Value {
	var in []reflect.Value
	for i := range m.Type().NumIn() {
		p := m.Type().In(i)
		v := reflect.New(p).Elem()
		switch {
		case m.Type().IsVariadic() && i == m.Type().NumIn()-1:
			continue
		case p == reflect.TypeFor[context.Context]():
			v = reflect.ValueOf(context.Background())
		case p.Kind() == reflect.String:
			v.SetString("x")
		case p.Kind() == reflect.Int64 || p.Kind() == reflect.Int || p.Kind() == reflect.Uint64:
			v = reflect.ValueOf(1).Convert(p)
		case p.Kind() == reflect.Func:
			v = reflect.MakeFunc(p, func([]reflect.Value) []reflect.Value { return nil })
		}
		in = append(in, v)
	}
	return m.Call(in)
}

// compare reports what of an answer the client's value has lost.
func compare(t *testing.T, method string, sent, got any) {
	t.Helper()
	text, err := json.Marshal(got)
	must(t, err)
	var read any
	must(t, json.Unmarshal(text, &read))
	switch got := got.(type) { // what is no JSON of its own
	case string:
		read = map[string]any{"url": got}
	case client.Token:
		read.(map[string]any)["token"] = got.Secret.Reveal()
	case client.Invite:
		read.(map[string]any)["code"] = got.Code.Reveal()
	}
	if page, ok := sent.(map[string]any); ok && page["items"] != nil && len(page) == 1 {
		sent = page["items"]
	}
	for _, lost := range missing("", sent, read) {
		t.Errorf("%s reads no %s", method, lost)
	}
}

func missing(at string, sent, got any) []string {
	var out []string
	switch sent := sent.(type) {
	case map[string]any:
		have, _ := got.(map[string]any)
		for name, v := range sent {
			if at == "[]" && (name == "token" || name == "code" && have["uses"] != nil) {
				continue // a list never holds a secret
			}
			if _, ok := have[name]; !ok {
				out = append(out, at+"."+name)
				continue
			}
			out = append(out, missing(at+"."+name, v, have[name])...)
		}
	case []any:
		have, _ := got.([]any)
		if len(have) != len(sent) {
			return []string{at + "[]"}
		}
		for i := range sent {
			out = append(out, missing(at+"[]", sent[i], have[i])...)
		}
	case string:
		if when, err := time.Parse(time.RFC3339, sent); err == nil && !strings.HasPrefix(fmt.Sprint(got), when.Format(time.DateOnly)) || sent == "9" && fmt.Sprint(got) != "9" {
			return []string{fmt.Sprintf("%s as it was sent (%v, not %v)", at, got, sent)}
		}
	case bool:
		if got != sent {
			return []string{at + " as it was sent"}
		}
	case int:
		if fmt.Sprint(got) != fmt.Sprint(sent) {
			return []string{at + " as it was sent"}
		}
	}
	return out
}
