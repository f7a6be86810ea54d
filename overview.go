package openmates

import "time"

// TroubledTurn is a turn that was refused or failed, or whose answer couldn't
// be posted, without anything that was said. Unknown fields are "".
type TroubledTurn struct {
	At       time.Time
	Why      Trouble
	State    TurnState
	Mate     string // handle
	MateName string
	Team     string // slug
	TeamName string
	Person   string
	Channel  string // where the mate may not write; "" = it may
	Lacks    string // names of the permissions that it is missing there
}

// SpendLine is the cost of one thing.
type SpendLine struct {
	Name     string
	Requests int64
	Cost     Micros
}

// MonthSpend is the cost of a calendar month so far.
type MonthSpend struct {
	Start    time.Time
	Requests int64
	Cost     Micros
	Mates    []SpendLine
	Models   []SpendLine
}

// Counts counts things on the server.
type Counts struct {
	Teams      int64
	People     int64
	Linked     int64 // people with a linked account on a messenger
	Workspaces int64
}
