package identity

import (
	"time"

	"openmates"
)

// Passkey is a WebAuthn credential that a person signs in with.
type Passkey struct {
	ID         openmates.ID
	UserID     openmates.ID
	Credential string           // its ID, as base64url
	Data       openmates.Secret // the credential record
	Lost       bool             // it can't be read (openmates.ErrUnreadable), so it can't be used; Data is "" then
	Name       string           // chosen by its owner
	Created    time.Time
	Used       time.Time
}

// Authenticator is the secret from which a person's authenticator app makes
// six-digit codes.
type Authenticator struct {
	Secret    openmates.Secret // base32
	Lost      bool             // it can't be read (openmates.ErrUnreadable), so no code is valid; Secret is "" then
	Confirmed bool             // a code from it was entered; from then on it is required
	Step      int64            // the last time step whose code was used
	Created   time.Time
}

// Protection lists what an account requires besides the password.
type Protection struct {
	Authenticator bool // a confirmed one
	Passkeys      int
	AskPasskey    bool // a passkey is required after the password
	Recovery      int  // number of recovery codes left
}

// TwoSteps reports whether the password alone isn't enough.
func (p Protection) TwoSteps() bool { return p.Authenticator || p.AskPasskey && p.Passkeys > 0 }

// AccessEnd says whose sessions, tokens and invites to end.
type AccessEnd struct {
	UserID     openmates.ID
	Password   string // PHC string of a new password; "" = unchanged
	KeepShared bool   // keep tokens that they made for a team or a listener
}

// AccessEnded is the result of an AccessEnd.
type AccessEnded struct {
	Epoch   int64 // the account's new epoch
	Tokens  int64 // number of revoked tokens
	Invites int64 // number of revoked invites for admins
}

// SessionRecord is a stored session.
type SessionRecord struct {
	Hash    string       // of its token
	UserID  openmates.ID // who is signed in, or has yet to complete the second step; 0 = nobody
	Data    []byte
	Expires time.Time
}

// OwnTurn is a person's question and its answer.
type OwnTurn struct {
	At       time.Time           `json:"at"`
	Team     string              `json:"team,omitempty"` // slug
	Mate     string              `json:"mate,omitempty"` // handle
	State    openmates.TurnState `json:"state"`
	Question string              `json:"question,omitempty"`
	Answer   string              `json:"answer,omitempty"`
}

// OwnUsage is what a person's request cost.
type OwnUsage struct {
	At     time.Time        `json:"at"`
	Team   string           `json:"team,omitempty"` // slug
	Mate   string           `json:"mate,omitempty"` // handle
	Model  string           `json:"model"`
	Input  int              `json:"input_tokens"`
	Cached int              `json:"cached_tokens"`
	Output int              `json:"output_tokens"`
	Cost   openmates.Micros `json:"cost_micros"`
}

// OwnTies is what connects a person to teams, programs and other people, for
// their data download: without secrets, and without naming anybody else.
type OwnTies struct {
	Memberships []OwnMembership `json:"memberships"`
	Tokens      []OwnToken      `json:"tokens"`
	Invites     []OwnInvite     `json:"invites"`
	Joins       []OwnJoin       `json:"joined_by_invite"`
	Chosen      []OwnChoice     `json:"chosen_teams"`
	Changes     []OwnChange     `json:"changes"`
}

// OwnMembership is a membership in a team.
type OwnMembership struct {
	Team   string           `json:"team"` // slug
	Name   string           `json:"name"`
	Role   openmates.Role   `json:"role"`
	Limits openmates.Limits `json:"limits"`
	Since  time.Time        `json:"since"`
}

// OwnToken is an access token that a person has made.
type OwnToken struct {
	Name    string    `json:"name"`
	Team    string    `json:"team,omitempty"` // slug; "" = not for a particular team
	Scopes  string    `json:"scopes"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`
	Used    time.Time `json:"last_used,omitzero"`
}

// OwnInvite is an invite that a person has made.
type OwnInvite struct {
	Team    string         `json:"team"` // slug
	Role    openmates.Role `json:"role"`
	Note    string         `json:"note,omitempty"`
	Uses    int            `json:"uses"`
	Used    int            `json:"used"`
	Created time.Time      `json:"created"`
	Expires time.Time      `json:"expires"`
	Revoked time.Time      `json:"revoked,omitzero"`
}

// OwnJoin is the invite with which a person joined a team.
type OwnJoin struct {
	Team string    `json:"team"` // slug
	At   time.Time `json:"at"`
}

// OwnChoice is the team that a person chose for a mate's direct messages.
type OwnChoice struct {
	Mate string `json:"mate"`           // handle
	Team string `json:"team,omitempty"` // slug; "" = ask again
}

// OwnChange is an audit log entry about something that a person did.
type OwnChange struct {
	At     time.Time `json:"at"`
	Action string    `json:"action"`
}

// PasswordReset lets somebody with its code choose a new password for a user,
// once. The code is stored as a hash.
type PasswordReset struct {
	UserID  openmates.ID
	Origin  ResetOrigin
	Maker   openmates.ID // the server admin who made it; 0 = none
	Address string       // that it was mailed to; invalid once the user's address has changed
	Second  bool         // it also removes the second step
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
