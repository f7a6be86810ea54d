package openmates

import "time"

// DirectorySearch asks for a page of all people, teams or workspaces of the
// server.
type DirectorySearch struct {
	Text  string // a part of a name, an address or an ID; "" = everything
	After string // the key of the last line of the page before; "" = the first page
	Limit int
}

// DirectoryPerson is a person as an admin of the server sees them.
type DirectoryPerson struct {
	User  User
	Teams []string  // names of their teams
	Asked time.Time // when a mate was asked last; zero = never
}

// DirectoryTeam is a team as an admin of the server sees it. What is said in it
// stays with the team.
type DirectoryTeam struct {
	Team    Team
	Members int64
	Admins  []string // usernames
	Places  int64    // workspaces
	Mates   int64    // that are present in them
	Spent   Micros   // in the month
}

// DirectoryPlace is a workspace of a team as an admin of the server sees it.
type DirectoryPlace struct {
	Network   Network
	Workspace WorkspaceID
	Name      string
	Team      Team
	Mates     []string // names of those that are present
	Since     time.Time
}

// Key is what the next page begins after.
func (p DirectoryPlace) Key() string { return string(p.Network) + "/" + string(p.Workspace) }
