package skill_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"openmates"
	"openmates/internal/skill"
)

const schema = `{"type":"object","additionalProperties":false,"required":["name"],"properties":{
	"name":{"type":"string","minLength":1,"maxLength":5,"description":"x"},
	"kind":{"type":"string","enum":["a","b"]},
	"n":{"type":"integer","minimum":1,"maximum":9},
	"f":{"type":"number"},
	"ok":{"type":"boolean"},
	"list":{"type":"array","minItems":1,"maxItems":2,"items":{"type":"object","additionalProperties":false,"properties":{"x":{"type":"string"}}}}
}}`

func app(run func(context.Context, skill.Call) (skill.Result, error)) skill.App {
	return skill.App{Name: "test", Label: openmates.T("Test"), Description: openmates.T("For tests."), Skills: []skill.Skill{{
		Name: "do", Label: openmates.T("Do"), Description: "Does it.", Parameters: json.RawMessage(schema), Time: 5 * time.Second, Run: run,
	}}}
}

func registry(t *testing.T, apps ...skill.App) *skill.Registry {
	t.Helper()
	r, err := skill.New(apps...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func echo(_ context.Context, c skill.Call) (skill.Result, error) {
	return skill.Result{Text: string(c.Arguments)}, nil
}

func TestArgumentsAreCheckedBeforeTheSkillRuns(t *testing.T) {
	t.Parallel()
	r := registry(t, app(echo))
	for args, want := range map[string]string{
		`{"name":"x"}`:                             "",
		`{"name":"äöüßé"}`:                         "",
		`{"name":"x","n":3,"f":1.5,"ok":true}`:     "",
		`{"name":"x","n":null,"list":[{"x":"y"}]}`: "",
		` {"name":"x","kind":"a"} `:                "",
		``:                                         `missing properties: ["name"]`,
		`{}`:                                       `missing properties: ["name"]`,
		`{"name":null}`:                            `name: type: null has type "null", want "string"`,
		`{"name":`:                                 "not valid JSON",
		`nonsense`:                                 "not valid JSON",
		`{"name":"x"} {}`:                          "something after the JSON object",
		`{"name":"x"}]`:                            "something after the JSON object",
		`[]`:                                       `want "object"`,
		`null`:                                     `want "object"`,
		`"name"`:                                   `want "object"`,
		`{"name":5}`:                               `name: type: 5 has type "integer", want "string"`,
		`{"name":""}`:                              "0 Unicode code points, fewer than 1",
		`{"name":"abcdef"}`:                        "6 Unicode code points, more than 5",
		`{"name":"x","Name":"y"}`:                  `unexpected additional properties ["Name"]`,
		`{"name":"x","kind":"c"}`:                  "any of: [a b]",
		`{"name":"x","n":0}`:                       "minimum: 0 is less than 1",
		`{"name":"x","n":10}`:                      "maximum: 10 is greater than 9",
		`{"name":"x","n":1.5}`:                     `type "number", want "integer"`,
		`{"name":"x","n":"1e0"}`:                   "integer",
		`{"name":"x","n":"3"}`:                     `type "string", want "integer"`,
		`{"name":"x","f":1e999}`:                   "too large",
		`{"name":"x","ok":"yes"}`:                  `want "boolean"`,
		`{"name":"x","list":{}}`:                   `list: type: map[] has type "object", want "array"`,
		`{"name":"x","list":[]}`:                   "length 0 is less than 1",
		`{"name":"x","list":[{},{},{}]}`:           "length 3 is greater than 2",
		`{"name":"x","list":[{"y":1}]}`:            `list/items: unexpected additional properties ["y"]`,
		`{"name":"x","list":[{},1]}`:               `list/items: type: 1 has type "integer", want "object"`,
		"{\"name\":\"\xff\"}":                      "not UTF-8",
		strings.Repeat("[", 20_000):                "longer than",
		strings.Repeat(`{"name":`, 1500):           "not valid JSON",
	} {
		_, err := r.Run(t.Context(), "test_do", skill.Call{Arguments: json.RawMessage(args)})
		switch {
		case want == "" && err != nil:
			t.Errorf("%.80s: %v", args, err)
		case want != "" && (openmates.CodeOf(err) != openmates.EInvalid || !strings.Contains(openmates.MessageOf(err), want)):
			t.Errorf("%.80s: %v, want %q", args, err, want)
		}
	}
}

func TestWhatARegistryRefuses(t *testing.T) {
	t.Parallel()
	change := func(f func(*skill.App, *skill.Skill)) skill.App {
		a := app(echo)
		f(&a, &a.Skills[0])
		return a
	}
	params := func(s string) skill.App {
		return change(func(_ *skill.App, s2 *skill.Skill) { s2.Parameters = json.RawMessage(s) })
	}
	for name, a := range map[string]skill.App{
		"name with underscore": change(func(a *skill.App, _ *skill.Skill) { a.Name = "a_b" }),
		"name in capitals":     change(func(a *skill.App, _ *skill.Skill) { a.Name = "Web" }),
		"no name":              change(func(a *skill.App, _ *skill.Skill) { a.Name = "" }),
		"long name":            change(func(a *skill.App, _ *skill.Skill) { a.Name = strings.Repeat("a", 25) }),
		"skill with a dot":     change(func(_ *skill.App, s *skill.Skill) { s.Name = "a.b" }),
		"no label":             change(func(a *skill.App, _ *skill.Skill) { a.Label = "" }),
		"no skills":            change(func(a *skill.App, _ *skill.Skill) { a.Skills = nil }),
		"no description":       change(func(_ *skill.App, s *skill.Skill) { s.Description = "" }),
		"nothing to run":       change(func(_ *skill.App, s *skill.Skill) { s.Run = nil }),
		"the same skill twice": change(func(a *skill.App, s *skill.Skill) { a.Skills = append(a.Skills, *s) }),
		"no schema":            params(``),
		"schema of a string":   params(`{"type":"string"}`),
		"a list of types":      params(`{"type":["object","null"]}`),
		"keyword of no sense":  params(`{"type":"object","required":"a"}`),
		"remote reference":     params(`{"type":"object","properties":{"a":{"$ref":"http://127.0.0.1/x.json"}}}`),
		"file reference":       params(`{"type":"object","properties":{"a":{"$ref":"file:///etc/passwd"}}}`),
		"reference to nothing": params(`{"type":"object","properties":{"a":{"$ref":"#/$defs/b"}}}`),
		"dynamic reference":    params(`{"type":"object","properties":{"a":{"$dynamicRef":"#b"}}}`),
		"itself":               params(`{"type":"object","$ref":"#"}`),
		"circle of references": params(`{"type":"object","properties":{"a":{"$ref":"#/$defs/b"}},"$defs":{"b":{"anyOf":[{"$ref":"#/$defs/c"}]},"c":{"not":{"$ref":"#/$defs/b"}}}}`),
		"long schema":          params(`{"type":"object","description":"` + strings.Repeat("x", skill.MaxSchema) + `"}`),
		"deep schema":          params(strings.Repeat(`{"type":"object","properties":{"a":`, 100) + `{}` + strings.Repeat(`}}`, 100)),
		"doubling schema":      params(`{"type":"object","allOf":[{"$ref":"#/$defs/a0"}],"$defs":{` + doubling(30) + `}}`),
		"unknown type":         params(`{"type":"object","additionalProperties":false,"properties":{"a":{"type":"date"}}}`),
		"null as property":     params(`{"type":"object","additionalProperties":false,"properties":{"a":null}}`),
	} {
		if _, err := skill.New(a); openmates.CodeOf(err) != openmates.EInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := skill.New(app(echo), app(echo)); openmates.CodeOf(err) != openmates.EInvalid {
		t.Errorf("the same app twice: %v", err)
	}
}

// doubling is a schema of n parts that each apply the next one twice.
func doubling(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"a%d":{"allOf":[{"$ref":"#/$defs/a%[2]d"},{"$ref":"#/$defs/a%[2]d"}]},`, i, i+1)
	}
	return b.String() + fmt.Sprintf(`"a%d":{}`, n)
}

func TestNames(t *testing.T) {
	t.Parallel()
	a := app(echo)
	b := app(echo)
	b.Name = "another-app"
	r := registry(t, a, b)
	offers := r.Offers()
	if len(offers) != 2 || offers[0].Name != "another-app.do" || offers[0].Tool != "another-app_do" || offers[1].App != "test" {
		t.Errorf("offers %+v", offers)
	}
	if apps := r.Apps(); len(apps) != 2 || apps[0].Name != "another-app" {
		t.Errorf("apps %+v", apps)
	}
	if _, err := r.Run(t.Context(), "test.do", skill.Call{}); openmates.CodeOf(err) != openmates.ENotFound {
		t.Errorf("a name that is no tool's: %v", err)
	}
}

var ok = json.RawMessage(`{"name":"x"}`)

func TestAPanicBecomesAnErrorForTheLogOnly(t *testing.T) {
	t.Parallel()
	r := registry(t, app(func(context.Context, skill.Call) (skill.Result, error) { panic("canary") }))
	_, err := r.Run(t.Context(), "test_do", skill.Call{Arguments: ok})
	if openmates.CodeOf(err) != openmates.EInternal || strings.Contains(openmates.MessageOf(err), "canary") {
		t.Errorf("the model would be told %q", openmates.MessageOf(err))
	}
	if err == nil || !strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "skill_test.go") {
		t.Errorf("the log would be told %v", err)
	}
}

func TestASkillThatDoesNotEndIsLeftBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		r := registry(t, app(func(context.Context, skill.Call) (skill.Result, error) { <-release; return skill.Result{}, nil }))
		begin := time.Now()
		_, err := r.Run(t.Context(), "test_do", skill.Call{Arguments: ok})
		if openmates.CodeOf(err) != openmates.EUnavailable || !strings.Contains(openmates.MessageOf(err), "test_do didn't finish within 5s") {
			t.Errorf("error %v", err)
		}
		if d := time.Since(begin); d != 5*time.Second {
			t.Errorf("it took %v", d)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("the server stops")
		cancel(cause)
		if _, err := r.Run(ctx, "test_do", skill.Call{Arguments: ok}); !errors.Is(err, cause) {
			t.Errorf("a stopped call: %v", err)
		}
	})
}

func TestResultsAreBounded(t *testing.T) {
	t.Parallel()
	r := registry(t, app(func(context.Context, skill.Call) (skill.Result, error) {
		return skill.Result{Text: strings.Repeat("ü\xff", 40_000)}, nil
	}))
	res, err := r.Run(t.Context(), "test_do", skill.Call{Arguments: ok})
	if err != nil || len(res.Text) > skill.MaxResult || !utf8.ValidString(res.Text) || !strings.HasSuffix(res.Text, "[… clipped]") {
		t.Errorf("%d bytes, valid %v, %v", len(res.Text), utf8.ValidString(res.Text), err)
	}
}

func TestEmptyArgumentsReachASkillAsAnObject(t *testing.T) {
	t.Parallel()
	a := app(echo)
	a.Skills[0].Parameters = json.RawMessage(`{"type":"object","additionalProperties":false}`)
	res, err := registry(t, a).Run(t.Context(), "test_do", skill.Call{Arguments: json.RawMessage(" ")})
	if err != nil || res.Text != "{}" {
		t.Errorf("%q, %v", res.Text, err)
	}
}

// Decoders differ in what they make of a member that is there twice; the
// skill must see what was checked.
func TestAMemberThatIsThereTwiceIsCheckedAsItIsRead(t *testing.T) {
	t.Parallel()
	res, err := registry(t, app(echo)).Run(t.Context(), "test_do", skill.Call{
		Arguments: json.RawMessage(`{"name":"x","kind":"forged","kind":null}`),
	})
	if err != nil || res.Text != `{"name":"x"}` {
		t.Errorf("%q, %v", res.Text, err)
	}
}

func FuzzArguments(f *testing.F) {
	for _, s := range []string{`{"name":"x"}`, `{"name":"x","list":[{"x":"y"}]}`, `{"n":1e999}`, `[`, "\xff", `{"name":null,"name":"x"}`} {
		f.Add(s)
	}
	r, err := skill.New(app(echo))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, args string) {
		res, err := r.Run(t.Context(), "test_do", skill.Call{Arguments: json.RawMessage(args)})
		if err != nil {
			if m := openmates.MessageOf(err); len(m) > 1000 || !utf8.ValidString(m) {
				t.Errorf("the model would be told %q", m)
			}
			return
		}
		var got struct{ Name string }
		if json.Unmarshal([]byte(res.Text), &got) != nil || got.Name == "" {
			t.Errorf("%q was let through", args)
		}
	})
}
