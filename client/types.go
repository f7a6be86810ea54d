package client

import (
	"time"

	"openmates"
)

// Me is the caller's own account.
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

// Messenger is a mate's presence on one network.
type Messenger struct {
	Network    openmates.Network `json:"network"`
	Label      string            `json:"label"`
	AppID      string            `json:"app_id"`
	Name       string            `json:"name"`
	Invite     string            `json:"invite"`
	State      State             `json:"state"`
	Workspaces []Workspace       `json:"workspaces"`
}

// State is how a listener is.
type State struct {
	Phase  string     `json:"phase"`
	Since  *time.Time `json:"since"`
	Reason string     `json:"reason"`
	Cure   string     `json:"cure"`
}

// Workspace is a place on a network.
type Workspace struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// User is a person of a team.
type User struct {
	ID       openmates.ID   `json:"id"`
	Username string         `json:"username"`
	Name     string         `json:"name"`
	Role     openmates.Role `json:"role"`
	Links    []Link         `json:"links"`
}

// Link is a messenger and the caller's accounts there.
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

// Founder is who sets a server up, with their team.
type Founder struct {
	Username string `json:"username"`
	Name     string `json:"name"`
	Password string `json:"password"`
	Team     string `json:"team"`
	Slug     string `json:"slug,omitempty"` // "" = made from Team
}

// NewTeam is what a person tells to found a team.
type NewTeam struct {
	Name    string            `json:"name"`
	Slug    string            `json:"slug,omitempty"` // "" = made from Name
	Limits  *openmates.Limits `json:"limits,omitempty"`
	Account *NewAccount       `json:"account,omitempty"` // of somebody who has none
}

// NewAccount is what a person tells to get an account.
type NewAccount struct {
	Username    string                `json:"username"`
	Name        string                `json:"name"`
	Password    string                `json:"password"`
	Email       string                `json:"email,omitempty"`
	Language    string                `json:"language,omitempty"`
	TimeZone    string                `json:"time_zone,omitempty"`
	Preferences openmates.Preferences `json:"preferences,omitzero"`
}

// NewInvite is what an admin says of an invite.
type NewInvite struct {
	Role openmates.Role `json:"role,omitempty"`
	Note string         `json:"note,omitempty"`
	Only []string       `json:"only,omitempty"`
	Uses *int           `json:"uses,omitempty"` // nil = 1, 0 = no bound
	Days int            `json:"days,omitempty"` // 0 = 7
	Mail bool           `json:"mail,omitempty"`
}

// Invite is a link by which people join a team.
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
	Code    openmates.Secret      `json:"-"` // only where it was made just now
	URL     string                `json:"url"`
	Mailed  []Delivery            `json:"mailed"` // what became of the mail to each address
	Unsent  []string              `json:"unsent"`
}

// Delivery is what became of a message to one address.
type Delivery struct {
	To      string `json:"to"`
	Problem string `json:"problem"` // why it was not sent, "" = the mail server took it
}

// Joined is somebody who came by an invite.
type Joined struct {
	Username string    `json:"username"`
	Name     string    `json:"name"`
	At       time.Time `json:"at"`
}

// Installation is a workspace of a team.
type Installation struct {
	Network openmates.Network `json:"network"`
	Label   string            `json:"label"`
	ID      string            `json:"id"`
	Name    string            `json:"name"`
	Mates   []Guest           `json:"mates"`
}

// Guest is a mate in a workspace, or missing there.
type Guest struct {
	Handle   string     `json:"handle"`
	Presence string     `json:"presence"`
	Since    *time.Time `json:"since"`
	CanAdd   bool       `json:"can_add"`
}

// LimitsSheet are the limits of a layer, with what comes of them.
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

// Connected is what came of a consent.
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

// Tokens is what an answer took.
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
	TeamID  openmates.ID      `json:"team_id"` // 0 = no team in particular
	By      openmates.ID      `json:"by"`
	Created time.Time         `json:"created"`
	Expires *time.Time        `json:"expires"`
	Used    *time.Time        `json:"used"`
	Secret  openmates.Secret  `json:"-"` // only where it was made just now
}

// MateSetup is a mate as the admins of the server look after it.
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

// NewMate is what an admin types of a mate.
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
	State     *State            `json:"state"` // nil = no application was entered yet
}

// BotSetup is a bot with what there is to do about it.
type BotSetup struct {
	Bot
	Redirect    string       `json:"redirect"`
	Guide       []Step       `json:"guide"`
	Permissions []Permission `json:"permissions"`
	CanDress    bool         `json:"can_dress"`
}

// Step is one thing to do on the network's pages.
type Step struct {
	Title string   `json:"title"`
	Say   []string `json:"say"`
	URL   string   `json:"url"`
	Copy  string   `json:"copy"`
}

// Permission is something that a bot asks for when it is added.
type Permission struct {
	Name   string `json:"name"`
	Bit    int64  `json:"bit"`
	Reason string `json:"reason"`
	On     bool   `json:"on"`
}

// Credentials are what an admin enters for a bot; what is empty stays.
type Credentials struct {
	AppID   string            `json:"app_id,omitempty"`
	Token   string            `json:"token,omitempty"`
	Secret  string            `json:"secret,omitempty"`
	Content bool              `json:"content,omitempty"`
	Values  map[string]string `json:"values,omitempty"` // what else the network asks for, by the names of its fields
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

// Settings are what is settled about the whole server.
type Settings struct {
	Name     string `json:"name"`
	URL      string `json:"url"`
	Fixed    bool   `json:"url_fixed"`
	Problem  string `json:"url_problem"`
	SignUp   string `json:"sign_up"` // "open" or "invite"
	Currency string `json:"currency"`
}

// Status is how the server is.
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

// AuditLine is a line of the record of who changed what.
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

// TeamUsage is what a team spent in a month.
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
