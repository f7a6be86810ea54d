package team

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"

	"openmates"
	"openmates/internal/guard"
	"openmates/internal/spelling"
)

// Draft is a team that somebody is about to create. It is in the session, so
// that nothing is created before everything is entered.
type Draft struct {
	Name   string           `json:"name"`
	Slug   string           `json:"slug"`
	Limits openmates.Limits `json:"limits"`
}

const (
	draftKey = "draft"
	maxDraft = 64 << 10 // bytes
)

// MayFound reports whether the caller may create a team: anybody with an
// account, and everybody if the server's admin allows it.
func (r *Room) MayFound(ctx context.Context, c openmates.Caller) error {
	if c.SignedIn() {
		return nil
	}
	open, err := r.signUp.OpenToTeams(ctx)
	if err == nil && !open {
		err = openmates.Errorf(openmates.EForbidden, "This server is invite-only. Sign in to create a team with your account, or ask someone here for an invite.")
	}
	return err
}

// KeepDraft checks a team's name and slug and keeps the draft in the session.
// Strangers can call it only so often.
func (r *Room) KeepDraft(ctx context.Context, c openmates.Caller, from netip.Addr, d Draft) error {
	if err := r.MayFound(ctx, c); err != nil {
		return err
	}
	if !c.SignedIn() && !r.byParty.Allow("draft:"+guard.Party(from), r.now()) {
		return guard.TooMany()
	}
	t, err := r.FreeTeam(ctx, d.Name, d.Slug)
	if err != nil {
		return err
	}
	d.Name, d.Slug = t.Name, t.Slug
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("keep the draft: %w", err)
	}
	if len(b) > maxDraft {
		return openmates.Errorf(openmates.EInvalid, "That's more than we can store. Choose fewer options; you can change them later on the team's page.")
	}
	r.session.Keep(ctx, draftKey, string(b))
	return nil
}

// Draft returns the session's draft; ok is false if there is none.
func (r *Room) Draft(ctx context.Context) (d Draft, ok bool) {
	text := r.session.Kept(ctx, draftKey)
	return d, text != "" && json.Unmarshal([]byte(text), &d) == nil
}

// DropDraft deletes the draft.
func (r *Room) DropDraft(ctx context.Context) { r.session.Forget(ctx, draftKey) }

// FreeTeam checks the name and the slug ("" = derived from the name) of a team
// to be created.
func (r *Room) FreeTeam(ctx context.Context, name, slug string) (openmates.Team, error) {
	t, err := spelling.Team(name, slug)
	if err != nil {
		return t, err
	}
	_, err = r.store.TeamBySlug(ctx, t.Slug)
	switch openmates.CodeOf(err) {
	case openmates.ENotFound:
		return t, nil
	case "":
		return t, openmates.Errorf(openmates.EConflict, "The address %q is already taken by another team. Choose a different one.", t.Slug)
	}
	return t, err
}

// FoundTeam creates the team of the session's draft. Somebody without an
// account gets one at the same time: both are created, or neither. The caller
// becomes the team's admin.
func (r *Room) FoundTeam(ctx context.Context, c openmates.Caller, from netip.Addr, n openmates.Newcomer) (openmates.User, openmates.Team, error) {
	u, phc := c.User, ""
	fail := func(err error) (openmates.User, openmates.Team, error) {
		return openmates.User{}, openmates.Team{}, err
	}
	if err := r.MayFound(ctx, c); err != nil {
		return fail(err)
	}
	d, ok := r.Draft(ctx)
	if !ok {
		return fail(openmates.Errorf(openmates.EInvalid, "The team doesn't have a name yet. Start with that."))
	}
	t, err := r.FreeTeam(ctx, d.Name, d.Slug)
	if err != nil {
		return fail(err)
	}
	t.Limits = d.Limits
	if !c.SignedIn() {
		if u, phc, err = r.accounts.Newcomer(ctx, from, n); err != nil {
			return fail(err)
		}
	}
	if u, t, err = r.found(ctx, u, phc, t); err != nil {
		return fail(err)
	}
	r.DropDraft(ctx)
	return u, t, nil
}
