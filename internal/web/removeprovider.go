package web

import (
	"net/http"

	"openmates"
	"openmates/internal/intake"
	"openmates/internal/model"
)

type removeProviderPage struct {
	shell
	model.View
	Mute   []model.Effect // will have no model
	Others []model.Effect // will use another model
	Error  openmates.Text
}

func (s *Server) removeProviderForm(w http.ResponseWriter, r *http.Request) error {
	p, err := s.removePage(r)
	if err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "provider-remove", p)
}

func (s *Server) removePage(r *http.Request) (*removeProviderPage, error) {
	v, err := s.model.Provider(r.Context(), r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	p := &removeProviderPage{shell: s.shell(r, openmates.T("Remove %s", v.Label)), View: v}
	effects, err := s.model.Impact(r.Context(), v.Name)
	if err != nil {
		return nil, err
	}
	for _, e := range effects {
		if e.To == "" {
			p.Mute = append(p.Mute, e)
		} else {
			p.Others = append(p.Others, e)
		}
	}
	return p, nil
}

// askRemoveProvider only says that there is a question; its page has its own
// template, which shows the effect on each mate.
func askRemoveProvider(*http.Request) (*question, error) { return &question{}, nil }

func (s *Server) removeProvider(w http.ResponseWriter, r *http.Request) error {
	p, err := s.removePage(r)
	if err != nil {
		return err
	}
	err = s.model.Remove(r.Context(), byWhom(r), p.Name)
	if openmates.CodeOf(err) == openmates.EConflict {
		p.Error = openmates.TextOf(err)
		return s.show(w, intake.StatusOf(err), "provider-remove", p)
	}
	if err != nil {
		return err
	}
	return s.done(w, r, "/server/providers", openmates.T("%s and its key are removed.", p.Label))
}
