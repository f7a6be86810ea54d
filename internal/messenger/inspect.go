package messenger

import (
	"context"

	"openmates"
)

// Inspector is a Connector that guides an admin through setting up a bot and
// finds out what is wrong with it. It returns complete sentences, because no
// other part of the product knows the network's pages.
type Inspector interface {
	// Guide lists the steps on the network's own pages, in order. It does no
	// I/O; only the known fields of b are set.
	Guide(b openmates.Bot, w Wanted) []Step
	// Inspect checks everything that b needs, with a Finding for each. It
	// changes nothing on the network and never fails: what it can't find out is
	// Unknown. The Profile is zero unless the network confirms that the token
	// is valid and belongs to b.AppID; an empty AppID is filled in from the
	// token.
	Inspect(ctx context.Context, b openmates.Bot, w Wanted) (Profile, []Finding)
}

// Dresser is a Connector that can give a bot its mate's profile.
type Dresser interface {
	// Dress sets name, picture, description and the permissions that the bot's
	// own invitation requests (Bot.Asks). It may be repeated. Errors: EInvalid
	// with what the network refuses, EUnavailable.
	Dress(ctx context.Context, b openmates.Bot, l Look) error
}

// Inviter is an Installer whose consent page requests permissions.
type Inviter interface {
	// Permissions lists what a bot can request, the necessary ones first.
	Permissions(b openmates.Bot) []Permission
	// Ask returns the Bot.Asks for exactly these permissions, by ID; unknown
	// ones are ignored. It returns "" if none is left.
	Ask(permissions []string) string
	// InviteURL returns the consent page for b with its Permissions, without a
	// state; it is the same each time.
	InviteURL(b openmates.Bot, redirect string) string
}

// Wanted is what a bot's setup should be.
type Wanted struct {
	Redirect string      // the address that must be registered
	Look     *Look       // of the mate; nil: the server's own application for linking accounts
	Places   []Workspace // where people have added the bot, including those that it has left
}

// Look is a mate's profile.
type Look struct {
	Name        string
	Description string
	Portrait    []byte // PNG, square
}

// Finding is the result of one check.
type Finding struct {
	Check    string         // names the check for machines
	Title    openmates.Text // in a few words
	State    FindingState
	Sentence openmates.Text
	Cure     openmates.Text // what to do; "" = nothing
	CureURL  string         // where; "" = on this page
	Dress    bool           // Dress fixes it
	Blocks   bool           // if bad, nobody can add the bot to a workspace or link an account with it
}

// The checks that are used outside of the connector. A finding about a secret
// has the name of its Field.
const (
	CheckToken       = "token"
	CheckApplication = "application"
	CheckName        = "name"
)

// FindingState is the state of a finding.
type FindingState string

// The states.
const (
	FindingOK      FindingState = "ok"
	FindingWarn    FindingState = "warn" // it works, but not completely
	FindingBad     FindingState = "bad"
	FindingUnknown FindingState = "unknown" // could not be found out
)

// Step is one step on the network's pages.
type Step struct {
	Title openmates.Text
	Say   []openmates.Text // complete sentences, one per line
	Label openmates.Text   // of the link
	URL   string           // the page for this step; "" = none
	Copy  string           // what to paste there; "" = nothing
}

// Permission is a permission that a bot may request when it is added.
type Permission struct {
	ID     string         // a whole number in decimal
	Name   openmates.Text // as the network calls it
	Reason openmates.Text // a complete sentence: what it is for
	On     bool           // the bot requests it
}
