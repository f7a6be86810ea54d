package connect

import (
	"time"

	"openmates"
)

// BegunState connects the redirect from a network's consent page with who
// started it. It is found by the hash of a random value that only that redirect
// contains, and can be used once.
type BegunState struct {
	Kind     string // what is being connected
	BotID    openmates.ID
	TeamID   openmates.ID // 0 if an account is being linked
	UserID   openmates.ID
	Session  string           // hash of the session that started it
	Verifier openmates.Secret // PKCE code verifier (RFC 7636)
	Expires  time.Time
}

// LinkCode is what a one-time link code stands for. It is created on one side
// and used on the other: in the chat by the account, or in OpenMates by the
// person.
type LinkCode struct {
	Network   openmates.Network
	AccountID openmates.AccountID // the account that started in the chat; "" = started in OpenMates
	Name      string              // the account's name on the network
	Avatar    string              // the address of its picture; "" = none
	UserID    openmates.ID        // the user who started in OpenMates; 0 = started in the chat
	Session   string              // hash of that user's session
	Expires   time.Time
}

// BotReport is the last report of the process that listens for a bot.
type BotReport struct {
	BotID   openmates.ID
	Process string
	State   []byte // in that process's format
	At      time.Time
}

// BotCheck is the result of the last check of a bot's setup. It is only valid
// for this Revision of the bot and this Redirect.
type BotCheck struct {
	BotID    openmates.ID
	Revision int64
	Redirect string
	Findings []byte // in the format of the room that checks
	At       time.Time
}

// Takeover transfers a workspace from one team to another.
type Takeover struct {
	openmates.Installation // of the bot that was just added, for the new team
	From                   openmates.ID
	// Seen are the installations at the time of the check whether a mate of the
	// old team is left. If there is a new one since, the workspace stays with
	// the old team.
	Seen   []openmates.Installation
	Notice openmates.Text // for the admins of the old team
}

// DirectoryPlace is a team's workspace as server admins see it.
type DirectoryPlace struct {
	Network   openmates.Network
	Workspace openmates.WorkspaceID
	Name      string
	Team      openmates.Team
	Mates     []string // names of the mates in it
	Since     time.Time
}

// Key returns the cursor after which the next page starts.
func (p DirectoryPlace) Key() string { return string(p.Network) + "/" + string(p.Workspace) }
