package web

import (
	"net/http"
	"net/url"

	"openmates"
)

// movedPage says that the server has a new address, and what that costs.
type movedPage struct {
	shell
	Before, Now string
	At          string         // the page to go on with
	Redirect    string         // to register with every application
	Bots        int            // how many applications there are
	SignIn      bool           // the session does not reach there
	Passkeys    string         // the name that passkeys belong to now; "" = nothing changes for them
	Error       openmates.Text // what else was not saved
}

// moved answers, still at the old address, a form that has changed it. It can't
// send the browser there: the answer to a form may lead to this site only.
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
	// Cookies know no port, but they know the host and whether it is https.
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
