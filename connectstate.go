package openmates

import "time"

// ConnectState connects the redirect from a network's consent page with who
// started it. It is found by the hash of a random value that only that redirect
// contains, and can be used once.
type ConnectState struct {
	Kind     string // what is being connected
	BotID    ID
	TeamID   ID // 0 if an account is being linked
	UserID   ID
	Session  string // hash of the session that started it
	Verifier Secret // PKCE code verifier (RFC 7636)
	Expires  time.Time
}
