package openmates

import (
	"strings"
	"time"
)

// Asker is a person who asks a mate, through a bot, within a team.
type Asker struct {
	Bot  Bot
	Mate Mate
	Team Team
	User User
	Role Role
	// Token is what the network granted Bot in the workspace, see Installation.
	Token Secret
	// Outsider is the owner of the account, if that person is not a member of Team;
	// User is zero then.
	Outsider User
	// AccountLanguage is what the network, or the door, tells of the language that
	// the person reads, a BCP 47 tag; "" = nothing. What they have settled here,
	// User.Language, comes first.
	AccountLanguage string
	// Privacy is what the person lets mates see.
	Privacy Privacy
	Layers  []Layer // server, mate, team, member: the ones that set any limit, widest first
}

// AskerMonth is what a calendar month came to so far in a team, with what is
// reserved for answers that are being written.
type AskerMonth struct {
	Requests int64  // of the person
	Spent    Micros // by the person
	Team     Micros // by the whole team
	Mate     Micros // by the mate, for all of the team
}

// CounterName names the counters of a layer. Package policy makes them.
type CounterName string

// Layer is one set of limits and who set it.
type Layer struct {
	Scope  CounterName // names the counters: "server", "mate:12", "team:7", "mate:7:12" (within a team), "member:7:31"
	Name   Text        // for the sentence: "the server", "the team Acme", …
	Limits Limits
}

// LayerKind is the kind of a layer, by its scope.
type LayerKind string

// The kinds of layers, the widest first.
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

// Outcome is what became of a turn.
type Outcome struct {
	Key      string
	State    TurnState // answered, refused or failed
	Text     string    // what is posted
	Author   string
	Question string
	Why      Trouble
	Until    time.Time // when a limit that is used up has room again; zero = it was another reason
	TeamID   ID        // 0 where it is not known; so are the next two
	MateID   ID
	UserID   ID
	Channel  string // where the mate may not write, "#general"; "" = it may
	Lacks    string // names of the permissions that it would need there
	Usage    Usage  // zero when no model was asked
}

// LimitError tells which layer had no room, and until when.
type LimitError struct {
	Layer Layer
	Money bool // the money of the month; else the requests of the minute
	Until time.Time
}

// Error is the text for the log.
func (e *LimitError) Error() string {
	if e.Money {
		return "the month's money of " + e.Layer.Name.String() + " is used up"
	}
	return "the minute's requests of " + e.Layer.Name.String() + " are used up"
}
