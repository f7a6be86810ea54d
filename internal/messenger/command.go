package messenger

import (
	"context"
	"strings"
	"time"

	"openmates"
)

// Commander is a Connector on which people can give a mate commands besides
// talking to it. Its Listen offers Host.Commands on the network, passes each
// command that a person gives to Host.Command, and shows that person the Reply.
type Commander interface {
	// Register makes the network offer exactly these commands for a bot. If it
	// already does, nothing is changed.
	Register(ctx context.Context, b openmates.Bot, all []CommandInfo) error
}

// CommandInfo describes a command to the people who may give it.
type CommandInfo struct {
	Name        string // lower case letters
	Description string // at most 100 characters
	Option      string // describes the text that may follow; "" = none
}

// Command is a command that a person gave. It is never stored: what is needed
// to answer it stays with the connector.
type Command struct {
	Name      string
	Text      string // what followed
	BotID     openmates.ID
	Network   openmates.Network
	Workspace openmates.WorkspaceID // "" in a direct message
	Channel   openmates.ChannelID
	Account   Account
}

// Conversation returns the conversation in which the command was given, see
// Inbound.
func (c Command) Conversation() string {
	return Inbound{Network: c.Network, BotID: c.BotID, Channel: c.Channel}.Conversation()
}

// Reply is the answer to a command.
type Reply struct {
	Text    string // mentions nobody
	Private bool   // only shown to the person, if the network can do that
	Links   []Link // related pages
}

// Link is a page with its name.
type Link struct{ Label, URL string }

// Whole returns the text with its links below, for networks that show them like
// that.
func (r Reply) Whole() string {
	var text strings.Builder
	text.WriteString(r.Text)
	for _, l := range r.Links {
		text.WriteString("\n" + l.String())
	}
	return text.String()
}

// String returns the link as text. The angle brackets are Markdown's for an
// address, and keep networks from showing a preview.
func (l Link) String() string {
	if l.Label == "" {
		return "<" + l.URL + ">"
	}
	return l.Label + ": <" + l.URL + ">"
}

// CommandTime is how long a Host may take for a command.
const CommandTime = 30 * time.Second
