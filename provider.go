package openmates

import "time"

// Provider is a service that runs models, reached with one key.
type Provider struct {
	ID      ID
	Name    string // unique, lower case: the first half of "provider/model"
	Kind    string // which API it speaks
	Label   string // for people
	URL     string // "" = the API's own address
	Key     Secret // "" = it needs none, or the settings of the server hold it
	KeyLost bool   // a key is stored but can't be read (ErrUnreadable); Key is "" then
	Fixed   bool   // it comes from the settings of the server and isn't changed in the pages
	Checked time.Time
	Problem Text // what the last check or request found; "" = nothing
}

// ProviderModel is a model as a provider offers it and as the server uses it.
type ProviderModel struct {
	ProviderID ID
	Provider   string // its name
	Model      string // the provider's id of it
	Enabled    bool   // mates may use it
	Listed     bool   // the provider named it at the last check
	Priced     bool   // somebody entered a price; else budgets can't count it
	Price      Price
}

// Name is the model's full name: "provider/model".
func (m ProviderModel) Name() string { return m.Provider + "/" + m.Model }

// The classes of models, by what they are good for.
const (
	ClassQuick    = "quick"    // short answers at once, for little money
	ClassBalanced = "balanced" // most things
	ClassDeep     = "deep"     // hard questions, slow and dear
)

// Classes lists the classes in their order.
func Classes() []string { return []string{ClassQuick, ClassBalanced, ClassDeep} }

// ModelDefaults are the full names of the models that answer for mates without
// one of their own; "" = none is set.
type ModelDefaults struct {
	Any      string `json:"any,omitempty"` // where the class sets none
	Quick    string `json:"quick,omitempty"`
	Balanced string `json:"balanced,omitempty"`
	Deep     string `json:"deep,omitempty"`
}

// Of is the default of a class alone.
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

// With is d with another default for a class, "" being any.
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
