package openmates

import "time"

// Installation is a bot that is present in one workspace, bound to the team it
// works for.
type Installation struct {
	ID        ID
	BotID     ID
	TeamID    ID
	Workspace WorkspaceID // the network's id of the workspace
	Name      string
	// Token is the bot's credential in this workspace, "" where the network has
	// one for each bot. It is stored sealed.
	Token     Secret
	TokenLost bool // it is stored, but can't be read with this server's key
	Created   time.Time
	Left      time.Time // zero while the bot is in the workspace
	Connected time.Time // when a team last brought it there; zero: the network only told of it
}

// Identity ties an account on a network to the person who owns it. One account
// belongs to at most one user.
type Identity struct {
	ID        ID
	UserID    ID
	Network   Network
	AccountID AccountID
	Name      string
	Avatar    string // where its picture is, https; "" = it has none
	Created   time.Time
}
