package web

import (
	"cmp"
	"net/http"
	"strings"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/mate"
	"openmates/internal/policy"
)

// profilePage is the person's own page.
type profilePage struct {
	shell
	Links      []connect.LinkChoice
	Allowances []allowance
}

// allowance is what a person may use in one team.
type allowance struct {
	mate.Allowance
	Currency string
}

// Asks lists the mates that the person may ask in the team.
func (a allowance) Asks() string { return strings.Join(a.Effective.Mates.Names, ", ") }

func (s *Server) profile(w http.ResponseWriter, r *http.Request) error {
	c := openmates.CallerOf(r.Context())
	if gone, err := s.resumeLink(w, r); gone || err != nil {
		return err
	}
	p := profilePage{shell: s.shell(r, openmates.T("Your profile"))}
	var err error
	if p.Links, err = s.connect.LinkChoices(r.Context(), c.User.ID); err != nil {
		return err
	}
	currency, err := s.currency(r.Context())
	if err != nil {
		return err
	}
	teams, err := s.team.TeamsOf(r.Context(), c)
	if err != nil {
		return err
	}
	for _, t := range teams {
		a, err := s.mate.Allowance(r.Context(), t, c.User)
		if openmates.CodeOf(err) == openmates.ENotFound { // they have just left it
			continue
		}
		if err == nil && policy.Require(c, policy.RunServer) == nil {
			a, err = s.mate.WithServer(r.Context(), a)
		}
		if err != nil {
			return err
		}
		p.Allowances = append(p.Allowances, allowance{a, currency})
	}
	return s.show(w, http.StatusOK, "profile", p)
}

func (s *Server) link(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	c := openmates.CallerOf(r.Context())
	who := connect.Who{UserID: c.User.ID, Session: c.Session}
	address, err := s.connect.BeginLink(r.Context(), who, openmates.Network(f.Get("network")))
	if err != nil {
		return err
	}
	return to(w, r, address)
}

func (s *Server) askUnlink(r *http.Request) (*question, error) {
	if _, err := openmates.ParseID(r.FormValue("identity")); err != nil {
		return nil, err
	}
	all, err := s.connect.LinkChoices(r.Context(), openmates.CallerOf(r.Context()).User.ID)
	if err != nil {
		return nil, err
	}
	for _, choice := range all {
		for _, id := range choice.Linked {
			if id.ID.String() == r.FormValue("identity") {
				return &question{
					Heading:  openmates.T("Unlink the %s account %s?", choice.Network.Label, cmp.Or(id.Name, string(id.AccountID))),
					Sentence: openmates.T("Mates will stop answering this account. You can link it again at any time."),
					Label:    openmates.T("Unlink"), Back: "/profile",
				}, nil
			}
		}
	}
	return nil, openmates.Errorf(openmates.ENotFound, "This account is no longer linked.")
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
	if err := s.connect.Unlink(r.Context(), openmates.CallerOf(r.Context()).User.ID, id); err != nil {
		return err
	}
	return s.done(w, r, "/profile", openmates.T("The account is unlinked. Mates won’t recognise it as yours any more."))
}
