package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"openmates"
)

// Person is a person as server admins see them.
type Person struct {
	ID       openmates.ID `json:"id" type:"string"`
	Username string       `json:"username"`
	Name     string       `json:"name"`
	Admin    bool         `json:"server_admin"`
	Seen     *time.Time   `json:"last_seen,omitempty" doc:"In a browser, or asking a mate; absent if never."`
	Teams    []string     `json:"teams" nullable:"false" doc:"Names of the teams."`
	Created  time.Time    `json:"created"`
}

// AnyTeam is a team as server admins see it.
type AnyTeam struct {
	ID         openmates.ID     `json:"id" type:"string"`
	Slug       string           `json:"slug"`
	Name       string           `json:"name"`
	Members    int64            `json:"members"`
	Admins     []string         `json:"admins" nullable:"false" doc:"The admins' usernames."`
	Workspaces int64            `json:"workspaces"`
	Mates      int64            `json:"mates" doc:"Mates that are in the team's workspaces."`
	Spent      openmates.Micros `json:"spent" doc:"This month (UTC), in millionths of the server's currency unit."`
	Created    time.Time        `json:"created"`
}

// AnyWorkspace is a team's workspace as server admins see it.
type AnyWorkspace struct {
	Network   openmates.Network `json:"network"`
	Workspace string            `json:"workspace"`
	Name      string            `json:"name"`
	Team      string            `json:"team" doc:"The team's slug."`
	Mates     []string          `json:"mates" nullable:"false" doc:"Names of the mates in it."`
	Since     time.Time         `json:"since"`
}

// Departed names the bots that could not leave.
type Departed struct {
	Stayed []string `json:"stayed" nullable:"false" doc:"Bots that could not leave; a manager of the workspace has to remove them."`
}

type directoryInput struct {
	PageInput
	Query string `query:"q" maxLength:"200" doc:"Part of a name, an address or an ID."`
}

func (in directoryInput) search() openmates.DirectorySearch {
	return openmates.DirectorySearch{Text: strings.TrimSpace(in.Query), After: in.Cursor, Limit: in.Limit}
}

type personPatch struct {
	Username string `path:"username" maxLength:"80"`
	Body     struct {
		Admin bool `json:"server_admin" doc:"Whether the person is a server admin."`
	}
}

type personEnd struct {
	Username string `path:"username" maxLength:"80"`
	Confirm  string `query:"confirm" required:"true" maxLength:"80" doc:"The username again, to confirm."`
}

type anyTeamEnd struct {
	Team    string `path:"team" maxLength:"80" doc:"The team's slug, or its ID."`
	Confirm string `query:"confirm" required:"true" maxLength:"80" doc:"The team's slug again, to confirm."`
	Bots    string `query:"bots" enum:"leave,stay" default:"leave" doc:"Whether the team's mates leave its workspaces."`
}

type untieInput struct {
	Network   openmates.Network `path:"network" maxLength:"40"`
	Workspace string            `path:"workspace" maxLength:"100"`
	Bots      string            `query:"bots" enum:"leave,stay" default:"leave" doc:"Whether the mates leave it."`
}

func (s *Server) directoryOperations() {
	serve(s, route{"list-people", http.MethodGet, "/server/people", "List the server's people", "By username.", 0}, admin(), s.listPeople)
	change(s, route{"change-person", http.MethodPatch, "/server/people/{username}", "Make somebody a server admin, or remove the role", "The last admin can't be removed. Not allowed with a token.", 0}, admin(),
		func(ctx context.Context, c openmates.Caller, in *personPatch) error {
			return s.server.SetServerAdmin(ctx, c, in.Username, in.Body.Admin)
		})
	change(s, route{"delete-person", http.MethodDelete, "/server/people/{username}", "Delete somebody's account", "Permanently, with the text of their questions; the cost records are kept. Not allowed with a token.", 0}, admin(), s.deletePerson)
	serve(s, route{"list-all-teams", http.MethodGet, "/server/teams", "List the server's teams", "By slug. Contains nothing that is said in them.", 0}, admin(), s.listAllTeams)
	serve(s, route{"delete-any-team", http.MethodDelete, "/server/teams/{team}", "Delete any team",
		"Permanently, with its connections, invites, tokens and the text of its questions. Its people keep their accounts, and the cost records are kept. Not allowed with a token.", 0}, admin(), s.deleteAnyTeam)
	serve(s, route{"list-workspaces", http.MethodGet, "/server/workspaces", "List the workspaces of all teams", "By network and ID.", 0}, admin(), s.listWorkspaces)
	serve(s, route{"untie-workspace", http.MethodDelete, "/server/workspaces/{network}/{workspace}", "Untie a workspace from its team",
		"The team's admins are notified. Another team can then connect the workspace.", 0}, admin(),
		func(ctx context.Context, c openmates.Caller, in *untieInput) (Departed, error) {
			_, stayed, err := s.connect.Untie(ctx, c.User.ID, in.Network, openmates.WorkspaceID(in.Workspace), in.Bots == "leave")
			return Departed{append([]string{}, stayed...)}, err
		})
}

func (s *Server) listPeople(ctx context.Context, c openmates.Caller, in *directoryInput) (page[Person], error) {
	found, more, err := s.server.People(ctx, c, in.search())
	p := page[Person]{Items: []Person{}}
	for _, x := range found {
		one := Person{ID: x.User.ID, Username: x.User.Username, Name: x.User.DisplayName, Admin: x.User.Admin, Teams: append([]string{}, x.Teams...), Created: x.User.Created}
		if !x.Seen.IsZero() {
			one.Seen = &x.Seen
		}
		if p.Items = append(p.Items, one); more {
			p.Next = one.Username
		}
	}
	return p, err
}

func (s *Server) deletePerson(ctx context.Context, c openmates.Caller, in *personEnd) error {
	if err := c.InPerson(); err != nil {
		return err
	}
	if in.Confirm != in.Username {
		return openmates.Errorf(openmates.EInvalid, "Send the username again as confirm.")
	}
	return s.server.RemovePerson(ctx, c, in.Username)
}

func (s *Server) listAllTeams(ctx context.Context, c openmates.Caller, in *directoryInput) (page[AnyTeam], error) {
	found, more, err := s.server.AnyTeams(ctx, c, in.search())
	p := page[AnyTeam]{Items: []AnyTeam{}}
	for _, x := range found {
		p.Items = append(p.Items, AnyTeam{ID: x.Team.ID, Slug: x.Team.Slug, Name: x.Team.Name, Members: x.Members, Admins: append([]string{}, x.Admins...),
			Workspaces: x.Places, Mates: x.Mates, Spent: x.Spent, Created: x.Team.Created})
		if more {
			p.Next = x.Team.Slug
		}
	}
	return p, err
}

func (s *Server) deleteAnyTeam(ctx context.Context, c openmates.Caller, in *anyTeamEnd) (Departed, error) {
	out := Departed{[]string{}}
	if err := c.InPerson(); err != nil {
		return out, err
	}
	t, err := s.server.AnyTeam(ctx, c, in.Team)
	if err != nil {
		return out, err
	}
	if in.Confirm != t.Slug {
		return out, openmates.Errorf(openmates.EInvalid, "Type the team's address, %s, to confirm.", t.Slug)
	}
	leave, err := s.connect.Withdrawal(ctx, t)
	if err != nil {
		return out, err
	}
	if err := s.server.RemoveAnyTeam(ctx, c, t); err != nil {
		return out, err
	}
	if in.Bots == "leave" {
		out.Stayed = append(out.Stayed, leave(ctx)...)
	}
	return out, nil
}

func (s *Server) listWorkspaces(ctx context.Context, _ openmates.Caller, in *directoryInput) (page[AnyWorkspace], error) {
	found, more, err := s.connect.AnyPlaces(ctx, in.search())
	p := page[AnyWorkspace]{Items: []AnyWorkspace{}}
	for _, x := range found {
		p.Items = append(p.Items, AnyWorkspace{Network: x.Network, Workspace: string(x.Workspace), Name: x.Name, Team: x.Team.Slug, Mates: append([]string{}, x.Mates...), Since: x.Since})
		if more {
			p.Next = x.Key()
		}
	}
	return p, err
}
