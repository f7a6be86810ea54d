package web

import (
	"net/http"
	"net/url"

	"openmates"
)

// movedPage says that the server has a new address and what that means.
type movedPage struct {
	shell
	Before, Now string
	At          string         // the page to continue with
	Redirect    string         // to be registered with every application
	Bots        int            // number of applications
	SignIn      bool           // the session isn't valid there
	Passkeys    string         // the new domain of passkeys, or "" if it stays the same
	Error       openmates.Text // what else was not saved
}

// moved responds, at the old address, to the form that changed it. It can't
// redirect: a form may only lead to this site.
func (s *Server) moved(w http.ResponseWriter, r *http.Request, before, from string, failed error) error {
	now := s.connect.PublicURL()
	p := movedPage{shell: s.shell(r, openmates.T("The address has changed")), Before: before, Now: now, At: now + "/server/settings", Redirect: s.connect.Redirect(), Error: openmates.TextOf(failed)}
	p.Offer = nil // its links lead to the old address
	if from == "setup" {
		p.At = now + "/server/setup"
	}
	was, err := url.Parse(before)
	if err != nil {
		return err
	}
	is, err := url.Parse(now)
	if err != nil {
		return err
	}
	// Cookies ignore the port, but not the host or whether it is https.
	p.SignIn = was.Hostname() != is.Hostname() || was.Scheme != is.Scheme
	if was.Hostname() != is.Hostname() {
		p.Passkeys = is.Hostname()
	}
	bots, err := s.connect.Applications(r.Context())
	if err != nil {
		return err
	}
	p.Bots = bots
	return s.show(w, http.StatusOK, "moved", p)
}
