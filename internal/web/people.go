package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"openmates"
	"openmates/internal/intake"
	"openmates/internal/policy"
	"openmates/internal/team"
)

// inTeam is what the pages of a team have in common.
type inTeam struct {
	shell
	Team openmates.Team
	Role openmates.Role
	Tabs []way

	Notices []openmates.Notice // what happened without the team's admins, for these
}

func (s *Server) inTeam(r *http.Request, c openmates.Caller, p policy.Place) inTeam {
	return inTeam{shell: s.shell(r, openmates.T("%s", p.Team.Name)), Team: p.Team, Role: p.Role, Tabs: tabsOf(c, p), Notices: s.notices(r, c, p)}
}

// notices are what the team's admins have not read yet. A page can do without.
func (s *Server) notices(r *http.Request, c openmates.Caller, p policy.Place) []openmates.Notice {
	all, err := s.team.Notices(r.Context(), c, p)
	if err != nil {
		s.logError(r, err)
	}
	return all
}

// dropNotice takes a notice away that was read.
func (s *Server) dropNotice(w http.ResponseWriter, r *http.Request) error {
	c, place := placeOf(r)
	id, err := openmates.ParseID(r.PathValue("id"))
	if err != nil {
		return s.nothingHere(w, r)
	}
	if err := s.team.DropNotice(r.Context(), c, place, id); err != nil && openmates.CodeOf(err) != openmates.ENotFound {
		return err
	}
	return to(w, r, "/teams/"+place.Team.Slug)
}

// tabsOf are the pages of a team that somebody may open.
func tabsOf(c openmates.Caller, p policy.Place) []way {
	at := "/teams/" + p.Team.Slug
	tabs := []way{{openmates.T("Overview"), at}, {openmates.T("Connect"), at + "/connect"}, {openmates.T("People"), at + "/people"}}
	for _, t := range []struct {
		right policy.Right
		way
	}{{policy.RunTeam, way{openmates.T("Mates and limits"), at + "/limits"}}, {policy.InvitePeople, way{openmates.T("Invites"), at + "/invites"}}, {policy.SeeUsage, way{openmates.T("Usage"), at + "/usage"}}, {policy.RunTeam, way{openmates.T("API tokens"), at + "/tokens"}}} {
		if policy.Allowed(c.User, p.Role, t.right) {
			tabs = append(tabs, t.way)
		}
	}
	return tabs
}

// teamsOf are the teams to switch between. A page can do without them.
func (s *Server) teamsOf(r *http.Request, c openmates.Caller) []openmates.Team {
	teams, err := s.team.TeamsOf(r.Context(), c)
	if err != nil {
		s.logError(r, err)
	}
	return teams
}

type peoplePage struct {
	inTeam
	Members []openmates.Member
	Manages bool
	Limits  bool // may set what each of them may use
	Error   openmates.Text
}

func (s *Server) people(w http.ResponseWriter, r *http.Request) error { return s.showPeople(w, r, nil) }

func (s *Server) showPeople(w http.ResponseWriter, r *http.Request, failed error) error {
	c, place := placeOf(r)
	if failed != nil && openmates.CodeOf(failed) != openmates.EConflict && openmates.CodeOf(failed) != openmates.EInvalid {
		return failed
	}
	p := peoplePage{inTeam: s.inTeam(r, c, place), Manages: policy.Allowed(c.User, place.Role, policy.ManagePeople),
		Limits: policy.Allowed(c.User, place.Role, policy.RunTeam), Error: openmates.TextOf(failed)}
	var err error
	if p.Members, err = s.team.Members(r.Context(), place); err != nil {
		return err
	}
	status := http.StatusOK
	if failed != nil {
		status = intake.StatusOf(failed)
	}
	return s.show(w, status, "people", p)
}

func (s *Server) setRole(w http.ResponseWriter, r *http.Request) error {
	c, place := placeOf(r)
	f, err := form(r)
	if err != nil {
		return err
	}
	name := r.PathValue("username")
	if err := s.team.SetRole(r.Context(), c, place, name, openmates.Role(f.Get("role"))); err != nil {
		return s.showPeople(w, r, err)
	}
	return s.done(w, r, "/teams/"+place.Team.Slug+"/people", openmates.T("%s’s role is changed.", name))
}

// askRole asks before somebody stops being an admin.
func (s *Server) askRole(r *http.Request) (*question, error) {
	_, place := placeOf(r)
	m, err := s.team.Member(r.Context(), place, r.PathValue("username"))
	if err != nil || m.Role != openmates.RoleAdmin || r.FormValue("role") == string(openmates.RoleAdmin) {
		return nil, err
	}
	return &question{
		Heading:  openmates.T("Make %s a member?", m.User.DisplayName),
		Sentence: openmates.T("%s won’t be able to manage the people, limits, invites and connections of %s any more.", m.User.DisplayName, place.Team.Name),
		Label:    openmates.T("Make member"), Back: "/teams/" + place.Team.Slug + "/people",
	}, nil
}

func (s *Server) askRemoveMember(r *http.Request) (*question, error) {
	_, place := placeOf(r)
	m, err := s.team.Member(r.Context(), place, r.PathValue("username"))
	if err != nil {
		return nil, err
	}
	return &question{
		Heading:  openmates.T("Remove %s from %s?", m.User.DisplayName, place.Team.Name),
		Sentence: openmates.T("%s’s mates stop answering %s immediately. The account on this server stays.", place.Team.Name, m.User.DisplayName),
		Label:    openmates.T("Remove"), Back: "/teams/" + place.Team.Slug + "/people",
	}, nil
}

func (s *Server) askLeaveTeam(r *http.Request) (*question, error) {
	_, place := placeOf(r)
	return &question{
		Heading:  openmates.T("Leave %s?", place.Team.Name),
		Sentence: openmates.T("%s’s mates stop answering you immediately. To come back, you need a new invite.", place.Team.Name),
		Label:    openmates.T("Leave"), Back: "/teams/" + place.Team.Slug + "/people",
	}, nil
}

func (s *Server) removeMember(w http.ResponseWriter, r *http.Request) error {
	c, place := placeOf(r)
	name := r.PathValue("username")
	if err := s.team.Remove(r.Context(), c, place, name); err != nil {
		return s.showPeople(w, r, err)
	}
	back := "/teams/" + place.Team.Slug + "/people"
	if name == c.User.Username {
		back = "/"
	}
	return s.done(w, r, back, openmates.T("%s was removed from %s.", name, place.Team.Name))
}

func (s *Server) leaveTeam(w http.ResponseWriter, r *http.Request) error {
	c, place := placeOf(r)
	if err := s.team.QuitTeam(r.Context(), c, place); err != nil {
		return s.showPeople(w, r, err)
	}
	return s.done(w, r, "/", openmates.T("You have left the team %s.", place.Team.Name))
}

type teamLimitsPage struct {
	inTeam
	Sheet sheetForm
	Mute  []openmates.Text // sentences about mates that the limits leave without a model
	Name  string
	Error openmates.Text
}

func (s *Server) teamLimits(w http.ResponseWriter, r *http.Request) error {
	p, _, err := s.teamLimitsPage(r)
	if err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "teamlimits", p)
}

func (s *Server) teamLimitsPage(r *http.Request) (*teamLimitsPage, policy.Place, error) {
	c, place := placeOf(r)
	p := &teamLimitsPage{inTeam: s.inTeam(r, c, place), Name: place.Team.Name}
	sheet, err := s.mate.TeamSheet(r.Context(), place.Team.Limits)
	if err != nil {
		return nil, place, err
	}
	spent, err := s.team.Usage(r.Context(), c, place)
	if err != nil {
		return nil, place, err
	}
	p.Sheet, err = s.newSheet(r.Context(), place.Team.Name, "/teams/"+place.Team.Slug+"/limits", sheet, spent.Cost)
	if err != nil {
		return nil, place, err
	}
	p.Mute, err = s.muteIn(r.Context(), place.Team)
	return p, place, err
}

// muteIn says which mates of a team its limits leave without a model.
func (s *Server) muteIn(ctx context.Context, t openmates.Team) (all []openmates.Text, err error) {
	mates, err := s.connect.TeamMates(ctx, t)
	if err != nil {
		return nil, err
	}
	for _, m := range mates {
		name, err := s.model.Answering(ctx, m.Mate.Mate)
		if err != nil || policy.TeamAllows(t, policy.Named(openmates.KindModel, name)) {
			continue // without any model, the server's pages say so
		}
		all = append(all, openmates.T("%s can’t answer here because %s isn’t allowed. Allow that model, or ask a server admin to give %s another one.", m.Name, name, m.Name))
	}
	return all, nil
}

func (s *Server) setTeamLimits(w http.ResponseWriter, r *http.Request) error {
	p, place, err := s.teamLimitsPage(r)
	if err != nil {
		return err
	}
	t, err := termsOf(r)
	if err != nil {
		return err
	}
	if err := s.mate.SetTeam(r.Context(), byWhom(r), place.Team, t); err != nil {
		if openmates.CodeOf(err) == openmates.EInternal {
			return err
		}
		p.Sheet.keep(t, err)
		return s.show(w, intake.StatusOf(err), "teamlimits", p)
	}
	return s.done(w, r, "/teams/"+place.Team.Slug+"/limits", openmates.T("The team’s mates and limits are saved and apply from the next question."))
}

func (s *Server) renameTeam(w http.ResponseWriter, r *http.Request) error {
	p, place, err := s.teamLimitsPage(r)
	if err != nil {
		return err
	}
	f, err := form(r)
	if err != nil {
		return err
	}
	if err := s.team.RenameTeam(r.Context(), openmates.CallerOf(r.Context()), place, f.Get("name")); err != nil {
		if openmates.CodeOf(err) == openmates.EInternal {
			return err
		}
		p.Name, p.Error = f.Get("name"), openmates.TextOf(err)
		return s.show(w, intake.StatusOf(err), "teamlimits", p)
	}
	return s.done(w, r, "/teams/"+place.Team.Slug+"/limits", openmates.T("The team is renamed."))
}

// spendTable is one table of that page.
type spendTable struct {
	Caption  openmates.Text
	Currency string
	Lines    []openmates.SpendLine
}

func newSpend(caption openmates.Text, currency string, lines []openmates.SpendLine) spendTable {
	return spendTable{caption, currency, lines}
}

type invitesPage struct {
	inTeam
	Invites []inviteLine
	Mail    bool
	Link    string          // of the invite that was just made; it is shown once
	Mailed  string          // addresses that it was mailed to
	Unsent  []team.Delivery // those that it could not be mailed to
	Nobody  bool            // it was to be mailed, and names no address
	Form    team.NewInvite
	Error   openmates.Text
}

// madeInvite is an invite that was just made, and what became of its mail.
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
	openmates.InviteLine
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

// number reads a small number; what is none is out of every bound.
func number(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		return -1
	}
	return n
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
