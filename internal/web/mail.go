package web

import (
	"net/http"
	"strconv"
	"strings"

	"openmates"
	"openmates/internal/intake"
	"openmates/internal/mail"
	"openmates/internal/server"
)

// mailPage is where an admin sets up sending mail.
type mailPage struct {
	shell
	Mail  server.MailSettings
	Port  string // as typed
	To    string // recipient of the test message
	Error openmates.Text
}

func (s *Server) mail(w http.ResponseWriter, r *http.Request) error {
	c := openmates.CallerOf(r.Context())
	set, err := s.server.MailSettings(r.Context(), c)
	if err != nil {
		return err
	}
	p := mailPage{shell: s.shell(r, openmates.T("Mail")), Mail: set, To: c.User.Email}
	if !set.Set {
		p.Mail.Port, p.Mail.Security = 587, mail.StartTLS
	}
	p.Port = strconv.Itoa(p.Mail.Port)
	return s.show(w, http.StatusOK, "mail", p)
}

func (s *Server) setMail(w http.ResponseWriter, r *http.Request) error {
	f, password, err := proven(r)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(strings.TrimSpace(f.Get("port")))
	if err != nil {
		port = 0 // invalid: server rejects it with the usual message
	}
	set := mail.Settings{
		Host: f.Get("host"), Port: port, Security: mail.Security(f.Get("security")),
		Username: f.Get("username"), Password: password, From: f.Get("from"), Name: f.Get("name"),
	}
	c := openmates.CallerOf(r.Context())
	err = s.server.SetMail(r.Context(), c, set, f.Get("to"))
	switch openmates.CodeOf(err) {
	case "":
		return s.done(w, r, "/server/mail", openmates.T("Test message sent to %s. Check your inbox and your spam folder.", strings.TrimSpace(f.Get("to"))))
	case openmates.EInvalid, openmates.EUnavailable, openmates.ELimit:
		stored, serr := s.server.MailSettings(r.Context(), c)
		if serr != nil {
			return serr
		}
		s.logError(r, err)
		set.Password = ""
		p := mailPage{shell: s.shell(r, openmates.T("Mail")), Port: f.Get("port"), To: f.Get("to"), Error: openmates.TextOf(err)}
		p.Mail = server.MailSettings{Settings: set, HasPassword: stored.HasPassword, PasswordLost: stored.PasswordLost, Set: stored.Set}
		return s.show(w, intake.StatusOf(err), "mail", p)
	}
	return err
}

func askStopMail(*http.Request) (*question, error) {
	return &question{Heading: openmates.T("Remove the mail settings?"), Label: openmates.T("Remove mail settings"), Back: "/server/mail",
		Sentence: openmates.T("The mail server’s address and password are deleted here. Invites then only work as links, and new addresses aren’t confirmed.")}, nil
}

func (s *Server) stopMail(w http.ResponseWriter, r *http.Request) error {
	if err := s.server.StopMail(r.Context(), openmates.CallerOf(r.Context())); err != nil {
		return err
	}
	return s.done(w, r, "/server/mail", openmates.T("This server no longer sends mail. Invites still work as links."))
}
