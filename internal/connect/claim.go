package connect

import (
	"context"
	"fmt"
	"net/url"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/policy"
)

// Belonging is what a messenger's IDs stand for here.
type Belonging struct {
	Team openmates.Team
	User openmates.User
	Role openmates.Role
}

// UnknownError means that a workspace belongs to no team, an account to nobody,
// or that its owner isn't a member of the team. Its sentence is for the person
// in the chat.
type UnknownError struct {
	What     Unknown
	sentence openmates.Text
}

// Unknown is the part of a message that isn't known.
type Unknown string

// The parts that can be unknown.
const (
	UnknownWorkspace Unknown = "workspace"
	UnknownAccount   Unknown = "account"
	NotMember        Unknown = "member" // the account is known, but its owner isn't in the team
)

// Error returns the text for the log.
func (e *UnknownError) Error() string { return e.sentence.String() }

// Unwrap returns the sentence for people.
func (e *UnknownError) Unwrap() error {
	return openmates.Errorf(openmates.ENotFound, "%s", e.sentence)
}

// Login returns the team of a workspace and the member of it who owns an
// account. Both IDs are public, so the caller must make sure that a listener is
// asking. The errors use the exact wording of the product's workflow.
func (r *Room) Login(ctx context.Context, n openmates.Network, workspace openmates.WorkspaceID, account openmates.AccountID) (Belonging, error) {
	con, err := r.connector(n)
	if err != nil {
		return Belonging{}, err
	}
	info := con.Info()
	stranger := &UnknownError{What: UnknownAccount, sentence: info.ConnectAccount()}
	var b Belonging
	b.Team, err = r.store.TeamAt(ctx, n, workspace)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return b, &UnknownError{What: UnknownWorkspace, sentence: info.ConnectWorkspace()}
	}
	if err != nil {
		return b, fmt.Errorf("find the team: %w", err)
	}
	b.User, err = r.store.UserOf(ctx, n, account)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return Belonging{}, stranger
	}
	if err != nil {
		return Belonging{}, fmt.Errorf("find the person: %w", err)
	}
	b.Role, err = r.store.Role(ctx, b.Team.ID, b.User.ID)
	if err != nil {
		return Belonging{}, err
	}
	if !policy.Allowed(b.User, b.Role, policy.AskMates) {
		return Belonging{}, &UnknownError{What: NotMember, sentence: info.NotMember(b.Team)}
	}
	return b, nil
}

// Proof is what a consent page adds to the redirect.
type Proof struct {
	State string
	Code  string
}

// ProofError means that an ID alone proves nothing.
type ProofError struct{ sentence openmates.Text }

// Error returns the text for the log.
func (e *ProofError) Error() string { return e.sentence.String() }

// Unwrap returns the sentence for people.
func (e *ProofError) Unwrap() error { return openmates.Errorf(openmates.EForbidden, "%s", e.sentence) }

// ClaimWorkspace connects a workspace to a team, with the proof of a consent
// that who started for this team. Without a proof it only confirms what such a
// consent has already connected, because the ID of a workspace is public.
func (r *Room) ClaimWorkspace(ctx context.Context, who Who, t openmates.Team, n openmates.Network, workspace openmates.WorkspaceID, p Proof) (Outcome, error) {
	con, err := r.connector(n)
	if err != nil {
		return Outcome{}, err
	}
	info := con.Info()
	if p == (Proof{}) {
		return r.claimed(ctx, t, n, workspace, &ProofError{sentence: openmates.T(
			"The ID of a %s alone proves nothing, since everybody can know it. Begin with /apps/messages/begin, let somebody agree on %s, and send the state and the code that come back along with the ID.", info.Workspace, info.Label)})
	}
	who.team = t.ID
	q := url.Values{"state": {p.State}, "code": {p.Code}}
	if workspace != "" {
		q.Set(messenger.ExpectedWorkspace, string(workspace))
	}
	o, err := r.Finish(ctx, who, Install, q)
	if err == nil && o.Workspace.ID != workspace && workspace != "" {
		// A workspace was connected to the right team, but not this one.
		err = openmates.Errorf(openmates.EConflict, "You authorized a different %s than the one you named, and that one is now connected. Check the team's connections.", info.Workspace)
	}
	return o, err
}

// claimed returns what a completed consent has connected to the team.
func (r *Room) claimed(ctx context.Context, t openmates.Team, n openmates.Network, workspace openmates.WorkspaceID, bare error) (Outcome, error) {
	p, err := r.PlaceOf(ctx, t, n, workspace)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return Outcome{}, bare
	}
	o := Outcome{Kind: Install, Network: n, Label: p.Label, Team: t}
	o.Workspace.ID, o.Workspace.Name = p.ID, p.Name
	return o, err
}

// ClaimAccount links the account that who proved on a consent page.
func (r *Room) ClaimAccount(ctx context.Context, who Who, p Proof) (Outcome, error) {
	if p.State == "" {
		return Outcome{}, &ProofError{sentence: openmates.T("The code alone doesn't say who asked for it. Begin with /apps/messages/begin, and send the state that comes back along with the code.")}
	}
	return r.Finish(ctx, who, Link, url.Values{"state": {p.State}, "code": {p.Code}})
}
