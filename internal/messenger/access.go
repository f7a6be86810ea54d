package messenger

import (
	"context"

	"openmates"
)

// AccessChecker is a Connector that can tell whether an answer could be posted
// before it is paid for. It changes nothing on the network.
type AccessChecker interface {
	// Access returns what a bot may do in a channel of via.Workspace. A person
	// is waiting, so it asks the network at most once and may cache the answer
	// for a minute. An error means that nothing is known, not that nothing is
	// allowed.
	Access(ctx context.Context, via Via, channel openmates.ChannelID) (Access, error)
}

// Access is what a bot may do in a channel.
type Access struct {
	Channel string   // its name as people read it, "#general"; "" = not known
	Missing []string // names of the permissions that it would need to write there; empty if it may
	Replies bool     // its messages may refer to another one
	Reacts  bool     // it may react to messages
}

// Writes reports whether the bot may write there.
func (a Access) Writes() bool { return len(a.Missing) == 0 }

// Reactor is a Connector that can add a sign, an emoji, to somebody's message.
// A sign that is already there is not an error; otherwise React follows the
// error rules of Send.
type Reactor interface {
	React(ctx context.Context, via Via, m MessageRef, sign string) error
}

// Whisperer is a Connector that can answer a person in private who wrote to a
// bot where others read. out has no Channel and no ReplyTo. Whisper follows the
// rules of Send; a person who accepts no such messages is SendDenied.
type Whisperer interface {
	Whisper(ctx context.Context, via Via, account openmates.AccountID, out Outbound) error
}

// MentionRoom is how much of a message's limit Outbound.Asker may use.
const MentionRoom = 32
