package openmates

import "time"

// Turn is one accepted message and what became of it: the journal's row. It is
// what makes redelivery harmless, see package queue.
type Turn struct {
	Key          string // unique: network, bot and message id
	Conversation string // the lane: turns of one conversation are answered in order
	BotID        ID
	State        TurnState
	Answer       string // the model's whole answer, once it is recorded
	Accepted     time.Time
	Attempt      int
}

// TurnState is how far a turn has come.
type TurnState string

// The states of a turn. The last three end it.
const (
	TurnReceived TurnState = "received"
	TurnRunning  TurnState = "running"
	TurnAnswered TurnState = "answered"
	TurnRefused  TurnState = "refused"
	TurnFailed   TurnState = "failed"
)

// Trouble says why a turn was refused, has failed, or could not be posted, for
// those who mend it. "" where nothing was wrong.
type Trouble string

// The troubles, by who can cure them.
const (
	TroubleWorkspace   Trouble = "workspace"    // the team connects the place
	TroubleAccount     Trouble = "account"      // the person links the account, or joins the team
	TroubleNotMember   Trouble = "not_member"   // an admin of the team invites the person
	TroubleNoAccess    Trouble = "no_access"    // the mate may not write there
	TroubleTeam        Trouble = "team"         // the person asks in a channel of one team
	TroubleText        Trouble = "text"         // the person writes something
	TroubleNotAllowed  Trouble = "not_allowed"  // limits of server, team, mate or person
	TroubleMateOff     Trouble = "mate_off"     // the mate is switched off on the server
	TroubleRate        Trouble = "rate"         // requests of the minute
	TroubleMoney       Trouble = "money"        // money of the month
	TroubleNoModel     Trouble = "no_model"     // none is set up, or the mate's is gone
	TroubleKey         Trouble = "key"          // the provider refuses its key
	TroubleSettingsKey Trouble = "settings_key" // likewise, and the key is one of the server's settings
	TroubleCredit      Trouble = "credit"       // the provider's account is empty
	TroubleModelGone   Trouble = "model_gone"   // the provider has no such model any more
	TroubleTooLong     Trouble = "too_long"     // more text than the model reads
	TroubleFiltered    Trouble = "filtered"     // the provider refuses to answer
	TroubleBusy        Trouble = "busy"         // the provider has too many requests
	TroubleInvalid     Trouble = "invalid"      // the provider did not understand
	TroubleUnreachable Trouble = "unreachable"  // the provider does not answer
	TroubleNoWords     Trouble = "no_words"     // the model said nothing
	TroubleThought     Trouble = "thought"      // the model spent its room on thinking
	TroubleBarred      Trouble = "barred"       // the provider, or a firewall, serves no request from this server
	TroubleNotPosted   Trouble = "not_posted"   // the network refused the answer
	TroubleGivenUp     Trouble = "given_up"     // the log has the reason
)

// Exchange is one question and its answer as remembered for later prompts.
type Exchange struct {
	Author   User    // who asked; zero = an account that is gone, or nobody's
	Privacy  Privacy // what they let mates see
	Question string
	Answer   string
	At       time.Time
}
