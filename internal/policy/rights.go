// Package policy decides who may do what: the rights of people, the layers of
// limits, and whether something that somebody left behind is still valid.
//
// Rights are in one table, which denies everything that it doesn't list. MayUse
// both enforces limits in chat and filters what pages and API show. Layers,
// their order and their counters are one list (Levels), in which a lower layer
// can only narrow. What works without its maker (an invite, a token) is valid
// only as long as its maker may still make it;
// docs/adr/0015-delegated-access.md has the list.
//
// The package doesn't determine who is calling: it gets an openmates.Caller. It
// reads no database: limits are passed in.
package policy

import (
	"openmates"
)

// Right is something that a person may do.
type Right string

// The rights. A team's rights only apply within that team.
const (
	RunServer    Right = "run_server"    // mates, their bots, models, the server's state
	SeeTeam      Right = "see_team"      // the team's page: mates, people, connections
	LeaveTeam    Right = "leave_team"    // leave the team
	ConnectTeam  Right = "connect_team"  // add mates to the team's workspaces
	AskMates     Right = "ask_mates"     // talk to the team's mates
	RunTeam      Right = "run_team"      // name, limits, connections of the team
	ManagePeople Right = "manage_people" // change roles, remove people from the team
	InvitePeople Right = "invite_people" // create, list and revoke invites
	SeeUsage     Right = "see_usage"     // what the team spent, by person
)

// standing is a role that has rights: server admins everywhere, members of a
// team within it.
type standing string

const (
	serverAdmin standing = "server admin"
	teamAdmin            = standing(openmates.RoleAdmin)
	teamMember           = standing(openmates.RoleMember)
)

// held is the table of who may do what, for both doors. What it doesn't list is
// denied. Server admins have no access to teams they aren't members of: what a
// team says stays with the team.
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

// Allowed reports whether a user with this role in a team (role "" = none) has
// a right.
func Allowed(u openmates.User, role openmates.Role, r Right) bool {
	if u.ID == 0 {
		return false
	}
	return u.Admin && held(serverAdmin, r) || (role == openmates.RoleAdmin || role == openmates.RoleMember) && held(standing(role), r)
}

// Require returns nil if the caller has a server right, else EUnauthorized if
// nobody is signed in, or EForbidden.
func Require(c openmates.Caller, r Right) error {
	if !c.SignedIn() {
		return openmates.Errorf(openmates.EUnauthorized, "Please sign in first.")
	}
	if !Allowed(c.User, "", r) {
		return openmates.Errorf(openmates.EForbidden, "Only a server admin can do that. Ask one of them.")
	}
	if c.Token.TeamID != 0 {
		return openmates.Errorf(openmates.EForbidden, "A team's token only works for that team. Use one of your own.")
	}
	return c.Permit(ScopeOf(r))
}

// Place is a caller in a team.
type Place struct {
	Team openmates.Team
	Role openmates.Role
}

// ScopeOf returns the scope that a token needs for a right.
func ScopeOf(right Right) openmates.Scope {
	switch right {
	case SeeTeam:
		return openmates.ScopeRead
	case AskMates, ConnectTeam, LeaveTeam:
		return openmates.ScopeWrite
	}
	return openmates.ScopeAdmin
}

// RequireInPerson is Require for what no token may do: the caller must have
// signed in.
func RequireInPerson(c openmates.Caller, r Right) error {
	if err := Require(c, r); err != nil {
		return err
	}
	return c.InPerson()
}

// Require returns nil if the caller has a right in the team, else EForbidden.
func (p Place) Require(c openmates.Caller, r Right) error {
	if !Allowed(c.User, p.Role, r) {
		return openmates.Errorf(openmates.EForbidden, "Only an admin of the team %s can do that. Ask one of them.", p.Team.Name)
	}
	return nil
}

// Entry returns an audit log entry about something that the caller does in the
// team.
func (p Place) Entry(c openmates.Caller, action, target string) openmates.AuditEntry {
	return openmates.AuditEntry{Actor: c.User.ID, TeamID: p.Team.ID, Action: action, Target: target}
}
