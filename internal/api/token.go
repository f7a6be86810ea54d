package api

import (
	"context"
	"net/http"
	"time"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/policy"
)

// Token lets a program use the API.
type Token struct {
	ID      openmates.ID      `json:"id" type:"string"`
	Name    string            `json:"name"`
	Hint    string            `json:"hint" doc:"Its last characters."`
	Scopes  []openmates.Scope `json:"scopes" nullable:"false"`
	UserID  openmates.ID      `json:"user_id" type:"string" doc:"Whose rights it has; 0 = a listener's."`
	TeamID  openmates.ID      `json:"team_id,omitempty" type:"string" doc:"The one team that it is for; none = no team in particular."`
	By      openmates.ID      `json:"by" type:"string" doc:"Who made it."`
	Created time.Time         `json:"created"`
	Expires *time.Time        `json:"expires,omitempty" doc:"None = it does not."`
	Used    *time.Time        `json:"used,omitempty" doc:"Roughly; none = never."`
	Token   string            `json:"token,omitempty" doc:"Shown this once, in the answer to its making."`
}

type tokenBody struct {
	Name     string            `json:"name" maxLength:"200" doc:"What it is for."`
	Scopes   []openmates.Scope `json:"scopes" nullable:"false" maxItems:"4" enum:"read,write,admin"`
	Days     int               `json:"days,omitempty" minimum:"0" maximum:"366" doc:"For which it works; 0 = 90."`
	Password string            `json:"password,omitempty" maxLength:"4096" doc:"The caller's, where they signed in more than a quarter of an hour ago (reason password)."`
}

func (b tokenBody) token() identity.NewToken {
	return identity.NewToken{Name: b.Name, Scopes: b.Scopes, Days: b.Days, Password: openmates.Secret(b.Password)}
}

type newToken struct{ Body tokenBody }

type newTeamToken struct {
	InTeam
	Body tokenBody
}

type newListener struct {
	Body struct {
		Name     string `json:"name" maxLength:"200"`
		Days     int    `json:"days,omitempty" minimum:"0" maximum:"366" doc:"For which it works; 0 = until it is revoked."`
		Password string `json:"password,omitempty" maxLength:"4096" doc:"The caller's, where they signed in more than a quarter of an hour ago (reason password)."`
	}
}

type tokenInput struct {
	ID string `path:"id" maxLength:"40"`
}

type teamTokenInput struct {
	InTeam
	ID string `path:"id" maxLength:"40"`
}

func (s *Server) tokenOperations() {
	serve(s, route{"list-tokens", http.MethodGet, "/me/tokens", "Your tokens", "All that the caller has made: for themselves, for teams and for listeners. Newest first.", 0}, mine(http.MethodGet),
		func(ctx context.Context, c openmates.Caller, in *PageInput) (page[Token], error) {
			return tokenPage(*in)(s.identity.Tokens(ctx, c))
		})
	serve(s, route{"add-token", http.MethodPost, "/me/tokens", "Make a token of your own", "It has the caller's rights in all their teams, as far as its scopes go. Shown this once.", 201}, person(),
		func(ctx context.Context, c openmates.Caller, in *newToken) (Token, error) {
			return tokenOnce(s.identity.AddToken(ctx, c, in.Body.token()))
		})
	change(s, route{"revoke-token", http.MethodDelete, "/me/tokens/{id}", "Revoke a token that you made", "At once.", 0}, mine(http.MethodDelete),
		func(ctx context.Context, c openmates.Caller, in *tokenInput) error {
			id, err := idOf(in.ID, openmates.T("token"))
			if err != nil {
				return err
			}
			return s.identity.RevokeToken(ctx, c, id)
		})
	serveTeam(s, route{"list-team-tokens", http.MethodGet, "/{team_slug}/tokens", "The tokens of a team", "Newest first.", 0}, policy.RunTeam,
		func(ctx context.Context, _ openmates.Caller, p policy.Place, in *teamPage) (page[Token], error) {
			return tokenPage(in.PageInput)(s.identity.TeamTokens(ctx, p))
		})
	serveTeam(s, route{"add-team-token", http.MethodPost, "/{team_slug}/tokens", "Make a token of a team", "It has the caller's rights in this team alone, and ends where they are no admin of it any more. Shown this once. A token can't do it.", 201}, policy.RunTeam,
		func(ctx context.Context, c openmates.Caller, p policy.Place, in *newTeamToken) (Token, error) {
			return tokenOnce(s.identity.AddTeamToken(ctx, c, p, in.Body.token()))
		})
	changeTeam(s, route{"revoke-team-token", http.MethodDelete, "/{team_slug}/tokens/{id}", "Revoke a token of a team", "At once.", 0}, policy.RunTeam,
		func(ctx context.Context, c openmates.Caller, p policy.Place, in *teamTokenInput) error {
			id, err := idOf(in.ID, openmates.T("token"))
			if err != nil {
				return err
			}
			return s.identity.RevokeTeamToken(ctx, c, p, id)
		})
	serve(s, route{"list-listeners", http.MethodGet, "/server/listeners", "The credentials of listeners", "Newest first.", 0}, admin(),
		func(ctx context.Context, c openmates.Caller, in *PageInput) (page[Token], error) {
			return tokenPage(*in)(s.identity.ListenerTokens(ctx, c))
		})
	serve(s, route{"add-listener", http.MethodPost, "/server/listeners", "Make a credential for a listener", "For a program that listens on a messenger and calls /login and process. It ends where the caller is no admin of the server any more. Shown this once. A token can't do it.", 201}, admin(),
		func(ctx context.Context, c openmates.Caller, in *newListener) (Token, error) {
			return tokenOnce(s.identity.AddListenerToken(ctx, c, identity.NewToken{Name: in.Body.Name, Days: in.Body.Days, Password: openmates.Secret(in.Body.Password)}))
		})
	change(s, route{"revoke-listener", http.MethodDelete, "/server/listeners/{id}", "Revoke the credential of a listener", "At once.", 0}, admin(),
		func(ctx context.Context, c openmates.Caller, in *tokenInput) error {
			id, err := idOf(in.ID, openmates.T("credential"))
			if err != nil {
				return err
			}
			return s.identity.RevokeListenerToken(ctx, c, id)
		})
}

func tokenPage(in PageInput) func([]openmates.AccessToken, error) (page[Token], error) {
	return func(found []openmates.AccessToken, err error) (page[Token], error) {
		if err != nil {
			return page[Token]{}, err
		}
		var all []Token
		for _, k := range found {
			all = append(all, tokenOf(k))
		}
		return cut(all, in, func(t Token) string { return t.ID.String() })
	}
}

func tokenOnce(k openmates.AccessToken, secret openmates.Secret, err error) (Token, error) {
	t := tokenOf(k)
	t.Token = secret.Reveal()
	return t, err
}

func tokenOf(k openmates.AccessToken) Token {
	return Token{ID: k.ID, Name: k.Name, Hint: k.Hint, Scopes: append([]openmates.Scope{}, k.Scopes...), UserID: k.UserID, TeamID: k.TeamID, By: k.By,
		Created: k.Created.UTC(), Expires: moment(k.Expires), Used: moment(k.Used)}
}
