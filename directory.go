package openmates

import "time"

// DirectorySearch selects a page of the server's people, teams or workspaces.
type DirectorySearch struct {
	Text  string // part of a name, an address or an ID; "" = everything
	After string // the key of the previous page's last line; "" = the first page
	Limit int
}

// DirectoryPerson is a person as server admins see them.
type DirectoryPerson struct {
	User  User
	Teams []string  // names of their teams
	Asked time.Time // when they last asked a mate; zero = never
}

// DirectoryTeam is a team as server admins see it, without anything that is
// said in it.
type DirectoryTeam struct {
	Team    Team
	Members int64
	Admins  []string // usernames
	Places  int64    // workspaces
	Mates   int64    // present in its workspaces
	Spent   Micros   // this month
}
