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

// securityPage is everything that protects an account.
type securityPage struct {
	shell
	At         string
	Error      openmates.Text // the part of the page that something went wrong in, and what
	Email      identity.Email
	Typed      string // an address, or the name of a passkey, as typed
	Protection openmates.Protection
	Passkeys   []openmates.Passkey
	Host       string         // that passkeys are bound to
	NoPasskeys openmates.Text // why there can be none
	Sessions   []identity.Session
	Tokens     []tokenLine // that the person has made
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

// refused shows the page again with what was wrong in the part where it was.
// What is nobody's mistake goes up.
func (s *Server) refused(w http.ResponseWriter, r *http.Request, at, typed string, err error) error {
	switch openmates.CodeOf(err) {
	case openmates.EInvalid, openmates.EForbidden, openmates.EConflict, openmates.ELimit, openmates.EUnavailable:
		return s.showSecurity(w, r, intake.StatusOf(err), at, typed, err)
	}
	return err
}

// proven reads a form, and from it the password that proves who types.
func proven(r *http.Request) (url.Values, openmates.Secret, error) {
	f, err := form(r)
	return f, openmates.Secret(f.Get("password")), err
}
