package web

import (
	"net/http"

	"openmates"
)

func (s *Server) setEmail(w http.ResponseWriter, r *http.Request) error {
	f, password, err := proven(r)
	if err != nil {
		return err
	}
	awaits, err := s.identity.SetEmail(r.Context(), openmates.CallerOf(r.Context()), f.Get("email"), password)
	if err != nil {
		return s.refused(w, r, "email", f.Get("email"), err)
	}
	if awaits {
		return s.done(w, r, securityPath, openmates.T("We’ve sent a link to the new address. Open it to confirm the address; until then, the old one stays."))
	}
	return s.done(w, r, securityPath, openmates.T("Your address is changed."))
}

// addressPage asks before it confirms an address, because some mail programs
// open links by themselves.
type addressPage struct {
	shell
	Code string
}

func (s *Server) addressForm(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, http.StatusOK, "address", addressPage{s.shell(r, openmates.T("Confirm your address")), r.URL.Query().Get("code")})
}

func (s *Server) confirmAddress(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	address, err := s.identity.ConfirmEmail(r.Context(), openmates.CallerOf(r.Context()), openmates.Secret(f.Get("code")))
	if err != nil {
		return err
	}
	return s.done(w, r, securityPath, openmates.T("%s is confirmed and is now your address.", address))
}
