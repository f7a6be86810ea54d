package web

import (
	"net/http"

	"openmates"
)

// recoveryPage shows new recovery codes once.
type recoveryPage struct {
	shell
	Codes []string
}

func (s *Server) recovery(w http.ResponseWriter, r *http.Request) error {
	p := recoveryPage{shell: s.shell(r, openmates.T("Recovery codes"))}
	if !s.identity.TakeOnce(r.Context(), r.URL.Path, &p.Codes) {
		return to(w, r, securityPath)
	}
	return s.show(w, http.StatusOK, "recovery", p)
}

func (s *Server) showRecovery(w http.ResponseWriter, r *http.Request, sentence openmates.Text, codes []openmates.Secret) error {
	if len(codes) == 0 {
		return s.done(w, r, securityPath, sentence)
	}
	var plain []string
	for _, c := range codes {
		plain = append(plain, c.Reveal())
	}
	s.identity.SetFlash(r.Context(), sentence)
	return s.once(w, r, securityPath+"/recovery", plain)
}

func (s *Server) newRecovery(w http.ResponseWriter, r *http.Request) error {
	_, password, err := proven(r)
	if err != nil {
		return err
	}
	codes, err := s.identity.NewRecovery(r.Context(), openmates.CallerOf(r.Context()), password)
	if err != nil {
		return s.refused(w, r, "recovery", "", err)
	}
	return s.showRecovery(w, r, openmates.T("The old recovery codes no longer work."), codes)
}
