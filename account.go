package openmates

import "time"

// Passkey is a credential of WebAuthn that a person signs in with.
type Passkey struct {
	ID         ID
	UserID     ID
	Credential string // its ID, as base64url
	Data       Secret // the credential record
	Lost       bool   // it can't be read (ErrUnreadable), so it signs nobody in; Data is "" then
	Name       string // as its owner calls it
	Created    time.Time
	Used       time.Time
}

// Authenticator is what a person's app makes six-digit codes from.
type Authenticator struct {
	Secret    Secret // base32
	Lost      bool   // it can't be read (ErrUnreadable), so no code fits; Secret is "" then
	Confirmed bool   // a code of it was typed: it is asked for from then on
	Step      int64  // the last one whose code was used
	Created   time.Time
}

// Protection is what stands between an account's password and a session.
type Protection struct {
	Authenticator bool // a confirmed one
	Passkeys      int
	AskPasskey    bool // a passkey is asked for after the password
	Recovery      int  // codes that are left
}

// TwoSteps says whether the password alone does not let anybody in.
func (p Protection) TwoSteps() bool { return p.Authenticator || p.AskPasskey && p.Passkeys > 0 }

// AccessEnd says whose ways in end, all at once.
type AccessEnd struct {
	UserID     ID
	Password   string // PHC string of a new one; "" = it stays
	KeepShared bool   // tokens that they made for a team or a listener stay
}

// AccessEnded says what came of it.
type AccessEnded struct {
	Epoch   int64 // of the account from now on
	Tokens  int64 // how many were revoked
	Invites int64 // how many, for admins, were revoked
}

// SessionRecord is a stored session.
type SessionRecord struct {
	Hash    string // of its token
	UserID  ID     // who is signed in, or has yet to show the second step; 0 = nobody
	Data    []byte
	Expires time.Time
}

// OwnTurn is a question of a person and what became of it.
type OwnTurn struct {
	At       time.Time `json:"at"`
	Team     string    `json:"team,omitempty"` // slug
	Mate     string    `json:"mate,omitempty"` // handle
	State    TurnState `json:"state"`
	Question string    `json:"question,omitempty"`
	Answer   string    `json:"answer,omitempty"`
}

// OwnUsage is what a request of a person spent.
type OwnUsage struct {
	At     time.Time `json:"at"`
	Team   string    `json:"team,omitempty"` // slug
	Mate   string    `json:"mate,omitempty"` // handle
	Model  string    `json:"model"`
	Input  int       `json:"input_tokens"`
	Cached int       `json:"cached_tokens"`
	Output int       `json:"output_tokens"`
	Cost   Micros    `json:"cost_micros"`
}

// OwnTies is what ties a person to teams, programs and other people, as they
// can take it along: without a secret, and without naming anybody else.
type OwnTies struct {
	Memberships []OwnMembership `json:"memberships"`
	Tokens      []OwnToken      `json:"tokens"`
	Invites     []OwnInvite     `json:"invites"`
	Joins       []OwnJoin       `json:"joined_by_invite"`
	Chosen      []OwnChoice     `json:"chosen_teams"`
	Changes     []OwnChange     `json:"changes"`
}

// OwnMembership is a place in a team.
type OwnMembership struct {
	Team   string    `json:"team"` // slug
	Name   string    `json:"name"`
	Role   Role      `json:"role"`
	Limits Limits    `json:"limits"`
	Since  time.Time `json:"since"`
}

// OwnToken is an access token that a person has made.
type OwnToken struct {
	Name    string    `json:"name"`
	Team    string    `json:"team,omitempty"` // slug; "" = for none in particular
	Scopes  string    `json:"scopes"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`
	Used    time.Time `json:"last_used,omitzero"`
}

// OwnInvite is an invite that a person has made.
type OwnInvite struct {
	Team    string    `json:"team"` // slug
	Role    Role      `json:"role"`
	Note    string    `json:"note,omitempty"`
	Uses    int       `json:"uses"`
	Used    int       `json:"used"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Revoked time.Time `json:"revoked,omitzero"`
}

// OwnJoin says by which invite a person came into a team.
type OwnJoin struct {
	Team string    `json:"team"` // slug
	At   time.Time `json:"at"`
}

// OwnChoice is the team for which a person asks a mate in direct messages.
type OwnChoice struct {
	Mate string `json:"mate"`           // handle
	Team string `json:"team,omitempty"` // slug; "" = is asked anew
}

// OwnChange is something that a person did and that stands in the audit record.
type OwnChange struct {
	At     time.Time `json:"at"`
	Action string    `json:"action"`
}

// FormerMember is how somebody is shown whose account is gone.
const FormerMember = "a former member"
