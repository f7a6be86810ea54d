package identity

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"openmates"
	"openmates/internal/policy"
	"openmates/internal/spelling"
)

// Selves stores what people say about themselves and what mates may see of it.
type Selves interface {
	SetPerson(ctx context.Context, u openmates.User) error
	Privacy(ctx context.Context, userID openmates.ID) (openmates.Privacy, error)
	SetPrivacy(ctx context.Context, userID openmates.ID, p openmates.Privacy) error
	TeamsOf(ctx context.Context, userID openmates.ID) ([]openmates.Team, error)
	Mates(ctx context.Context) ([]openmates.Mate, error)
}

// Maximum lengths of the texts, in characters, because they are in every
// prompt.
const (
	maxWish = 200
	maxTold = 1000
)

// tidySelf checks what was entered and trims it.
func tidySelf(s openmates.Self) (openmates.Self, error) {
	var err error
	if s.Name, err = spelling.Person(s.Name); err != nil {
		return s, err
	}
	s.Language, s.TimeZone = strings.TrimSpace(s.Language), strings.TrimSpace(s.TimeZone)
	if s.Language != "" && !regexp.MustCompile(`^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8}){0,3}$`).MatchString(s.Language) {
		return s, openmates.Errorf(openmates.EInvalid, "Choose a language from the list.")
	}
	if _, err := time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "Local" || len(s.TimeZone) > 64 {
		return s, openmates.Errorf(openmates.EInvalid, "Unknown time zone. Write it like Europe/Berlin or America/New_York.")
	}
	p := &s.Preferences
	for _, t := range []struct {
		text *string
		what openmates.Text
		most int
	}{
		{text: &p.Tone, what: openmates.T("the tone"), most: maxWish},
		{text: &p.Length, what: openmates.T("the length"), most: maxWish},
		{text: &p.Expertise, what: openmates.T("what you know well"), most: maxWish},
		{text: &p.About, what: openmates.T("what you say about yourself"), most: maxTold},
		{text: &p.Projects, what: openmates.T("your projects"), most: maxTold},
		{text: &p.Goals, what: openmates.T("your goals"), most: maxTold},
		{text: &p.Likes, what: openmates.T("what you like"), most: maxTold},
		{text: &p.Dislikes, what: openmates.T("what you don't like"), most: maxTold},
	} {
		if *t.text, err = spelling.Text(*t.text, t.what, t.most); err != nil {
			return s, err
		}
	}
	return s, nil
}

// SetSelf changes only what the caller says about themselves.
func (r *Room) SetSelf(ctx context.Context, c openmates.Caller, s openmates.Self) error {
	if !c.SignedIn() {
		return openmates.Errorf(openmates.EUnauthorized, "Please sign in first.")
	}
	s, err := tidySelf(s)
	if err != nil {
		return err
	}
	return r.store.SetPerson(ctx, c.User.With(s))
}

// Privacy returns what the caller lets mates see.
func (r *Room) Privacy(ctx context.Context, c openmates.Caller) (openmates.Privacy, error) {
	return r.store.Privacy(ctx, c.User.ID)
}

// SetPrivacy sets which facts mates see about the caller: all of them (mate
// ""), or one as an exception. With nil facts the exception is removed.
func (r *Room) SetPrivacy(ctx context.Context, c openmates.Caller, mate string, shown []openmates.Fact, differs bool) error {
	if !c.SignedIn() {
		return openmates.Errorf(openmates.EUnauthorized, "Please sign in first.")
	}
	for _, f := range shown {
		if !slices.Contains(openmates.Facts(), f) {
			return openmates.Errorf(openmates.EInvalid, "Unknown setting. Reload the page.")
		}
	}
	p, err := r.store.Privacy(ctx, c.User.ID)
	if err != nil {
		return err
	}
	choice := make(map[openmates.Fact]bool, len(openmates.Facts()))
	for _, f := range openmates.Facts() {
		choice[f] = slices.Contains(shown, f)
	}
	if mate == "" {
		p.Usual = choice
		return r.store.SetPrivacy(ctx, c.User.ID, p)
	}
	if err := r.knows(ctx, c, mate); err != nil {
		return err
	}
	p.Mates = maps.Clone(p.Mates)
	if p.Mates == nil {
		p.Mates = map[string]map[openmates.Fact]bool{}
	}
	if delete(p.Mates, mate); differs {
		p.Mates[mate] = choice
	}
	return r.store.SetPrivacy(ctx, c.User.ID, p)
}

// MatesOf lists the mates that the caller's teams may use, by name.
func (r *Room) MatesOf(ctx context.Context, c openmates.Caller) ([]openmates.Mate, error) {
	teams, err := r.store.TeamsOf(ctx, c.User.ID)
	if err != nil {
		return nil, err
	}
	all, err := r.store.Mates(ctx)
	if err != nil {
		return nil, err
	}
	var mates []openmates.Mate
	for _, m := range all {
		if slices.ContainsFunc(teams, func(t openmates.Team) bool { return policy.TeamMayUse(t, m) }) {
			mates = append(mates, m)
		}
	}
	slices.SortFunc(mates, func(a, b openmates.Mate) int { return strings.Compare(a.Name+a.Handle, b.Name+b.Handle) })
	return mates, nil
}

func (r *Room) knows(ctx context.Context, c openmates.Caller, mate string) error {
	mates, err := r.MatesOf(ctx, c)
	if err == nil && !slices.ContainsFunc(mates, func(m openmates.Mate) bool { return m.Handle == mate }) {
		err = openmates.Errorf(openmates.ENotFound, "There’s no mate with that name here.")
	}
	return err
}
