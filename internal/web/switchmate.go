package web

import (
	"net/http"
	"net/url"

	"openmates"
)

// askSwitchMate asks for confirmation before a mate is turned off.
func (s *Server) askSwitchMate(r *http.Request) (*question, error) {
	m, err := s.mate.Mate(r.Context(), r.PathValue("handle"))
	if err != nil || r.FormValue("on") == "1" || !m.Enabled {
		return nil, err
	}
	return &question{
		Heading: openmates.T("Switch %s off?", m.Name), Sentence: openmates.T("%s won’t answer in any team until you switch it on again.", m.Name),
		Label: openmates.T("Switch off"), Back: backTo(r.FormValue("from"), m.Handle),
	}, nil
}

func (s *Server) askArchiveMate(r *http.Request) (*question, error) {
	m, err := s.mate.Mate(r.Context(), r.PathValue("handle"))
	if err != nil || r.FormValue("archived") != "1" || m.Archived {
		return nil, err
	}
	return &question{
		Heading: openmates.T("Archive %s?", m.Name), Sentence: openmates.T("%s disappears from all lists, and its bots stop answering in every team. You can restore it later.", m.Name),
		Label: openmates.T("Archive"), Back: "/server/mates/" + m.Handle,
	}, nil
}

// switched returns the mate named in the path and the form.
func (s *Server) switched(r *http.Request) (openmates.Mate, url.Values, error) {
	f, err := form(r)
	if err != nil {
		return openmates.Mate{}, nil, err
	}
	m, err := s.mate.Mate(r.Context(), r.PathValue("handle"))
	return m, f, err
}

func (s *Server) switchMate(w http.ResponseWriter, r *http.Request) error {
	m, f, err := s.switched(r)
	if err != nil {
		return err
	}
	on := f.Get("on") == "1"
	if m, err = s.mate.Switch(r.Context(), byWhom(r), m, on); err != nil {
		return err
	}
	said := openmates.T("%s is switched off: it won’t answer anyone.", m.Name)
	if on {
		said = openmates.T("%s is switched on.", m.Name)
	}
	return s.done(w, r, backTo(f.Get("from"), m.Handle), said)
}

// backTo returns the page on which the button was.
func backTo(from, handle string) string {
	if from == "list" {
		return "/server/mates"
	}
	return "/server/mates/" + handle
}

func (s *Server) archiveMate(w http.ResponseWriter, r *http.Request) error {
	m, f, err := s.switched(r)
	if err != nil {
		return err
	}
	archived := f.Get("archived") == "1"
	if m, err = s.mate.Archive(r.Context(), byWhom(r), m, archived); err != nil {
		return err
	}
	if archived {
		return s.done(w, r, "/server/mates", openmates.T("%s is archived. You can restore it at the bottom of this page.", m.Name))
	}
	return s.done(w, r, "/server/mates/"+m.Handle, openmates.T("%s is restored.", m.Name))
}
