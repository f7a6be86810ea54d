package chat

import (
	"context"
	"time"

	"openmates"
)

// Store is the part of the database that the room needs. Every method is one
// transaction, and safe to repeat with the same key.
type Store interface { //nolint:interfacebloat // what one turn needs, each method one transaction
	// Asker returns who asks which mate. A zero Team.ID means that the
	// workspace belongs to no team (or the bot isn't installed there for one),
	// a zero User.ID that the account isn't linked or isn't a member of the
	// team. In a direct message (workspace "") Team is the person's only team,
	// else zero. An unknown or paused bot is ENotFound; a disabled or archived
	// mate is returned.
	Asker(ctx context.Context, botID openmates.ID, workspace openmates.WorkspaceID, account openmates.AccountID) (openmates.Asker, error)

	// Revision grows with every change of bots, mates, teams, members, users,
	// identities, installations or limits, made by whichever process: what Asker
	// gave holds while it stays the same. It is asked for each message.
	Revision(ctx context.Context) (int64, error)

	// AskerOf returns who asks which mate on this server itself. A zero User.ID
	// means that the person doesn't exist, or isn't a member of the team;
	// teamID 0 = without a team. A team or mate that doesn't exist is
	// openmates.ErrNoTeam or openmates.ErrNoMate.
	AskerOf(ctx context.Context, teamID, userID, mateID openmates.ID) (openmates.Asker, error)

	// Reserve counts one request and its expected cost (u.Cost) in every layer
	// or, if one layer's limit is used up, in none: then the error is a
	// *openmates.LimitError. Of the cost, u.Sent is spent in any case.
	// Repeating it with the same key counts nothing twice; with a higher cost
	// it counts the difference and no request.
	Reserve(ctx context.Context, key string, u openmates.Usage, layers []openmates.Layer) error

	// Settle records the outcome of a turn before it is posted: state, text and
	// real cost, replacing the reservation. The first record wins; a later one
	// is a no-op. A turn that doesn't exist is ErrNoTurn.
	Settle(ctx context.Context, o openmates.Outcome) error

	// Settled returns what Settle recorded for the turn (ok false: nothing yet)
	// and how many parts had been started.
	Settled(ctx context.Context, key string) (o openmates.Outcome, begun int, ok bool, err error)

	// Begun records that n parts of an unsettled answer were started on the
	// network.
	Begun(ctx context.Context, key string, n int) error

	// History returns the last n answered turns of a conversation since it was
	// last cleared, oldest first.
	History(ctx context.Context, conversation string, n int) ([]openmates.Exchange, error)

	// Topics returns a person's last n questions that mates answered in a team,
	// newest first.
	Topics(ctx context.Context, teamID, userID openmates.ID, n int) ([]string, error)

	// PruneTurns removes the n oldest ended turns that were accepted before a
	// time, and returns how many there were. Their usage is kept.
	PruneTurns(ctx context.Context, before time.Time, n int) (int, error)

	// FreeHeld settles at most n reservations of turns that ended without being
	// settled, or no longer exist, at what they had certainly spent (u.Sent of
	// Reserve). It returns how many there were.
	FreeHeld(ctx context.Context, n int) (int, error)

	Desk
	Talks
}

// Desk is what a waiting caller needs from the journal.
type Desk interface {
	// Progress returns the progress of a turn.
	Progress(ctx context.Context, key string) (Progress, error)
	// Grow records the text so far of an answer, until it is settled.
	Grow(ctx context.Context, key, text string) error
	// StopTurn marks the answer to a turn, see Stopped.
	StopTurn(ctx context.Context, key string) error
	// ForgetTrials removes the answers to at most n trials that ended before a
	// time. It returns how many there were.
	ForgetTrials(ctx context.Context, before time.Time, n int) (int, error)
}

// Progress is the progress of a turn.
type Progress struct {
	Known bool // it is in the journal
	Taken bool // a worker has started on it
	Ended bool
	Text  string // so far
}

// Talks is for what people do in the chat besides asking.
type Talks interface {
	// UserOf returns the person who owns an account, in whichever team; if
	// there is none: openmates.ENotFound.
	UserOf(ctx context.Context, n openmates.Network, account openmates.AccountID) (openmates.User, error)
	// TeamsOf lists a person's teams, always in the same order.
	TeamsOf(ctx context.Context, userID openmates.ID) ([]openmates.Team, error)
	// ChooseTeam sets the team for a person's direct messages; 0 = ask again.
	ChooseTeam(ctx context.Context, botID, userID, teamID openmates.ID) error
	// AskerMonth returns the usage of the calendar month of t (UTC) for a
	// person who asks a mate in a team.
	AskerMonth(ctx context.Context, teamID, userID, mateID openmates.ID, t time.Time) (AskerMonth, error)
	// ForgetTalk makes the history of a conversation start now.
	ForgetTalk(ctx context.Context, conversation string) error
	// StopTalk marks the answer in progress in a conversation; ok is false if
	// there is none.
	StopTalk(ctx context.Context, conversation string) (ok bool, err error)
	// Stopped reports whether the answer to a turn was marked.
	Stopped(ctx context.Context, key string) (bool, error)
	// SayRefusal reports whether a turn may say a refusal: it was last said
	// before since, or by this very turn.
	SayRefusal(ctx context.Context, key, about string, since time.Time) (bool, error)
	// ForgetRefusals lets refusals be said again, because their cause is fixed.
	ForgetRefusals(ctx context.Context, about ...string) error
}
