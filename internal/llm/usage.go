package llm

import "math"

// MaxAnswer bounds one answer: its text and the ids, names and arguments of its
// calls together, in bytes. MaxCalls bounds how many calls it may hold. No
// answer that anybody reads comes near either.
const (
	MaxAnswer = 1 << 20
	MaxCalls  = 128
)

// What a provider may count beyond the bytes that went and came. Servers put
// texts of their own before a question (templates of tools, pages that they
// searched), and think without showing it.
const (
	spareInput  = 16_384
	spareOutput = 65_536
	// An honest count is never less than this part of the estimate, whatever
	// the tokenizer. A server that counts less leaves out what it had cached,
	// or doesn't count.
	leastPart = 8
)

// Plus is the sum of two counts. It doesn't overflow.
func (u Usage) Plus(v Usage) Usage {
	return Usage{Input: plus(u.Input, v.Input), Cached: plus(u.Cached, v.Cached), Output: plus(u.Output, v.Output)}
}

func plus(a, b int) int {
	a, b = max(a, 0), max(b, 0)
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}

// Seen is what is known of an answer without asking its provider.
type Seen struct {
	Asked    Request
	Sent     int   // bytes of the request, as it went
	Received int   // bytes of the answer, as it came
	Written  Count // what the model wrote: text, calls, thoughts that are shown
}

// Hold returns what a provider tells of an answer's usage, as far as it can be
// true. A count that is missing, below 0, above what the bytes explain or far
// below what they hold is replaced by an estimate; when one count is a lie, so
// may the other be, and the higher of it and its estimate stands.
func (s Seen) Hold(told Usage) Usage {
	input, output := max(Estimate(s.Asked), 1), s.Written.Tokens()
	mostIn, mostOut := plus(s.Sent, spareInput), plus(s.Received, spareOutput)
	got := Usage{Input: between(told.Input, input, mostIn), Output: between(told.Output, output, mostOut)}
	if absurd(told.Input, mostIn) || absurd(told.Output, mostOut) || told.Cached < 0 {
		return Usage{Input: max(got.Input, input), Output: max(got.Output, output)}
	}
	if got.Input == told.Input && told.Cached <= told.Input {
		got.Cached = told.Cached
	}
	return got
}

func absurd(told, most int) bool { return told < 0 || told > most }

// between is what was told, if it can be true, else the estimate.
func between(told, estimate, most int) int {
	if absurd(told, most) || told < (estimate+leastPart-1)/leastPart {
		return estimate
	}
	return told
}
