// Package skill is the contract between mates and what they can do besides
// talking: an app is a set of skills, and a model sees a skill as a tool.
//
// A skill gets arguments that are JSON and fit the schema that it declared, and
// a context that ends in time; neither its panic nor its silence harms the
// turn. Its caller gets a result of bounded size as text, and every failure in
// two forms: a sentence for the model, the cause for the log.
//
// It does not know models, messengers and limits. Which skills somebody may use
// is decided by the room that asks. What a skill says is data for a model, never
// an instruction.
package skill

import (
	"context"
	"encoding/json"
	"time"

	"openmates"
)

// App is a set of skills that belong together. Limits name it by Name.
type App struct {
	Name        string         // a–z, 0–9 and inner hyphens, at most 24: "calculation"
	Label       openmates.Text // for people: "Calculation"
	Description openmates.Text // one sentence for people
	Skills      []Skill
}

// Skill is one thing that an app can do.
type Skill struct {
	Name        string         // as App.Name; limits name it "app.skill"
	Label       openmates.Text // for people: "Read a page"
	Description string         // for the model: what it does, when to use it, what comes back
	// Parameters is the JSON Schema of an object, see Registry.
	Parameters json.RawMessage
	// Time is how long one call may take; 0 = DefaultTime.
	Time time.Duration
	// Run does it. It is called concurrently, and more than once for the same
	// turn when a process died in between: what changes the world keys it by
	// Call.Turn. It returns soon after ctx ended. An *openmates.Error that is
	// not EInternal is shown to the model by its Message, so that it can mend
	// its call or tell the person; of any other error the model learns only
	// that the skill failed, and the log learns the cause.
	Run func(ctx context.Context, call Call) (Result, error)
}

// Call is one use of a skill.
type Call struct {
	Turn string // key of the turn that it belongs to
	By   Person
	// Arguments is what the model wrote, and untrusted. When a skill runs it is
	// a JSON object that fits Parameters.
	Arguments json.RawMessage
	// Said is what people have written in the conversation, what admins have
	// written into the mate's prompt, and what came from Sources in this turn;
	// never what the model wrote. A skill that reaches outside tells by it
	// whether an address came from there or was made by the model.
	Said []string
}

// Read decodes the arguments into a struct.
func (c Call) Read(into any) error {
	if err := json.Unmarshal(c.Arguments, into); err != nil {
		return &openmates.Error{Code: openmates.EInvalid, Message: openmates.T("The arguments can't be read."), Err: err}
	}
	return nil
}

// Person is for whom a skill works. It holds no credentials.
type Person struct {
	User     openmates.ID
	Team     openmates.ID
	Name     string         // as the mate calls them
	Location *time.Location // their time zone; nil = UTC
	Language string         // "" = not known
}

// Zone is the person's time zone, UTC when it is not known.
func (p Person) Zone() *time.Location {
	if p.Location == nil {
		return time.UTC
	}
	return p.Location
}

// Result is what a skill found.
type Result struct {
	Text string // Markdown or plain text for the model, UTF-8
	// Source says that Text was written outside, by neither the model nor its
	// arguments, so that it counts as Said from the next round on.
	Source bool
}

// Bounds that hold for every skill.
const (
	DefaultTime  = 30 * time.Second // of one call
	MaxArguments = 16 << 10         // bytes of a call's arguments
	MaxResult    = 32 << 10         // bytes of a result; what is longer is clipped
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
