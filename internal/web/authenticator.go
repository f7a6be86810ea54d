package web

import (
	"net/http"

	"openmates"
	"openmates/internal/intake"
)

// authenticatorPage shows the secret for an authenticator app until the person
// enters a code from it.
type authenticatorPage struct {
	shell
	QR     qrCode
	Secret string // in groups of four
	Error  openmates.Text
}

func (s *Server) beginAuthenticator(w http.ResponseWriter, r *http.Request) error {
	_, password, err := proven(r)
	if err != nil {
		return err
	}
	if err := s.identity.BeginAuthenticator(r.Context(), openmates.CallerOf(r.Context()), password); err != nil {
		return s.refused(w, r, "authenticator", "", err)
	}
	return to(w, r, securityPath+"/authenticator")
}

func (s *Server) authenticator(w http.ResponseWriter, r *http.Request) error {
	return s.showAuthenticator(w, r, http.StatusOK, nil)
}

func (s *Server) showAuthenticator(w http.ResponseWriter, r *http.Request, status int, wrong error) error {
	setup, err := s.identity.AuthenticatorSetup(r.Context(), openmates.CallerOf(r.Context()))
	if openmates.CodeOf(err) == openmates.ENotFound {
		return to(w, r, securityPath)
	}
	if err != nil {
		return err
	}
	p := authenticatorPage{shell: s.shell(r, openmates.T("Authenticator app")), Secret: inFours(setup.Secret.Reveal()), Error: openmates.TextOf(wrong)}
	if p.QR, err = newQR(setup.URL.Reveal()); err != nil {
		return err
	}
	return s.show(w, status, "authenticator", p)
}

func (s *Server) confirmAuthenticator(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	codes, err := s.identity.ConfirmAuthenticator(r.Context(), openmates.CallerOf(r.Context()), f.Get("code"))
	switch openmates.CodeOf(err) {
	case "":
		return s.showRecovery(w, r, openmates.T("The authenticator app is set up."), codes)
	case openmates.EInvalid, openmates.ELimit:
		return s.showAuthenticator(w, r, intake.StatusOf(err), err)
	case openmates.ENotFound, openmates.EConflict:
		return s.done(w, r, securityPath, openmates.TextOf(err))
	}
	return err
}

func (s *Server) removeAuthenticator(w http.ResponseWriter, r *http.Request) error {
	_, password, err := proven(r)
	if err != nil {
		return err
	}
	if err := s.identity.RemoveAuthenticator(r.Context(), openmates.CallerOf(r.Context()), password); err != nil {
		return s.refused(w, r, "authenticator", "", err)
	}
	return s.done(w, r, securityPath, openmates.T("The authenticator app is removed. You won’t be asked for its codes any more."))
}
