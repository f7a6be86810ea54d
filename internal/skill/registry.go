package skill

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"openmates"
)

// Registry contains a server's skills. It doesn't change after New, and its
// methods are safe for concurrent use.
//
// Parameters are JSON Schema, draft 2020-12 or draft 7. Unknown keywords,
// formats and patterns that Go doesn't support are ignored. References within
// the schema are followed; others are refused and never fetched. The size of a
// schema and the cost of checking arguments are limited; New refuses a skill
// that needs more.
type Registry struct {
	apps   []App
	offers []Offer
	tools  map[string]tool
}

type tool struct {
	offer  Offer
	skill  Skill
	schema *schema
}

// New returns a registry of these apps. A name that is taken or invalid, or a
// schema that is invalid or too complex to check, is EInvalid.
func New(apps ...App) (*Registry, error) {
	r := &Registry{tools: map[string]tool{}}
	for _, a := range apps {
		if !validName(a.Name) {
			return nil, openmates.Errorf(openmates.EInvalid, "The app %q needs a name of a–z, 0–9 and inner hyphens, 24 at most.", a.Name)
		}
		if slices.ContainsFunc(r.apps, func(b App) bool { return b.Name == a.Name }) {
			return nil, openmates.Errorf(openmates.EInvalid, "There are two apps called %q.", a.Name)
		}
		if a.Label == "" || a.Description == "" || len(a.Skills) == 0 {
			return nil, openmates.Errorf(openmates.EInvalid, "The app %q needs a label, a description and a skill.", a.Name)
		}
		for _, s := range a.Skills {
			if err := r.add(a, s); err != nil {
				return nil, err
			}
		}
		a.Skills = slices.Clone(a.Skills)
		r.apps = append(r.apps, a)
	}
	slices.SortFunc(r.apps, func(a, b App) int { return strings.Compare(a.Name, b.Name) })
	for _, name := range slices.Sorted(maps.Keys(r.tools)) {
		r.offers = append(r.offers, r.tools[name].offer)
	}
	return r, nil
}

func (r *Registry) add(a App, s Skill) error {
	name := a.Name + "." + s.Name
	if !validName(s.Name) {
		return openmates.Errorf(openmates.EInvalid, "The skill %q needs a name of a–z, 0–9 and inner hyphens, 24 at most.", name)
	}
	if s.Label == "" || s.Description == "" || s.Run == nil {
		return openmates.Errorf(openmates.EInvalid, "The skill %q needs a label, a description and something to run.", name)
	}
	sc, err := parseSchema(s.Parameters)
	if err != nil {
		return &openmates.Error{Code: openmates.EInvalid, Message: openmates.T("The schema of %q isn't valid: %v.", name, Clip(err.Error(), 1000)), Err: err}
	}
	o := Offer{
		App: a.Name, Name: name, Tool: a.Name + "_" + s.Name,
		Label: s.Label, Description: s.Description, Parameters: s.Parameters,
	}
	if _, taken := r.tools[o.Tool]; taken {
		return openmates.Errorf(openmates.EInvalid, "There are two skills called %q.", name)
	}
	r.tools[o.Tool] = tool{o, s, sc}
	return nil
}

// validName forbids underscores, so that "app_skill" has only one meaning.
func validName(name string) bool {
	return len(name) <= 24 && regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(name)
}

// Apps lists the apps, sorted by name, for pages and limits.
func (r *Registry) Apps() []App { return slices.Clone(r.apps) }

// Offers lists all skills, sorted by name.
func (r *Registry) Offers() []Offer { return slices.Clone(r.offers) }

// Run runs the skill with a tool name. An unknown name is ENotFound. If
// openmates.MessageOf has a sentence for an error, it is meant for the model;
// EInternal hides its cause, including a panic. If ctx itself ends, Run returns
// its cause.
func (r *Registry) Run(ctx context.Context, name string, call Call) (Result, error) {
	t, ok := r.tools[name]
	if !ok {
		return Result{}, openmates.Errorf(openmates.ENotFound, "There is no skill called %q.", Clip(name, 100))
	}
	args, err := t.schema.check(call.Arguments)
	if err != nil {
		return Result{}, openmates.Errorf(openmates.EInvalid, "The arguments of %s don't fit: %v. Please call it again with arguments that do.", name, err)
	}
	d := t.skill.Time
	if d == 0 {
		d = DefaultTime
	}
	call.Arguments = args
	within, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	res, err := patiently(within, t.skill, call)
	switch {
	case ctx.Err() != nil:
		return Result{}, context.Cause(ctx)
	case err != nil && within.Err() != nil:
		return Result{}, &openmates.Error{
			Code: openmates.EUnavailable, Err: err,
			Message: openmates.T("%s didn't finish within %s.", name, d.Round(time.Second/10)),
		}
	case err != nil:
		return Result{}, err
	}
	res.Text = Clip(strings.ToValidUTF8(res.Text, "\uFFFD"), MaxResult)
	return res, nil
}

// patiently waits for a skill until ctx ends. A skill that keeps running is
// abandoned: it must not delay the turn.
func patiently(ctx context.Context, s Skill, call Call) (Result, error) {
	type end struct {
		res Result
		err error
	}
	ended := make(chan end, 1)
	go func() {
		res, err := safely(ctx, s, call)
		ended <- end{res, err}
	}()
	select {
	case e := <-ended:
		return e.res, e.err
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

// safely turns a panic into an error with the stack for the log.
func safely(ctx context.Context, s Skill, call Call) (res Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			res, err = Result{}, fmt.Errorf("skill %s panicked: %v\n%s", s.Name, p, debug.Stack())
		}
	}()
	return s.Run(ctx, call)
}

// Clip truncates a text to at most n bytes, between two characters, and marks
// the end if something was left out.
func Clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	const mark = "\n[… clipped]"
	n = max(n-len(mark), 0)
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + mark
}
