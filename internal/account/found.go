package account

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"openmates"
	"openmates/internal/guard"
	"openmates/internal/mail"
)

// Joining is what the room asks of the database about how people and teams
// come together.
type Joining interface {
	Inviting
	Governing
	Selves
}

// Governing is founding a team and running it.
type Governing interface {
	Team(ctx context.Context, id openmates.ID) (openmates.Team, error)
	SaveTeam(ctx context.Context, t openmates.Team) error
	// FoundTeam makes a team with its first admin, all or nothing. A user
	// without an ID is made with this password.
	FoundTeam(ctx context.Context, u openmates.User, phc string, t openmates.Team) (openmates.User, openmates.Team, error)
	// SetRole and DropMember are openmates.EConflict where no admin would stay.
	SetRole(ctx context.Context, teamID, userID openmates.ID, role openmates.Role) error
	DropMember(ctx context.Context, teamID, userID openmates.ID) error
	TeamMonth(ctx context.Context, teamID openmates.ID, t time.Time) (openmates.TeamMonth, error)
	// TeamMonths lists the months up to now that have something in them, and
	// this one, the newest first.
	TeamMonths(ctx context.Context, teamID openmates.ID, now time.Time) ([]time.Time, error)
	TeamUsage(ctx context.Context, teamID openmates.ID, t time.Time) ([]openmates.UsageLine, error)
}

// Draft is a team that somebody is about to found. It lives in the session, so
// that nothing is made before all is said.
type Draft struct {
	Name   string           `json:"name"`
	Slug   string           `json:"slug"`
	Limits openmates.Limits `json:"limits"`
}

// Newcomer is what a person tells to get an account.
type Newcomer struct {
	Username string
	Email    string
	Password openmates.Secret
	Self     Self
}

const (
	keyDraft = "draft"
	maxDraft = 64 << 10 // bytes
)

// MayFound says whether the caller may found a team: whoever has an account,
// and everybody where the server's admin opened it.
func (r *Room) MayFound(ctx context.Context, c openmates.Caller) error {
	if c.SignedIn() {
		return nil
	}
	s, err := r.Server(ctx)
	if err == nil && s.SignUp != OpenToTeams {
		err = openmates.Errorf(openmates.EForbidden, "This server is open to people who were invited. Sign in to found a team with your account, or ask somebody who is here for an invitation.")
	}
	return err
}

// KeepDraft checks a team's name and address and keeps the draft in the
// session. Strangers can do it so often only.
func (r *Room) KeepDraft(ctx context.Context, c openmates.Caller, from netip.Addr, d Draft) error {
	if err := r.MayFound(ctx, c); err != nil {
		return err
	}
	if !c.SignedIn() && !r.bySetup.Allow("draft:"+guard.Party(from), r.now()) {
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
		return openmates.Errorf(openmates.EInvalid, "This is more than can be kept. Please choose fewer things; the team's page can change it later.")
	}
	r.sessions.Put(ctx, keyDraft, string(b))
	return nil
}

// Draft gives the draft of the session; ok is false where there is none.
func (r *Room) Draft(ctx context.Context) (d Draft, ok bool) {
	text := r.sessions.GetString(ctx, keyDraft)
	return d, text != "" && json.Unmarshal([]byte(text), &d) == nil
}

// DropDraft forgets it.
func (r *Room) DropDraft(ctx context.Context) { r.sessions.Remove(ctx, keyDraft) }

// FreeTeam checks the name and the address ("" = made from the name) of a team
// that is to be founded.
func (r *Room) FreeTeam(ctx context.Context, name, slug string) (openmates.Team, error) {
	t, err := newTeam(name, slug)
	if err != nil {
		return t, err
	}
	_, err = r.store.TeamBySlug(ctx, t.Slug)
	switch openmates.CodeOf(err) {
	case openmates.ENotFound:
		return t, nil
	case "":
		return t, openmates.Errorf(openmates.EConflict, "The address %q is taken by another team already. Please choose another one.", t.Slug)
	}
	return t, err
}

// FoundTeam makes the team of the session's draft. Somebody without an account
// gets one in the same step: both are made, or neither. The founder is the
// team's admin.
func (r *Room) FoundTeam(ctx context.Context, c openmates.Caller, from netip.Addr, n Newcomer) (openmates.User, openmates.Team, error) {
	u, phc := c.User, ""
	fail := func(err error) (openmates.User, openmates.Team, error) {
		return openmates.User{}, openmates.Team{}, err
	}
	if err := r.MayFound(ctx, c); err != nil {
		return fail(err)
	}
	d, ok := r.Draft(ctx)
	if !ok {
		return fail(openmates.Errorf(openmates.EInvalid, "The team has no name yet. Please begin with that."))
	}
	t, err := r.FreeTeam(ctx, d.Name, d.Slug)
	if err != nil {
		return fail(err)
	}
	t.Limits = d.Limits
	if !c.SignedIn() {
		if u, phc, err = r.newcomer(ctx, from, n); err != nil {
			return fail(err)
		}
	}
	if u, t, err = r.store.FoundTeam(ctx, u, phc, t); err != nil {
		return fail(err)
	}
	r.DropDraft(ctx)
	r.log.InfoContext(ctx, "a team is founded", "team", t.Slug, "by", u.ID)
	e := openmates.AuditEntry{Actor: u.ID, TeamID: t.ID, Action: "team.found", Target: "team " + t.Slug}
	return u, t, r.audit.Record(ctx, e, nil, map[string]any{"name": t.Name, "slug": t.Slug, "limits": t.Limits})
}

// newcomer checks what somebody typed to get an account and hashes the
// password.
func (r *Room) newcomer(ctx context.Context, from netip.Addr, n Newcomer) (u openmates.User, phc string, err error) {
	if !r.bySetup.Allow("account:"+guard.Party(from), r.now()) {
		return u, "", guard.TooMany()
	}
	if u, err = r.newUser(n.Self.Name, n.Username, n.Password); err != nil {
		return u, "", err
	}
	self, err := n.Self.tidy()
	if err != nil {
		return u, "", err
	}
	u = self.onto(u)
	if strings.TrimSpace(n.Email) != "" {
		if u.Email, err = mail.Address(n.Email); err != nil {
			return u, "", err
		}
	}
	if _, err := r.store.UserByName(ctx, u.Username); err == nil { // before the hash, which costs
		return u, "", openmates.Errorf(openmates.EConflict, "This username, or one that looks like it, is taken already. Please choose another one.")
	}
	phc, err = r.vault.hash(ctx, n.Password)
	return u, phc, err
}
