package web

import (
	"net/http"
	"slices"

	"openmates"
)

func (s *Server) askEndSession(r *http.Request) (*question, error) {
	all, err := s.identity.SessionsOf(r.Context(), openmates.CallerOf(r.Context()))
	if err != nil {
		return nil, err
	}
	for _, x := range all {
		if x.ID == r.FormValue("session") {
			return &question{Heading: openmates.T("Sign out that browser?"), Sentence: openmates.T("That browser has to sign in again."), Label: openmates.T("Sign out"), Back: securityPath}, nil
		}
	}
	return nil, openmates.Errorf(openmates.ENotFound, "You’re no longer signed in there.")
}

func (s *Server) askEndSessions(here bool) asker {
	return func(r *http.Request) (*question, error) {
		q := question{Heading: openmates.T("Sign out everywhere else?"), Label: openmates.T("Sign out everywhere else"), Back: securityPath,
			Sentence: openmates.T("All other browsers have to sign in again. The API tokens you created and your open invites for admins are revoked.")}
		if here {
			q.Heading, q.Label = openmates.T("Sign out everywhere?"), openmates.T("Sign out everywhere")
			q.Sentence = openmates.T("All browsers, including this one, have to sign in again. The API tokens you created and your open invites for admins are revoked.")
		}
		made, err := s.identity.Tokens(r.Context(), openmates.CallerOf(r.Context()))
		if slices.ContainsFunc(made, func(k openmates.AccessToken) bool { return tokenLine{AccessToken: k}.Shared() }) {
			q.Tick = &tick{Name: "keep", Label: openmates.T("Keep the tokens for teams and listeners"), Hint: openmates.T("Only if no one else has had your password or your browser.")}
		}
		return &q, err
	}
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	if err := s.identity.EndSession(r.Context(), openmates.CallerOf(r.Context()), f.Get("session")); err != nil {
		return err
	}
	return s.done(w, r, securityPath, openmates.T("That browser is signed out."))
}

func (s *Server) endSessions(here bool) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		f, err := form(r)
		if err != nil {
			return err
		}
		keep := f.Get("keep") != ""
		if err := s.identity.EndSessions(r.Context(), openmates.CallerOf(r.Context()), here, keep); err != nil {
			return err
		}
		switch {
		case here:
			return to(w, r, "/signin")
		case keep:
			return s.done(w, r, securityPath, openmates.T("You’re signed out everywhere else, and your own API tokens are revoked; those for teams and listeners stay."))
		}
		return s.done(w, r, securityPath, openmates.T("You’re signed out everywhere else, and all API tokens you created are revoked."))
	}
}
