package web

import (
	"net/http"
	"net/url"
	"slices"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/intake"
)

const securityPath = "/profile/security"

// securityPage shows what protects an account.
type securityPage struct {
	shell
	At         string
	Error      openmates.Text // the part of the page with the error, and the error
	Email      identity.Email
	Typed      string // an address or the name of a passkey, as typed
	Protection identity.Protection
	Passkeys   []identity.Passkey
	Host       string         // the host that passkeys belong to
	NoPasskeys openmates.Text // why passkeys can't be used
	Sessions   []identity.Session
	Tokens     []tokenLine // created by the person
	Shared     bool        // some of them are for a team or a listener
}

func (s *Server) security(w http.ResponseWriter, r *http.Request) error {
	return s.showSecurity(w, r, http.StatusOK, "", "", nil)
}

func (s *Server) showSecurity(w http.ResponseWriter, r *http.Request, status int, at, typed string, wrong error) error {
	ctx, c := r.Context(), openmates.CallerOf(r.Context())
	p := securityPage{shell: s.shell(r, openmates.T("Security")), At: at, Typed: typed, Error: openmates.TextOf(wrong)}
	var err error
	if p.Email, err = s.identity.Email(ctx, c); err != nil {
		return err
	}
	if p.Protection, err = s.identity.Protection(ctx, c); err != nil {
		return err
	}
	if p.Passkeys, err = s.identity.Passkeys(ctx, c); err != nil {
		return err
	}
	if p.Sessions, err = s.identity.SessionsOf(ctx, c); err != nil {
		return err
	}
	if p.Tokens, err = s.madeTokens(r, c); err != nil {
		return err
	}
	p.Shared = slices.ContainsFunc(p.Tokens, func(l tokenLine) bool { return l.Shared() })
	p.Host, err = s.identity.PasskeyHost()
	p.NoPasskeys = openmates.TextOf(err)
	return s.show(w, status, "security", p)
}

// refused shows the page again with an error in the part where it happened. It
// returns errors that aren't the person's mistake.
func (s *Server) refused(w http.ResponseWriter, r *http.Request, at, typed string, err error) error {
	switch openmates.CodeOf(err) {
	case openmates.EInvalid, openmates.EForbidden, openmates.EConflict, openmates.ELimit, openmates.EUnavailable:
		return s.showSecurity(w, r, intake.StatusOf(err), at, typed, err)
	}
	return err
}

// proven parses a form and returns the password that confirms the person's
// identity.
func proven(r *http.Request) (url.Values, openmates.Secret, error) {
	f, err := form(r)
	return f, openmates.Secret(f.Get("password")), err
}
