// Package skilltest checks what every skill promises, as one table of tests
// that each app passes.
package skilltest

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"openmates"
	"openmates/internal/skill"
)

// T is the part of *testing.T that the tests need.
type T interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Runner is a T that runs subtests, like *testing.T.
type Runner[X any] interface {
	T
	Run(name string, f func(X)) bool
}

// Sample is a call that must succeed, and words in its result.
type Sample struct {
	Skill     string // "app.skill"
	Arguments string
	Want      string
}

// Exercise checks an app: it can be registered and described to every provider
// of models, its samples succeed (each skill needs one), also many at once, a
// cancelled call ends, and no argument makes a skill panic or return something
// that a model can't read.
func Exercise[X T](t Runner[X], app skill.App, samples []Sample) {
	t.Helper()
	r, err := skill.New(app)
	if err != nil {
		t.Fatalf("register the app: %v", err)
	}
	covered := map[string]bool{}
	for _, s := range samples {
		covered[s.Skill] = true
		t.Run("sample of "+s.Skill, func(t X) { exerciseSample(t, r, s) })
	}
	for _, o := range r.Offers() {
		if !covered[o.Name] {
			t.Errorf("%s has no sample", o.Name)
		}
		t.Run("description of "+o.Name, func(t X) { describe(t, o) })
	}
	for _, s := range samples {
		t.Run("hostile arguments of "+s.Skill, func(t X) { attack(t, r, s) })
	}
}

func tool(name string) string { return strings.Replace(name, ".", "_", 1) }

func call(args string) skill.Call {
	return skill.Call{
		Turn: "skilltest:1", Arguments: json.RawMessage(args),
		By: skill.Person{User: 1, Team: 1, Name: "Ada", Language: "en"},
	}
}

func exerciseSample(t T, r *skill.Registry, s Sample) {
	t.Helper()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			res, err := r.Run(t.Context(), tool(s.Skill), call(s.Arguments))
			if err != nil {
				t.Errorf("%s: %v", s.Arguments, err)
			}
			if !strings.Contains(res.Text, s.Want) || res.Text == "" {
				t.Errorf("%s: %q does not hold %q", s.Arguments, res.Text, s.Want)
			}
		})
	}
	all.Wait()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Run(over, tool(s.Skill), call(s.Arguments)); !errors.Is(err, context.Canceled) {
		t.Errorf("a call that is over ended with %v", err)
	}
}

// describe checks what a model is shown: providers reject longer texts, and
// every request pays for them.
func describe(t T, o skill.Offer) {
	t.Helper()
	if len(o.Tool) > 64 {
		t.Errorf("the name %s has %d characters, providers take 64", o.Tool, len(o.Tool))
	}
	if n := len(o.Description); n < 20 || n > 1000 {
		t.Errorf("the description has %d characters", n)
	}
	if n := len(o.Parameters); n > 4000 {
		t.Errorf("the schema has %d bytes", n)
	}
	var s struct {
		Properties           map[string]struct{ Description string }
		Required             []string
		AdditionalProperties *bool
	}
	if err := json.Unmarshal(o.Parameters, &s); err != nil {
		t.Errorf("the schema: %v", err)
	}
	for name, p := range s.Properties {
		if p.Description == "" {
			t.Errorf("the parameter %s has no description", name)
		}
	}
	// Other people's tools may be open. Ours list all their parameters, so that
	// the model is told about a misspelled one.
	if s.AdditionalProperties == nil || *s.AdditionalProperties {
		t.Errorf("the schema must set additionalProperties to false")
	}
	for _, name := range s.Required {
		if _, ok := s.Properties[name]; !ok {
			t.Errorf("the schema requires %q, which it does not describe", name)
		}
	}
}

// attack replaces each argument of a sample with values that no sane model
// would send.
func attack(t T, r *skill.Registry, s Sample) {
	t.Helper()
	var sample map[string]any
	if err := json.Unmarshal([]byte(s.Arguments), &sample); err != nil {
		t.Fatalf("the sample: %v", err)
	}
	for name := range sample {
		for _, evil := range hostile() {
			changed := map[string]any{}
			maps.Copy(changed, sample)
			changed[name] = evil
			args, err := json.Marshal(changed)
			if err != nil {
				t.Fatalf("write the arguments: %v", err)
			}
			survive(t, r, s.Skill, string(args))
		}
	}
	for _, args := range []string{"", "{", "[]", "null", "\xff\xfe", `{"":0}`, strings.Repeat("[", 9000), `{"a":` + strings.Repeat(`{"a":`, 1000)} {
		survive(t, r, s.Skill, args)
	}
}

func hostile() []any {
	deep := strings.Repeat("(", 800)
	return []any{
		nil, true, -1, 1e300, 0.1, "", " ", "\x00", "\u202e\u200b", "%s%n%x", "'; DROP TABLE users; --", "../../etc/passwd",
		"file:///etc/passwd", "http://127.0.0.1/", strings.Repeat("9", 900), "1" + strings.Repeat("0", 400), deep, deep + strings.Repeat(")", 800),
		strings.Repeat("é", 700), "9^9^9^9^9", "9999999999!", "1e999999999", "NaN", "∞", "-0", "0000-00-00", "9999-12-31", "+99999999:00",
		[]any{}, []any{nil}, map[string]any{}, map[string]any{"a": []any{map[string]any{}}},
	}
}

// survive makes one call, which may fail, but only properly.
func survive(t T, r *skill.Registry, name, args string) {
	t.Helper()
	begin := time.Now()
	res, err := r.Run(t.Context(), tool(name), call(args))
	if openmates.CodeOf(err) == openmates.EInternal {
		t.Errorf("%.200s: %v", args, err)
	}
	for _, said := range []string{res.Text, openmates.MessageOf(err)} {
		if !utf8.ValidString(said) || strings.ContainsRune(said, 0) || len(said) > skill.MaxResult {
			t.Errorf("%.200s: said %.200q", args, said)
		}
	}
	if err == nil && res.Text == "" {
		t.Errorf("%.200s: nothing was said", args)
	}
	if d := time.Since(begin); d > 20*time.Second {
		t.Errorf("%.200s: it took %v", args, d)
	}
}
