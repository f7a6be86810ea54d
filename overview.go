package openmates

import "time"

// TroubledTurn is a turn that was refused, has failed, or whose answer could
// not be posted, without anything that was said. What is not known is "".
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
	Lacks    string // names of the permissions that it would need there
}

// SpendLine is what was spent on one thing.
type SpendLine struct {
	Name     string
	Requests int64
	Cost     Micros
}

// MonthSpend is what a calendar month has cost so far.
type MonthSpend struct {
	Start    time.Time
	Requests int64
	Cost     Micros
	Mates    []SpendLine
	Models   []SpendLine
}

// Counts say how many there are on the server.
type Counts struct {
	Teams      int64
	People     int64
	Linked     int64 // people with an account on a messenger
	Workspaces int64
}
