package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"openmates"
	"openmates/internal/intake"
)

// dataPage is where people export their data or delete their account.
type dataPage struct {
	shell
	Alone []openmates.Team // teams that are deleted together with the account
	Error openmates.Text
}

// AloneIn lists those teams.
func (p dataPage) AloneIn() string {
	names := make([]string, len(p.Alone))
	for i, t := range p.Alone {
		names[i] = t.Name
	}
	return strings.Join(names, ", ")
}

func (s *Server) dataPage(w http.ResponseWriter, r *http.Request) error {
	return s.showData(w, r, http.StatusOK, nil)
}

func (s *Server) showData(w http.ResponseWriter, r *http.Request, status int, wrong error) error {
	alone, err := s.team.AloneIn(r.Context(), openmates.CallerOf(r.Context()))
	if err != nil {
		return err
	}
	return s.show(w, status, "data", dataPage{shell: s.shell(r, openmates.T("Your data")), Alone: alone, Error: openmates.TextOf(wrong)})
}

// exportData is a POST although it only reads: exports are audited, and other
// sites can't trigger one.
func (s *Server) exportData(w http.ResponseWriter, r *http.Request) error {
	c := openmates.CallerOf(r.Context())
	e, err := s.identity.Export(r.Context(), c)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", "openmates-"+c.User.Username+".json"))
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b) // this fails only if the client has disconnected
	return nil
}

func (s *Server) deleteAccount(w http.ResponseWriter, r *http.Request) error {
	f, password, err := proven(r)
	if err != nil {
		return err
	}
	err = s.identity.Leave(r.Context(), openmates.CallerOf(r.Context()), f.Get("username"), password)
	switch openmates.CodeOf(err) {
	case "":
		return to(w, r, "/goodbye")
	case openmates.EInvalid, openmates.EForbidden, openmates.EConflict, openmates.ELimit:
		return s.showData(w, r, intake.StatusOf(err), err)
	}
	return err
}

// goodbye is the page shown after an account was deleted. Anyone may open it.
func (s *Server) goodbye(w http.ResponseWriter, r *http.Request) error {
	if openmates.CallerOf(r.Context()).SignedIn() {
		return to(w, r, "/")
	}
	return s.show(w, http.StatusOK, "message", messagePage{
		shell: s.shell(r, openmates.T("Goodbye")), Heading: openmates.T("Your account has been deleted"),
		Sentence: openmates.T("Your linked accounts, your preferences and the text of your questions have been deleted. Your teams keep a record of what your requests cost, without your name."),
		Ways:     []way{{openmates.T("Go to the home page"), "/"}},
	})
}
