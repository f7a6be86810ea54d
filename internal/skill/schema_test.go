package skill_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"openmates"
	"openmates/internal/skill"
)

// withSchema is an app with one skill that echoes the arguments it was given.
func withSchema(schema string) skill.App {
	a := app(echo)
	a.Skills[0].Parameters = json.RawMessage(schema)
	return a
}

// Servers of tools bring schemas of any generator. What JSON Schema doesn't
// define, or what can't be checked here, must not refuse the tool.
func TestSchemasOfOthersAreUnderstood(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, schema, good, bad string }{
		{"unknown keywords", `{"type":"object","x-order":1,"properties":{"a":{"type":"string","nullable":true,"widget":{}}}}`, `{"a":"x","b":1}`, `{"a":1}`},
		{"open object", `{"type":"object"}`, `{"x":[1]}`, `[]`},
		{"formats", `{"type":"object","properties":{"a":{"type":"string","format":"date-time"}}}`, `{"a":"today"}`, `{"a":1}`},
		{"definitions", `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"a":{"$ref":"#/definitions/B~1C"}},"definitions":{"B/C":{"type":"integer"}}}`, `{"a":1}`, `{"a":"1"}`},
		{"$defs", `{"$id":"https://x.example/a.json","$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"a":{"$ref":"#/$defs/B%20C"}},"$defs":{"B C":{"enum":[1,"x",null]}}}`, `{"a":"x"}`, `{"a":"y"}`},
		{"a reference into properties", `{"type":"object","properties":{"a":{"type":"boolean"},"b":{"$ref":"#/properties/a"}}}`, `{"b":true}`, `{"b":1}`},
		{"another draft", `{"$schema":"http://json-schema.org/draft-04/schema#","type":"object","properties":{"a":{"type":"number","minimum":0,"exclusiveMinimum":true}}}`, `{"a":1}`, `{"a":-1}`},
		{"alternatives", `{"type":"object","properties":{"a":{"anyOf":[{"type":"string","pattern":"^x+$"},{"type":"null"},{"const":7}]}}}`, `{"a":7}`, `{"a":"y"}`},
		{"patterns of ECMAScript", `{"type":"object","properties":{"a":{"type":"string","pattern":"^(?!x)"}},"patternProperties":{"^(?=y)":{}},"additionalProperties":false}`, `{"a":"x","y":1}`, `{"a":1}`},
		{"a tree", `{"type":"object","properties":{"name":{"type":"string"},"children":{"type":"array","items":{"$ref":"#"}}}}`, `{"children":[{"children":[{"name":"x"}]}]}`, `{"children":[{"children":[{"name":1}]}]}`},
		{"tuples", `{"type":"object","properties":{"a":{"type":"array","prefixItems":[{"type":"string"}],"items":false}}}`, `{"a":["x"]}`, `{"a":["x",1]}`},
		{"required but not described", `{"type":"object","required":["a"]}`, `{"a":1}`, `{}`},
		{"any list", `{"type":"object","properties":{"a":{"type":"array","uniqueItems":true}}}`, `{"a":[1,"x"]}`, `{"a":[1,1.0]}`},
	} {
		r := registry(t, withSchema(tc.schema))
		if res, err := r.Run(t.Context(), "test_do", skill.Call{Arguments: json.RawMessage(tc.good)}); err != nil || res.Text != canonical(t, tc.good) {
			t.Errorf("%s: %s: %q, %v", tc.name, tc.good, res.Text, err)
		}
		if _, err := r.Run(t.Context(), "test_do", skill.Call{Arguments: json.RawMessage(tc.bad)}); openmates.CodeOf(err) != openmates.EInvalid {
			t.Errorf("%s: %s was let through: %v", tc.name, tc.bad, err)
		}
	}
}

func canonical(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestNumbersAreHandedOnAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	r := registry(t, withSchema(`{"type":"object","properties":{"n":{"type":"integer"},"f":{"type":"number"}}}`))
	for args, want := range map[string]string{
		`{"n":9007199254740993}`:           `{"n":9007199254740993}`, // no float64
		`{"n":1e3}`:                        `{"n":1000}`,
		`{"n":2.0}`:                        `{"n":2}`,
		`{"f":0.10}`:                       `{"f":0.10}`,
		`{"f":3.141592653589793238462643}`: `{"f":3.141592653589793238462643}`,
	} {
		if res, err := r.Run(t.Context(), "test_do", skill.Call{Arguments: json.RawMessage(args)}); err != nil || res.Text != want {
			t.Errorf("%s: %s, %v", args, res.Text, err)
		}
	}
}

// A schema that goes wild costs a bounded time, at start and at each call: it is
// refused, or allows fewer levels.
func TestAWildSchemaCostsBoundedTime(t *testing.T) {
	t.Parallel()
	alternative := strings.TrimSuffix(strings.Repeat(`{"type":"array","items":{"$ref":"#/$defs/t"}},`, 8), ",")
	r := registry(t, withSchema(`{"type":"object","properties":{"a":{"$ref":"#/$defs/t"}},"$defs":{"t":{"anyOf":[`+alternative+`,{"const":1}]}}}`))
	begin := time.Now()
	for _, args := range []string{
		`{"a":` + strings.Repeat("[", 12) + "2" + strings.Repeat("]", 12) + "}",
		`{"a":[` + strings.TrimSuffix(strings.Repeat("[2],", 900), ",") + "]}",
		`{"n":1e-999999999}`, `{"a":[` + strings.TrimSuffix(strings.Repeat("2,", 3000), ",") + "]}",
	} {
		_, err := r.Run(t.Context(), "test_do", skill.Call{Arguments: json.RawMessage(args)})
		if m := openmates.MessageOf(err); err != nil && (openmates.CodeOf(err) != openmates.EInvalid || len(m) > 1000) {
			t.Errorf("%.60s: %v", args, err)
		}
	}
	if d := time.Since(begin); d > 20*time.Second { // without the bound, 8^12 comparisons
		t.Errorf("it took %v", d)
	}
}

func FuzzSchema(f *testing.F) {
	f.Add(schema, `{"name":"x","list":[{"x":"y"}]}`)
	f.Add(`{"type":"object","$ref":"#"}`, `{}`)
	f.Add(`{"type":"object","properties":{"a":{"$ref":"#/$defs/a"}},"$defs":{"a":{"anyOf":[{"items":{"$ref":"#/$defs/a"}},{"type":["null","string"]}]}}}`, `{"a":[["x"],null]}`)
	f.Add(`{"type":"object","$schema":"http://json-schema.org/draft-07/schema#","dependencies":{"a":["b"],"c":{"items":[{}]}},"if":false}`, `{"a":1,"b":2}`)
	f.Add(`{"type":"object","patternProperties":{"(":{}},"propertyNames":{"pattern":"a"},"unevaluatedProperties":{"multipleOf":0}}`, `{"a":1}`)
	f.Add(`{"type":"object","allOf":[{"$ref":"#/$defs/a0"}],"$defs":{`+doubling(9)+`}}`, `{}`)
	f.Fuzz(func(t *testing.T, schema, args string) {
		r, err := skill.New(withSchema(schema))
		if err != nil {
			if m := openmates.MessageOf(err); openmates.CodeOf(err) != openmates.EInvalid || !utf8.ValidString(m) || len(m) > 10_000 {
				t.Errorf("%q: %v", schema, err)
			}
			return
		}
		res, err := r.Run(t.Context(), "test_do", skill.Call{Arguments: json.RawMessage(args)})
		if err != nil {
			if m := openmates.MessageOf(err); openmates.CodeOf(err) != openmates.EInvalid || len(m) > 1000 || !utf8.ValidString(m) {
				t.Errorf("the model would be told %q", fmt.Sprint(err))
			}
			return
		}
		var got map[string]any
		if json.Unmarshal([]byte(res.Text), &got) != nil || got == nil {
			t.Errorf("%q was let through as %q", args, res.Text)
		}
	})
}
