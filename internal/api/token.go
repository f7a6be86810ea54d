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
	TeamID  openmates.ID      `json:"team_id,omitempty" type:"string" doc:"The team it is for; absent if it isn't for a particular team."`
	By      openmates.ID      `json:"by" type:"string" doc:"Who made it."`
	Created time.Time         `json:"created"`
	Expires *time.Time        `json:"expires,omitempty" doc:"Absent if it doesn't expire."`
	Used    *time.Time        `json:"used,omitempty" doc:"Approximate; absent if never used."`
	Token   string            `json:"token,omitempty" doc:"Only shown when it is created."`
}

type tokenBody struct {
	Name     string            `json:"name" maxLength:"200" doc:"What it is for."`
	Scopes   []openmates.Scope `json:"scopes" nullable:"false" maxItems:"4" enum:"read,write,admin"`
	Days     int               `json:"days,omitempty" minimum:"0" maximum:"366" doc:"How long it is valid; 0 = 90."`
	Password string            `json:"password,omitempty" maxLength:"4096" doc:"The caller's password, if they signed in more than 15 minutes ago (reason password)."`
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
		Days     int    `json:"days,omitempty" minimum:"0" maximum:"366" doc:"How long it is valid; 0 = until revoked."`
		Password string `json:"password,omitempty" maxLength:"4096" doc:"The caller's password, if they signed in more than 15 minutes ago (reason password)."`
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
	serve(s, route{"list-tokens", http.MethodGet, "/me/tokens", "List your tokens", "All tokens that the caller has made: for themselves, for teams and for listeners. Newest first.", 0}, mine(http.MethodGet),
		func(ctx context.Context, c openmates.Caller, in *PageInput) (page[Token], error) {
			return tokenPage(*in)(s.identity.Tokens(ctx, c))
		})
	serve(s, route{"add-token", http.MethodPost, "/me/tokens", "Create a personal token", "It has the caller's rights in all their teams, limited by its scopes. Only shown now.", 201}, person(),
		func(ctx context.Context, c openmates.Caller, in *newToken) (Token, error) {
			return tokenOnce(s.identity.AddToken(ctx, c, in.Body.token()))
		})
	change(s, route{"revoke-token", http.MethodDelete, "/me/tokens/{id}", "Revoke a token that you made", "Takes effect immediately.", 0}, mine(http.MethodDelete),
		func(ctx context.Context, c openmates.Caller, in *tokenInput) error {
			id, err := idOf(in.ID, openmates.T("token"))
			if err != nil {
				return err
			}
			return s.identity.RevokeToken(ctx, c, id)
		})
	serveTeam(s, route{"list-team-tokens", http.MethodGet, "/{team_slug}/tokens", "List a team's tokens", "Newest first.", 0}, policy.RunTeam,
		func(ctx context.Context, _ openmates.Caller, p policy.Place, in *teamPage) (page[Token], error) {
			return tokenPage(in.PageInput)(s.identity.TeamTokens(ctx, p))
		})
	serveTeam(s, route{"add-team-token", http.MethodPost, "/{team_slug}/tokens", "Create a team token", "It has the caller's rights in this team only, and becomes invalid when they stop being its admin. Only shown now. Not allowed with a token.", 201}, policy.RunTeam,
		func(ctx context.Context, c openmates.Caller, p policy.Place, in *newTeamToken) (Token, error) {
			return tokenOnce(s.identity.AddTeamToken(ctx, c, p, in.Body.token()))
		})
	changeTeam(s, route{"revoke-team-token", http.MethodDelete, "/{team_slug}/tokens/{id}", "Revoke a team's token", "Takes effect immediately.", 0}, policy.RunTeam,
		func(ctx context.Context, c openmates.Caller, p policy.Place, in *teamTokenInput) error {
			id, err := idOf(in.ID, openmates.T("token"))
			if err != nil {
				return err
			}
			return s.identity.RevokeTeamToken(ctx, c, p, id)
		})
	serve(s, route{"list-listeners", http.MethodGet, "/server/listeners", "List listeners' credentials", "Newest first.", 0}, admin(),
		func(ctx context.Context, c openmates.Caller, in *PageInput) (page[Token], error) {
			return tokenPage(*in)(s.identity.ListenerTokens(ctx, c))
		})
	serve(s, route{"add-listener", http.MethodPost, "/server/listeners", "Create a credential for a listener", "For a program that listens on a messenger and calls /login and process. It becomes invalid when the caller stops being a server admin. Only shown now. Not allowed with a token.", 201}, admin(),
		func(ctx context.Context, c openmates.Caller, in *newListener) (Token, error) {
			return tokenOnce(s.identity.AddListenerToken(ctx, c, identity.NewToken{Name: in.Body.Name, Days: in.Body.Days, Password: openmates.Secret(in.Body.Password)}))
		})
	change(s, route{"revoke-listener", http.MethodDelete, "/server/listeners/{id}", "Revoke a listener's credential", "Takes effect immediately.", 0}, admin(),
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
