package account

import (
	"context"
	"strings"

	"openmates"
	"openmates/internal/spelling"
)

// Right is one thing that a person may do.
type Right string

// The rights. Those of a team hold within that team only.
const (
	RunServer    Right = "run_server"    // mates, their bots, models, the server's state
	SeeTeam      Right = "see_team"      // the team's page: mates, people, connections
	LeaveTeam    Right = "leave_team"    // leave the team
	ConnectTeam  Right = "connect_team"  // add mates to the team's workspaces
	AskMates     Right = "ask_mates"     // talk to the team's mates
	RunTeam      Right = "run_team"      // name, limits, connections of the team
	ManagePeople Right = "manage_people" // change roles, take people out of the team
	InvitePeople Right = "invite_people" // make, list and revoke invites
	SeeUsage     Right = "see_usage"     // what the team spent, by person
)

// standing is somebody who can hold rights: an admin of the server everywhere, a
// member of a team by role within it.
type standing string

const (
	serverAdmin standing = "server admin"
	teamAdmin            = standing(openmates.RoleAdmin)
	teamMember           = standing(openmates.RoleMember)
)

// held is the one table of who may do what, for both doors. What it does not
// name is denied. A server admin is no member of every team: what a team says
// stays with the team.
func held(h standing, r Right) bool {
	switch r {
	case RunServer:
		return h == serverAdmin
	case SeeTeam, LeaveTeam, ConnectTeam, AskMates:
		return h == teamAdmin || h == teamMember
	case RunTeam, ManagePeople, InvitePeople, SeeUsage:
		return h == teamAdmin
	}
	return false
}

// Allowed says whether somebody with this place in a team (role "" = none) has
// a right.
func Allowed(u openmates.User, role openmates.Role, r Right) bool {
	if u.ID == 0 {
		return false
	}
	return u.Admin && held(serverAdmin, r) || (role == openmates.RoleAdmin || role == openmates.RoleMember) && held(standing(role), r)
}

// Require gives nil if the caller has a right of the server, else
// EUnauthorized for nobody and EForbidden for somebody.
func Require(c openmates.Caller, r Right) error {
	if !c.SignedIn() {
		return openmates.Errorf(openmates.EUnauthorized, "Please sign in first.")
	}
	if !Allowed(c.User, "", r) {
		return openmates.Errorf(openmates.EForbidden, "Only an admin of this server may do that. Please ask one.")
	}
	if c.Token.TeamID != 0 {
		return openmates.Errorf(openmates.EForbidden, "A team's token is for that team alone. Please use one of your own.")
	}
	return c.Permit(scopeOf(r))
}

// Place is a caller within a team.
type Place struct {
	Team openmates.Team
	Role openmates.Role
}

// Enter gives the team that a path names, by its slug or its ID, if the caller
// may do r in it. A team that the caller is no member of is ENotFound, exactly
// as one that doesn't exist.
func (r *Room) Enter(ctx context.Context, c openmates.Caller, name string, right Right) (Place, error) {
	if !c.SignedIn() {
		return Place{}, openmates.Errorf(openmates.EUnauthorized, "Please sign in first.")
	}
	none := openmates.Errorf(openmates.ENotFound, "There is no team %q that you belong to. Please check the address, or ask the team's admin for an invitation.", clip(name))
	t, err := r.teamAt(ctx, name)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return Place{}, none
	}
	if err != nil {
		return Place{}, err
	}
	role, err := r.store.Role(ctx, t.ID, c.User.ID)
	if err != nil {
		return Place{}, err
	}
	if role == "" || c.Token.TeamID != 0 && c.Token.TeamID != t.ID {
		return Place{}, none
	}
	if !Allowed(c.User, role, right) {
		return Place{}, openmates.Errorf(openmates.EForbidden, "Only an admin of the team %s may do that. Please ask one.", t.Name)
	}
	if err := c.Permit(scopeOf(right)); err != nil {
		return Place{}, err
	}
	return Place{Team: t, Role: role}, nil
}

// teamAt gives the team that a path names, whoever asks. It is the only place
// that reads such a name, so that the same one never means two teams: what can
// be an ID is one.
func (r *Room) teamAt(ctx context.Context, name string) (openmates.Team, error) {
	if id, err := openmates.ParseID(name); err == nil {
		return r.store.Team(ctx, id)
	}
	// Not ValidSlug: a word that is reserved today may be a team of old.
	if len(name) > 100 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return openmates.Team{}, openmates.Errorf(openmates.ENotFound, "There is no such team.")
	}
	return r.store.TeamBySlug(ctx, name)
}

// TeamsOf lists the caller's teams.
func (r *Room) TeamsOf(ctx context.Context, c openmates.Caller) ([]openmates.Team, error) {
	return r.store.TeamsOf(ctx, c.User.ID)
}

// Members lists the people of a team that the caller has entered.
func (r *Room) Members(ctx context.Context, p Place) ([]openmates.Member, error) {
	return r.store.Members(ctx, p.Team.ID)
}

// Member is one person of a team that the caller has entered.
func (r *Room) Member(ctx context.Context, p Place, username string) (openmates.Member, error) {
	none := openmates.Errorf(openmates.ENotFound, "Nobody in the team %s is called %q.", p.Team.Name, clip(username))
	if len(username) > 100 || strings.ContainsFunc(username, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return openmates.Member{}, none
	}
	u, err := r.store.UserByName(ctx, username)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return openmates.Member{}, none
	}
	if err != nil {
		return openmates.Member{}, err
	}
	role, err := r.store.Role(ctx, p.Team.ID, u.ID)
	if err == nil && role == "" {
		return openmates.Member{}, none
	}
	return openmates.Member{User: u, Role: role}, err
}

func clip(s string) string { return spelling.Clip(s, 40) }
