package openmates

import (
	"slices"
	"time"
)

// Scope is what an access token may be used for.
type Scope string

// The scopes. The first three are a ladder: each holds those before it. The
// listener's stands alone.
const (
	ScopeRead     Scope = "read"     // look at what its person may see
	ScopeWrite    Scope = "write"    // and do what a member may do
	ScopeAdmin    Scope = "admin"    // and what an admin may do, if its person is one
	ScopeListener Scope = "listener" // tell teams and people from the IDs of a messenger, and ask mates for them
)

// AccessToken lets a program use the API in place of somebody who signs in. It
// can never do more than the person who made it; the server keeps a hash of it.
type AccessToken struct {
	ID      ID
	UserID  ID // whose rights it has; 0 = a listener's, which are nobody's
	TeamID  ID // the one team that it is for; 0 = all teams of the person
	Name    string
	Hint    string // its last characters, to tell it from others
	Scopes  []Scope
	By      ID // who made it
	Created time.Time
	Expires time.Time // zero = it does not
	Used    time.Time // roughly; zero = never
}

// Has says whether the token may be used for a scope.
func (t AccessToken) Has(s Scope) bool {
	ladder := []Scope{ScopeRead, ScopeWrite, ScopeAdmin}
	step := slices.Index(ladder, s)
	if step < 0 {
		return slices.Contains(t.Scopes, s)
	}
	return slices.ContainsFunc(ladder[step:], func(s Scope) bool { return slices.Contains(t.Scopes, s) })
}

// KeptAnswer is what a request that makes something was answered, for whoever
// sends it again under the same key.
type KeptAnswer struct {
	Request string // hash of what was asked
	Status  int    // 0 = it is still being answered
	Type    string // media type
	Body    Secret // it may show a credential that is shown once
	Begun   time.Time
}
