package web

import (
	"net/http"

	"openmates"
	"openmates/internal/intake"
	"openmates/internal/server"
)

// setupPage creates the first admin and the first team.
type setupPage struct {
	shell
	Code     string // from the printed link; "" = to be typed
	Name     string
	Username string
	Team     string
	Error    openmates.Text
}

func (s *Server) setupForm(w http.ResponseWriter, r *http.Request) error {
	open, err := s.server.SetupOpen(r.Context())
	if err != nil {
		return err
	}
	if !open {
		return to(w, r, "/")
	}
	p := setupPage{shell: s.shell(r, openmates.T("Welcome")), Code: r.URL.Query().Get("code")}
	if p.Code != "" {
		if err := s.server.CheckSetupCode(r.Context(), s.address(r), openmates.Secret(p.Code)); err != nil {
			if openmates.CodeOf(err) == openmates.EInternal {
				return err
			}
			p.Code, p.Error = "", openmates.TextOf(err)
			return s.show(w, intake.StatusOf(err), "setup", p)
		}
	}
	return s.show(w, http.StatusOK, "setup", p)
}

func (s *Server) setup(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	u, _, err := s.server.Setup(r.Context(), s.address(r), server.Founder{
		Code: openmates.Secret(f.Get("code")), Name: f.Get("name"), Username: f.Get("username"),
		Password: openmates.Secret(f.Get("password")), Team: f.Get("team"), Host: s.Asked(r).Host,
	})
	if err != nil {
		if openmates.CodeOf(err) == openmates.EInternal {
			return err
		}
		p := setupPage{shell: s.shell(r, openmates.T("Welcome")), Code: f.Get("code"), Name: f.Get("name"),
			Username: f.Get("username"), Team: f.Get("team"), Error: openmates.TextOf(err)}
		if openmates.CodeOf(err) == openmates.EUnauthorized {
			p.Code = ""
		}
		return s.show(w, intake.StatusOf(err), "setup", p)
	}
	if err := s.identity.Begin(r.Context(), u); err != nil {
		return err
	}
	return s.done(w, r, "/server/setup", openmates.T("Your server is ready. Here’s what comes next."))
}
