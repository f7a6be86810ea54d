package openmates

import "time"

// Turn is one accepted message and its state: a row in the journal. It makes
// redelivery harmless, see package queue.
type Turn struct {
	Key          string // unique: network, bot and message id
	Conversation string // the lane: turns of a conversation are answered in order
	BotID        ID
	State        TurnState
	Answer       string // the model's whole answer, once it is recorded
	Accepted     time.Time
	Attempt      int
}

// TurnState is the state of a turn.
type TurnState string

// The states of a turn. The last three are final.
const (
	TurnReceived TurnState = "received"
	TurnRunning  TurnState = "running"
	TurnAnswered TurnState = "answered"
	TurnRefused  TurnState = "refused"
	TurnFailed   TurnState = "failed"
)

// Trouble is why a turn was refused, failed, or couldn't be posted, for those
// who can fix it. "" = no problem.
type Trouble string

// The troubles, with who can fix them.
const (
	TroubleWorkspace   Trouble = "workspace"    // the team connects the workspace
	TroubleAccount     Trouble = "account"      // the person links the account, or joins the team
	TroubleNotMember   Trouble = "not_member"   // a team admin invites the person
	TroubleNoAccess    Trouble = "no_access"    // the mate may not write there
	TroubleTeam        Trouble = "team"         // the person asks in a channel of one team
	TroubleText        Trouble = "text"         // the person writes some text
	TroubleNotAllowed  Trouble = "not_allowed"  // limits of server, team, mate or person
	TroubleMateOff     Trouble = "mate_off"     // the mate is disabled on the server
	TroubleRate        Trouble = "rate"         // the minute's requests
	TroubleMoney       Trouble = "money"        // the month's money
	TroubleNoModel     Trouble = "no_model"     // none is set up, or the mate's is gone
	TroubleNoPrice     Trouble = "no_price"     // there is a budget, and the model has no price
	TroubleKey         Trouble = "key"          // the provider rejects its key
	TroubleSettingsKey Trouble = "settings_key" // the same, and the key is in the server's settings
	TroubleCredit      Trouble = "credit"       // the provider's account is empty
	TroubleModelGone   Trouble = "model_gone"   // the provider no longer has the model
	TroubleTooLong     Trouble = "too_long"     // more text than the model can read
	TroubleFiltered    Trouble = "filtered"     // the provider refuses to answer
	TroubleBusy        Trouble = "busy"         // the provider gets too many requests
	TroubleInvalid     Trouble = "invalid"      // the provider did not understand
	TroubleUnreachable Trouble = "unreachable"  // the provider doesn't respond
	TroubleNoWords     Trouble = "no_words"     // the model's answer was empty
	TroubleThought     Trouble = "thought"      // the model used up its output on thinking
	TroubleBarred      Trouble = "barred"       // the provider, or a firewall, blocks this server
	TroubleNotPosted   Trouble = "not_posted"   // the network refused the answer
	TroubleGivenUp     Trouble = "given_up"     // the log has the reason
)

// Exchange is a question and its answer, as remembered for later prompts.
type Exchange struct {
	Author   User    // who asked; zero = a deleted account, or unknown
	Privacy  Privacy // what they let mates see
	Question string
	Shown    string // what was quoted or attached, as the model read it
	Answer   string
	At       time.Time
}
