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
