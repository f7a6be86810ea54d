package policy_test

import (
	"slices"
	"testing"

	"openmates"
	"openmates/internal/policy"
)

// The table of rights: what it doesn't name is denied, to everybody.
func TestRights(t *testing.T) {
	t.Parallel()
	all := []policy.Right{
		policy.RunServer, policy.SeeTeam, policy.LeaveTeam, policy.ConnectTeam, policy.AskMates,
		policy.RunTeam, policy.ManagePeople, policy.InvitePeople, policy.SeeUsage, "invented",
	}
	member := []policy.Right{policy.SeeTeam, policy.LeaveTeam, policy.ConnectTeam, policy.AskMates}
	admin := append(slices.Clone(member), policy.RunTeam, policy.ManagePeople, policy.InvitePeople, policy.SeeUsage)
	for _, tc := range []struct {
		who  string
		user openmates.User
		role openmates.Role
		may  []policy.Right
	}{
		{"nobody", openmates.User{}, openmates.RoleAdmin, nil},
		{"nobody who claims to run the server", openmates.User{Admin: true}, "", nil},
		{"somebody outside", openmates.User{ID: 1}, "", nil},
		{"somebody with a made-up role", openmates.User{ID: 1}, "server admin", nil},
		{"a member", openmates.User{ID: 1}, openmates.RoleMember, member},
		{"You’ll join as a team admin", openmates.User{ID: 1}, openmates.RoleAdmin, admin},
		{"a server admin outside", openmates.User{ID: 1, Admin: true}, "", []policy.Right{policy.RunServer}},
		{"a server admin who is a member", openmates.User{ID: 1, Admin: true}, openmates.RoleMember, append(slices.Clone(member), policy.RunServer)},
	} {
		for _, r := range all {
			if got, want := policy.Allowed(tc.user, tc.role, r), slices.Contains(tc.may, r); got != want {
				t.Errorf("%s: %s is %v, want %v", tc.who, r, got, want)
			}
			p := policy.Place{Team: openmates.Team{ID: 2, Name: "Harbour"}, Role: tc.role}
			if err := p.Require(openmates.Caller{User: tc.user}, r); (err == nil) != slices.Contains(tc.may, r) || err != nil && openmates.CodeOf(err) != openmates.EForbidden {
				t.Errorf("%s requires %s: %v", tc.who, r, err)
			}
		}
	}
}

// Rights of the server are for people and for their own tokens of that scope,
// never for a team's token.
func TestATokenNarrowsItsOwner(t *testing.T) {
	t.Parallel()
	ada := openmates.User{ID: 1, Admin: true}
	token := func(team openmates.ID, scopes ...openmates.Scope) openmates.Caller {
		return openmates.Caller{User: ada, Token: openmates.AccessToken{ID: 5, TeamID: team, Scopes: scopes}}
	}
	for name, tc := range map[string]struct {
		c        openmates.Caller
		want     openmates.Code
		inPerson openmates.Code
	}{
		"nobody":             {openmates.Caller{}, openmates.EUnauthorized, openmates.EUnauthorized},
		"an admin":           {openmates.Caller{User: ada}, "", ""},
		"a person":           {openmates.Caller{User: openmates.User{ID: 2}}, openmates.EForbidden, openmates.EForbidden},
		"an admin's token":   {token(0, openmates.ScopeAdmin), "", openmates.EForbidden},
		"a token to read":    {token(0, openmates.ScopeRead), openmates.EForbidden, openmates.EForbidden},
		"a team's own token": {token(7, openmates.ScopeAdmin), openmates.EForbidden, openmates.EForbidden},
	} {
		if err := policy.Require(tc.c, policy.RunServer); openmates.CodeOf(err) != tc.want {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
		if err := policy.RequireInPerson(tc.c, policy.RunServer); openmates.CodeOf(err) != tc.inPerson {
			t.Errorf("%s in person: %v, want %q", name, err, tc.inPerson)
		}
	}
}
