package web

import (
	"net/http"

	"openmates"
	"openmates/internal/server"
)

type allPeoplePage struct {
	directory
	People []server.AnyPerson
}

func (s *Server) allPeople(w http.ResponseWriter, r *http.Request) error {
	p := allPeoplePage{directory: s.directory(r, openmates.T("People"))}
	var more bool
	var err error
	if p.People, more, err = s.server.People(r.Context(), openmates.CallerOf(r.Context()), p.Search); err != nil {
		return err
	}
	if more {
		p.Next = p.at(p.People[len(p.People)-1].User.Username)
	}
	return s.show(w, http.StatusOK, "allpeople", p)
}

func (s *Server) anyPerson(r *http.Request) (openmates.User, error) {
	return s.server.AnyPerson(r.Context(), openmates.CallerOf(r.Context()), r.PathValue("username"))
}

func (s *Server) askServerAdmin(r *http.Request) (*question, error) {
	u, err := s.anyPerson(r)
	if err != nil {
		return nil, err
	}
	q := &question{Heading: openmates.T("Make %s a server admin?", u.DisplayName), Label: openmates.T("Make admin"), Back: peoplePath,
		Sentence: openmates.T("%s will be able to manage everything here: mates, bots, providers and their keys, mail, people and teams.", u.DisplayName)}
	if r.FormValue("admin") != "yes" {
		q.Heading, q.Label = openmates.T("Remove %s as a server admin?", u.DisplayName), openmates.T("Remove as admin")
		q.Sentence = openmates.T("%s can no longer open the pages under Server. Roles in teams stay as they are.", u.DisplayName)
	}
	return q, nil
}

func (s *Server) setServerAdmin(w http.ResponseWriter, r *http.Request) error {
	c, admin := openmates.CallerOf(r.Context()), r.PostFormValue("admin") == "yes"
	u, err := s.anyPerson(r)
	if err != nil {
		return err
	}
	if err := s.server.SetServerAdmin(r.Context(), c, u.Username, admin); err != nil {
		return err
	}
	back := peoplePath
	if u.ID == c.User.ID {
		back = "/"
	}
	if admin {
		return s.done(w, r, back, openmates.T("%s is now a server admin.", u.DisplayName))
	}
	return s.done(w, r, back, openmates.T("%s is no longer a server admin.", u.DisplayName))
}

func (s *Server) askRemovePerson(r *http.Request) (*question, error) {
	u, err := s.anyPerson(r)
	if err != nil {
		return nil, err
	}
	return &question{
		Heading:  openmates.T("Delete %s’s account?", u.DisplayName),
		Sentence: openmates.T("It’s deleted permanently: linked accounts, preferences, the text of all questions, and teams without other members. What requests cost stays on record, without the name."),
		Label:    openmates.T("Delete account"), Back: peoplePath,
	}, nil
}

func (s *Server) removePerson(w http.ResponseWriter, r *http.Request) error {
	u, err := s.anyPerson(r)
	if err != nil {
		return err
	}
	if err := s.server.RemovePerson(r.Context(), openmates.CallerOf(r.Context()), u.Username); err != nil {
		return err
	}
	return s.done(w, r, peoplePath, openmates.T("%s’s account has been deleted.", u.DisplayName))
}
