package web

import (
	"net/http"

	"openmates"
	"openmates/internal/intake"
)

func (s *Server) duplicateMate(w http.ResponseWriter, r *http.Request) error {
	p, f, err := s.mateSent(r)
	if err != nil {
		return err
	}
	m, err := s.mate.Duplicate(r.Context(), byWhom(r), p.Mate, f.Get("handle"), f.Get("name"))
	if err == nil {
		return s.done(w, r, "/server/mates/"+m.Handle, openmates.T("%s is a copy of %s. Now change what should be different.", m.Name, p.Mate.Name))
	}
	if openmates.CodeOf(err) == openmates.EInternal {
		return err
	}
	p.CopyName, p.CopyID, p.CopyError = f.Get("name"), f.Get("handle"), openmates.TextOf(err)
	return s.show(w, intake.StatusOf(err), "matesetup", p)
}
