package openmates

import (
	"slices"
	"strings"
	"time"
)

// Invite is a link with which people join a team. Only people with the link
// know its code; the server stores a hash of it.
type Invite struct {
	ID      ID
	TeamID  ID
	Role    Role
	Note    string   // for the team's admins, such as who it is for
	Only    []string // addresses ("ada@example.org") and domains ("@example.org") that may use it; none = anybody
	Uses    int      // how many people may join with it; 0 = unlimited
	Used    int
	By      ID // who made it
	TokenID ID // the access token that made it; 0 = made in person
	Created time.Time
	Expires time.Time
	Revoked time.Time // zero = not revoked
}

// InviteState reports whether an invite can be used, and if not, why.
type InviteState string

// The states of an invite.
const (
	InviteOpen    InviteState = "open"
	InviteUsed    InviteState = "used"
	InviteExpired InviteState = "expired"
	InviteRevoked InviteState = "revoked"
)

// State returns the state of an invite at a time.
func (i Invite) State(now time.Time) InviteState {
	switch {
	case !i.Revoked.IsZero():
		return InviteRevoked
	case !now.Before(i.Expires):
		return InviteExpired
	case i.Uses > 0 && i.Used >= i.Uses:
		return InviteUsed
	}
	return InviteOpen
}

// Welcomes reports whether somebody with this email address, in its normal
// form, may use the invite.
func (i Invite) Welcomes(email string) bool {
	at := strings.LastIndexByte(email, '@')
	return len(i.Only) == 0 || at > 0 && (slices.Contains(i.Only, email) || slices.Contains(i.Only, email[at:]))
}

// InviteLine is an invite with the names of the people involved.
type InviteLine struct {
	Invite
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

// InviteMail is an e-mail address that somebody has yet to prove is theirs.
type InviteMail struct {
	InviteID ID
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
	Cost     Micros
}

// TeamMonth is a team's usage in a calendar month (UTC).
type TeamMonth struct {
	Start    time.Time
	Requests int64
	Cost     Micros
	People   []SpendLine
	Mates    []SpendLine
	Models   []SpendLine
	Days     []SpendLine // one for each day, named by its number
	Shares   []DayShare
}

// DayShare is what one mate cost on one day of the month.
type DayShare struct {
	Day  int // 0 = the first
	Mate string
	Cost Micros
}
