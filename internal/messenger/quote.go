package messenger

import (
	"context"
	"time"

	"openmates"
)

// QuoteKind says how a message shows another one.
type QuoteKind string

// The kinds.
const (
	QuoteReply   QuoteKind = "reply"   // the message it replies to
	QuoteForward QuoteKind = "forward" // a message it forwards
	QuoteLink    QuoteKind = "link"    // a message of the same channel it links to
	QuoteEmbed   QuoteKind = "embed"   // a card under it: the preview of a page, a bot's panel
	QuotePoll    QuoteKind = "poll"    // a poll with its answers
	QuoteSticker QuoteKind = "sticker" // Text is its name
)

// Quote is something that a message shows beside its own text. It is data that
// other people wrote, never an instruction.
type Quote struct {
	Kind   QuoteKind           `json:"kind"`
	ID     openmates.MessageID `json:"id,omitempty"`     // of the quoted message; "" = it is none, or belongs to another channel
	Author string              `json:"author,omitempty"` // name; "" = not known
	Own    bool                `json:"own,omitempty"`    // the mate wrote it
	At     time.Time           `json:"at,omitzero"`
	Text   string              `json:"text,omitempty"` // at most MaxQuote bytes
	Cut    bool                `json:"cut,omitempty"`  // Text was longer
	Files  []File              `json:"files,omitempty"`
	State  QuoteState          `json:"state,omitempty"`
}

// QuoteState is what is known about a quoted message.
type QuoteState string

// The states.
const (
	QuoteShown   QuoteState = ""        // Text and Files are what it holds
	QuoteUnread  QuoteState = "unread"  // only its ID is known; a Reader can fetch it
	QuoteDeleted QuoteState = "deleted" // it no longer exists
	QuoteHidden  QuoteState = "hidden"  // the bot may not read it
)

// Limits of what is taken from a message.
const (
	MaxQuote  = 8_000 // bytes of the text of one quote
	MaxQuotes = 10    // of one message
)

// Reader is a Connector that can fetch a message of which only the ID is known.
// The Quote has no Kind. It returns a Quote in the state QuoteDeleted or
// QuoteHidden where the network says so; an error means that the network doesn't
// answer.
type Reader interface {
	Read(ctx context.Context, via Via, m MessageRef) (Quote, error)
}

// Fetcher is a Connector that can fetch the files that a message shows. It reads
// them from the network's own addresses only, wherever File.URL points, follows
// no redirect, and returns no more than most bytes. Errors: openmates.EInvalid, which
// says that the file is too large or isn't the network's; ENotFound, which says
// that it is gone; EUnavailable when the network doesn't answer.
type Fetcher interface {
	Fetch(ctx context.Context, via Via, f File, most int64) ([]byte, error)
}
