package web

import (
	"net/http"

	"openmates"
	"openmates/internal/account"
	"openmates/internal/connect"
)

// profilePage is the person's own page.
type profilePage struct {
	shell
	Links []connect.LinkChoice
	Teams []openmates.Team
}

func (s *Server) profile(w http.ResponseWriter, r *http.Request) error {
	c := account.CallerOf(r.Context())
	if gone, err := s.resumeLink(w, r); gone || err != nil {
		return err
	}
	p := profilePage{shell: s.shell(r, "Your profile")}
	var err error
	if p.Links, err = s.connect.LinkChoices(r.Context(), c.User.ID); err != nil {
		return err
	}
	if p.Teams, err = s.account.TeamsOf(r.Context(), c); err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "profile", p)
}

func (s *Server) link(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	c := account.CallerOf(r.Context())
	who := connect.Who{UserID: c.User.ID, Session: c.Session}
	address, err := s.connect.BeginLink(r.Context(), who, openmates.Network(f.Get("network")))
	if err != nil {
		return err
	}
	return to(w, r, address)
}

func (s *Server) unlink(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	id, err := openmates.ParseID(f.Get("identity"))
	if err != nil {
		return err
	}
	if err := s.connect.Unlink(r.Context(), account.CallerOf(r.Context()).User.ID, id); err != nil {
		return err
	}
	return s.done(w, r, "/profile", "The account is unlinked. Mates will no longer know it as yours.")
}
