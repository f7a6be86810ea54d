package openmates

import "maps"

// Network names a messenger: "discord". Only the network's connector looks
// inside it.
type Network string

// Bot is a mate's registered application on one network.
type Bot struct {
	ID      ID
	MateID  ID // 0: the server's own application, for linking accounts
	Network Network
	AppID   string    // the application's ID on the network, unique within it
	UserID  AccountID // the bot's account
	Name    string    // its name on the network
	// Settings and Secrets are what an admin entered, by the names of the
	// connector's fields. Only the connector knows what they mean.
	Settings Settings
	Secrets  Secrets
	Lost     []string // names of Secrets that are stored but can't be read with this server's key (ErrUnreadable)
	Paused   bool     // its listener is stopped
	Revision int64    // grows with every change of a setting or credential, which restarts its listener

	Asks   string // the permissions that it requests when it is added to a workspace, in its connector's format; "" = the connector's default
	Invite string // the link that adds it to a workspace
}

// Settings maps names to values. It must not be changed in place, because
// copies of a Bot share it.
type Settings map[string]string

// With returns a copy with name set to value; "" removes it.
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

// Secrets maps names to credentials. It must not be changed in place, because
// copies of a Bot share it.
type Secrets map[string]Secret

// With returns a copy with name set to value; "" removes it.
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
