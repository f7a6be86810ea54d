package messenger

import (
	"context"
	"time"

	"openmates"
)

// Leaver is a Connector whose bots can leave a workspace. Not being in it is
// not an error; otherwise Leave follows the error rules of Send.
type Leaver interface {
	Leave(ctx context.Context, via Via) error
}

// Surveyor is a Connector that can find out what a bot may do in a workspace.
// It changes nothing there. A person is waiting, so it gives up soon.
type Surveyor interface {
	// Survey examines via.Workspace. Errors: openmates.ENotFound if the bot
	// isn't in it, EInvalid if its credentials are rejected, EUnavailable.
	Survey(ctx context.Context, via Via) (Survey, error)
}

// Census is a Connector that can list which bots are in a workspace, through
// one that is in it. It changes nothing there.
type Census interface {
	// Joined returns when each of these accounts joined via.Workspace; accounts
	// that are not in it are left out. If the network can't say, it returns an
	// error, never a guess. Errors: openmates.ENotFound when the bot itself isn't in the
	// workspace, EInvalid when its credentials are refused, EUnavailable.
	Joined(ctx context.Context, via Via, accounts []openmates.AccountID) (map[openmates.AccountID]time.Time, error)
}

// Survey is what a bot can do in a workspace.
type Survey struct {
	// Lacking names the permissions that the bot requests when it is added but
	// doesn't have in the whole workspace: adding it again grants them.
	Lacking []openmates.Text
	// Channels lists the channels that people write in, in the network's order.
	Channels []ChannelView
}

// ChannelView is a channel as a bot sees it.
type ChannelView struct {
	ID   openmates.ChannelID
	Name string
	Seen bool // the bot receives what is said there
	// Missing names the permissions that it would need to answer there; empty
	// if it can. Unseen channels may be closed to it on purpose.
	Missing []openmates.Text
	// Wanting names the permissions without which it answers, but not as well.
	Wanting []openmates.Text
}

// Answers reports whether the bot can answer in the channel.
func (c ChannelView) Answers() bool { return c.Seen && len(c.Missing) == 0 }
