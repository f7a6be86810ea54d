package messenger

import (
	"context"
	"time"

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

// Census is a Connector that can tell which bots are in a workspace, asked
// through one that is in it. It changes nothing there.
type Census interface {
	// Joined tells when each of these accounts joined the workspace; one that
	// isn't in it is not in the answer, and who isn't certain is no answer but
	// an error. Errors: openmates.ENotFound when the bot itself isn't in the
	// workspace, EInvalid when its credentials are refused, EUnavailable.
	Joined(ctx context.Context, b openmates.Bot, workspace string, accounts []string) (map[string]time.Time, error)
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
	// Wanting names the permissions without which it answers, but not as well.
	Wanting []string
}

// Answers says whether the bot can answer in the channel.
func (c ChannelView) Answers() bool { return c.Seen && len(c.Missing) == 0 }
