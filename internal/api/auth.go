package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"openmates"
	"openmates/internal/server"
)

// NewAccount is an account to create.
type NewAccount struct {
	Username    string      `json:"username" maxLength:"200"`
	Name        string      `json:"name" maxLength:"200"`
	Password    string      `json:"password" maxLength:"4096"`
	Email       string      `json:"email,omitempty" maxLength:"400"`
	Language    string      `json:"language,omitempty" maxLength:"80"`
	TimeZone    string      `json:"time_zone,omitempty" maxLength:"80"`
	Preferences Preferences `json:"preferences,omitempty"`
}

// newcomer converts it. It is required for callers without an account.
func (n *NewAccount) newcomer(c openmates.Caller) (openmates.Newcomer, error) {
	if n == nil {
		if !c.SignedIn() {
			return openmates.Newcomer{}, openmates.Errorf(openmates.EUnauthorized, "Sign in first, or send the “account” to create.")
		}
		return openmates.Newcomer{}, nil
	}
	return openmates.Newcomer{Username: n.Username, Email: n.Email, Password: openmates.Secret(n.Password),
		Self: openmates.Self{Name: n.Name, Language: n.Language, TimeZone: n.TimeZone, Preferences: openmates.Preferences(n.Preferences)}}, nil
}

// Welcome is an invite as shown to somebody with its code.
type Welcome struct {
	Team    string         `json:"team" doc:"The name of the team."`
	Slug    string         `json:"slug,omitempty" doc:"The team's slug, for its members."`
	By      string         `json:"by" doc:"The person who invites."`
	Role    openmates.Role `json:"role" enum:"admin,member" doc:"The role that the person will have."`
	Expires time.Time      `json:"expires"`
	Limited bool           `json:"limited" doc:"The invite is limited to certain email addresses."`
	Confirm bool           `json:"confirm" doc:"The address must be confirmed by mail first: /auth/invite/proof sends the link."`
	Member  bool           `json:"member" doc:"The caller is already in the team."`
}

type setUpInput struct {
	Body struct {
		Code     string `json:"code" maxLength:"100" doc:"From the link that the server prints when it starts."`
		Username string `json:"username" maxLength:"200"`
		Name     string `json:"name" maxLength:"200"`
		Password string `json:"password" maxLength:"4096"`
		Team     string `json:"team" maxLength:"200" doc:"The name of the first team."`
		Slug     string `json:"slug,omitempty" maxLength:"80" doc:"Its slug; made from the name if omitted."`
	}
}

type signInInput struct {
	Body struct {
		Username string `json:"username" maxLength:"200"`
		Password string `json:"password" maxLength:"4096"`
	}
}

type inviteCode struct {
	Body struct {
		Code  string `json:"code" maxLength:"100"`
		Proof string `json:"proof,omitempty" maxLength:"100" doc:"From the link that confirms an address."`
	}
}

type proofInput struct {
	Body struct {
		Code  string `json:"code" maxLength:"100"`
		Email string `json:"email" maxLength:"400"`
	}
}

type joinInput struct {
	Body struct {
		Code    string      `json:"code" maxLength:"100"`
		Proof   string      `json:"proof,omitempty" maxLength:"100"`
		Email   string      `json:"email,omitempty" maxLength:"400" doc:"The address of somebody with an account, if the invite requires one."`
		Account *NewAccount `json:"account,omitempty" doc:"For somebody without an account."`
	}
}

type askResetInput struct {
	Body struct {
		Who string `json:"who" maxLength:"400" doc:"A username, or the account's confirmed address."`
	}
}

type resetInput struct {
	Body struct {
		Code     string `json:"code" maxLength:"100" doc:"From the link."`
		Password string `json:"password" maxLength:"4096" doc:"The new password."`
	}
}

func (s *Server) authOperations() {
	all := anybody()
	change(s, route{"ask-reset", http.MethodPost, "/auth/reset/ask", "Request a password reset", "Mails a link if the account exists and has a confirmed address; the answer is the same if it doesn't. The link works once, within 30 minutes.", 202}, all,
		func(ctx context.Context, _ openmates.Caller, in *askResetInput) error {
			return s.identity.AskReset(ctx, fromOf(ctx), in.Body.Who)
		})
	change(s, route{"reset-password", http.MethodPost, "/auth/reset", "Choose a new password", "With the code from a reset link. Ends all sessions and access tokens of the account; signs nobody in.", 0}, all,
		func(ctx context.Context, _ openmates.Caller, in *resetInput) error {
			_, err := s.identity.Reset(ctx, fromOf(ctx), openmates.Secret(in.Body.Code), openmates.Secret(in.Body.Password))
			return err
		})
	serve(s, route{"set-up", http.MethodPost, "/auth/setup", "Set up the server", "Works once. Creates the first admin, their team, and a session.", 201}, all, s.setUp)
	serve(s, route{"sign-in", http.MethodPost, "/auth/sign-in", "Sign in", "Starts a session and sets its cookie. If the account requires a second step, the problem says so (reason second_step).", 0}, all,
		func(ctx context.Context, _ openmates.Caller, in *signInInput) (MeLine, error) {
			u, err := s.identity.SignIn(ctx, fromOf(ctx), in.Body.Username, openmates.Secret(in.Body.Password))
			return lineOf(u), err
		})
	serve(s, route{"second-step", http.MethodPost, "/auth/second-step", "Complete the second step", "With a code from the authenticator app, or a recovery code.", 0}, all,
		func(ctx context.Context, _ openmates.Caller, in *codeInput) (MeLine, error) {
			u, err := s.identity.SecondStep(ctx, fromOf(ctx), in.Body.Code)
			return lineOf(u), err
		})
	change(s, route{"sign-out", http.MethodPost, "/auth/sign-out", "Sign out", "Ends the session.", 0}, all,
		func(ctx context.Context, c openmates.Caller, _ *struct{}) error {
			if c.Token.ID != 0 {
				return nil
			}
			return s.identity.SignOut(ctx)
		})
	serve(s, route{"look-at-invite", http.MethodPost, "/auth/invite", "Look at an invite", "Changes nothing. The code is in the body, because addresses end up in logs.", 0}, all, s.lookAtInvite)
	change(s, route{"prove-address", http.MethodPost, "/auth/invite/proof", "Confirm an address for an invite", "For an invite that is limited to certain addresses. Mails a link.", 202}, all,
		func(ctx context.Context, c openmates.Caller, in *proofInput) error {
			return s.team.AskProof(ctx, c, fromOf(ctx), in.Body.Code, in.Body.Email, func(proof string) string {
				return s.joinLink(in.Body.Code) + "?proof=" + url.QueryEscape(proof)
			})
		})
	serve(s, route{"join", http.MethodPost, "/auth/join", "Join a team with an invite", "Creates an account and a session for somebody who has none.", 0}, all, s.join)
}

func (s *Server) setUp(ctx context.Context, _ openmates.Caller, in *setUpInput) (TeamLine, error) {
	b := in.Body
	u, t, err := s.server.Setup(ctx, fromOf(ctx), server.Founder{Code: openmates.Secret(b.Code), Name: b.Name, Username: b.Username,
		Password: openmates.Secret(b.Password), Team: b.Team, Slug: b.Slug, Host: hostOf(ctx)})
	if err == nil {
		err = s.identity.Begin(ctx, u)
	}
	return TeamLine{t.ID, t.Slug, t.Name}, err
}

// MeLine is the caller in short.
type MeLine struct {
	ID       openmates.ID `json:"id" type:"string"`
	Username string       `json:"username"`
	Name     string       `json:"name"`
}

func lineOf(u openmates.User) MeLine { return MeLine{u.ID, u.Username, u.DisplayName} }

func (s *Server) lookAtInvite(ctx context.Context, c openmates.Caller, in *inviteCode) (Welcome, error) {
	w, err := s.team.Welcome(ctx, c, in.Body.Code, in.Body.Proof)
	if err != nil {
		return Welcome{}, err
	}
	out := Welcome{Team: w.Team.Name, By: w.By, Role: w.Invite.Role, Expires: w.Invite.Expires.UTC(),
		Limited: len(w.Invite.Only) > 0, Confirm: w.Mail && w.Email == "", Member: w.Member}
	if w.Member {
		out.Slug = w.Team.Slug
	}
	return out, nil
}

func (s *Server) join(ctx context.Context, c openmates.Caller, in *joinInput) (TeamLine, error) {
	b := in.Body
	if err := c.Permit(openmates.ScopeWrite); err != nil {
		return TeamLine{}, err
	}
	if c.Token.TeamID != 0 {
		return TeamLine{}, openmates.Errorf(openmates.EForbidden, "A team's token only works for that team. Use one of your own.")
	}
	if c.SignedIn() && b.Account != nil {
		return TeamLine{}, openmates.Errorf(openmates.EInvalid, "You already have an account. Leave “account” out, or sign out first.")
	}
	n, err := b.Account.newcomer(c)
	if err != nil {
		return TeamLine{}, err
	}
	if c.SignedIn() {
		n.Email = strings.TrimSpace(b.Email)
	}
	u, w, err := s.team.Join(ctx, c, fromOf(ctx), b.Code, b.Proof, n)
	if err != nil {
		return TeamLine{}, err
	}
	if !c.SignedIn() {
		err = s.identity.Begin(ctx, u)
	}
	return TeamLine{w.Team.ID, w.Team.Slug, w.Team.Name}, err
}
