package chat

import (
	"context"
	"time"

	"openmates"
)

// Store is what the room asks of the database. Every method is one
// transaction, safe to repeat with the same key.
type Store interface { //nolint:interfacebloat // what one turn needs, each method one transaction
	// Asker tells who speaks to which mate. A zero Team.ID means that the
	// workspace is no team's (or the bot isn't installed there for one), a zero
	// User.ID that the account is nobody's or no member of the team. In a
	// direct message (workspace "") Team is the person's only team, else zero.
	// An unknown or paused bot is ENotFound; a mate that is switched off or
	// archived is given as it is.
	Asker(ctx context.Context, botID openmates.ID, workspace openmates.WorkspaceID, account openmates.AccountID) (openmates.Asker, error)

	// Revision grows with every change of bots, mates, teams, members, users,
	// identities, installations or limits, made by whichever process: what Asker
	// gave holds while it stays the same. It is asked for each message.
	Revision(ctx context.Context) (int64, error)

	// AskerOf tells who asks which mate on this server itself. A zero User.ID means
	// that there is no such person, or that they are no member of the team;
	// teamID 0 = outside of all teams. A team or mate that doesn't exist is
	// ENotFound.
	AskerOf(ctx context.Context, teamID, userID, mateID openmates.ID) (openmates.Asker, error)

	// Reserve counts one request and its expected cost (u.Cost) against every
	// layer, or, if one layer has no room, against none: then the error is a
	// *openmates.LimitError. Of the cost, u.Sent is gone whatever happens. Repeating it for the same key
	// counts nothing twice; with a higher cost than before it counts the difference and no request.
	Reserve(ctx context.Context, key string, u openmates.Usage, layers []openmates.Layer) error

	// Settle records what becomes of a turn before it is posted: state, text
	// and what it really cost, in place of what was reserved. The first record
	// stands; a later one is a no-op.
	Settle(ctx context.Context, o openmates.Outcome) error

	// Settled gives what Settle recorded for the turn (ok false: nothing yet)
	// and how many parts were begun by then.
	Settled(ctx context.Context, key string) (o openmates.Outcome, begun int, ok bool, err error)

	// Begun records that n parts of an answer which is not settled yet were
	// begun on the network.
	Begun(ctx context.Context, key string, n int) error

	// History gives the last n answered turns of a conversation since it was
	// last forgotten, oldest first.
	History(ctx context.Context, conversation string, n int) ([]openmates.Exchange, error)

	// Topics gives the last n questions of a person that mates answered in a
	// team, newest first.
	Topics(ctx context.Context, teamID, userID openmates.ID, n int) ([]string, error)

	// PruneTurns removes the n oldest turns of those that ended and were accepted
	// before a time, and gives how many there were. Their usage stays.
	PruneTurns(ctx context.Context, before time.Time, n int) (int, error)

	// FreeHeld settles at most n reservations of turns that have ended without it,
	// or are no longer there, as what they had certainly spent (u.Sent of Reserve).
	// It gives how many there were.
	FreeHeld(ctx context.Context, n int) (int, error)

	Desk
	Talks
}

// Desk is what somebody who waits for an answer asks of the journal.
type Desk interface {
	// Progress tells how far a turn is.
	Progress(ctx context.Context, key string) (Progress, error)
	// Grow records the text so far of an answer, until it is settled.
	Grow(ctx context.Context, key, text string) error
	// StopTurn marks the answer to a turn, see Stopped.
	StopTurn(ctx context.Context, key string) error
	// ForgetTrials removes the answers to at most n trials that ended before a
	// time. It gives how many there were.
	ForgetTrials(ctx context.Context, before time.Time, n int) (int, error)
}

// Progress is how far a turn is.
type Progress struct {
	Known bool // it is in the journal
	Taken bool // a worker has started on it
	Ended bool
	Text  string // so far
}

// Talks is what people settle in the chat beside asking.
type Talks interface {
	// UserOf gives the person who owns an account, in whichever team; none is
	// openmates.ENotFound.
	UserOf(ctx context.Context, n openmates.Network, account openmates.AccountID) (openmates.User, error)
	// TeamsOf lists the teams of a person, always in the same order.
	TeamsOf(ctx context.Context, userID openmates.ID) ([]openmates.Team, error)
	// ChooseTeam settles for which team a person asks in direct messages; 0 =
	// they are asked anew.
	ChooseTeam(ctx context.Context, botID, userID, teamID openmates.ID) error
	// AskerMonth sums up the calendar month of t (UTC) for a person who asks a
	// mate in a team.
	AskerMonth(ctx context.Context, teamID, userID, mateID openmates.ID, t time.Time) (AskerMonth, error)
	// ForgetTalk makes the history of a conversation begin now.
	ForgetTalk(ctx context.Context, conversation string) error
	// StopTalk marks the answer that is being written in a conversation; ok is
	// false where none is.
	StopTalk(ctx context.Context, conversation string) (ok bool, err error)
	// Stopped says whether the answer to a turn was marked so.
	Stopped(ctx context.Context, key string) (bool, error)
	// SayRefusal says whether a turn may say a refusal: it was said last before
	// since, or by this very turn.
	SayRefusal(ctx context.Context, key, about string, since time.Time) (bool, error)
	// ForgetRefusals lets refusals be said again: their cause was cured.
	ForgetRefusals(ctx context.Context, about ...string) error
}
