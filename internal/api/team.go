package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/messenger"
	"openmates/internal/policy"
	"openmates/internal/team"
)

// Team is a team as its members see it.
type Team struct {
	ID    openmates.ID   `json:"id" type:"string"`
	Slug  string         `json:"slug"`
	Name  string         `json:"name"`
	Role  openmates.Role `json:"role" enum:"admin,member" doc:"The caller's role."`
	Mates []Mate         `json:"mates" nullable:"false" doc:"The mates that the team and the caller may use."`
}

// version leaves out the state of listeners, which changes by itself.
func (t Team) version() string { return text(t.ID, t.Slug, t.Name) }

// text encodes values so that different values give different texts.
func text(values ...any) string {
	b, err := json.Marshal(values)
	if err != nil { // impossible: strings and numbers
		return ""
	}
	return string(b)
}

// TeamLine is a team in a list.
type TeamLine struct {
	ID   openmates.ID `json:"id" type:"string"`
	Slug string       `json:"slug"`
	Name string       `json:"name"`
}

// Mate is an AI team mate.
type Mate struct {
	ID          openmates.ID `json:"id" type:"string"`
	Handle      string       `json:"handle"`
	Name        string       `json:"name"`
	Field       string       `json:"field,omitempty"`
	Description string       `json:"description,omitempty"`
	Messengers  []Messenger  `json:"messengers" nullable:"false"`
}

// Messenger is a mate's bot on one network.
type Messenger struct {
	Network    openmates.Network `json:"network"`
	Label      string            `json:"label"`
	AppID      string            `json:"app_id"`
	Name       string            `json:"name,omitempty" doc:"The bot's name on the network."`
	Invite     string            `json:"invite,omitempty" doc:"The link that adds the mate to a workspace. It doesn't connect the workspace: /apps/messages/begin returns a link that does."`
	State      State             `json:"state"`
	Workspaces []Workspace       `json:"workspaces" nullable:"false" doc:"The team's workspaces that the mate is in."`
}

// State is the state of a listener.
type State struct {
	Phase  messenger.Phase `json:"phase" enum:"off,starting,connected,reconnecting,bad_credentials,needs_attention"`
	Since  *time.Time      `json:"since,omitempty"`
	Reason openmates.Text  `json:"reason,omitempty"`
	Cure   openmates.Text  `json:"cure,omitempty"`
}

// Workspace is a workspace on a network.
type Workspace struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// Installation is a team's workspace with the mates that are, or could be, in
// it.
type Installation struct {
	Network openmates.Network `json:"network"`
	Label   string            `json:"label" doc:"The network's name."`
	ID      string            `json:"id"`
	Name    string            `json:"name,omitempty"`
	Mates   []Guest           `json:"mates" nullable:"false"`
}

// Guest is a mate and its presence in a workspace.
type Guest struct {
	Handle   string           `json:"handle"`
	Presence connect.Presence `json:"presence" enum:"missing,present,left"`
	Since    *time.Time       `json:"since,omitempty"`
	CanAdd   bool             `json:"can_add" doc:"Its application is ready to be added with a link."`
}

// Disconnected is the result of disconnecting a workspace.
type Disconnected struct {
	Name   string   `json:"name,omitempty"`
	Stayed []string `json:"stayed" nullable:"false" doc:"Mates that could not leave; the workspace's own admins have to remove them."`
}

// Sent says where a test message was posted.
type Sent struct {
	Where string `json:"where"`
}

// PlaceInput is the path parameters of a team's workspace.
type PlaceInput struct {
	InTeam
	Network   openmates.Network `path:"network" maxLength:"40"`
	Workspace string            `path:"workspace" maxLength:"200"`
}

// GuestInput is the path parameters of a mate in a workspace.
type GuestInput struct {
	PlaceInput
	Handle string `path:"handle" maxLength:"80" doc:"The mate's handle."`
}

type testInput struct {
	GuestInput
	Body struct {
		Channel string `json:"channel_id,omitempty" maxLength:"200" doc:"Default: the first one in which it can answer."`
	}
}

type newTeam struct {
	Body struct {
		Name    string      `json:"name" maxLength:"200"`
		Slug    string      `json:"slug,omitempty" maxLength:"80" doc:"The slug; made from the name if omitted."`
		Limits  *Limits     `json:"limits,omitempty" doc:"What the team may use, within what the server allows."`
		Account *NewAccount `json:"account,omitempty" doc:"For somebody without an account, if the server allows it."`
	}
}

type teamInput struct{ InTeam }

type teamPage struct {
	InTeam
	PageInput
}

type teamPatch struct {
	InTeam
	Body struct {
		Name string `json:"name,omitempty" maxLength:"200"`
	}
}

type teamMonthInput struct {
	InTeam
	monthInput
}

type teamEnd struct {
	InTeam
	Confirm string `query:"confirm" required:"true" maxLength:"80" doc:"The team's slug again, to confirm."`
}

func (s *Server) teamOperations() {
	serve(s, route{"list-teams", http.MethodGet, "/teams", "List your teams", "The teams that the caller belongs to; with a team's token, only that team.", 0}, reader(), s.listTeams)
	serve(s, route{"add-team", http.MethodPost, "/teams", "Create a team", "The caller becomes its admin. If the server allows it, somebody without an account can create one in the same step.", 201}, anybody(), s.addTeam)
	serveTeam(s, route{"get-team", http.MethodGet, "/{team_slug}", "Get a team with its mates",
		"The team, the mates that it may use, and for each mate its messengers and the state of its listeners.", 0}, policy.SeeTeam, s.getTeam)
	changeTeam(s, route{"change-team", http.MethodPatch, "/{team_slug}", "Rename a team", "Its slug stays the same.", 0}, policy.RunTeam, s.changeTeamName)
	changeTeam(s, route{"delete-team", http.MethodDelete, "/{team_slug}", "Delete a team", "Permanently, with its memberships, connections, invites and tokens. Not allowed with a token.", 0}, policy.RunTeam,
		func(ctx context.Context, c openmates.Caller, p policy.Place, in *teamEnd) error {
			return s.team.EndTeam(ctx, c, p, in.Confirm)
		})
	s.placeOperations()
	serveTeam(s, route{"get-team-usage", http.MethodGet, "/{team_slug}/usage", "Get a team's usage", "In a calendar month (UTC).", 0}, policy.SeeUsage, s.getTeamUsage)
	serveTeam(s, route{"list-team-audit", http.MethodGet, "/{team_slug}/audit", "List a team's audit log", "Newest first.", 0}, policy.RunTeam, s.listTeamAudit)
}

func (s *Server) listTeams(ctx context.Context, c openmates.Caller, in *PageInput) (page[TeamLine], error) {
	all, err := s.team.TeamsOf(ctx, c)
	var lines []TeamLine
	for _, t := range all {
		if c.Token.TeamID == 0 || c.Token.TeamID == t.ID {
			lines = append(lines, TeamLine{t.ID, t.Slug, t.Name})
		}
	}
	if err != nil {
		return page[TeamLine]{}, err
	}
	return cut(lines, *in, func(t TeamLine) string { return t.ID.String() })
}

func (s *Server) addTeam(ctx context.Context, c openmates.Caller, in *newTeam) (TeamLine, error) {
	if err := c.Permit(openmates.ScopeWrite); err != nil {
		return TeamLine{}, err
	}
	if c.Token.TeamID != 0 || c.IsListener() {
		return TeamLine{}, openmates.Errorf(openmates.EForbidden, "This token can't create teams.")
	}
	if c.SignedIn() && in.Body.Account != nil {
		return TeamLine{}, openmates.Errorf(openmates.EInvalid, "You already have an account. Leave “account” out.")
	}
	d := team.Draft{Name: in.Body.Name, Slug: in.Body.Slug}
	if err := s.team.MayFound(ctx, c); err != nil {
		return TeamLine{}, err
	}
	if in.Body.Limits != nil {
		var err error
		if d.Limits, err = s.mate.NewTeamLimits(ctx, in.Body.Limits.of()); err != nil {
			return TeamLine{}, err
		}
	}
	n, err := in.Body.Account.newcomer(c)
	if err != nil {
		return TeamLine{}, err
	}
	u, t, err := s.team.Establish(ctx, c, fromOf(ctx), d, n)
	if err != nil {
		return TeamLine{}, err
	}
	if !c.SignedIn() {
		err = s.identity.Begin(ctx, u)
	}
	return TeamLine{t.ID, t.Slug, t.Name}, err
}

func (s *Server) getTeam(ctx context.Context, c openmates.Caller, p policy.Place, _ *teamInput) (Team, error) {
	mates, err := s.connect.MatesFor(ctx, p.Team, c.User, p.Role)
	if err != nil {
		return Team{}, err
	}
	t := p.Team
	out := Team{ID: t.ID, Slug: t.Slug, Name: t.Name, Role: p.Role, Mates: []Mate{}}
	for _, m := range mates {
		out.Mates = append(out.Mates, mateOf(m.Mate, m.In))
	}
	return out, nil
}

func mateOf(m connect.Mate, in []connect.Workspace) Mate {
	out := Mate{ID: m.ID, Handle: m.Handle, Name: m.Name, Field: m.Field, Description: m.Description, Messengers: []Messenger{}}
	for _, b := range m.Bots {
		ms := Messenger{Network: b.Network, Label: b.Label, AppID: b.AppID, Name: b.Name, Invite: b.Invite, State: stateOf(b.State), Workspaces: []Workspace{}}
		for _, w := range in {
			if w.Network == b.Network {
				ms.Workspaces = append(ms.Workspaces, Workspace{ID: string(w.ID), Name: w.Name})
			}
		}
		out.Messengers = append(out.Messengers, ms)
	}
	return out
}

func stateOf(s messenger.State) State {
	return State{Phase: s.Phase, Reason: s.Reason, Cure: s.Cure, Since: moment(s.Since)}
}

// moment returns a time for JSON, nil for the zero time.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func (s *Server) changeTeamName(ctx context.Context, c openmates.Caller, p policy.Place, in *teamPatch) error {
	if in.Body.Name == "" {
		return nil
	}
	return s.team.RenameTeam(ctx, c, p, in.Body.Name)
}

func (s *Server) placeOperations() {
	const path = "/{team_slug}/installations"
	serveTeam(s, route{"list-installations", http.MethodGet, path, "List a team's workspaces", "The workspaces that are connected to the team, and the mates in each.", 0}, policy.SeeTeam,
		func(ctx context.Context, _ openmates.Caller, p policy.Place, in *teamPage) (page[Installation], error) {
			places, err := s.connect.Places(ctx, p.Team)
			if err != nil {
				return page[Installation]{}, err
			}
			var all []Installation
			for _, w := range places {
				all = append(all, installationOf(w))
			}
			return cut(all, in.PageInput, func(i Installation) string { return string(i.Network) + "/" + i.ID })
		})
	serveTeam(s, route{"get-installation", http.MethodGet, path + "/{network}/{workspace}", "Get a team's workspace", "", 0}, policy.SeeTeam,
		func(ctx context.Context, _ openmates.Caller, p policy.Place, in *PlaceInput) (Installation, error) {
			w, err := s.connect.PlaceOf(ctx, p.Team, in.Network, openmates.WorkspaceID(in.Workspace))
			return installationOf(w), err
		})
	serveTeam(s, route{"disconnect", http.MethodDelete, path + "/{network}/{workspace}", "Disconnect a workspace", "Its mates leave and stop answering there immediately.", 0}, policy.RunTeam,
		func(ctx context.Context, c openmates.Caller, p policy.Place, in *PlaceInput) (Disconnected, error) {
			name, stayed, err := s.connect.Disconnect(ctx, c.User.ID, p.Team, in.Network, openmates.WorkspaceID(in.Workspace))
			return Disconnected{name, append([]string{}, stayed...)}, err
		})
	changeTeam(s, route{"remove-mate", http.MethodDelete, path + "/{network}/{workspace}/{handle}", "Remove a mate from a workspace", "Removing the last mate disconnects the workspace.", 0}, policy.RunTeam,
		func(ctx context.Context, c openmates.Caller, p policy.Place, in *GuestInput) error {
			_, err := s.connect.Remove(ctx, c.User.ID, p.Team, in.Network, openmates.WorkspaceID(in.Workspace), in.Handle)
			return err
		})
	serveTeam(s, route{"test-mate", http.MethodPost, path + "/{network}/{workspace}/{handle}/test", "Send a test message as a mate", "At most once a minute per workspace.", 0}, policy.ConnectTeam,
		func(ctx context.Context, _ openmates.Caller, p policy.Place, in *testInput) (Sent, error) {
			where, err := s.connect.SendTest(ctx, p.Team, in.Network, openmates.WorkspaceID(in.Workspace), in.Handle, openmates.ChannelID(in.Body.Channel))
			return Sent{where}, err
		})
}

func installationOf(p connect.Place) Installation {
	i := Installation{Network: p.Network, Label: p.Label, ID: string(p.ID), Name: p.Name, Mates: []Guest{}}
	for _, g := range p.Guests {
		i.Mates = append(i.Mates, Guest{g.Mate.Handle, g.Presence, moment(g.Since), g.CanAdd})
	}
	return i
}

// Spent is what something cost.
type Spent struct {
	Name     string           `json:"name"`
	Requests int64            `json:"requests"`
	Cost     openmates.Micros `json:"cost" doc:"In millionths of the server's currency unit."`
}

// TeamUsage is a team's usage in a month.
type TeamUsage struct {
	Start    time.Time        `json:"start" doc:"Start of the month, UTC."`
	Requests int64            `json:"requests"`
	Cost     openmates.Micros `json:"cost" doc:"In millionths of the server's currency unit."`
	People   []Spent          `json:"people" nullable:"false"`
	Mates    []Spent          `json:"mates" nullable:"false"`
	Models   []Spent          `json:"models" nullable:"false"`
	Days     []Spent          `json:"days" nullable:"false"`
}

func spent(lines []openmates.SpendLine) []Spent {
	all := make([]Spent, 0, len(lines))
	for _, l := range lines {
		all = append(all, Spent{l.Name, l.Requests, l.Cost})
	}
	return all
}

func (s *Server) getTeamUsage(ctx context.Context, c openmates.Caller, p policy.Place, in *teamMonthInput) (TeamUsage, error) {
	at, err := s.monthOf(in.Month)
	if err != nil {
		return TeamUsage{}, err
	}
	m, err := s.team.UsageIn(ctx, c, p, at)
	if err != nil {
		return TeamUsage{}, err
	}
	return TeamUsage{m.Start, m.Requests, m.Cost, spent(m.People), spent(m.Mates), spent(m.Models), spent(m.Days)}, nil
}

// AuditLine is an entry in the audit log.
type AuditLine struct {
	ID       openmates.ID `json:"id" type:"string"`
	At       time.Time    `json:"at"`
	ActorID  openmates.ID `json:"actor_id" type:"string" doc:"0 = the server itself."`
	Username string       `json:"username,omitempty" doc:"The actor's username, if the account still exists."`
	Team     string       `json:"team,omitempty" doc:"The team's name."`
	Action   string       `json:"action"`
	Target   string       `json:"target" doc:"A person is shown with their current name."`
	Subject  openmates.ID `json:"subject_id,omitempty" type:"string" doc:"The person it is about, even if the account is gone; absent if it isn't about a person."`
	Before   string       `json:"before,omitempty" doc:"Usually JSON. Never contains a secret."`
	After    string       `json:"after,omitempty"`
}

func (s *Server) listTeamAudit(ctx context.Context, _ openmates.Caller, p policy.Place, in *teamPage) (page[AuditLine], error) {
	before, err := auditCursor(in.Cursor)
	if err != nil {
		return page[AuditLine]{}, err
	}
	found, err := s.records.Audit(ctx, p.Team.ID, before, in.Limit+1)
	if err != nil {
		return page[AuditLine]{}, err
	}
	members, err := s.team.Members(ctx, p)
	if err != nil {
		return page[AuditLine]{}, err
	}
	names := map[openmates.ID]string{}
	for _, m := range members {
		names[m.User.ID] = m.User.Username
	}
	var all []AuditLine
	for _, e := range found {
		all = append(all, AuditLine{ID: e.ID, At: e.At, ActorID: e.Actor, Username: names[e.Actor], Action: e.Action, Target: e.Target, Subject: e.Subject, Before: e.Before, After: e.After})
	}
	return auditPage(all, in.Limit), nil
}

// auditCursor parses the ID before which entries are requested.
func auditCursor(cursor string) (openmates.ID, error) {
	if cursor == "" {
		return 0, nil
	}
	text, err := url.PathUnescape(cursor)
	if err != nil {
		return 0, badCursor()
	}
	id, err := openmates.ParseID(text)
	if err != nil {
		return 0, badCursor()
	}
	return id, nil
}

// auditPage makes a page from entries of which one more than requested was
// read.
func auditPage(all []AuditLine, limit int) page[AuditLine] {
	p := page[AuditLine]{Items: []AuditLine{}}
	if len(all) > limit {
		all = all[:limit]
		p.Next = all[limit-1].ID.String()
	}
	p.Items = append(p.Items, all...)
	return p
}
