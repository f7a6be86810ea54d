package web

import (
	"net/http"

	"openmates"
	"openmates/internal/intake"
	"openmates/internal/policy"
)

type peoplePage struct {
	inTeam
	Members []openmates.Member
	Manages bool
	Limits  bool // may set each person's limits
	Error   openmates.Text
}

func (s *Server) people(w http.ResponseWriter, r *http.Request) error { return s.showPeople(w, r, nil) }

func (s *Server) showPeople(w http.ResponseWriter, r *http.Request, failed error) error {
	c, place := placeOf(r)
	if failed != nil && openmates.CodeOf(failed) != openmates.EConflict && openmates.CodeOf(failed) != openmates.EInvalid {
		return failed
	}
	p := peoplePage{inTeam: s.inTeam(r, c, place), Manages: policy.Allowed(c.User, place.Role, policy.ManagePeople),
		Limits: policy.Allowed(c.User, place.Role, policy.RunTeam), Error: openmates.TextOf(failed)}
	var err error
	if p.Members, err = s.team.Members(r.Context(), place); err != nil {
		return err
	}
	status := http.StatusOK
	if failed != nil {
		status = intake.StatusOf(failed)
	}
	return s.show(w, status, "people", p)
}

func (s *Server) setRole(w http.ResponseWriter, r *http.Request) error {
	c, place := placeOf(r)
	f, err := form(r)
	if err != nil {
		return err
	}
	name := r.PathValue("username")
	if err := s.team.SetRole(r.Context(), c, place, name, openmates.Role(f.Get("role"))); err != nil {
		return s.showPeople(w, r, err)
	}
	return s.done(w, r, "/teams/"+place.Team.Slug+"/people", openmates.T("%s’s role is changed.", name))
}

// askRole asks for confirmation before somebody stops being an admin.
func (s *Server) askRole(r *http.Request) (*question, error) {
	_, place := placeOf(r)
	m, err := s.team.Member(r.Context(), place, r.PathValue("username"))
	if err != nil || m.Role != openmates.RoleAdmin || r.FormValue("role") == string(openmates.RoleAdmin) {
		return nil, err
	}
	return &question{
		Heading:  openmates.T("Make %s a member?", m.User.DisplayName),
		Sentence: openmates.T("%s won’t be able to manage the people, limits, invites and connections of %s any more.", m.User.DisplayName, place.Team.Name),
		Label:    openmates.T("Make member"), Back: "/teams/" + place.Team.Slug + "/people",
	}, nil
}

func (s *Server) askRemoveMember(r *http.Request) (*question, error) {
	_, place := placeOf(r)
	m, err := s.team.Member(r.Context(), place, r.PathValue("username"))
	if err != nil {
		return nil, err
	}
	return &question{
		Heading:  openmates.T("Remove %s from %s?", m.User.DisplayName, place.Team.Name),
		Sentence: openmates.T("%s’s mates stop answering %s immediately. The account on this server stays.", place.Team.Name, m.User.DisplayName),
		Label:    openmates.T("Remove"), Back: "/teams/" + place.Team.Slug + "/people",
	}, nil
}

func (s *Server) askLeaveTeam(r *http.Request) (*question, error) {
	_, place := placeOf(r)
	return &question{
		Heading:  openmates.T("Leave %s?", place.Team.Name),
		Sentence: openmates.T("%s’s mates stop answering you immediately. To come back, you need a new invite.", place.Team.Name),
		Label:    openmates.T("Leave"), Back: "/teams/" + place.Team.Slug + "/people",
	}, nil
}

func (s *Server) removeMember(w http.ResponseWriter, r *http.Request) error {
	c, place := placeOf(r)
	name := r.PathValue("username")
	if err := s.team.Remove(r.Context(), c, place, name); err != nil {
		return s.showPeople(w, r, err)
	}
	back := "/teams/" + place.Team.Slug + "/people"
	if name == c.User.Username {
		back = "/"
	}
	return s.done(w, r, back, openmates.T("%s was removed from %s.", name, place.Team.Name))
}

func (s *Server) leaveTeam(w http.ResponseWriter, r *http.Request) error {
	c, place := placeOf(r)
	if err := s.team.QuitTeam(r.Context(), c, place); err != nil {
		return s.showPeople(w, r, err)
	}
	return s.done(w, r, "/", openmates.T("You have left the team %s.", place.Team.Name))
}
