package openmates

import "time"

// Network names a messenger: "discord". It is opaque to all but the connector
// of that network.
type Network string

// Bot is a mate's registered application on one network.
type Bot struct {
	ID      ID
	MateID  ID // 0: the server's own application, for linking accounts
	Network Network
	AppID   string    // the network's name for the application
	UserID  AccountID // the network's name for the account the bot speaks as
	Name    string    // as the network shows it
	Token   Secret
	Secret  Secret // OAuth2 client secret
	// Which of them is stored but can't be read with this server's key
	// (ErrUnreadable); it is "" then and has to be typed again.
	TokenLost, SecretLost bool
	Paused                bool  // its listener is off
	Revision              int64 // grows with every change of a credential, so that a listener knows to start anew

	Content     bool   // it asks for the text of messages that don't mean the mate, which networks guard
	Permissions int64  // what it asks for when it is added to a workspace; 0 = the connector's default
	Invite      string // the link by which it is added
}

// BotReport is what the process that listens for a bot last said of it.
type BotReport struct {
	BotID   ID
	Process string
	State   []byte // as that process wrote it
	At      time.Time
}

// BotCheck is what the last check of a bot's set-up found. It holds for the
// Revision of the bot and the Redirect that it was made with, and for no other.
type BotCheck struct {
	BotID    ID
	Revision int64
	Redirect string
	Findings []byte // as the room that checks wrote them
	At       time.Time
}
