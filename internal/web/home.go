package web

import (
	"context"
	"net/http"
	"slices"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/model"
	"openmates/internal/policy"
)

// homePage is where everybody starts: their teams, what to do next and, for the
// server's admins, the state of all mates.
type homePage struct {
	shell
	Teams []teamCard
	Steps []step  // for people who don't run the server
	Setup *wizard // for the server's admins, like Mates; else nil
	Mates *matesList
	Say   string // what to write to a mate once everything is set up
}

type teamCard struct {
	openmates.Team
	Mates  []connect.TeamMate
	Places []connect.Workspace
}

// In returns how many mates are in at least one of the team's places.
func (t teamCard) In() (n int) {
	for _, m := range t.Mates {
		if len(m.In) > 0 {
			n++
		}
	}
	return n
}

// Where lists the team's places.
func (t teamCard) Where() string { return placeNames(t.Places) }

// matesList is the part of the home page that updates itself.
type matesList struct {
	Mates []connect.Mate
	Model model.Shown
}

func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	c := openmates.CallerOf(r.Context())
	if !c.SignedIn() {
		return s.welcome(w, r)
	}
	p := homePage{shell: s.shell(r, openmates.T("Home"))}
	st, err := s.setupState(r)
	if err != nil {
		return err
	}
	p.Teams = st.Teams
	if policy.Require(c, policy.RunServer) == nil {
		wiz := st.wizard()
		p.Setup, p.Mates = &wiz, &matesList{Mates: st.Mates, Model: st.Model}
		if wiz.Next == nil || wiz.Done == len(wiz.Steps)-1 && wiz.Next.Wrong == "" && !st.Answered {
			p.Say = wiz.Say
		}
		return s.show(w, http.StatusOK, "home", p)
	}
	p.Steps = st.personal()
	if !slices.ContainsFunc(p.Steps, func(s step) bool { return !s.Done }) {
		p.Say = greeting(p.Teams)
	}
	return s.show(w, http.StatusOK, "home", p)
}

// teamCards lists the caller's teams.
func (s *Server) teamCards(r *http.Request) ([]teamCard, error) {
	c := openmates.CallerOf(r.Context())
	teams, err := s.team.TeamsOf(r.Context(), c)
	if err != nil {
		return nil, err
	}
	var all []teamCard
	for _, t := range teams {
		place, err := s.team.Enter(r.Context(), c, t.ID.String(), policy.SeeTeam)
		if err != nil {
			return nil, err
		}
		mates, err := s.connect.MatesFor(r.Context(), t, c.User, place.Role)
		if err != nil {
			return nil, err
		}
		all = append(all, teamCard{Team: t, Mates: mates, Places: connect.Workspaces(mates)})
	}
	return all, nil
}

// welcome redirects visitors who aren't signed in to the form or, while the
// server has no admin, explains where to find the setup link.
func (s *Server) welcome(w http.ResponseWriter, r *http.Request) error {
	open, err := s.server.SetupOpen(r.Context())
	if err != nil {
		return err
	}
	if !open {
		return to(w, r, "/signin")
	}
	return s.show(w, http.StatusOK, "message", messagePage{
		shell: s.shell(r, openmates.T("Welcome")), Heading: openmates.T("Set up your server"),
		Sentence: openmates.T("Open the setup link printed in the terminal where OpenMates was started. Restart it to get a new link."),
		Ways:     []way{{openmates.T("Enter the setup code"), "/setup"}},
	})
}

func (s *Server) matesList(ctx context.Context) (*matesList, error) {
	mates, err := s.connect.Mates(ctx)
	return &matesList{Mates: mates, Model: s.shown(ctx)}, err
}

func (s *Server) matesPart(w http.ResponseWriter, r *http.Request) error {
	if err := policy.Require(openmates.CallerOf(r.Context()), policy.RunServer); err != nil {
		return err
	}
	l, err := s.matesList(r.Context())
	if err != nil {
		return err
	}
	return s.render(w, http.StatusOK, "home", "mates", l)
}
