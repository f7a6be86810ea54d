package openmates

import (
	"strings"
	"time"
)

// Asker is a person who asks a mate, through a bot, in a team.
type Asker struct {
	Bot  Bot
	Mate Mate
	Team Team
	User User
	Role Role
	// Token is the credential that the network granted Bot in the workspace,
	// see Installation.
	Token Secret
	// Outsider is the owner of the account if that person isn't a member of
	// Team; then User is zero.
	Outsider User
	// AccountLanguage is the language that the network or the client reports
	// for the person, a BCP 47 tag; "" = unknown. User.Language, which they
	// chose here, takes precedence.
	AccountLanguage string
	// Privacy is what the person lets mates see.
	Privacy Privacy
	Layers  []Layer // server, mate, team, member: those with a limit, widest first
}

// CounterName names a layer's counters. Package policy makes them.
type CounterName string

// Layer is one set of limits and who set it.
type Layer struct {
	Scope  CounterName // name of the counters: "server", "mate:12", "team:7", "mate:7:12" (within a team), "member:7:31"
	Name   Text        // for messages: "the server", "the team Acme", …
	Limits Limits
}

// LayerKind is the kind of a layer, by its scope.
type LayerKind string

// The kinds of layers, widest first.
const (
	ServerLayer LayerKind = "server"
	MateLayer   LayerKind = "mate"
	TeamLayer   LayerKind = "team"
	MemberLayer LayerKind = "member"
)

// Kind is what the layer belongs to.
func (l Layer) Kind() LayerKind {
	kind, _, _ := strings.Cut(string(l.Scope), ":")
	return LayerKind(kind)
}

// Outcome is the result of a turn.
type Outcome struct {
	Key      string
	State    TurnState // answered, refused or failed
	Text     string    // the text to post
	Note     string    // what is posted behind it and isn't part of the answer: why it ended, what wasn't read
	Author   string
	Question string
	Shown    string // what was quoted or attached, as the model read it
	Why      Trouble
	Until    time.Time // when a used-up limit resets; zero = another reason
	TeamID   ID        // 0 if unknown, like the next two
	MateID   ID
	UserID   ID
	Channel  string // "#general" if the mate may not write there; "" = it may
	Lacks    string // names of the permissions that it is missing there
	Usage    Usage  // zero if no model was asked
}

// Whole is what people read: the text and the note.
func (o Outcome) Whole() string { return o.Text + o.Note }

// LimitError says which layer's limit is used up, and when it resets.
type LimitError struct {
	Layer Layer
	Money bool // the month's money; else the minute's requests
	Until time.Time
}

// Error returns the text for the log.
func (e *LimitError) Error() string {
	if e.Money {
		return "the month's money of " + e.Layer.Name.String() + " is used up"
	}
	return "the minute's requests of " + e.Layer.Name.String() + " are used up"
}
