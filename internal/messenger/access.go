package messenger

import (
	"context"

	"openmates"
)

// AccessChecker is a Connector that can tell, before an answer is paid for,
// whether it could be posted. It changes nothing on the network.
type AccessChecker interface {
	// Access tells what a bot may do in a channel of a workspace. A person
	// waits, so it asks the network once at most and may remember the answer for
	// a minute. An error means that nothing is known, not that nothing is
	// allowed.
	Access(ctx context.Context, b openmates.Bot, workspace, channel string) (Access, error)
}

// Access is what a bot may do in a channel.
type Access struct {
	Channel string   // its name as people read it, "#general"; "" = not known
	Missing []string // names of the permissions that it would need to write there; none where it may
	Replies bool     // a message of its may refer to another one
	Reacts  bool     // it may react to messages
}

// Writes reports whether the bot may write there.
func (a Access) Writes() bool { return len(a.Missing) == 0 }

// Reactor is a Connector that can put a sign, an emoji, to somebody's message.
// A sign that is there already is no error; else it follows the error rules of
// Send.
type Reactor interface {
	React(ctx context.Context, b openmates.Bot, channel, message, sign string) error
}

// Whisperer is a Connector that can write to a person alone who has written to
// a bot where others read. out has no Channel and no ReplyTo. It follows the
// rules of Send; who accepts no such messages is SendDenied.
type Whisperer interface {
	Whisper(ctx context.Context, b openmates.Bot, account string, out Outbound) error
}

// MentionRoom is how much of a message Outbound.Asker may take.
const MentionRoom = 32
