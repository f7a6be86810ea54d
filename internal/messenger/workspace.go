package messenger

import (
	"context"

	"openmates"
)

// Leaver is a Connector whose bots can leave a workspace by themselves. One
// that the bot isn't in is no error; else it follows the error rules of Send.
type Leaver interface {
	Leave(ctx context.Context, b openmates.Bot, workspace string) error
}

// Surveyor is a Connector that can look what a bot may do in a workspace. It
// changes nothing there. A person waits, so it does not try for long.
type Surveyor interface {
	// Survey looks into one workspace. Errors: openmates.ENotFound when the bot
	// isn't in it, EInvalid when its credentials are refused, EUnavailable.
	Survey(ctx context.Context, b openmates.Bot, workspace string) (Survey, error)
}

// Survey is what a bot can do in a workspace.
type Survey struct {
	// Lacking names the permissions that the bot asks for on being added and
	// doesn't have in the workspace as a whole: adding it again gives them.
	Lacking []string
	// Channels lists those that people write in, in the network's order.
	Channels []ChannelView
}

// ChannelView is a channel as a bot finds it.
type ChannelView struct {
	ID   string
	Name string
	Seen bool // the bot hears what is said there
	// Missing names the permissions that it would need to answer there; none
	// where it can. Unseen ones may be closed to it on purpose.
	Missing []string
}

// Answers says whether the bot can answer in the channel.
func (c ChannelView) Answers() bool { return c.Seen && len(c.Missing) == 0 }
