package openmates

import "time"

// ConnectState ties the redirect from a network's consent page to who began
// it. It is found by the hash of a random value that only that redirect
// carries, and it can be taken once.
type ConnectState struct {
	Kind     string // what is being connected
	BotID    ID
	TeamID   ID // 0 when an account is being linked
	UserID   ID
	Session  string // hash of the session that began it
	Verifier Secret // PKCE code verifier (RFC 7636)
	Expires  time.Time
}
