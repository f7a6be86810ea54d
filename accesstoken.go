package openmates

import (
	"slices"
	"time"
)

// Scope is what an access token may be used for.
type Scope string

// The scopes. Each of the first three includes the ones before it. The
// listener's is separate.
const (
	ScopeRead     Scope = "read"     // read what its person may see
	ScopeWrite    Scope = "write"    // and do what a member may do
	ScopeAdmin    Scope = "admin"    // and what an admin may do, if its person is one
	ScopeListener Scope = "listener" // look up teams and people by a messenger's IDs, and ask mates for them
)

// AccessToken lets a program use the API without anybody signing in. It can
// never do more than the person who made it. The server stores its hash.
type AccessToken struct {
	ID      ID
	UserID  ID // whose rights it has; 0 = a listener's, which acts for others
	TeamID  ID // the only team it is for; 0 = all of the person's teams
	Name    string
	Hint    string // its last characters, to tell tokens apart
	Scopes  []Scope
	By      ID // who made it
	Created time.Time
	Expires time.Time // zero = never
	Used    time.Time // approximate; zero = never
}

// Has reports whether the token has a scope.
func (t AccessToken) Has(s Scope) bool {
	ladder := []Scope{ScopeRead, ScopeWrite, ScopeAdmin}
	step := slices.Index(ladder, s)
	if step < 0 {
		return slices.Contains(t.Scopes, s)
	}
	return slices.ContainsFunc(ladder[step:], func(s Scope) bool { return slices.Contains(t.Scopes, s) })
}

// Errors of what stores KeptAnswers.
var (
	ErrNoAnswer = Missing(T("This request"))
	// ErrAnswerDropped means that the request with the same key failed while
	// this one asked for its answer.
	ErrAnswerDropped error = Errorf(EConflict, "The same request has just failed. Send it again.")
	// ErrAnswerUnreadable means that the answer is stored under another key of
	// this server.
	ErrAnswerUnreadable error = Errorf(EConflict, "The answer to this request can't be read any more because this server's key was replaced. Check whether it was done; if not, send it again with another idempotency key.")
)

// KeptAnswer is the stored answer to a request that created something, for when
// it is repeated with the same idempotency key.
type KeptAnswer struct {
	Request string // hash of the request
	Status  int    // 0 = it is still being answered
	Type    string // media type
	Body    Secret // may contain a credential that is only shown once
	Begun   time.Time
	// Ticket is of all requests under the key, also of one that takes over from one
	// that died: what they begin together is one thing.
	Ticket string
}
