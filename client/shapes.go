package client

import (
	"encoding/json"
	"time"

	"openmates"
)

// InviteCode is the code of an invite, with the proof of an address if the
// invite requires one.
type InviteCode struct {
	Code  string `json:"code"`
	Proof string `json:"proof,omitempty"` // from the link that confirms an address
}

// NewPassword changes the caller's password.
type NewPassword struct {
	KeepSharedTokens bool   `json:"keep_shared_tokens,omitempty"` // keep tokens that the caller made for a team or a listener
	New              string `json:"new"`
	Old              string `json:"old"`
}

// NewDefaults sets the default models; "" = none.
type NewDefaults struct {
	Any      string `json:"any,omitempty"`
	Balanced string `json:"balanced,omitempty"`
	Deep     string `json:"deep,omitempty"`
	Quick    string `json:"quick,omitempty"`
}

// NewMail sets the mail settings.
type NewMail struct {
	From     string `json:"from"`
	Host     string `json:"host"`
	Name     string `json:"name,omitempty"`
	Password string `json:"password,omitempty"` // "" = the stored one, which is only sent to the same host and port, as the same user, and with at least as much encryption
	Port     int64  `json:"port"`
	Security string `json:"security"`
	TestTo   string `json:"test_to"` // a test message is sent here first; if the mail server refuses it, nothing is saved
	Username string `json:"username,omitempty"`
}

// MateCopy names the copy of a mate.
type MateCopy struct {
	Handle string `json:"handle,omitempty"`
	Name   string `json:"name"`
}

// NewTrial is a trial question to a mate.
type NewTrial struct {
	Past []TrialTurn `json:"past,omitempty"` // what was said before in this trial
	Text string      `json:"text"`
}

// NewResetLink requests a password reset link for somebody.
type NewResetLink struct {
	Password   string `json:"password"`              // the caller's
	SecondStep bool   `json:"second_step,omitempty"` // also remove the person's second step and passkeys
	Username   string `json:"username"`
}

// MateTest says where a mate posts a test message.
type MateTest struct {
	ChannelID string `json:"channel_id,omitempty"` // "" = the first one in which it can answer
}

// App is a set of skills.
type App struct {
	Description string  `json:"description"`
	Label       string  `json:"label"`
	Name        string  `json:"name"`
	Skills      []Skill `json:"skills"`
}

// Welcome is what an invite offers.
type Welcome struct {
	By      string         `json:"by"`      // the person who invites
	Confirm bool           `json:"confirm"` // the address must be confirmed by mail first: /auth/invite/proof sends the link
	Expires time.Time      `json:"expires"`
	Limited bool           `json:"limited"` // it is limited to certain email addresses
	Member  bool           `json:"member"`  // the caller is already in the team
	Role    openmates.Role `json:"role"`    // the role that the person will have
	Slug    string         `json:"slug"`    // the team's slug, for its members
	Team    string         `json:"team"`    // the team's name
}

// MeLine is who has signed in.
type MeLine struct {
	ID       openmates.ID `json:"id"`
	Name     string       `json:"name"`
	Username string       `json:"username"`
}

// Authenticator is what you need to set up an authenticator app.
type Authenticator struct {
	Secret string `json:"secret"` // base32, to type in
	URL    string `json:"url"`    // the same, for a QR code
}

// RecoveryCodes are codes that each work once instead of a second step.
type RecoveryCodes struct {
	Codes []string `json:"codes"` // each works once
}

// Email is the caller's email address.
type Email struct {
	Address   string `json:"address"`
	Awaited   string `json:"awaited"` // the address that a confirmation link was sent to
	Confirmed bool   `json:"confirmed"`
	Mail      bool   `json:"mail"` // the server sends mail, so a new address has to be confirmed
}

// Allowance is what the caller may use in a team, and how much of it is left.
type Allowance struct {
	Budgets   []Budget         `json:"budgets"`   // the budgets that apply, widest first
	Effective openmates.Limits `json:"effective"` // combined with the limits of the team and the server
	Left      openmates.Micros `json:"left"`      // what the caller can still spend of the budgets, if nobody else spends anything
	Own       openmates.Limits `json:"own"`       // what is set for the caller
	Spent     openmates.Micros `json:"spent"`     // by the caller, in this calendar month (UTC)
	Team      string           `json:"team"`      // the team's slug
}

// LinkCode is a one-time code that links an account.
type LinkCode struct {
	Code    string    `json:"code"`
	Expires time.Time `json:"expires"`
	Label   string    `json:"label"` // the network's name
}

// MateLine is a mate in a list.
type MateLine struct {
	Field  string       `json:"field"`
	Handle string       `json:"handle"`
	ID     openmates.ID `json:"id"`
	Name   string       `json:"name"`
}

// Passkey is a WebAuthn credential.
type Passkey struct {
	Created time.Time    `json:"created"`
	ID      openmates.ID `json:"id"`
	Name    string       `json:"name"`
	Used    *time.Time   `json:"used"`
}

// Ceremony is a request to the browser for a passkey.
type Ceremony struct {
	Options json.RawMessage `json:"options"` // for navigator.credentials, as defined by WebAuthn
}

// Privacy is what mates may see of the caller.
type Privacy struct {
	Facts []string            `json:"facts"` // all existing facts, in order
	Mates map[string][]string `json:"mates"` // by handle, for mates that see something else
	Usual []string            `json:"usual"` // what mates see by default
}

// Protection is what the caller's account requires besides the password.
type Protection struct {
	AskPasskey    bool  `json:"ask_passkey"`   // a passkey is required after the password
	Authenticator bool  `json:"authenticator"` // an authenticator app is required after the password
	Passkeys      int64 `json:"passkeys"`
	RecoveryCodes int64 `json:"recovery_codes"` // how many are left
}

// Session is a session of the caller.
type Session struct {
	Agent string       `json:"agent"` // the browser, as it identifies itself
	From  string       `json:"from"`  // the IP address
	Here  bool         `json:"here"`  // the session of this request
	ID    openmates.ID `json:"id"`    // not a credential
	Seen  time.Time    `json:"seen"`  // approximate
	Since time.Time    `json:"since"`
}

// OwnUsage is what one of the caller's requests used.
type OwnUsage struct {
	At     time.Time        `json:"at"`
	Cached int64            `json:"cached"`
	Cost   openmates.Micros `json:"cost"` // in millionths of the server's currency unit
	Input  int64            `json:"input"`
	Mate   string           `json:"mate"` // the mate's handle
	Model  string           `json:"model"`
	Output int64            `json:"output"`
	Team   string           `json:"team"` // the team's slug
}

// Inspection is the result of the last check of a bot.
type Inspection struct {
	At       time.Time `json:"at"`
	Findings []Finding `json:"findings"`
}

// Defaults are the models for mates without their own.
type Defaults struct {
	Any      string            `json:"any"`
	Balanced string            `json:"balanced"`
	Broken   map[string]string `json:"broken"`  // by class: why the default can't answer
	Choices  []string          `json:"choices"` // the enabled models
	Deep     string            `json:"deep"`
	Now      map[string]string `json:"now"` // by class: the model that answers now
	Quick    string            `json:"quick"`
}

// Mail contains the mail settings.
type Mail struct {
	From        string `json:"from"`
	HasPassword bool   `json:"has_password"`
	Host        string `json:"host"`
	Name        string `json:"name"`
	Port        int64  `json:"port"`
	Security    string `json:"security"`
	Set         bool   `json:"set"`
	Username    string `json:"username"`
}

// TrialTurn is a question and answer of a trial.
type TrialTurn struct {
	Answer   string `json:"answer"`
	Question string `json:"question"`
}

// MateVersion is a saved state of a mate.
type MateVersion struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"` // who saved it
	Mate    MateSetup `json:"mate"`
	Version int64     `json:"version"`
}

// Person is a person on the server.
type Person struct {
	Created     time.Time    `json:"created"`
	ID          openmates.ID `json:"id"`
	LastSeen    *time.Time   `json:"last_seen"` // in a browser, or asking a mate; nil = never
	Name        string       `json:"name"`
	ServerAdmin bool         `json:"server_admin"`
	Teams       []string     `json:"teams"` // names of the teams
	Username    string       `json:"username"`
}

// ProviderKind is a kind of provider that can be added.
type ProviderKind struct {
	About    string          `json:"about"`
	KeyPage  string          `json:"key_page"`
	Label    string          `json:"label"`
	Name     string          `json:"name"`
	NeedsKey bool            `json:"needs_key"`
	NeedsURL bool            `json:"needs_url"`
	Places   []ProviderPlace `json:"places"`
}

// ModelChanges are the models that a check found new or missing.
type ModelChanges struct {
	Gone []string `json:"gone"`
	New  []string `json:"new"`
}

// ModelEffect is what happens to the model of a mate.
type ModelEffect struct {
	From string `json:"from"`
	Mate string `json:"mate"` // the mate's handle
	To   string `json:"to"`   // "" = no model is left for the mate
	Why  string `json:"why"`
}

// ModelTrial is the answer of a model to a trial question.
type ModelTrial struct {
	Model  string `json:"model"`
	Text   string `json:"text"`
	TookMS int64  `json:"took_ms"`
}

// ResetLink is a link with which somebody chooses a new password.
type ResetLink struct {
	Expires    time.Time `json:"expires"`
	SecondStep bool      `json:"second_step"` // it also removes the second step
	URL        string    `json:"url"`         // the link to share
	Username   string    `json:"username"`
}

// AnyTeam is a team as server admins see it.
type AnyTeam struct {
	Admins     []string         `json:"admins"` // the admins' usernames
	Created    time.Time        `json:"created"`
	ID         openmates.ID     `json:"id"`
	Mates      int64            `json:"mates"` // mates that are in the team's workspaces
	Members    int64            `json:"members"`
	Name       string           `json:"name"`
	Slug       string           `json:"slug"`
	Spent      openmates.Micros `json:"spent"` // this month (UTC), in millionths of the server's currency unit
	Workspaces int64            `json:"workspaces"`
}

// Departed lists bots that could not leave.
type Departed struct {
	Stayed []string `json:"stayed"` // bots that could not leave; a manager of the workspace has to remove them
}

// Trouble is a question that was not answered.
type Trouble struct {
	At     time.Time `json:"at"`
	Mate   string    `json:"mate"` // the mate's handle
	Person string    `json:"person"`
	State  string    `json:"state"`
	Team   string    `json:"team"` // the team's slug
	Why    string    `json:"why"`
}

// ServerUsage is the server's usage in a month.
type ServerUsage struct {
	Cost     openmates.Micros `json:"cost"` // in millionths of the server's currency unit
	Mates    []Spent          `json:"mates"`
	Models   []Spent          `json:"models"`
	Requests int64            `json:"requests"`
	Start    time.Time        `json:"start"` // start of the month, UTC
}

// AnyWorkspace is a workspace as server admins see it.
type AnyWorkspace struct {
	Mates     []string          `json:"mates"` // names of the mates in it
	Name      string            `json:"name"`
	Network   openmates.Network `json:"network"`
	Since     time.Time         `json:"since"`
	Team      string            `json:"team"` // the team's slug
	Workspace string            `json:"workspace"`
}

// Disconnected is a workspace that was disconnected.
type Disconnected struct {
	Name   string   `json:"name"`
	Stayed []string `json:"stayed"` // mates that could not leave; the workspace's own admins have to remove them
}

// Sent says where a mate posted a test message.
type Sent struct {
	Where string `json:"where"`
}

// Skill is what an app offers.
type Skill struct {
	Allowed bool   `json:"allowed"` // whether the team's mates may use it; only in the list for a team
	Label   string `json:"label"`
	Name    string `json:"name"` // app.skill
}

// Budget is a layer's monthly budget.
type Budget struct {
	Layer string           `json:"layer"`
	Of    openmates.Micros `json:"of"`
	Spent openmates.Micros `json:"spent"`
}

// Finding is the result of one check of a bot, and how to fix it.
type Finding struct {
	Check    string `json:"check"`
	Cure     string `json:"cure"`
	CureURL  string `json:"cure_url"`
	Dress    bool   `json:"dress"` // applying the bot's profile fixes it
	Sentence string `json:"sentence"`
	State    string `json:"state"`
	Title    string `json:"title"`
}

// ProviderPlace is a known address for a kind of provider.
type ProviderPlace struct {
	Label string `json:"label"`
	Name  string `json:"name"`
	URL   string `json:"url"`
}

// ModelEdit enables, disables or prices a model.
type ModelEdit struct {
	Model   string `json:"model"`
	Enabled bool   `json:"enabled"`
	Price   *Price `json:"price,omitempty"` // nil = no price
}
