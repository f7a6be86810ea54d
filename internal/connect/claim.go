package connect

import (
	"context"
	"fmt"
	"net/url"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/policy"
)

// Belonging is what the IDs of a messenger stand for here.
type Belonging struct {
	Team openmates.Team
	User openmates.User
	Role openmates.Role
}

// UnknownError says that a workspace is no team's, an account nobody's, or its
// owner no member of that team. Its sentence is what the person is told in the
// chat.
type UnknownError struct {
	What     Unknown
	sentence openmates.Text
}

// Unknown is what of a message is not known.
type Unknown string

// What can be unknown.
const (
	UnknownWorkspace Unknown = "workspace"
	UnknownAccount   Unknown = "account"
	NotMember        Unknown = "member" // the account is known, and its owner not in the team
)

// Error is the text for the log.
func (e *UnknownError) Error() string { return e.sentence.String() }

// Unwrap gives the sentence for people.
func (e *UnknownError) Unwrap() error {
	return openmates.Errorf(openmates.ENotFound, "%s", e.sentence)
}

// Login tells whose team a workspace is, and who of it an account. Both IDs are
// public, so the caller has made sure that a listener asks. Its refusals keep
// the wording of the product's workflow to the letter.
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

// Proof is what a consent page sends a browser back with.
type Proof struct {
	State string
	Code  string
}

// ProofError says that an ID alone proves nothing.
type ProofError struct{ sentence string }

// Error is the text for the log.
func (e *ProofError) Error() string { return e.sentence }

// Unwrap gives the sentence for people.
func (e *ProofError) Unwrap() error { return openmates.Errorf(openmates.EForbidden, "%s", e.sentence) }

// ClaimWorkspace connects a workspace to a team, by the proof of a consent that
// who began for this team. Without a proof it only confirms what such a consent
// has connected before: the ID of a workspace is public, and proves nothing.
func (r *Room) ClaimWorkspace(ctx context.Context, who Who, t openmates.Team, n openmates.Network, workspace openmates.WorkspaceID, p Proof) (Outcome, error) {
	con, err := r.connector(n)
	if err != nil {
		return Outcome{}, err
	}
	info := con.Info()
	if p == (Proof{}) {
		return r.claimed(ctx, t, n, workspace, &ProofError{sentence: fmt.Sprintf(
			"The ID of a %s alone proves nothing, since everybody can know it. Begin with /apps/messages/begin, let somebody agree on %s, and send the state and the code that come back along with the ID.", info.Workspace, info.Label)})
	}
	who.team = t.ID
	q := url.Values{"state": {p.State}, "code": {p.Code}}
	if workspace != "" {
		q.Set(messenger.ExpectedWorkspace, string(workspace))
	}
	o, err := r.Finish(ctx, who, Install, q)
	if err == nil && o.Workspace.ID != workspace && workspace != "" {
		// Connected it is, and to the right team, but it is another one.
		err = openmates.Errorf(openmates.EConflict, "You gave consent for a different %s than the one you named. That one is connected now; check the team's connections.", info.Workspace)
	}
	return o, err
}

// claimed finds what a finished consent has connected to the team.
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
		return Outcome{}, &ProofError{sentence: "The code alone does not say who asked for it. Begin with /apps/messages/begin, and send the state that comes back along with the code."}
	}
	return r.Finish(ctx, who, Link, url.Values{"state": {p.State}, "code": {p.Code}})
}
