package web

import (
	"net/http"

	"openmates"
	"openmates/internal/intake"
	"openmates/internal/mate"
)

// newMatePage creates a mate.
type newMatePage struct {
	shell
	Handle string
	Form   mateForm
}

func (s *Server) newMate(w http.ResponseWriter, r *http.Request) error {
	p := newMatePage{shell: s.shell(r, openmates.T("New mate")), Form: mateForm{Draft: mate.Draft{Class: openmates.ClassBalanced}}}
	var err error
	if p.Form.Providers, err = s.mate.Models(r.Context()); err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "newmate", p)
}

func (s *Server) createMate(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	d := mateDraft(r)
	m, err := s.mate.Create(r.Context(), byWhom(r), f.Get("handle"), d)
	if err == nil {
		return s.done(w, r, "/server/mates/"+m.Handle, openmates.T("%s is ready. Try it out, then create its bot.", m.Name))
	}
	if openmates.CodeOf(err) == openmates.EInternal {
		return err
	}
	p := newMatePage{shell: s.shell(r, openmates.T("New mate")), Handle: f.Get("handle"), Form: mateForm{Draft: d, Error: openmates.TextOf(err)}}
	status := intake.StatusOf(err)
	if p.Form.Providers, err = s.mate.Models(r.Context()); err != nil {
		return err
	}
	return s.show(w, status, "newmate", p)
}

func mateDraft(r *http.Request) mate.Draft {
	f := r.PostForm
	return mate.Draft{Name: f.Get("name"), Field: f.Get("field"), Description: f.Get("description"),
		Prompt: f.Get("prompt"), Model: f.Get("model"), Class: f.Get("class")}
}
