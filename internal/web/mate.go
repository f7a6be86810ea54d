package web

import (
	"context"
	"net/http"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/policy"
)

// matePage shows a mate and, to the server's admins, its bots.
type matePage struct {
	shell
	Mate    openmates.Mate
	Answers string // the model that answers for this mate; "" = none
	Admin   bool
	Bots    []botCard // one per network
}

// botCard is the state of a mate's bot on one network.
type botCard struct {
	Network connect.Network
	Path    string       // of the bot's page
	Bot     *connect.Bot // nil = none yet
}

func (s *Server) showMate(w http.ResponseWriter, r *http.Request) error {
	m, err := s.connect.Mate(r.Context(), r.PathValue("handle"))
	if err != nil {
		return err
	}
	p, err := s.matePage(r, m)
	if err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "mate", p)
}

func (s *Server) matePage(r *http.Request, m connect.Mate) (*matePage, error) {
	c := openmates.CallerOf(r.Context())
	p := &matePage{shell: s.shell(r, openmates.T("%s", m.Name)), Mate: m.Mate, Answers: m.Model}
	if p.Answers == "" {
		p.Answers = p.Model.Name
	}
	p.Admin = policy.Require(c, policy.RunServer) == nil
	if p.Admin {
		for _, n := range s.connect.Networks() {
			p.Bots = append(p.Bots, s.botCard(m, n))
		}
		return p, nil
	}
	return p, s.mayMeet(r.Context(), c, m)
}

// mayMeet returns ENotFound for mates that none of the person's teams uses.
func (s *Server) mayMeet(ctx context.Context, c openmates.Caller, m connect.Mate) error {
	teams, err := s.team.TeamsOf(ctx, c)
	if err != nil {
		return err
	}
	for _, t := range teams {
		if policy.TeamMayUse(t, m.Mate) {
			return nil
		}
	}
	return openmates.Errorf(openmates.ENotFound, "There’s no mate with that name here.")
}

func (s *Server) botCard(m connect.Mate, n connect.Network) botCard {
	card := botCard{Network: n, Path: botAt(n.Network, m.Handle)}
	for _, b := range m.Bots {
		if b.Network == n.Network {
			card.Bot = &b
		}
	}
	return card
}
