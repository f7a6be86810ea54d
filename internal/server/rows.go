package server

import (
	"time"

	"openmates"
)

// DirectoryPerson is a person as server admins see them.
type DirectoryPerson struct {
	User  openmates.User
	Teams []string  // names of their teams
	Asked time.Time // when they last asked a mate; zero = never
}

// DirectoryTeam is a team as server admins see it, without anything that is
// said in it.
type DirectoryTeam struct {
	Team    openmates.Team
	Members int64
	Admins  []string         // usernames
	Places  int64            // workspaces
	Mates   int64            // present in its workspaces
	Spent   openmates.Micros // this month
}
