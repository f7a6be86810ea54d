package api

import (
	"context"
	"net/http"

	"openmates"
	"openmates/internal/mate"
	"openmates/internal/policy"
)

// Limits are what a server, a mate, a team or a person may use. A narrower
// layer can only restrict what wider ones allow.
type Limits struct {
	Mates     Set              `json:"mates,omitempty" doc:"Handles; for teams and people."`
	Apps      Set              `json:"apps,omitempty"`
	Skills    Set              `json:"skills,omitempty" doc:"app.skill"`
	Providers Set              `json:"providers,omitempty"`
	Models    Set              `json:"models,omitempty" doc:"provider/model"`
	PerMinute int              `json:"per_minute,omitempty" minimum:"0" maximum:"100000" doc:"Requests; 0 = no limit in this layer."`
	PerMonth  openmates.Micros `json:"per_month,omitempty" minimum:"0" maximum:"1000000000000000" doc:"In millionths of the server's currency unit; 0 = no limit in this layer."`
}

// Set is everything, unless only is set; then just the names.
type Set struct {
	Only  bool     `json:"only,omitempty"`
	Names []string `json:"names,omitempty" maxItems:"1000"`
}

func (l Limits) of() openmates.Limits {
	set := func(s Set) openmates.Set { return openmates.Set{Only: s.Only, Names: s.Names} }
	return openmates.Limits{Mates: set(l.Mates), Apps: set(l.Apps), Skills: set(l.Skills), Providers: set(l.Providers), Models: set(l.Models),
		PerMinute: l.PerMinute, PerMonth: l.PerMonth}
}

func limitsOf(l openmates.Limits) Limits {
	set := func(s openmates.Set) Set { return Set{Only: s.Only, Names: s.Names} }
	return Limits{Mates: set(l.Mates), Apps: set(l.Apps), Skills: set(l.Skills), Providers: set(l.Providers), Models: set(l.Models),
		PerMinute: l.PerMinute, PerMonth: l.PerMonth}
}

// LimitsSheet contains the limits of a layer, alone and combined with wider
// ones.
type LimitsSheet struct {
	Own       Limits `json:"own" doc:"What this layer sets."`
	Effective Limits `json:"effective" doc:"Combined with the wider layers."`
}

func (l LimitsSheet) version() string { return text(l.Own) }

func sheetOf(s mate.Sheet) LimitsSheet {
	return LimitsSheet{Own: limitsOf(s.Own), Effective: limitsOf(s.Effective)}
}

type serverLimits struct{ Body Limits }

type teamLimits struct {
	InTeam
	Body Limits
}

type memberLimits struct {
	MemberInput
	Body Limits
}

type mateLimits struct {
	MateName
	Body Limits
}

func (s *Server) limitOperations() {
	serve(s, route{"get-server-limits", http.MethodGet, "/server/limits", "Get the server's limits", "", 0}, admin(),
		func(ctx context.Context, _ openmates.Caller, _ *struct{}) (LimitsSheet, error) {
			l, err := s.mate.ServerLimits(ctx)
			return LimitsSheet{limitsOf(l), limitsOf(l)}, err
		})
	change(s, route{"put-server-limits", http.MethodPut, "/server/limits", "Set the server's limits", "Replaces all of them.", 0}, admin(),
		func(ctx context.Context, c openmates.Caller, in *serverLimits) error {
			return s.mate.PutServer(ctx, c.User.ID, in.Body.of())
		})
	serve(s, route{"get-mate-limits", http.MethodGet, "/server/mates/{handle}/limits", "Get a mate's limits", "In all teams.", 0}, admin(),
		func(ctx context.Context, _ openmates.Caller, in *MateName) (LimitsSheet, error) {
			m, err := s.mate.Mate(ctx, in.Handle)
			if err != nil {
				return LimitsSheet{}, err
			}
			sheet, err := s.mate.MateSheet(ctx, m)
			return sheetOf(sheet), err
		})
	change(s, route{"put-mate-limits", http.MethodPut, "/server/mates/{handle}/limits", "Set a mate's limits", "Replaces all of them.", 0}, admin(),
		func(ctx context.Context, c openmates.Caller, in *mateLimits) error {
			m, err := s.mate.Mate(ctx, in.Handle)
			if err == nil {
				_, err = s.mate.PutMate(ctx, c.User.ID, m, in.Body.of())
			}
			return err
		})
	serveTeam(s, route{"get-team-limits", http.MethodGet, "/{team_slug}/limits", "Get a team's limits", "", 0}, policy.SeeTeam,
		func(ctx context.Context, _ openmates.Caller, p policy.Place, _ *teamInput) (LimitsSheet, error) {
			sheet, err := s.mate.TeamSheet(ctx, p.Team.Limits)
			return sheetOf(sheet), err
		})
	changeTeam(s, route{"put-team-limits", http.MethodPut, "/{team_slug}/limits", "Set a team's limits", "Replaces all of them, within what the server allows.", 0}, policy.RunTeam,
		func(ctx context.Context, c openmates.Caller, p policy.Place, in *teamLimits) error {
			return s.mate.PutTeam(ctx, c.User.ID, p.Team, in.Body.of())
		})
	serveTeam(s, route{"get-user-limits", http.MethodGet, "/{team_slug}/users/{username}/limits", "Get a person's limits in a team", "", 0}, policy.RunTeam, s.getMemberLimits)
	changeTeam(s, route{"put-user-limits", http.MethodPut, "/{team_slug}/users/{username}/limits", "Set a person's limits in a team", "Replaces all of them, within what the team may use.", 0}, policy.RunTeam,
		func(ctx context.Context, c openmates.Caller, p policy.Place, in *memberLimits) error {
			m, err := s.team.Member(ctx, p, in.Username)
			if err != nil {
				return err
			}
			return s.mate.PutMember(ctx, c.User.ID, p.Team, m.User, in.Body.of())
		})
}

func (s *Server) getMemberLimits(ctx context.Context, _ openmates.Caller, p policy.Place, in *MemberInput) (LimitsSheet, error) {
	m, err := s.team.Member(ctx, p, in.Username)
	if err != nil {
		return LimitsSheet{}, err
	}
	own, err := s.mate.MemberLimits(ctx, p.Team, m.User)
	if err != nil {
		return LimitsSheet{}, err
	}
	sheet, err := s.mate.TeamSheet(ctx, p.Team.Limits)
	return LimitsSheet{limitsOf(own), limitsOf(sheet.Effective.Narrow(own))}, err
}

// Allowance is what the caller may use in a team, and how much of it is left.
type Allowance struct {
	Team      string            `json:"team" doc:"The team's slug."`
	Own       Limits            `json:"own" doc:"What is set for the caller."`
	Effective Limits            `json:"effective" doc:"Combined with the limits of the team and the server."`
	Spent     openmates.Micros  `json:"spent" doc:"By the caller, in this calendar month (UTC)."`
	Left      *openmates.Micros `json:"left,omitempty" doc:"What the caller can still spend of the budgets below, if nobody else spends anything; absent if there are no budgets."`
	Budgets   []Budget          `json:"budgets" nullable:"false" doc:"The budgets that apply, widest first. The server's is only shown to its admins."`
}

// Budget is a layer's monthly budget.
type Budget struct {
	Layer string           `json:"layer" enum:"server,team,member"`
	Of    openmates.Micros `json:"of"`
	Spent openmates.Micros `json:"spent"`
}

func (s *Server) listMyLimits(ctx context.Context, c openmates.Caller, in *PageInput) (page[Allowance], error) {
	teams, err := s.team.TeamsOf(ctx, c)
	if err != nil {
		return page[Allowance]{}, err
	}
	var all []Allowance
	for _, t := range teams {
		a, err := s.mate.Allowance(ctx, t, c.User)
		if err == nil && policy.Require(c, policy.RunServer) == nil {
			a, err = s.mate.WithServer(ctx, a)
		}
		if err != nil {
			return page[Allowance]{}, err
		}
		out := Allowance{Team: t.Slug, Own: limitsOf(a.Own), Effective: limitsOf(a.Effective), Spent: a.Spent, Budgets: []Budget{}}
		if left, ok := a.Left(); ok {
			out.Left = &left
		}
		for _, b := range a.Budgets {
			out.Budgets = append(out.Budgets, Budget{string(b.Layer), b.Of, b.Spent})
		}
		all = append(all, out)
	}
	return cut(all, *in, func(a Allowance) string { return a.Team })
}

// App is a set of skills.
type App struct {
	Name        string         `json:"name"`
	Label       openmates.Text `json:"label"`
	Description openmates.Text `json:"description,omitempty"`
	Skills      []Skill        `json:"skills" nullable:"false"`
}

// Skill is something that an app does.
type Skill struct {
	Name    string         `json:"name" doc:"app.skill"`
	Label   openmates.Text `json:"label,omitempty"`
	Allowed *bool          `json:"allowed,omitempty" doc:"Whether the team's mates may use it; only in the list for a team."`
}

func (s *Server) appOperations() {
	read := reader()
	serve(s, route{"list-apps", http.MethodGet, "/apps", "List the server's apps", "With their skills.", 0}, read,
		func(ctx context.Context, _ openmates.Caller, in *PageInput) (page[App], error) {
			all, err := s.apps(ctx, nil)
			if err != nil {
				return page[App]{}, err
			}
			return cut(all, *in, func(a App) string { return a.Name })
		})
	serveTeam(s, route{"list-team-apps", http.MethodGet, "/{team_slug}/apps", "List a team's apps", "With the skills that its mates may use.", 0}, policy.SeeTeam,
		func(ctx context.Context, _ openmates.Caller, p policy.Place, in *teamPage) (page[App], error) {
			sheet, err := s.mate.TeamSheet(ctx, p.Team.Limits)
			if err != nil {
				return page[App]{}, err
			}
			all, err := s.apps(ctx, &sheet.Effective)
			if err != nil {
				return page[App]{}, err
			}
			return cut(all, in.PageInput, func(a App) string { return a.Name })
		})
}

// apps lists the apps and, if limits are given, what these allow.
func (s *Server) apps(ctx context.Context, limits *openmates.Limits) ([]App, error) {
	groups, err := s.mate.Apps(ctx)
	var all []App
	for _, g := range groups {
		a := App{Name: g.Name, Label: g.Label, Description: g.Description, Skills: []Skill{}}
		for _, p := range g.Parts {
			k := Skill{Name: p.Name, Label: p.Label}
			if limits != nil {
				yes := limits.Allows(openmates.KindSkill, p.Name)
				k.Allowed = &yes
			}
			a.Skills = append(a.Skills, k)
		}
		all = append(all, a)
	}
	return all, err
}
