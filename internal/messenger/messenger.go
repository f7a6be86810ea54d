// Package messenger is the contract between the product and the networks that
// people chat on.
//
// It contains the contract of a connector, the supervisor that keeps the
// listeners of all bots running, and what every network needs (splitting long
// texts). Messages come in at least once: a connector passes every message for
// the mate to Host.Receive and acknowledges it only after Receive returned nil.
// Messages go out at most once per (Outbound.Key, Part): a connector finds what
// an earlier attempt posted and never posts it twice.
//
// It knows no particular network. Connectors are in their own folders below it,
// import only this package and the vocabulary, and are wired in main. A
// connector describes its network as data: what the network calls things, what
// to enter for a bot, and which steps that takes.
package messenger

import (
	"context"
	"errors"
	"net/url"
	"time"

	"openmates"
)

// Connector speaks one network's protocol. All methods are safe for
// concurrent use.
type Connector interface {
	// Info describes the network. It does no I/O.
	Info() Info

	// Check finds out whether a bot's credentials are valid and whose they are.
	// It changes nothing on the network. Errors: openmates.EInvalid when the
	// network refuses the credential (the Message names the cure),
	// EUnavailable when the network does not answer.
	Check(ctx context.Context, b openmates.Bot) (Profile, error)

	// Listen keeps the bot connected and passes what it receives to h until ctx
	// ends. It reconnects by itself and reports every change of state. It
	// returns only when ctx has ended (with ctx's error) or when retrying can't
	// help (openmates.EInvalid; the last reported state says why). It never
	// drops a message because h.Receive failed: it retries.
	Listen(ctx context.Context, b openmates.Bot, h Host) error

	// Send posts one part of an answer and returns its ID on the network. It
	// keeps no state, so any process may send for any bot. A second call with
	// the same Key and Part returns the ID of the message that the first one
	// made, even if the result of the first call was lost. It returns after
	// retrying what can be retried within ctx. Right before each request that
	// changes something on the network, and after all waiting, it asks
	// openmates.Fence; so do Edit, Remove, React and Whisper. Errors: see
	// SendError.
	Send(ctx context.Context, via Via, out Outbound) (openmates.MessageID, error)
}

// Editor is a Connector that can change what it posted; answers are then
// streamed. message is the ID that Send returned for out, of which now only
// Text differs: the highlight of the asker stays, and nobody is notified again.
// Edit follows the error rules of Send.
type Editor interface {
	Edit(ctx context.Context, via Via, message openmates.MessageID, out Outbound) error
}

// Remover is a Connector that can delete what it posted. A message that is
// gone already is not an error; otherwise Remove follows the error rules of
// Send.
type Remover interface {
	Remove(ctx context.Context, via Via, m MessageRef) error
}

// Typist is a Connector that can show that an answer is being written. Typing
// lasts for Info.TypingLasts; a failure is harmless and only logged.
type Typist interface {
	Typing(ctx context.Context, via Via, channel openmates.ChannelID) error
}

// Installer is a Connector whose bots are added to a workspace by a link in
// the browser.
type Installer interface {
	// InstallURL is the network's consent page. workspace preselects one, unless
	// it is "". state comes back unchanged in the redirect.
	InstallURL(b openmates.Bot, redirect, state string, workspace openmates.WorkspaceID) string
	// Installed finishes what InstallURL began, from the redirect's query. The
	// workspace is the one that the network itself names in its answer, never
	// one from q. A code works once. If the network named a workspace, the Grant
	// holds it even with an error: the bot is there, and may have to leave.
	Installed(ctx context.Context, b openmates.Bot, redirect string, q url.Values) (Grant, error)
}

// Linker is a Connector on which a person proves an account in the browser.
type Linker interface {
	// LinkURL is the network's consent page; verifier is the PKCE code
	// verifier (RFC 7636), which Linked needs again.
	LinkURL(b openmates.Bot, redirect, state, verifier string) string
	// Linked finishes what LinkURL began. It revokes the person's token after
	// reading the account.
	Linked(ctx context.Context, b openmates.Bot, redirect, verifier string, q url.Values) (Account, error)
}

// Info describes a network.
type Info struct {
	Network     openmates.Network
	Label       string           // "Discord"
	Place       openmates.Text   // what the refusal in an unconnected workspace calls it, as spelled in the product's workflow
	Workspace   openmates.Text   // what people there call a workspace, in the singular
	Markdown    Markdown         // what of it messages show
	TextLimit   int              // longest text of one message, in Measure's units
	Measure     func(string) int // length of a text as the network counts it
	EditEvery   time.Duration    // shortest pause between two edits of a streamed answer
	TypingLasts time.Duration    // how long one Typing shows
	Fields      []Field          // what an admin enters for a bot, in this order
	GrantsToken bool             // adding a bot to a workspace grants it a credential there, see Grant
}

// Host is what a listening connector may ask of the product. A connector calls
// Host is what the product offers a listening connector. A connector calls
// Receive and SaveNotes of one bot in the order of the network's events.
type Host interface {
	// Receive takes a message for the mate. nil means that it is stored durably,
	// now or earlier: only then may the connector acknowledge it.
	Receive(ctx context.Context, in Inbound) error
	// Workspaces records that the bot is in a workspace or has left it. It may be
	// called again with what is already known.
	Workspaces(ctx context.Context, c WorkspaceChange) error
	// Report records the state of the connection. It does not block.
	Report(s State)
	// Notes returns what SaveNotes last stored for this bot, or nil.
	Notes(ctx context.Context) ([]byte, error)
	// SaveNotes stores what the connector needs to resume where it stopped, at
	// most 64 KiB: else ErrLongNotes. Notes may be lost in a crash, but are never half written.
	SaveNotes(ctx context.Context, notes []byte) error
	// Commands lists what a Commander offers; none = it offers no commands.
	Commands() []CommandInfo
	// Command carries out what a person asked for. It may be called at any time
	// and concurrently. Errors are already logged. The person is shown the Reply;
	// where an error comes without one, openmates.MessageOf.
	Command(ctx context.Context, c Command) (Reply, error)
}

// ErrLongNotes means that notes are longer than Host.SaveNotes takes.
var ErrLongNotes = errors.New("the notes of a connector are too long")

// Inbound is one message of a person for the mate.
type Inbound struct {
	Key       string                `json:"key"` // unique over networks, bots and messages
	BotID     openmates.ID          `json:"bot"`
	Network   openmates.Network     `json:"network"`
	Workspace openmates.WorkspaceID `json:"workspace,omitempty"` // "" in a direct message
	Channel   openmates.ChannelID   `json:"channel"`             // where to answer; a thread is a channel
	Message   openmates.MessageID   `json:"message"`
	ReplyTo   openmates.MessageID   `json:"reply_to,omitempty"` // the message that this one answers
	Author    Account               `json:"author"`
	Text      string                `json:"text"`                // without the leading mention of the mate; other mentions as @Name
	CodeHash  string                `json:"code_hash,omitempty"` // of the one-time code that the message was, which is kept nowhere; set by the product
	Files     []File                `json:"files,omitempty"`
	Quotes    []Quote               `json:"quotes,omitempty"` // at most MaxQuotes
	At        time.Time             `json:"at"`
}

// Conversation names the lane in which Inbound is answered: one bot in one
// channel.
func (in Inbound) Conversation() string {
	return string(in.Network) + ":" + in.BotID.String() + ":" + string(in.Channel)
}

// Ref names the message.
func (in Inbound) Ref() MessageRef { return MessageRef{Channel: in.Channel, ID: in.Message} }

// Account is a person's account on a network.
type Account struct {
	ID     openmates.AccountID `json:"id"`
	Name   string              `json:"name,omitempty"`
	Avatar string              `json:"avatar,omitempty"` // address of its picture, https; "" = none, or not needed here
	// Language is the network's language for this person, a BCP 47 tag; "" =
	// unknown.
	// network doesn't tell.
	Language string `json:"language,omitempty"`
}

// File is an attachment, not yet fetched. URL may expire.
type File struct {
	Name string `json:"name"`
	Type string `json:"type,omitempty"` // media type, as the network claims it
	Size int64  `json:"size,omitempty"` // bytes
	URL  string `json:"url"`

	Voice bool `json:"voice,omitempty"` // it was spoken as a message
}

// Outbound is one message of the mate.
type Outbound struct {
	Key     string // of the turn it answers
	Part    int    // 0, 1, … within the turn
	Channel openmates.ChannelID
	ReplyTo openmates.MessageID // message to refer to; "" = none
	Text    string              // within Info.TextLimit; mentions nobody but, with Ping, the asker
	Ping    bool                // highlight and notify the asker: the author of ReplyTo
	// Asker is the account to name in front of the text, with Ping, where a
	// ReplyTo can't be given; that takes up to MentionRoom of the limit.
	Asker openmates.AccountID
	// MaybePosted says that an earlier attempt may have posted this part long
	// ago: look for it on the network before posting.
	MaybePosted bool
}

// Workspace is what the network calls a server, a team, a space or a group.
type Workspace struct {
	ID   openmates.WorkspaceID
	Name string
}

// WorkspaceChange says that a bot is in a workspace (Left false) or was removed
// from it. Known is set if All lists every workspace of the bot, which shows
// what it has left while nobody listened.
type WorkspaceChange struct {
	Workspace Workspace
	Left      bool
	Known     bool
	All       []openmates.WorkspaceID
}

// Profile is what a network says about a bot.
type Profile struct {
	AppID  string
	UserID openmates.AccountID
	Name   string
	Hints  []openmates.Text // complete sentences: what will not work with this setup, and how to fix it
}
