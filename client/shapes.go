package client

import (
	"encoding/json"
	"time"

	"openmates"
)

// InviteCode is the code of an invite, with the proof of an address where the invite asks for one.
type InviteCode struct {
	Code  string `json:"code"`
	Proof string `json:"proof,omitempty"` // Of the link that confirms an address
}

// NewPassword changes the password of the caller.
type NewPassword struct {
	KeepSharedTokens bool   `json:"keep_shared_tokens,omitempty"` // Tokens that the caller made for a team or a listener stay
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

// NewMail says how the server sends mail.
type NewMail struct {
	From     string `json:"from"`
	Host     string `json:"host"`
	Name     string `json:"name,omitempty"`
	Password string `json:"password,omitempty"` // None = the stored one, which is sent only to the same host and port, as the same user, and with at least as much encryption
	Port     int64  `json:"port"`
	Security string `json:"security"`
	TestTo   string `json:"test_to"` // A test message goes there first; what the mail server refuses is not stored
	Username string `json:"username,omitempty"`
}

// MateCopy names the copy of a mate.
type MateCopy struct {
	Handle string `json:"handle,omitempty"`
	Name   string `json:"name"`
}

// NewTrial is a question to a mate that is tried out.
type NewTrial struct {
	Past []TrialTurn `json:"past,omitempty"` // What was said before in this trial
	Text string      `json:"text"`
}

// NewResetLink asks for a link by which somebody gets back in.
type NewResetLink struct {
	Password   string `json:"password"`              // The caller's own
	SecondStep bool   `json:"second_step,omitempty"` // Drop the person's second step and passkeys as well
	Username   string `json:"username"`
}

// MateTest says where a mate says something.
type MateTest struct {
	ChannelID string `json:"channel_id,omitempty"` // None = the first one in which it can answer
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
	By      string         `json:"by"`      // Who invites
	Confirm bool           `json:"confirm"` // The address must be confirmed by mail first: /auth/invite/proof sends the link
	Expires time.Time      `json:"expires"`
	Limited bool           `json:"limited"` // It is for certain e-mail addresses
	Member  bool           `json:"member"`  // The caller is in the team already
	Role    openmates.Role `json:"role"`    // What the person will be
	Slug    string         `json:"slug"`    // Of the team; for its members
	Team    string         `json:"team"`    // The name of the team
}

// MeLine is who has signed in.
type MeLine struct {
	ID       openmates.ID `json:"id"`
	Name     string       `json:"name"`
	Username string       `json:"username"`
}

// Authenticator is what an authenticator app is set up with.
type Authenticator struct {
	Secret string `json:"secret"` // Base32, to type
	URL    string `json:"url"`    // The same, for a QR code
}

// RecoveryCodes let a person in once each, in place of a second step.
type RecoveryCodes struct {
	Codes []string `json:"codes"` // Each works once
}

// Email is the caller's address.
type Email struct {
	Address   string `json:"address"`
	Awaited   string `json:"awaited"` // One that a link was sent to
	Confirmed bool   `json:"confirmed"`
	Mail      bool   `json:"mail"` // This server sends mail, so a new address is asked to confirm
}

// Allowance is what the caller may use in a team, and what is left of it.
type Allowance struct {
	Budgets   []Budget         `json:"budgets"`   // The ones that hold, the widest first
	Effective openmates.Limits `json:"effective"` // With what the team and the server set
	Left      openmates.Micros `json:"left"`      // What the caller can still spend of the budgets below, if nobody else does; none = there are none
	Own       openmates.Limits `json:"own"`       // What is set for the caller
	Spent     openmates.Micros `json:"spent"`     // By the caller, in this calendar month (UTC)
	Team      string           `json:"team"`      // Its slug
}

// LinkCode is a one-time code that links an account.
type LinkCode struct {
	Code    string    `json:"code"`
	Expires time.Time `json:"expires"`
	Label   string    `json:"label"` // Of the network
}

// MateLine is a mate in a list.
type MateLine struct {
	Field  string       `json:"field"`
	Handle string       `json:"handle"`
	ID     openmates.ID `json:"id"`
	Name   string       `json:"name"`
}

// Passkey is a credential of WebAuthn.
type Passkey struct {
	Created time.Time    `json:"created"`
	ID      openmates.ID `json:"id"`
	Name    string       `json:"name"`
	Used    *time.Time   `json:"used"`
}

// Ceremony is what a browser is asked for a passkey.
type Ceremony struct {
	Options json.RawMessage `json:"options"` // For navigator.credentials, as WebAuthn describes it
}

// Privacy is what mates may see of the caller.
type Privacy struct {
	Facts []string            `json:"facts"` // All facts that there are, in order
	Mates map[string][]string `json:"mates"` // By handle, where a mate sees something else
	Usual []string            `json:"usual"` // What mates see as a rule
}

// Protection is what protects the caller's account.
type Protection struct {
	AskPasskey    bool  `json:"ask_passkey"`   // A passkey is asked for after the password
	Authenticator bool  `json:"authenticator"` // Codes of an app are asked for
	Passkeys      int64 `json:"passkeys"`
	RecoveryCodes int64 `json:"recovery_codes"` // How many are left
}

// Session is a place where the caller is signed in.
type Session struct {
	Agent string       `json:"agent"` // What the browser says of itself
	From  string       `json:"from"`  // Address
	Here  bool         `json:"here"`  // The one of this request
	ID    openmates.ID `json:"id"`    // Names it; it is no credential
	Seen  time.Time    `json:"seen"`  // Roughly
	Since time.Time    `json:"since"`
}

// OwnUsage is what one request of the caller took.
type OwnUsage struct {
	At     time.Time        `json:"at"`
	Cached int64            `json:"cached"`
	Cost   openmates.Micros `json:"cost"` // In millionths of the server's currency unit
	Input  int64            `json:"input"`
	Mate   string           `json:"mate"` // Its handle
	Model  string           `json:"model"`
	Output int64            `json:"output"`
	Team   string           `json:"team"` // Its slug
}

// Inspection is what the last check of a bot found.
type Inspection struct {
	At       time.Time `json:"at"`
	Findings []Finding `json:"findings"`
}

// Defaults are the models that answer where a mate names none.
type Defaults struct {
	Any      string            `json:"any"`
	Balanced string            `json:"balanced"`
	Broken   map[string]string `json:"broken"`  // By class: why what is set can't answer
	Choices  []string          `json:"choices"` // The models that are switched on
	Deep     string            `json:"deep"`
	Now      map[string]string `json:"now"` // By class: what answers now
	Quick    string            `json:"quick"`
}

// Mail is how the server sends mail.
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

// TrialTurn is what was said before in a trial.
type TrialTurn struct {
	Answer   string `json:"answer"`
	Question string `json:"question"`
}

// MateVersion is a mate as it was saved once.
type MateVersion struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"` // Who saved it
	Mate    MateSetup `json:"mate"`
	Version int64     `json:"version"`
}

// Person is a person of the server.
type Person struct {
	Created     time.Time    `json:"created"`
	ID          openmates.ID `json:"id"`
	LastSeen    *time.Time   `json:"last_seen"` // In a browser, or asking a mate; absent = never
	Name        string       `json:"name"`
	ServerAdmin bool         `json:"server_admin"`
	Teams       []string     `json:"teams"` // By name
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

// ModelChanges are the models that came and went with a check.
type ModelChanges struct {
	Gone []string `json:"gone"`
	New  []string `json:"new"`
}

// ModelEffect is what happens to the model of a mate.
type ModelEffect struct {
	From string `json:"from"`
	Mate string `json:"mate"` // Its handle
	To   string `json:"to"`   // None = no model is left for it
	Why  string `json:"why"`
}

// ModelTrial is the answer of a model that was tried.
type ModelTrial struct {
	Model  string `json:"model"`
	Text   string `json:"text"`
	TookMS int64  `json:"took_ms"`
}

// ResetLink is a link by which somebody chooses a new password.
type ResetLink struct {
	Expires    time.Time `json:"expires"`
	SecondStep bool      `json:"second_step"` // It drops the second step, too
	URL        string    `json:"url"`         // The link to hand on
	Username   string    `json:"username"`
}

// AnyTeam is a team as the admins of the server see it.
type AnyTeam struct {
	Admins     []string         `json:"admins"` // Their usernames
	Created    time.Time        `json:"created"`
	ID         openmates.ID     `json:"id"`
	Mates      int64            `json:"mates"` // That are present in them
	Members    int64            `json:"members"`
	Name       string           `json:"name"`
	Slug       string           `json:"slug"`
	Spent      openmates.Micros `json:"spent"` // This month (UTC), in millionths of the server's currency unit
	Workspaces int64            `json:"workspaces"`
}

// Departed tells what could not be undone on the network.
type Departed struct {
	Stayed []string `json:"stayed"` // Bots that could not leave; who manages the place has to remove them
}

// Trouble is a question that was not answered.
type Trouble struct {
	At     time.Time `json:"at"`
	Mate   string    `json:"mate"` // Its handle
	Person string    `json:"person"`
	State  string    `json:"state"`
	Team   string    `json:"team"` // Its slug
	Why    string    `json:"why"`
}

// ServerUsage is what the server spent in a month.
type ServerUsage struct {
	Cost     openmates.Micros `json:"cost"` // In millionths of the server's currency unit
	Mates    []Spent          `json:"mates"`
	Models   []Spent          `json:"models"`
	Requests int64            `json:"requests"`
	Start    time.Time        `json:"start"` // Of the month, UTC
}

// AnyWorkspace is a workspace as the admins of the server see it.
type AnyWorkspace struct {
	Mates     []string          `json:"mates"` // Names of those that are present
	Name      string            `json:"name"`
	Network   openmates.Network `json:"network"`
	Since     time.Time         `json:"since"`
	Team      string            `json:"team"` // Its slug
	Workspace string            `json:"workspace"`
}

// Disconnected is a workspace that was disconnected.
type Disconnected struct {
	Name   string   `json:"name"`
	Stayed []string `json:"stayed"` // Mates that could not leave; the workspace's own admins have to remove them
}

// Sent tells where a mate said something.
type Sent struct {
	Where string `json:"where"`
}

// Skill is what an app offers.
type Skill struct {
	Allowed bool   `json:"allowed"` // Whether the team's mates may use it; where a team is asked about
	Label   string `json:"label"`
	Name    string `json:"name"` // app.skill
}

// Budget is the money of a month that one layer has set aside.
type Budget struct {
	Layer string           `json:"layer"`
	Of    openmates.Micros `json:"of"`
	Spent openmates.Micros `json:"spent"`
}

// Finding is what one check of a bot found, with its cure.
type Finding struct {
	Check    string `json:"check"`
	Cure     string `json:"cure"`
	CureURL  string `json:"cure_url"`
	Dress    bool   `json:"dress"` // Dressing the bot cures it
	Sentence string `json:"sentence"`
	State    string `json:"state"`
	Title    string `json:"title"`
}

// ProviderPlace is a known address of a kind of provider.
type ProviderPlace struct {
	Label string `json:"label"`
	Name  string `json:"name"`
	URL   string `json:"url"`
}

// ModelEdit switches a model on or off, and prices it.
type ModelEdit struct {
	Model   string `json:"model"`
	Enabled bool   `json:"enabled"`
	Price   *Price `json:"price,omitempty"` // nil = it has none
}
