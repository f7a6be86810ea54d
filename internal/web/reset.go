package web

import (
	"net/http"
	"time"

	"openmates"
	"openmates/internal/intake"
)

const (
	forgotPath    = "/signin/forgot"
	resetLinkPath = "/server/reset"
)

// forgotPage asks for the account of somebody who forgot their password.
type forgotPage struct {
	shell
	Mail  bool // this server sends mail
	Sent  bool // a link has been sent, if there is such an account
	Who   string
	Error openmates.Text
}

func (s *Server) forgotForm(w http.ResponseWriter, r *http.Request) error {
	return s.showForgot(w, r, "", nil)
}

func (s *Server) showForgot(w http.ResponseWriter, r *http.Request, who string, wrong error) error {
	p := forgotPage{shell: s.shell(r, openmates.T("Forgot your password?")), Mail: s.server.MailReady(r.Context()), Who: who, Error: openmates.TextOf(wrong)}
	p.Sent = p.Mail && r.URL.Query().Has("sent")
	status := http.StatusOK
	if wrong != nil {
		status = intake.StatusOf(wrong)
	}
	return s.show(w, status, "forgot", p)
}

func (s *Server) forgot(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	if err := s.identity.AskReset(r.Context(), s.address(r), f.Get("who")); err != nil {
		if openmates.CodeOf(err) == openmates.EInternal {
			return err
		}
		return s.showForgot(w, r, f.Get("who"), err)
	}
	return to(w, r, forgotPath+"?sent")
}

// resetPage sets a new password. Loading it changes nothing.
type resetPage struct {
	shell
	Code   string
	Who    openmates.User // zero = the link is no longer valid
	Second bool           // two-step sign-in is turned off as well
	Error  openmates.Text
}

func (s *Server) resetForm(w http.ResponseWriter, r *http.Request) error {
	return s.showReset(w, r, r.URL.Query().Get("code"), nil)
}

func (s *Server) showReset(w http.ResponseWriter, r *http.Request, code string, wrong error) error {
	u, reset, err := s.identity.LookAtReset(r.Context(), s.address(r), openmates.Secret(code))
	if openmates.CodeOf(err) == openmates.EInternal {
		return err
	}
	if err != nil {
		wrong = err
	}
	p := resetPage{shell: s.shell(r, openmates.T("Choose a new password")), Code: code, Who: u, Second: reset.Second, Error: openmates.TextOf(wrong)}
	status := http.StatusOK
	if wrong != nil {
		status = intake.StatusOf(wrong)
	}
	return s.show(w, status, "reset", p)
}

func (s *Server) reset(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	if _, err := s.identity.Reset(r.Context(), s.address(r), openmates.Secret(f.Get("code")), openmates.Secret(f.Get("new"))); err != nil {
		if openmates.CodeOf(err) == openmates.EInternal {
			return err
		}
		return s.showReset(w, r, f.Get("code"), err)
	}
	return to(w, r, "/signin?reset")
}

// resetLinkPage is where an admin creates such a link.
type resetLinkPage struct {
	shell
	Username string
	Second   bool
	Made     madeReset // the new link; it is shown once
	Error    openmates.Text
}

type madeReset struct {
	URL, Username string
	Second        bool
	Expires       time.Time
}

func (s *Server) resetLinkForm(w http.ResponseWriter, r *http.Request) error {
	p := resetLinkPage{shell: s.shell(r, openmates.T("Restore access")), Username: r.URL.Query().Get("user")}
	s.identity.TakeOnce(r.Context(), r.URL.Path, &p.Made) // no link otherwise
	return s.show(w, http.StatusOK, "resetlink", p)
}

func (s *Server) makeResetLink(w http.ResponseWriter, r *http.Request) error {
	f, password, err := proven(r)
	if err != nil {
		return err
	}
	name, second := f.Get("username"), f.Get("second") != ""
	l, err := s.identity.ResetLinkFor(r.Context(), openmates.CallerOf(r.Context()), name, second, password)
	switch openmates.CodeOf(err) {
	case "":
		return s.once(w, r, resetLinkPath, madeReset{l.URL.Reveal(), l.User.Username, l.Second, l.Expires})
	case openmates.EInternal:
		return err
	}
	p := resetLinkPage{shell: s.shell(r, openmates.T("Restore access")), Username: name, Second: second, Error: openmates.TextOf(err)}
	return s.show(w, intake.StatusOf(err), "resetlink", p)
}
