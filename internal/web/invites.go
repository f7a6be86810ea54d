package web

import (
	"net/http"
	"strings"

	"openmates"
	"openmates/internal/intake"
	"openmates/internal/team"
)

type invitesPage struct {
	inTeam
	Invites []inviteLine
	Mail    bool
	Link    string          // of the new invite; it is shown once
	Mailed  string          // addresses that it was mailed to
	Unsent  []team.Delivery // addresses that it could not be mailed to
	Nobody  bool            // it was to be mailed, but names no address
	Form    team.NewInvite
	Error   openmates.Text
}

// madeInvite is a new invite and the result of mailing it.
type madeInvite struct {
	Link   string
	Mail   bool // it was to be mailed
	Mailed []team.Delivery
}

func (m madeInvite) onto(p *invitesPage) {
	var sent []string
	for _, d := range m.Mailed {
		if d.Problem == "" {
			sent = append(sent, d.To)
		} else {
			p.Unsent = append(p.Unsent, d)
		}
	}
	p.Link, p.Mailed, p.Nobody = m.Link, strings.Join(sent, ", "), m.Mail && len(m.Mailed) == 0
}

type inviteLine struct {
	team.InviteLine
	State openmates.InviteState
	Whom  string
}

func (s *Server) invites(w http.ResponseWriter, r *http.Request) error {
	p, err := s.invitesPage(r)
	if err != nil {
		return err
	}
	var made madeInvite
	if s.identity.TakeOnce(r.Context(), r.URL.Path, &made) {
		made.onto(p)
	}
	return s.show(w, http.StatusOK, "invites", p)
}

func (s *Server) invitesPage(r *http.Request) (*invitesPage, error) {
	c, place := placeOf(r)
	p := &invitesPage{inTeam: s.inTeam(r, c, place), Mail: s.server.MailReady(r.Context()), Form: team.NewInvite{Role: openmates.RoleMember, Uses: 1, Days: 7}}
	lines, err := s.team.Invites(r.Context(), c, place)
	for _, l := range lines {
		p.Invites = append(p.Invites, inviteLine{l, l.State(s.team.Now()), strings.Join(l.Only, ", ")})
	}
	return p, err
}

func (s *Server) addInvite(w http.ResponseWriter, r *http.Request) error {
	c, place := placeOf(r)
	f, err := form(r)
	if err != nil {
		return err
	}
	n := team.NewInvite{Role: openmates.Role(f.Get("role")), Note: f.Get("note"), Only: f.Get("only"), Mail: f.Get("mail") != "", Uses: number(f.Get("uses")), Days: number(f.Get("days"))}
	_, code, mailed, err := s.team.Invite(r.Context(), c, place, n, s.joinLink)
	if err == nil {
		return s.once(w, r, "/teams/"+place.Team.Slug+"/invites", madeInvite{Link: s.joinLink(code), Mail: n.Mail, Mailed: mailed})
	}
	if openmates.CodeOf(err) == openmates.EInternal {
		return err
	}
	p, perr := s.invitesPage(r)
	if perr != nil {
		return perr
	}
	p.Form, p.Error = n, openmates.TextOf(err)
	return s.show(w, intake.StatusOf(err), "invites", p)
}

func (s *Server) askRevokeInvite(r *http.Request) (*question, error) {
	c, place := placeOf(r)
	lines, err := s.team.Invites(r.Context(), c, place)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		if l.ID.String() == r.PathValue("id") {
			q := &question{Heading: openmates.T("Revoke this invite?"), Label: openmates.T("Revoke"), Back: "/teams/" + place.Team.Slug + "/invites",
				Sentence: openmates.T("Its link stops working immediately. People who already joined with it stay in the team.")}
			if l.Note != "" {
				q.Heading = openmates.T("Revoke the invite “%s”?", l.Note)
			}
			return q, nil
		}
	}
	return nil, openmates.Errorf(openmates.ENotFound, "This invite doesn't exist (any more).")
}

func (s *Server) revokeInvite(w http.ResponseWriter, r *http.Request) error {
	c, place := placeOf(r)
	id, err := openmates.ParseID(r.PathValue("id"))
	if err != nil {
		return s.nothingHere(w, r)
	}
	if err := s.team.Revoke(r.Context(), c, place, id); err != nil {
		return err
	}
	return s.done(w, r, "/teams/"+place.Team.Slug+"/invites", openmates.T("The invite is revoked. Its link no longer works."))
}
