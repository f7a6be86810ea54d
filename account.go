package openmates

import "time"

// Passkey is a credential of WebAuthn that a person signs in with.
type Passkey struct {
	ID         ID
	UserID     ID
	Credential string // its ID, as base64url
	Data       Secret // the credential record
	Name       string // as its owner calls it
	Created    time.Time
	Used       time.Time
}

// Authenticator is what a person's app makes six-digit codes from.
type Authenticator struct {
	Secret    Secret // base32
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

// SessionRecord is a stored session.
type SessionRecord struct {
	Hash    string // of its token
	UserID  ID     // 0 = nobody is signed in
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

// FormerMember is how somebody is shown whose account is gone.
const FormerMember = "a former member"
