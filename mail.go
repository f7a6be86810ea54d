package openmates

import "time"

// PasswordReset lets somebody with its code choose a new password for a user,
// once. The code is stored as a hash.
type PasswordReset struct {
	UserID  ID
	Origin  ResetOrigin
	Maker   ID     // the server admin who made it; 0 = none
	Address string // that it was mailed to; invalid once the user's address has changed
	Second  bool   // it also removes the second step
	Expires time.Time
}

// ResetOrigin is where a reset came from.
type ResetOrigin string

// The origins.
const (
	ResetByMail    ResetOrigin = "mail"
	ResetByAdmin   ResetOrigin = "admin"
	ResetByCommand ResetOrigin = "command" // on the server's machine
)
