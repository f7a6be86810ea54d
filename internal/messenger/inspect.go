package messenger

import (
	"context"

	"openmates"
)

// Inspector is a Connector that guides an admin through setting up a bot and
// finds out what is wrong with it. It returns finished sentences, since no other
// part of the product knows the network's pages.
type Inspector interface {
	// Guide lists what to do on the network's own pages, in order. It does no
	// I/O; of b only what is known so far is set.
	Guide(b openmates.Bot, w Wanted) []Step
	// Inspect checks everything that b needs, one Finding for each. It changes
	// nothing on the network and never fails: what it can't find out is Unknown. The Profile is zero unless the network vouches for the token and
	// for its belonging to b.AppID; an empty AppID is filled in from the token.
	Inspect(ctx context.Context, b openmates.Bot, w Wanted) (Profile, []Finding)
}

// Dresser is a Connector that can make a bot look like its mate.
type Dresser interface {
	// Dress sets name, picture, description and the permissions that the bot's
	// own invitation asks for (Bot.Asks). It may be repeated. Errors:
	// EInvalid with what the network refuses, EUnavailable.
	Dress(ctx context.Context, b openmates.Bot, l Look) error
}

// Inviter is an Installer whose consent page asks for permissions.
type Inviter interface {
	// Permissions lists what a bot can ask for, the necessary ones first.
	Permissions(b openmates.Bot) []Permission
	// Ask returns the Bot.Asks of a bot that asks for exactly these, by their IDs;
	// unknown ones are ignored. It is "" if none is left.
	Ask(permissions []string) string
	// InviteURL is the consent page for b with its Permissions, without a
	// state; it is the same each time.
	InviteURL(b openmates.Bot, redirect string) string
}

// Wanted is what a bot's set-up is compared with.
type Wanted struct {
	Redirect string      // the address that has to be registered
	Look     *Look       // of the mate; nil: the server's own application, by which accounts are linked
	Places   []Workspace // where people have added the bot, including those that it has left
}

// Look is how a mate presents itself.
type Look struct {
	Name        string
	Description string
	Portrait    []byte // PNG, square
}

// Finding is what one check has found.
type Finding struct {
	Check    string         // names the check for machines
	Title    openmates.Text // in a few words
	State    FindingState
	Sentence openmates.Text
	Cure     openmates.Text // what to click; "" where nothing is to be done
	CureURL  string         // where; "" where it is here
	Dress    bool           // Dress cures it
	Blocks   bool           // while it is bad, nobody can add the bot to a workspace or link an account by it
}

// The checks that others than the connector must know. What was found about a
// secret has the name of its Field.
const (
	CheckToken       = "token"
	CheckApplication = "application"
	CheckName        = "name"
)

// FindingState says how it looks.
type FindingState string

// The states.
const (
	FindingOK      FindingState = "ok"
	FindingWarn    FindingState = "warn" // it works, but not all of it
	FindingBad     FindingState = "bad"
	FindingUnknown FindingState = "unknown" // could not be found out
)

// Step is one thing to do on the network's pages.
type Step struct {
	Title openmates.Text
	Say   []openmates.Text // finished sentences, each on a line of its own
	Label openmates.Text   // of the link
	URL   string           // the page where to do it; "" = none
	Copy  string           // what to paste there; "" = nothing
}

// Permission is something that a bot may ask for when it is added.
type Permission struct {
	ID     string         // a whole number in decimal
	Name   openmates.Text // as the network calls it
	Reason openmates.Text // a finished sentence: what it is for
	On     bool           // the bot asks for it
}
