package web

import (
	"net/http"
	"strings"

	"openmates"
	"openmates/internal/server"
)

type allTeamsPage struct {
	directory
	Currency string
	All      []server.DirectoryTeam
}

func (s *Server) allTeams(w http.ResponseWriter, r *http.Request) error {
	p := allTeamsPage{directory: s.directory(r, openmates.T("Teams"))}
	var more bool
	var err error
	if p.All, more, err = s.server.AnyTeams(r.Context(), openmates.CallerOf(r.Context()), p.Search); err != nil {
		return err
	}
	if more {
		p.Next = p.at(p.All[len(p.All)-1].Team.Slug)
	}
	if p.Currency, err = s.currency(r.Context()); err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "allteams", p)
}

func (s *Server) anyTeam(r *http.Request) (openmates.Team, error) {
	return s.server.AnyTeam(r.Context(), openmates.CallerOf(r.Context()), r.PathValue("slug"))
}

func (s *Server) askRemoveTeam(r *http.Request) (*question, error) {
	t, err := s.anyTeam(r)
	if err != nil {
		return nil, err
	}
	return &question{
		Heading:  openmates.T("Remove the team %s?", t.Name),
		Sentence: openmates.T("It’s removed permanently, with its limits, invites, tokens, connections and the text of all questions. Its members keep their accounts. What it spent stays on record."),
		Label:    openmates.T("Remove team"), Back: teamsPath,
		Tick: &tick{Name: "leave", Label: openmates.T("Remove its mates from its workspaces"), Checked: true,
			Hint: openmates.T("Otherwise they stay there, but don’t answer until a team connects the workspaces again.")},
	}, nil
}

func (s *Server) removeTeam(w http.ResponseWriter, r *http.Request) error {
	t, err := s.anyTeam(r)
	if err != nil {
		return err
	}
	leave, err := s.connect.Withdrawal(r.Context(), t)
	if err != nil {
		return err
	}
	if err := s.server.RemoveAnyTeam(r.Context(), openmates.CallerOf(r.Context()), t); err != nil {
		return err
	}
	var stayed []string
	if r.PostFormValue("leave") != "" {
		stayed = leave(r.Context())
	}
	return s.done(w, r, teamsPath, gone(openmates.T("The team %s has been removed.", t.Name), stayed))
}

// gone appends to a message which bots could not leave.
func gone(done openmates.Text, stayed []string) openmates.Text {
	if len(stayed) == 0 {
		return done
	}
	return openmates.T("%s %s", done, openmates.T("These couldn’t leave by themselves; someone who manages the workspace has to remove them: %s.", strings.Join(stayed, ", ")))
}
