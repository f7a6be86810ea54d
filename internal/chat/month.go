package chat

import "openmates"

// AskerMonth is the usage of a calendar month so far in a team, including what
// is reserved for answers in progress.
type AskerMonth struct {
	Requests int64            // by the person
	Spent    openmates.Micros // by the person
	Team     openmates.Micros // by the whole team
	Mate     openmates.Micros // by the mate, within the team
}
