package web

import (
	"net/http"
	"slices"
	"strconv"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/intake"
	"openmates/internal/policy"
)

const tokensPath = "/profile/tokens"

// tokensPage lists the access tokens of a person or a team, and creates new
// ones.
type tokensPage struct {
	inTeam
	Own    bool   // the person's own, not the team's
	At     string // its path
	Tokens []tokenLine
	Made   string // the new token; it is shown once
	Form   tokenForm
	Ask    bool // for the password, because the person signed in a while ago
	Error  openmates.Text
}

type tokenLine struct {
	openmates.AccessToken
	Maker   string // of a team's token; "" = somebody who has left the team
	Team    string // the team that a person's own token is for
	Expired bool
}

// Shared reports whether others rely on the token as well.
func (l tokenLine) Shared() bool { return l.TeamID != 0 || l.UserID == 0 }

// tokenForm is the form for a token, as typed.
type tokenForm struct {
	Name   string
	Days   string
	Scopes []scopeBox
}

// scopeBox is a checkbox for a scope.
type scopeBox struct {
	Scope   openmates.Scope
	Label   openmates.Text
	About   openmates.Text
	Checked bool
}

const usualTokenDays = 90

// newTokenForm returns a form with these scopes checked.
func newTokenForm(name, days string, checked ...string) tokenForm {
	f := tokenForm{Name: name, Days: days, Scopes: []scopeBox{
		{Scope: openmates.ScopeRead, Label: openmates.T("Read"), About: openmates.T("See what its creator can see: teams, mates, people, limits.")},
		{Scope: openmates.ScopeWrite, Label: openmates.T("Write"), About: openmates.T("Everything a member can do: ask mates, connect workspaces, change preferences.")},
		{Scope: openmates.ScopeAdmin, Label: openmates.T("Admin"), About: openmates.T("Everything an admin can do, wherever its creator is one.")},
	}}
	for i := range f.Scopes {
		f.Scopes[i].Checked = slices.Contains(checked, string(f.Scopes[i].Scope))
	}
	return f
}

func (s *Server) ownTokensPage(r *http.Request) (*tokensPage, error) {
	c := openmates.CallerOf(r.Context())
	p := &tokensPage{inTeam: inTeam{shell: s.shell(r, openmates.T("API tokens"))}, Own: true, At: tokensPath, Ask: !s.identity.Fresh(r.Context(), c)}
	p.Form = newTokenForm("", strconv.Itoa(usualTokenDays), string(openmates.ScopeRead))
	var err error
	p.Tokens, err = s.madeTokens(r, c)
	return p, err
}

// madeTokens lists the tokens that a person created, for themselves, a team or
// a listener.
func (s *Server) madeTokens(r *http.Request, c openmates.Caller) ([]tokenLine, error) {
	all, err := s.identity.Tokens(r.Context(), c)
	if err != nil {
		return nil, err
	}
	teams, err := s.team.TeamsOf(r.Context(), c)
	if err != nil {
		return nil, err
	}
	var lines []tokenLine
	for _, k := range all {
		l := s.tokenLine(k)
		for _, t := range teams {
			if t.ID == k.TeamID {
				l.Team = t.Name
			}
		}
		lines = append(lines, l)
	}
	return lines, nil
}

func (s *Server) tokenLine(k openmates.AccessToken) tokenLine {
	return tokenLine{AccessToken: k, Expired: !k.Expires.IsZero() && !s.team.Now().Before(k.Expires)}
}

func (s *Server) teamTokensPage(r *http.Request, c openmates.Caller, place policy.Place) (*tokensPage, error) {
	p := &tokensPage{inTeam: s.inTeam(r, c, place), At: "/teams/" + place.Team.Slug + "/tokens", Ask: !s.identity.Fresh(r.Context(), c)}
	members, err := s.team.Members(r.Context(), place)
	if err != nil {
		return nil, err
	}
	all, err := s.identity.TeamTokens(r.Context(), place)
	p.list(s, all, members)
	return p, err
}

func (p *tokensPage) list(s *Server, all []openmates.AccessToken, makers []openmates.Member) {
	p.Form = newTokenForm("", strconv.Itoa(usualTokenDays), string(openmates.ScopeRead))
	for _, k := range all {
		l := s.tokenLine(k)
		for _, m := range makers {
			if m.User.ID == k.By {
				l.Maker = m.User.DisplayName
			}
		}
		p.Tokens = append(p.Tokens, l)
	}
}

func (s *Server) ownTokens(w http.ResponseWriter, r *http.Request) error {
	p, err := s.ownTokensPage(r)
	if err != nil {
		return err
	}
	return s.showTokens(w, r, p)
}

func (s *Server) teamTokens(w http.ResponseWriter, r *http.Request) error {
	c, place := placeOf(r)
	p, err := s.teamTokensPage(r, c, place)
	if err != nil {
		return err
	}
	return s.showTokens(w, r, p)
}

// showTokens shows the page, including a new token if there is one.
func (s *Server) showTokens(w http.ResponseWriter, r *http.Request, p *tokensPage) error {
	s.identity.TakeOnce(r.Context(), p.At, &p.Made) // no token otherwise
	return s.show(w, http.StatusOK, "tokens", p)
}

func (s *Server) addOwnToken(w http.ResponseWriter, r *http.Request) error {
	c := openmates.CallerOf(r.Context())
	return s.addToken(w, r, func(n identity.NewToken) (openmates.Secret, error) {
		_, secret, err := s.identity.AddToken(r.Context(), c, n)
		return secret, err
	}, func() (*tokensPage, error) { return s.ownTokensPage(r) })
}

func (s *Server) addTeamToken(w http.ResponseWriter, r *http.Request) error {
	c, place := placeOf(r)
	return s.addToken(w, r, func(n identity.NewToken) (openmates.Secret, error) {
		_, secret, err := s.identity.AddTeamToken(r.Context(), c, place, n)
		return secret, err
	}, func() (*tokensPage, error) { return s.teamTokensPage(r, c, place) })
}

// addToken creates a token and redirects to the page that shows it once.
func (s *Server) addToken(w http.ResponseWriter, r *http.Request, add func(identity.NewToken) (openmates.Secret, error), page func() (*tokensPage, error)) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	n := identity.NewToken{Name: f.Get("name"), Days: number(f.Get("days")), Password: openmates.Secret(f.Get("password"))}
	if n.Days == 0 { // AddToken takes 0 as the default, but nobody means that by typing it
		n.Days = -1
	}
	for _, scope := range f["scope"] {
		n.Scopes = append(n.Scopes, openmates.Scope(scope))
	}
	secret, err := add(n)
	switch openmates.CodeOf(err) {
	case "", openmates.EInvalid, openmates.EConflict, openmates.EForbidden, openmates.ELimit:
	default:
		return err
	}
	if err == nil {
		return s.once(w, r, r.URL.Path, secret.Reveal())
	}
	p, perr := page()
	if perr != nil {
		return perr
	}
	p.Error, p.Form = openmates.TextOf(err), newTokenForm(n.Name, f.Get("days"), f["scope"]...)
	return s.show(w, intake.StatusOf(err), "tokens", p)
}

func (s *Server) askRevokeOwnToken(r *http.Request) (*question, error) {
	all, err := s.identity.Tokens(r.Context(), openmates.CallerOf(r.Context()))
	if err != nil {
		return nil, err
	}
	return askRevokeToken(all, r.PathValue("id"), tokensPath)
}

func (s *Server) askRevokeTeamToken(r *http.Request) (*question, error) {
	_, place := placeOf(r)
	all, err := s.identity.TeamTokens(r.Context(), place)
	if err != nil {
		return nil, err
	}
	return askRevokeToken(all, r.PathValue("id"), "/teams/"+place.Team.Slug+"/tokens")
}

func askRevokeToken(all []openmates.AccessToken, id, back string) (*question, error) {
	for _, k := range all {
		if k.ID.String() == id {
			return &question{Heading: openmates.T("Revoke the token “%s”?", k.Name), Label: openmates.T("Revoke"), Back: back,
				Sentence: openmates.T("Programs that use it stop working immediately. This can’t be undone.")}, nil
		}
	}
	return nil, openmates.Errorf(openmates.ENotFound, "This token doesn't exist (any more).")
}

func (s *Server) revokeOwnToken(w http.ResponseWriter, r *http.Request) error {
	id, err := openmates.ParseID(r.PathValue("id"))
	if err != nil {
		return s.nothingHere(w, r)
	}
	if err := s.identity.RevokeToken(r.Context(), openmates.CallerOf(r.Context()), id); err != nil {
		return err
	}
	return s.done(w, r, tokensPath, openmates.T("The token is revoked. Programs that use it no longer work."))
}

func (s *Server) revokeTeamToken(w http.ResponseWriter, r *http.Request) error {
	c, place := placeOf(r)
	id, err := openmates.ParseID(r.PathValue("id"))
	if err != nil {
		return s.nothingHere(w, r)
	}
	if err := s.identity.RevokeTeamToken(r.Context(), c, place, id); err != nil {
		return err
	}
	return s.done(w, r, "/teams/"+place.Team.Slug+"/tokens", openmates.T("The token is revoked. Programs that use it no longer work."))
}
