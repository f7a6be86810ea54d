package llm

import "openmates"

// ModelInfo is what a provider tells about a model in its list. Zero fields
// aren't told.
type ModelInfo struct {
	ID     string
	Window int              // tokens of a request together with its answer
	Answer int              // tokens of an answer at most
	Tools  Able             // it calls tools
	Sees   Able             // it takes pictures
	Price  *openmates.Price // in US dollars; nil = not told
}

// Able reports whether a model can do something.
type Able string

// What is known about it.
const (
	Unknown Able = ""
	Yes     Able = "yes"
	No      Able = "no"
)

// AbleIf returns Yes or No.
func AbleIf(can bool) Able {
	if can {
		return Yes
	}
	return No
}

// Learner is a Model that learns from refusals what its model can do. Learned
// does no I/O; what isn't known stays zero.
type Learner interface {
	Learned() ModelInfo
}
