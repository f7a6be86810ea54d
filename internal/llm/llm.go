// Package llm is the contract between the product and the providers of language
// models.
//
// It contains the interface of a model (one method, streaming), typed errors
// that say whether a retry can help, and what every adapter shares (Retry,
// Shorten, Estimate). Adapters are folders below it and pass one conformance
// table, llmtest.
//
// It doesn't know what the text is about: prompts, memory and limits belong to
// the chat room. A model's output is untrusted everywhere.
package llm

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"strings"
)

// Model answers requests. Implementations are safe for concurrent use.
type Model interface {
	// Stream sends req and yields the answer in pieces. The last piece of a
	// complete answer has Usage and Stop. An answer that exceeds MaxAnswer or
	// MaxCalls ends there with StopLength and without its calls. A failure is
	// yielded once, as the last pair, as an *Error or the error of ctx. Pieces
	// before it are valid but the answer is incomplete, and the Usage of that
	// pair, if any, is what the provider bills anyway. Breaking out of the loop
	// cancels the request and frees its connection. Stream never retries.
	Stream(ctx context.Context, req Request) iter.Seq2[Piece, error]
}

// Provider is a service that runs models, used with one key.
type Provider interface {
	// Models lists the IDs that the key may use, sorted. Errors are as for
	// Stream.
	Models(ctx context.Context) ([]ModelInfo, error)
	// Model returns the model with this ID. It does no I/O, so an unknown ID
	// fails at the first Stream with KindNoModel.
	Model(id string) Model
}

// Wrapper adds behaviour to a model.
type Wrapper func(Model) Model

// Request is a question with everything that the model is told.
type Request struct {
	System    string
	Messages  []Message // at least one; the last has RoleUser or RoleTool
	Tools     []Tool
	MaxTokens int // of the answer; 0 = the adapter's default
}

// Role says who wrote a message.
type Role string

// The roles.
const (
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
	RoleTool      Role = "tool"
)

// Message is a message in the conversation.
type Message struct {
	Role   Role
	Text   string
	Calls  []Call // RoleAssistant: the tools it called
	CallID string // RoleTool: the call that Text answers
	Name   string // RoleTool: the called tool
	Failed bool   // RoleTool: Text says why the call failed
	Echo   Echo   // RoleAssistant: from the Answer

	// Pictures are shown together with Text; RoleUser only. An adapter whose model
	// doesn't see leaves them out and says so in the text.
	Pictures []Picture
}

// Picture is an image that a model is shown.
type Picture struct {
	Name string // of the file, "" = none
	Type string // media type: image/png, image/jpeg, image/gif or image/webp
	Data []byte
}

// Unseen is what stands in the text for pictures that the model is not shown.
func Unseen(pictures []Picture) string {
	names := make([]string, len(pictures))
	for i, p := range pictures {
		names[i] = cmp.Or(p.Name, "a picture")
	}
	return "[not shown, because this model doesn't see pictures: " + strings.Join(names, ", ") + "]"
}

// Echo is what a provider wants sent back with its answer: the thoughts behind
// a call, or their signature. Only the adapter that wrote it reads it, and only
// for the same model; others ignore it. It is shown to nobody and isn't kept
// after the turn.
type Echo struct {
	Of   string // the model
	Data string
}

// Tool is a function that the model may call.
type Tool struct {
	Name        string // ^[a-zA-Z0-9_-]{1,64}$
	Description string
	Parameters  json.RawMessage // JSON Schema of an object
}

// Call is a model's request to run a tool. Arguments is JSON written by the
// model: untrusted, and possibly invalid.
type Call struct {
	ID        string
	Name      string
	Arguments string
	Echo      Echo
}

// Piece is a part of an answer: text, a complete call, or the end.
type Piece struct {
	Text  string
	Drop  bool // all text before this piece was a thought and isn't part of the answer
	Call  *Call
	Usage *Usage // only in the last piece, or with a failure
	Stop  Stop   // only in the last piece
	Echo  Echo   // only in the last piece: of the whole answer
}

// Size returns how many bytes of an answer the piece contains.
func (p Piece) Size() int {
	if p.Call == nil {
		return len(p.Text)
	}
	return len(p.Text) + len(p.Call.ID) + len(p.Call.Name) + len(p.Call.Arguments)
}

// Usage counts tokens as the provider bills them. Cached is the part of Input
// from the provider's cache.
type Usage struct {
	Input  int
	Cached int
	Output int
}

// Stop is why an answer ended.
type Stop string

// The reasons.
const (
	StopEnd    Stop = "end"    // the model was finished
	StopLength Stop = "length" // cut by MaxTokens or the model's own limit
	StopCalls  Stop = "calls"  // the model waits for the results of its calls
	StopFilter Stop = "filter" // the provider withheld the rest
	StopOther  Stop = "other"  // the provider ended it for another reason; more was to come
)

// Answer is a complete answer.
type Answer struct {
	Text  string
	Calls []Call
	Usage Usage
	Stop  Stop
	Echo  Echo
}

// Generate collects a complete answer. On an error it returns what arrived
// until then. What exceeds MaxAnswer or MaxCalls is left out, and Stop is
// StopLength.
func Generate(ctx context.Context, m Model, req Request) (Answer, error) {
	var a Answer
	var text strings.Builder
	var written Count
	size := 0
	for p, err := range m.Stream(ctx, req) {
		if p.Usage != nil {
			a.Usage, a.Stop, a.Echo = *p.Usage, p.Stop, p.Echo
		}
		if err != nil {
			a.Stop = ""
			a.Text = text.String()
			return a, err
		}
		if p.Drop {
			text.Reset()
		}
		written.Piece(p)
		size += p.Size()
		if size > MaxAnswer || p.Call != nil && len(a.Calls) == MaxCalls {
			a.Calls, a.Stop = nil, StopLength
			a.Usage = Usage{Input: Estimate(req), Output: written.Tokens()}
			break
		}
		text.WriteString(p.Text)
		if p.Call != nil {
			a.Calls = append(a.Calls, *p.Call)
		}
	}
	a.Text = text.String()
	return a, nil
}
