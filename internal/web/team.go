package web

import (
	"net/http"
	"slices"
	"strings"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/policy"
	"openmates/internal/team"
)

// teamPage shows a team: its mates, where they are, and its people.
type teamPage struct {
	shell
	Team     openmates.Team
	Role     openmates.Role
	Mates    []teamMateCard
	Places   []connect.Workspace
	Members  []openmates.Member
	Tabs     []way
	RunsIt   bool // the caller is an admin of the server
	Networks []connect.Network
	Notices  []team.Notice
}

// teamMateCard is a mate and how to add it.
type teamMateCard struct {
	connect.TeamMate
	Adds []addButton
}

// NotReady explains why nobody can add the mate yet.
func (m teamMateCard) NotReady() openmates.Text {
	for _, b := range m.Bots {
		if f := b.Check.Blocking(); f != nil {
			return f.Sentence
		}
	}
	if len(m.Bots) > 0 {
		return openmates.T("Teams can add it once a server admin has completed its application.")
	}
	return openmates.T("No application yet.")
}

// Where lists the places that the mate is in.
func (m teamMateCard) Where() string { return placeNames(m.In) }

func placeNames(places []connect.Workspace) string {
	names := make([]string, len(places))
	for i, p := range places {
		names[i] = p.Name
	}
	return strings.Join(names, ", ")
}

// addButton links to a consent page. With Workspace "", the person chooses the
// place there.
type addButton struct {
	Network   openmates.Network
	Label     openmates.Text
	Workspace string
	First     bool // the most useful one for its mate
}

func (s *Server) showTeam(w http.ResponseWriter, r *http.Request) error {
	c, place := placeOf(r)
	p := teamPage{shell: s.shell(r, openmates.T("%s", place.Team.Name)), Team: place.Team, Role: place.Role, Networks: s.connect.Networks()}
	p.Tabs, p.Notices = tabsOf(c, place), s.notices(r, c, place)
	p.RunsIt = policy.Require(c, policy.RunServer) == nil
	mates, err := s.connect.TeamMates(r.Context(), place.Team)
	if err != nil {
		return err
	}
	p.Places = connect.Workspaces(mates)
	if mates, err = s.connect.MatesFor(r.Context(), place.Team, c.User, place.Role); err != nil {
		return err
	}
	mayConnect := policy.Allowed(c.User, place.Role, policy.ConnectTeam)
	for _, m := range mates {
		card := teamMateCard{TeamMate: m}
		if mayConnect {
			card.Adds = adds(m, p.Places, p.Networks)
		}
		p.Mates = append(p.Mates, card)
	}
	if p.Members, err = s.team.Members(r.Context(), place); err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "team", p)
}

// adds lists the ways to add a mate: to each of the team's places that lacks
// it, then to a new one.
func adds(m connect.TeamMate, places []connect.Workspace, networks []connect.Network) []addButton {
	var all []addButton
	for _, b := range m.Bots {
		can := slices.ContainsFunc(networks, func(n connect.Network) bool { return n.Network == b.Network && n.CanInstall })
		if !can || !b.CanAdd() {
			continue
		}
		for _, w := range places {
			if w.Network == b.Network && !slices.Contains(w.Mates, m.Handle) {
				all = append(all, addButton{Network: b.Network, Label: openmates.T("Add to %s", w.Name), Workspace: string(w.ID)})
			}
		}
		button := addButton{Network: b.Network, Label: openmates.T("Add to %s", b.Label)}
		if len(m.In) > 0 || len(all) > 0 {
			button = addButton{Network: b.Network, Label: openmates.T("Add to another workspace on %s", b.Label)}
		}
		all = append(all, button)
	}
	if len(all) > 0 {
		all[0].First = len(m.In) == 0
	}
	return all
}

func (s *Server) install(w http.ResponseWriter, r *http.Request) error {
	c, place := placeOf(r)
	f, err := form(r)
	if err != nil {
		return err
	}
	who := connect.Who{UserID: c.User.ID, Session: c.Session}
	address, err := s.connect.BeginInstall(r.Context(), who, place.Team, f.Get("mate"), openmates.Network(f.Get("network")), openmates.WorkspaceID(f.Get("workspace")))
	if err != nil {
		return err
	}
	return to(w, r, address)
}

// inTeam is what a team's pages have in common.
type inTeam struct {
	shell
	Team openmates.Team
	Role openmates.Role
	Tabs []way

	Notices []team.Notice // notices for the team's admins
}

func (s *Server) inTeam(r *http.Request, c openmates.Caller, p policy.Place) inTeam {
	return inTeam{shell: s.shell(r, openmates.T("%s", p.Team.Name)), Team: p.Team, Role: p.Role, Tabs: tabsOf(c, p), Notices: s.notices(r, c, p)}
}

// tabsOf returns the team's pages that the caller may open.
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

// teamsOf returns the teams to switch between. If that fails, the page is shown
// without them.
func (s *Server) teamsOf(r *http.Request, c openmates.Caller) []openmates.Team {
	teams, err := s.team.TeamsOf(r.Context(), c)
	if err != nil {
		s.logError(r, err)
	}
	return teams
}
