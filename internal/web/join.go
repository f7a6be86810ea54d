package web

import (
	"net/http"
	"net/url"

	"openmates"
	"openmates/internal/intake"
	"openmates/internal/team"
)

// joinPage greets people who follow an invite link. Loading it changes nothing.
type joinPage struct {
	shell
	team.Welcome
	Code   string
	Proof  string
	Sent   string // the address that a confirmation was sent to
	People newcomerForm
	Error  openmates.Text
}

// Inviter returns the name of the person who invites, or "" if their account
// was deleted.
func (p joinPage) Inviter() string {
	if p.By == team.SomeAdmin {
		return ""
	}
	return p.By
}

func (s *Server) joinForm(w http.ResponseWriter, r *http.Request) error {
	var sent string
	s.identity.TakeOnce(r.Context(), r.URL.EscapedPath(), &sent) // nothing was sent otherwise
	return s.joinAs(w, r, r.URL.Query().Get("proof"), nil, func(p *joinPage) {
		if p.Sent = sent; sent != "" {
			p.People.Email = sent
		}
	})
}

// joinAs shows the page; failed is the previous error, if any.
func (s *Server) joinAs(w http.ResponseWriter, r *http.Request, proof string, failed error, keep func(*joinPage)) error {
	c := openmates.CallerOf(r.Context())
	if failed != nil && openmates.CodeOf(failed) == openmates.EInternal {
		return failed
	}
	code := r.PathValue("code")
	welcome, err := s.team.Welcome(r.Context(), c, code, proof)
	if openmates.CodeOf(err) == openmates.EInvalid && proof != "" { // an old confirmation is no reason to turn somebody away
		failed, proof = err, ""
		welcome, err = s.team.Welcome(r.Context(), c, code, "")
	}
	if err != nil {
		return s.noJoin(w, r, err)
	}
	if welcome.Member {
		return s.show(w, http.StatusOK, "message", messagePage{shell: s.shell(r, openmates.T("%s", welcome.Team.Name)), Heading: openmates.T("You’re already in"),
			Sentence: openmates.T("You’re already a member of the team %s.", welcome.Team.Name),
			Ways:     []way{{openmates.T("Open the team"), "/teams/" + welcome.Team.Slug}}})
	}
	p := &joinPage{shell: s.shell(r, openmates.T("Join %s", welcome.Team.Name)), Welcome: welcome, Code: code, Proof: proof}
	p.People.Email = welcome.Email
	status := http.StatusOK
	if failed != nil {
		p.Error, status = openmates.TextOf(failed), intake.StatusOf(failed)
	}
	if keep != nil {
		keep(p)
	}
	return s.show(w, status, "join", p)
}

// noJoin explains why an invite can't be used and whom to ask.
func (s *Server) noJoin(w http.ResponseWriter, r *http.Request, err error) error {
	if openmates.CodeOf(err) == openmates.EInternal {
		return err
	}
	p := messagePage{shell: s.shell(r, openmates.T("Invite")), Heading: openmates.T("This invite can’t be used"), Sentence: openmates.TextOf(err), Ways: []way{{openmates.T("Go to the home page"), "/"}}}
	return s.show(w, intake.StatusOf(err), "message", p)
}

func (s *Server) join(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	c := openmates.CallerOf(r.Context())
	n := newcomerOf(f)
	u, welcome, err := s.team.Join(r.Context(), c, s.address(r), r.PathValue("code"), f.Get("proof"), n)
	if err != nil {
		return s.joinAs(w, r, f.Get("proof"), err, func(p *joinPage) { p.People = newcomerForm{n.Username, n.Email, n.Self} })
	}
	if !c.SignedIn() {
		if err := s.identity.Begin(r.Context(), u); err != nil {
			return err
		}
	}
	return s.done(w, r, "/profile", openmates.T("Welcome to %s. Link your messenger account below so the team’s mates recognise you.", welcome.Team.Name))
}

// joinProof sends a confirmation to an address.
func (s *Server) joinProof(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	code, email := r.PathValue("code"), f.Get("email")
	err = s.team.AskProof(r.Context(), openmates.CallerOf(r.Context()), s.address(r), code, email, func(proof string) string {
		return s.joinLink(code) + "?proof=" + url.QueryEscape(proof)
	})
	if err == nil {
		return s.once(w, r, "/join/"+url.PathEscape(code), email)
	}
	return s.joinAs(w, r, "", err, func(p *joinPage) { p.People.Email = email })
}

func (s *Server) joinLink(code string) string {
	return s.connect.PublicURL() + "/join/" + url.PathEscape(code)
}
