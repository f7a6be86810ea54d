package team

import (
	"time"

	"openmates"
)

// InviteLine is an invite with the names of the people involved.
type InviteLine struct {
	openmates.Invite
	Maker  string // display name; "" = deleted account
	Joined []Joined
}

// Joined is somebody who joined with an invite.
type Joined struct {
	User Username
	At   time.Time
}

// Username is how a person is shown to others.
type Username struct{ Username, DisplayName string }

// InviteMail is an email address that somebody has yet to prove is theirs.
type InviteMail struct {
	InviteID openmates.ID
	Email    string
	Expires  time.Time
}

// UsageLine is what one person used on one day with one mate and one model.
type UsageLine struct {
	Day      time.Time
	Person   string
	Mate     string // "" = deleted
	Model    string
	Requests int64
	Input    int64 // tokens
	Cached   int64
	Output   int64
	Cost     openmates.Micros
}

// Month is a team's usage in a calendar month (UTC).
type Month struct {
	Start    time.Time
	Requests int64
	Cost     openmates.Micros
	People   []openmates.SpendLine
	Mates    []openmates.SpendLine
	Models   []openmates.SpendLine
	Days     []openmates.SpendLine // one for each day, named by its number
	Shares   []DayShare
}

// DayShare is what one mate cost on one day of the month.
type DayShare struct {
	Day  int // 0 = the first
	Mate string
	Cost openmates.Micros
}

// Notice tells a team's admins about something that happened without them. It
// stays on their pages until one of them dismisses it.
type Notice struct {
	ID       openmates.ID
	Sentence openmates.Text
	At       time.Time
}
