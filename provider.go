package openmates

import "time"

// Provider is a service that runs models, used with one key.
type Provider struct {
	ID      ID
	Name    string // unique, lower case: the part before the slash in "provider/model"
	Kind    string // the API it uses
	Label   string // for people
	URL     string // "" = the API's own address
	Key     Secret // "" = it needs none, or the server's settings have it
	KeyLost bool   // a key is stored but can't be read (ErrUnreadable); Key is "" then
	Fixed   bool   // it comes from the server's settings and can't be changed on the pages
	Checked time.Time
	Problem Text // what the last check or request found; "" = nothing
}

// ProviderModel is a model of a provider, with its settings on this server.
type ProviderModel struct {
	ProviderID ID
	Provider   string // its name
	Model      string // the provider's ID of it
	Enabled    bool   // mates may use it
	Listed     bool   // the provider listed it at the last check
	Priced     bool   // somebody entered a price; otherwise budgets can't count it
	Price      Price
}

// Name returns the model's full name: "provider/model".
func (m ProviderModel) Name() string { return m.Provider + "/" + m.Model }

// The classes of models, by what they are good for.
const (
	ClassQuick    = "quick"    // short, fast and cheap answers
	ClassBalanced = "balanced" // most things
	ClassDeep     = "deep"     // hard questions, slow and expensive
)

// Classes returns the classes in order.
func Classes() []string { return []string{ClassQuick, ClassBalanced, ClassDeep} }

// ModelDefaults contains the full names of the models for mates without their
// own; "" = not set.
type ModelDefaults struct {
	Any      string `json:"any,omitempty"` // used if the class has none
	Quick    string `json:"quick,omitempty"`
	Balanced string `json:"balanced,omitempty"`
	Deep     string `json:"deep,omitempty"`
}

// Of returns the default of a class, without falling back.
func (d ModelDefaults) Of(class string) string {
	switch class {
	case ClassQuick:
		return d.Quick
	case ClassBalanced:
		return d.Balanced
	case ClassDeep:
		return d.Deep
	}
	return ""
}

// With returns d with another default for a class, "" being any.
func (d ModelDefaults) With(class, model string) ModelDefaults {
	switch class {
	case ClassQuick:
		d.Quick = model
	case ClassBalanced:
		d.Balanced = model
	case ClassDeep:
		d.Deep = model
	case "":
		d.Any = model
	}
	return d
}
