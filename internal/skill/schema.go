package skill

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/jsonschema-go/jsonschema"
)

// Limits of what is checked. With them, checking takes limited time and memory
// whatever the schema says; see outline.depth.
const (
	MaxSchema  = 64 << 10 // bytes of a skill's schema
	maxNesting = 16       // levels of objects and lists, in schemas and in arguments
	maxValues  = 2000     // values in one call's arguments
	maxVisits  = 256      // schemas that one value is compared with
)

// schema checks arguments.
type schema struct {
	resolved *jsonschema.Resolved
	depth    int // levels that arguments may have
}

// parseSchema parses the schema of a skill's parameters, which must describe an
// object. As JSON Schema requires, it ignores unknown keywords, and also
// patterns that Go's regular expressions don't support. A schema that refers to
// another document is refused, and nothing is ever fetched.
func parseSchema(text json.RawMessage) (*schema, error) {
	if len(text) > MaxSchema {
		return nil, fmt.Errorf("it is longer than %d bytes", MaxSchema)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	if doc["type"] != "object" {
		return nil, errors.New(`parameters must have the type "object"`)
	}
	if v, _ := doc["$schema"].(string); !strings.Contains(v, "json-schema.org/draft-07/") {
		delete(doc, "$schema") // read as draft 2020-12
	}
	o, err := newOutline(doc)
	if err != nil {
		return nil, err
	}
	depth, err := o.depth()
	if err != nil {
		return nil, err
	}
	clean, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	var parsed jsonschema.Schema
	if err := json.Unmarshal(clean, &parsed); err != nil {
		return nil, err
	}
	resolved, err := parsed.Resolve(nil)
	if err != nil {
		return nil, err
	}
	return &schema{resolved, depth}, nil
}

// portable removes from one object of a schema what doesn't affect a
// self-contained document, and what we can't check here and leave to the skill.
func portable(s map[string]any) {
	for _, key := range []string{"$id", "$vocabulary", "$comment", "examples", "default"} {
		delete(s, key)
	}
	for _, key := range []string{"exclusiveMinimum", "exclusiveMaximum"} { // a boolean in draft 4
		if _, old := s[key].(bool); old {
			delete(s, key)
		}
	}
	if p, ok := s["pattern"].(string); ok && !compiles(p) {
		delete(s, "pattern")
	}
	if byPattern, ok := s["patternProperties"].(map[string]any); ok {
		for p := range byPattern {
			if !compiles(p) {
				delete(byPattern, p)
				delete(s, "additionalProperties") // it would refuse what p allows
				delete(s, "unevaluatedProperties")
			}
		}
	}
}

func compiles(pattern string) bool {
	_, err := regexp.Compile(pattern)
	return err == nil
}

// check returns the arguments as they were understood (each member once,
// integers without point and exponent), or an error that tells a model what is
// wrong. An empty text counts as an empty object, and a null that isn't allowed
// as a missing member, because some models write them like that.
func (s *schema) check(args json.RawMessage) (json.RawMessage, error) {
	v, err := decode(args)
	if err != nil {
		return nil, err
	}
	values := 0
	v, plain, err := s.read(v, 0, &values)
	if err != nil {
		return nil, err
	}
	if err := s.resolved.Validate(plain); err != nil {
		dropNulls(plain)
		if s.resolved.Validate(plain) != nil {
			return nil, errors.New(Clip(readable(err), 500))
		}
		dropNulls(v)
	}
	return json.Marshal(v)
}

func decode(args json.RawMessage) (any, error) {
	if len(args) > MaxArguments {
		return nil, fmt.Errorf("they are longer than %d bytes", MaxArguments)
	}
	if len(bytes.TrimSpace(args)) == 0 {
		args = json.RawMessage("{}")
	}
	if !utf8.Valid(args) {
		return nil, errors.New("they are not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(args))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("they are not valid JSON (%s)", Clip(err.Error(), 200))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is something after the JSON object")
	}
	return v, nil
}

// read returns v twice: exact, with its numbers as they were written, to pass
// on; and plain, with float64 numbers, to check. The library would calculate
// 1e999999999 exactly.
func (s *schema) read(v any, depth int, values *int) (exact, plain any, err error) {
	if *values++; *values > maxValues {
		return nil, nil, fmt.Errorf("they hold more than %d values", maxValues)
	}
	if depth > s.depth {
		return nil, nil, fmt.Errorf("they are nested deeper than %d levels", s.depth)
	}
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if v[name], out[name], err = s.read(v[name], depth+1, values); err != nil {
				return nil, nil, err
			}
		}
		return v, out, nil
	case []any:
		out := make([]any, len(v))
		for i := range v {
			if v[i], out[i], err = s.read(v[i], depth+1, values); err != nil {
				return nil, nil, err
			}
		}
		return v, out, nil
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return nil, nil, fmt.Errorf("the number %s is too large", Clip(v.String(), 40))
		}
		const exactly = 1 << 53 // float64 is exact for integers up to here
		if f > -exactly && f < exactly && f == math.Trunc(f) {
			return json.Number(strconv.FormatInt(int64(f), 10)), f, nil
		}
		return v, f, nil
	}
	return v, v, nil
}

// dropNulls removes the members that are null.
func dropNulls(v any) {
	switch v := v.(type) {
	case map[string]any:
		maps.DeleteFunc(v, func(_ string, member any) bool { return member == nil })
		for _, member := range v {
			dropNulls(member)
		}
	case []any:
		for _, item := range v {
			dropNulls(item)
		}
	}
}

// readable rewrites an error of the library for a model: where, and what.
func readable(err error) string {
	text := strings.TrimPrefix(err.Error(), "validating root: ")
	for strings.HasPrefix(text, "validating /") {
		_, inner, ok := strings.Cut(text, ": validating /")
		if !ok {
			text = strings.TrimPrefix(text, "validating /")
			break
		}
		text = "validating /" + inner // the innermost location includes the others
	}
	text = strings.NewReplacer("<invalid reflect.Value>", "null", "/1 is ", " is ").Replace(text)
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}
