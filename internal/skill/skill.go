// Package skill is the contract between mates and what they can do besides
// talking: an app is a set of skills, and a model sees a skill as a tool.
//
// A skill gets JSON arguments that match its schema, and a context with a
// timeout; neither a panic nor a hanging skill harms the turn. The caller gets
// a result of limited size as text, and every failure in two forms: a sentence
// for the model, the cause for the log.
//
// The package doesn't know about models, messengers and limits: the calling
// room decides which skills somebody may use. What a skill returns is data for
// a model, never an instruction.
package skill

import (
	"context"
	"encoding/json"
	"time"

	"openmates"
)

// App is a set of related skills. Limits use its Name.
type App struct {
	Name        string         // a–z, 0–9 and inner hyphens, at most 24: "calculation"
	Label       openmates.Text // for people: "Calculation"
	Description openmates.Text // one sentence for people
	Skills      []Skill
}

// Skill is something that an app can do.
type Skill struct {
	Name        string         // as App.Name; limits name it "app.skill"
	Label       openmates.Text // for people: "Read a page"
	Description string         // for the model: what it does, when to use it, what it returns
	// Parameters is the JSON Schema of an object, see Registry.
	Parameters json.RawMessage
	// Time is how long one call may take; 0 = DefaultTime.
	Time time.Duration
	// Run runs the skill. It may be called concurrently, and again for the same
	// turn if a process died in between: a skill that changes something outside
	// must use Call.Turn to do it only once. Run must return soon after ctx
	// ends. The Message of an *openmates.Error other than EInternal is shown to
	// the model, so that it can correct its call or tell the person. For any
	// other error the model only learns that the skill failed, and the cause is
	// logged.
	Run func(ctx context.Context, call Call) (Result, error)
}

// Call is one use of a skill.
type Call struct {
	Turn string // key of its turn
	By   Person
	// Arguments is what the model wrote, and untrusted. When a skill runs it is
	// a JSON object that matches Parameters.
	Arguments json.RawMessage
	// Said is what people have written in the conversation, what admins have
	// written into the mate's prompt, and what Sources have returned in this
	// turn; never what the model wrote. A skill that reaches outside uses it to
	// tell whether an address came from there or from the model.
	Said []string
}

// Read decodes the arguments into a struct.
func (c Call) Read(into any) error {
	if err := json.Unmarshal(c.Arguments, into); err != nil {
		return &openmates.Error{Code: openmates.EInvalid, Message: openmates.T("The arguments can't be read."), Err: err}
	}
	return nil
}

// Person is the person for whom a skill works. It contains no credentials.
type Person struct {
	User     openmates.ID
	Team     openmates.ID
	Name     string         // as the mate calls them
	Location *time.Location // their time zone; nil = UTC
	Language string         // "" = unknown
}

// Zone returns the person's time zone, or UTC if it is unknown.
func (p Person) Zone() *time.Location {
	if p.Location == nil {
		return time.UTC
	}
	return p.Location
}

// Result is the result of a skill.
type Result struct {
	Text string // Markdown or plain text for the model, UTF-8
	// Source means that Text comes from outside, not from the model or its
	// arguments, so that it is part of Said from the next round on.
	Source bool
}

// Limits for every skill.
const (
	DefaultTime  = 30 * time.Second // of one call
	MaxArguments = 16 << 10         // bytes of a call's arguments
	MaxResult    = 32 << 10         // bytes of a result; a longer one is truncated
)

// Offer is a skill as the rest of the product sees it.
type Offer struct {
	App         string // "web"
	Name        string // "web.read", as in openmates.Limits.Skills
	Tool        string // "web_read", as models know it
	Label       openmates.Text
	Description string
	Parameters  json.RawMessage
}
