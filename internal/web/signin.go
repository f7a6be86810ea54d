package web

import (
	"net/http"
	"net/url"

	"openmates"
	"openmates/internal/intake"
)

type signInPage struct {
	shell
	Username string
	Next     string
	Passkeys bool // they can be used on this server
	Open     bool // anyone may create a team
	Reset    bool // the person has just set a new password
	Error    openmates.Text
}

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request, username, next string, wrong error) error {
	_, err := s.identity.PasskeyHost()
	status := http.StatusOK
	if wrong != nil {
		status = intake.StatusOf(wrong)
	}
	return s.show(w, status, "signin", signInPage{shell: s.shell(r, openmates.T("Sign in")), Username: username, Next: next,
		Passkeys: err == nil, Open: s.team.MayFound(r.Context(), openmates.Caller{}) == nil, Reset: wrong == nil && r.URL.Query().Has("reset"), Error: openmates.TextOf(wrong)})
}

func (s *Server) signInForm(w http.ResponseWriter, r *http.Request) error {
	next := localPath(r.URL.Query().Get("next"))
	if openmates.CallerOf(r.Context()).SignedIn() {
		return to(w, r, next)
	}
	open, err := s.server.SetupOpen(r.Context())
	if err != nil {
		return err
	}
	if open { // nobody has an account yet
		return to(w, r, "/")
	}
	return s.showSignIn(w, r, "", next, nil)
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	return s.enter(w, r, f.Get("username"), openmates.Secret(f.Get("password")), f.Get("next"))
}

// demoSignIn signs in as a person of the demo, with their password like anyone
// else. It exists only in the demo.
func (s *Server) demoSignIn(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	if s.demo != nil {
		for _, p := range s.demo.People {
			if p.Username == f.Get("username") {
				return s.enter(w, r, p.Username, p.Password, f.Get("next"))
			}
		}
	}
	return s.nothingHere(w, r)
}

func (s *Server) enter(w http.ResponseWriter, r *http.Request, username string, password openmates.Secret, next string) error {
	next = localPath(next)
	if _, err := s.identity.SignIn(r.Context(), s.address(r), username, password); err != nil {
		if secondStep(err) {
			return to(w, r, "/signin/second?next="+url.QueryEscape(next))
		}
		if openmates.CodeOf(err) == openmates.EInternal {
			return err
		}
		return s.showSignIn(w, r, username, next, err)
	}
	return to(w, r, next)
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.identity.SignOut(r.Context()); err != nil {
		return err
	}
	return to(w, r, "/signin")
}
