package web

import (
	"net/http"

	"openmates"
)

func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) error {
	f, old, err := proven(r)
	if err != nil {
		return err
	}
	if err := s.identity.ChangePassword(r.Context(), openmates.CallerOf(r.Context()), old, openmates.Secret(f.Get("new")), f.Get("keep") != ""); err != nil {
		return s.refused(w, r, "password", "", err)
	}
	if f.Get("keep") != "" {
		return s.done(w, r, securityPath, openmates.T("Your password is changed. You’re signed out everywhere else, and your own API tokens are revoked; those for teams and listeners stay."))
	}
	return s.done(w, r, securityPath, openmates.T("Your password is changed. You’re signed out everywhere else, and all API tokens you created are revoked."))
}
