package client

import (
	"time"

	"openmates"
)

// Me is the caller's account.
type Me struct {
	ID          openmates.ID          `json:"id"`
	Username    string                `json:"username"`
	Name        string                `json:"name"`
	Email       string                `json:"email"`
	ServerAdmin bool                  `json:"server_admin"`
	Language    string                `json:"language"`
	TimeZone    string                `json:"time_zone"`
	Preferences openmates.Preferences `json:"preferences"`
	Created     time.Time             `json:"created"`
}

// TeamLine is a team in a list.
type TeamLine struct {
	ID   openmates.ID `json:"id"`
	Slug string       `json:"slug"`
	Name string       `json:"name"`
}

// Team is a team as its members see it.
type Team struct {
	ID    openmates.ID   `json:"id"`
	Slug  string         `json:"slug"`
	Name  string         `json:"name"`
	Role  openmates.Role `json:"role"`
	Mates []Mate         `json:"mates"`
}

// Mate is an AI team mate.
type Mate struct {
	ID          openmates.ID `json:"id"`
	Handle      string       `json:"handle"`
	Name        string       `json:"name"`
	Field       string       `json:"field"`
	Description string       `json:"description"`
	Messengers  []Messenger  `json:"messengers"`
}

// Messenger is a mate's bot on one network.
type Messenger struct {
	Network    openmates.Network `json:"network"`
	Label      string            `json:"label"`
	AppID      string            `json:"app_id"`
	Name       string            `json:"name"`
	Invite     string            `json:"invite"`
	State      State             `json:"state"`
	Workspaces []Workspace       `json:"workspaces"`
}

// State is the state of a listener.
type State struct {
	Phase  string     `json:"phase"`
	Since  *time.Time `json:"since"`
	Reason string     `json:"reason"`
	Cure   string     `json:"cure"`
}

// Workspace is a workspace on a network.
type Workspace struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// User is a person in a team.
type User struct {
	ID       openmates.ID   `json:"id"`
	Username string         `json:"username"`
	Name     string         `json:"name"`
	Role     openmates.Role `json:"role"`
	Links    []Link         `json:"links"`
}

// Link is a messenger with the caller's linked accounts.
type Link struct {
	Network  openmates.Network `json:"network"`
	Label    string            `json:"label"`
	Title    string            `json:"title"`
	Ready    bool              `json:"ready"`
	Accounts []Account         `json:"accounts"`
}

// Account is a linked account.
type Account struct {
	ID        openmates.ID `json:"id"`
	AccountID string       `json:"account_id"`
	Name      string       `json:"name"`
	Avatar    string       `json:"avatar"`
}

// FirstAdmin is the person who sets up a server, with their team.
type FirstAdmin struct {
	Username string `json:"username"`
	Name     string `json:"name"`
	Password string `json:"password"`
	Team     string `json:"team"`
	Slug     string `json:"slug,omitempty"` // "" = derived from Team
}

// NewTeam is a team to create.
type NewTeam struct {
	Name    string            `json:"name"`
	Slug    string            `json:"slug,omitempty"` // "" = derived from Name
	Limits  *openmates.Limits `json:"limits,omitempty"`
	Account *NewAccount       `json:"account,omitempty"` // for a caller without an account
}

// NewAccount is an account to create.
type NewAccount struct {
	Username    string                `json:"username"`
	Name        string                `json:"name"`
	Password    string                `json:"password"`
	Email       string                `json:"email,omitempty"`
	Language    string                `json:"language,omitempty"`
	TimeZone    string                `json:"time_zone,omitempty"`
	Preferences openmates.Preferences `json:"preferences,omitzero"`
}

// NewInvite is an invite to create.
type NewInvite struct {
	Role openmates.Role `json:"role,omitempty"`
	Note string         `json:"note,omitempty"`
	Only []string       `json:"only,omitempty"`
	Uses *int           `json:"uses,omitempty"` // nil = 1, 0 = unlimited
	Days int            `json:"days,omitempty"` // 0 = 7
	Mail bool           `json:"mail,omitempty"`
}

// Invite is a link with which people join a team.
type Invite struct {
	ID      openmates.ID          `json:"id"`
	Role    openmates.Role        `json:"role"`
	Note    string                `json:"note"`
	Only    []string              `json:"only"`
	Uses    int                   `json:"uses"`
	Used    int                   `json:"used"`
	State   openmates.InviteState `json:"state"`
	By      string                `json:"by"`
	Created time.Time             `json:"created"`
	Expires time.Time             `json:"expires"`
	Joined  []Joined              `json:"joined"`
	Code    openmates.Secret      `json:"-"` // only set by Client.Invite
	URL     string                `json:"url"`
	Mailed  []Delivery            `json:"mailed"` // the result of mailing it to each address
	Unsent  []string              `json:"unsent"`
}

// Delivery is the result of a message to one address.
type Delivery struct {
	To      string `json:"to"`
	Problem string `json:"problem"` // why it was not sent; "" = the mail server accepted it
}

// Joined is somebody who joined with an invite.
type Joined struct {
	Username string    `json:"username"`
	Name     string    `json:"name"`
	At       time.Time `json:"at"`
}

// Installation is a team's workspace.
type Installation struct {
	Network openmates.Network `json:"network"`
	Label   string            `json:"label"`
	ID      string            `json:"id"`
	Name    string            `json:"name"`
	Mates   []Guest           `json:"mates"`
}

// Guest is a mate and its presence in a workspace.
type Guest struct {
	Handle   string     `json:"handle"`
	Presence string     `json:"presence"`
	Since    *time.Time `json:"since"`
	CanAdd   bool       `json:"can_add"`
}

// LimitsSheet contains the limits of a layer, alone and combined with wider
// ones.
type LimitsSheet struct {
	Own       openmates.Limits `json:"own"`
	Effective openmates.Limits `json:"effective"`
}

// Login is what the IDs of a messenger stand for.
type Login struct {
	TeamSlug string         `json:"team_slug"`
	TeamID   openmates.ID   `json:"team_id"`
	UserID   openmates.ID   `json:"user_id"`
	Username string         `json:"username"`
	Name     string         `json:"name"`
	Role     openmates.Role `json:"role"`
	Mates    []string       `json:"mates"`
}

// Connected is the result of a consent.
type Connected struct {
	Kind      string       `json:"kind"`
	TeamID    openmates.ID `json:"team_id"`
	Mate      string       `json:"mate"`
	Workspace *Workspace   `json:"workspace"`
	Account   *Linked      `json:"account"`
}

// Linked is an account that was linked.
type Linked struct {
	AccountID string `json:"account_id"`
	Name      string `json:"name"`
}

// Reply is a mate's answer.
type Reply struct {
	Mate  string `json:"mate"`
	Text  string `json:"text"`
	Model string `json:"model"`
	Usage Tokens `json:"usage"`
}

// Tokens is what an answer used.
type Tokens struct {
	Input  int              `json:"input"`
	Cached int              `json:"cached"`
	Output int              `json:"output"`
	Cost   openmates.Micros `json:"cost"`
}

// Token lets a program use the API.
type Token struct {
	ID      openmates.ID      `json:"id"`
	Name    string            `json:"name"`
	Hint    string            `json:"hint"`
	Scopes  []openmates.Scope `json:"scopes"`
	UserID  openmates.ID      `json:"user_id"`
	TeamID  openmates.ID      `json:"team_id"` // 0 = not for a particular team
	By      openmates.ID      `json:"by"`
	Created time.Time         `json:"created"`
	Expires *time.Time        `json:"expires"`
	Used    *time.Time        `json:"used"`
	Secret  openmates.Secret  `json:"-"` // only set when it is created
}

// MateSetup is a mate as server admins manage it.
type MateSetup struct {
	ID          openmates.ID     `json:"id"`
	Handle      string           `json:"handle"`
	Name        string           `json:"name"`
	Field       string           `json:"field"`
	Description string           `json:"description"`
	Prompt      string           `json:"prompt"`
	Model       string           `json:"model"`
	Class       string           `json:"class"`
	Enabled     bool             `json:"enabled"`
	Archived    bool             `json:"archived"`
	Version     int64            `json:"version"`
	Limits      openmates.Limits `json:"limits"`
}

// NewMate is a mate to create.
type NewMate struct {
	Handle      string `json:"handle,omitempty"`
	Name        string `json:"name"`
	Field       string `json:"field,omitempty"`
	Description string `json:"description,omitempty"`
	Prompt      string `json:"prompt"`
	Model       string `json:"model,omitempty"`
	Class       string `json:"class,omitempty"`
}

// Bot is a mate's application on a network.
type Bot struct {
	Network   openmates.Network `json:"network"`
	Label     string            `json:"label"`
	Handle    string            `json:"handle"`
	AppID     string            `json:"app_id"`
	Name      string            `json:"name"`
	Paused    bool              `json:"paused"`
	Content   bool              `json:"content"`
	HasSecret bool              `json:"has_secret"`
	Invite    string            `json:"invite"`
	State     *State            `json:"state"` // nil = no application has been entered
}

// BotSetup is a bot with its setup guide.
type BotSetup struct {
	Bot
	Redirect    string       `json:"redirect"`
	Guide       []Step       `json:"guide"`
	Permissions []Permission `json:"permissions"`
	CanDress    bool         `json:"can_dress"`
}

// Step is one step on the network's pages.
type Step struct {
	Title string   `json:"title"`
	Say   []string `json:"say"`
	URL   string   `json:"url"`
	Copy  string   `json:"copy"`
}

// Permission is a permission that a bot may request when it is added.
type Permission struct {
	Name   string `json:"name"`
	Bit    int64  `json:"bit"`
	Reason string `json:"reason"`
	On     bool   `json:"on"`
}

// Credentials are what an admin enters for a bot; empty fields keep the stored
// values.
type Credentials struct {
	AppID   string            `json:"app_id,omitempty"`
	Token   string            `json:"token,omitempty"`
	Secret  string            `json:"secret,omitempty"`
	Content bool              `json:"content,omitempty"`
	Values  map[string]string `json:"values,omitempty"` // other values that the network needs, by field name
}

// Provider is a service that runs models.
type Provider struct {
	Name    string          `json:"name"`
	Kind    string          `json:"kind"`
	Label   string          `json:"label"`
	URL     string          `json:"url"`
	HasKey  bool            `json:"has_key"`
	Fixed   bool            `json:"fixed"`
	Checked *time.Time      `json:"checked"`
	Problem string          `json:"problem"`
	Models  []ProviderModel `json:"models"`
}

// ProviderModel is a model that a provider offers.
type ProviderModel struct {
	Name    string   `json:"name"`
	Model   string   `json:"model"`
	Enabled bool     `json:"enabled"`
	Listed  bool     `json:"listed"`
	Class   string   `json:"class"`
	Price   *Price   `json:"price"`
	Propose *Price   `json:"propose"`
	Serves  []string `json:"serves"`
}

// Price is what a model costs per million tokens, as an amount such as "2.50".
type Price struct {
	Input  string `json:"input"`
	Cached string `json:"cached"`
	Output string `json:"output"`
}

// NewProvider is a provider as an admin enters it.
type NewProvider struct {
	Kind   string `json:"kind"`
	Name   string `json:"name,omitempty"`
	Label  string `json:"label,omitempty"`
	URL    string `json:"url,omitempty"`
	Key    string `json:"key,omitempty"`
	Anyway bool   `json:"anyway,omitempty"`
}

// Settings are the server's settings.
type Settings struct {
	Name     string `json:"name"`
	URL      string `json:"url"`
	Fixed    bool   `json:"url_fixed"`
	Problem  string `json:"url_problem"`
	SignUp   string `json:"sign_up"` // "open" or "invite"
	Currency string `json:"currency"`
}

// Status is the server's status.
type Status struct {
	Version    string `json:"version"`
	Model      string `json:"model"`
	Scripted   bool   `json:"scripted"`
	Teams      int64  `json:"teams"`
	People     int64  `json:"people"`
	Linked     int64  `json:"linked"`
	Workspaces int64  `json:"workspaces"`
	Mates      []Mate `json:"mates"`
}

// AuditLine is an entry in the audit log.
type AuditLine struct {
	ID       openmates.ID `json:"id"`
	At       time.Time    `json:"at"`
	ActorID  openmates.ID `json:"actor_id"`
	Username string       `json:"username"`
	Team     string       `json:"team"`
	Action   string       `json:"action"`
	Target   string       `json:"target"`
	Subject  openmates.ID `json:"subject_id"`
	Before   string       `json:"before"`
	After    string       `json:"after"`
}

// TeamUsage is a team's usage in a month.
type TeamUsage struct {
	Start    time.Time        `json:"start"`
	Requests int64            `json:"requests"`
	Cost     openmates.Micros `json:"cost"`
	People   []Spent          `json:"people"`
	Mates    []Spent          `json:"mates"`
	Models   []Spent          `json:"models"`
	Days     []Spent          `json:"days"`
}

// Spent is what something cost.
type Spent struct {
	Name     string           `json:"name"`
	Requests int64            `json:"requests"`
	Cost     openmates.Micros `json:"cost"`
}
