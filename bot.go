package openmates

import (
	"maps"
	"time"
)

// Network names a messenger: "discord". It is opaque to all but the connector
// of that network.
type Network string

// Bot is a mate's registered application on one network.
type Bot struct {
	ID      ID
	MateID  ID // 0: the server's own application, for linking accounts
	Network Network
	AppID   string    // the network's name for the application, unique within the network
	UserID  AccountID // the account that the bot speaks as
	Name    string    // as the network shows it
	// Settings and Secrets are what an admin entered, by the names of the fields
	// that the network's connector asks for. Only the connector knows what they
	// mean.
	Settings Settings
	Secrets  Secrets
	Lost     []string // names of Secrets that are stored, but can't be read with this server's key (ErrUnreadable)
	Paused   bool     // its listener is off
	Revision int64    // grows with every change of a setting or a credential, which restarts its listener

	Asks   string // the permissions that it asks for when it is added to a workspace, as its connector writes them; "" = the connector's default
	Invite string // the link by which it is added
}

// Settings are values by name. A Settings is never changed in place, since
// copies of a Bot share it.
type Settings map[string]string

// With returns a copy in which name has this value; "" removes it.
func (s Settings) With(name, value string) Settings {
	c := maps.Clone(s)
	if c == nil {
		c = Settings{}
	}
	if c[name] = value; value == "" {
		delete(c, name)
	}
	return c
}

// Secrets are credentials by name. A Secrets is never changed in place, since
// copies of a Bot share it.
type Secrets map[string]Secret

// With returns a copy in which name has this value; "" removes it.
func (s Secrets) With(name string, value Secret) Secrets {
	c := maps.Clone(s)
	if c == nil {
		c = Secrets{}
	}
	if c[name] = value; value == "" {
		delete(c, name)
	}
	return c
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
