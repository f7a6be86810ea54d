package openmates

import "time"

// Installation is a bot in a workspace, bound to the team it works for.
type Installation struct {
	ID        ID
	BotID     ID
	TeamID    ID
	Workspace WorkspaceID // the network's ID of the workspace
	Name      string
	// Token is the bot's credential in this workspace, or "" if the network has
	// one per bot. It is stored sealed.
	Token     Secret
	TokenLost bool // stored, but can't be read with this server's key
	Created   time.Time
	Left      time.Time // zero while the bot is in the workspace
	Connected time.Time // when a team last added it; zero: it was only reported by the network
}

// Identity links an account on a network to the person who owns it. An account
// belongs to at most one user.
type Identity struct {
	ID        ID
	UserID    ID
	Network   Network
	AccountID AccountID
	Name      string
	Avatar    string // the https address of its picture; "" = none
	Created   time.Time
}
