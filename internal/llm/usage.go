package llm

import "math"

// MaxAnswer limits one answer: its text and the IDs, names and arguments of its
// calls together, in bytes. MaxCalls limits its calls. No useful answer comes
// near either.
const (
	MaxAnswer = 1 << 20
	MaxCalls  = 128
)

// What a provider may count beyond the bytes sent and received. Servers add
// their own text before a question (tool templates, pages that they searched),
// and think invisibly.
const (
	spareInput  = 16_384
	spareOutput = 65_536
	// An honest count is at least the estimate divided by this, whatever the
	// tokenizer. A server that counts less omits cached tokens, or doesn't
	// count.
	leastPart = 8
)

// Plus returns the sum of two counts, without overflow.
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

// Seen is what we know about an answer without asking its provider.
type Seen struct {
	Asked    Request
	Sent     int   // bytes of the request, as sent
	Received int   // bytes of the answer, as received
	Written  Count // what the model wrote: text, calls, visible thoughts
}

// Hold returns the usage that a provider reports, as far as it can be true. A
// count that is missing, negative, above what the bytes explain or far below
// what they contain is replaced by an estimate. If one count is wrong, the
// other may be, too, so the higher of it and its estimate is used.
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

// between returns the reported count if it can be true, else the estimate.
func between(told, estimate, most int) int {
	if absurd(told, most) || told < (estimate+leastPart-1)/leastPart {
		return estimate
	}
	return told
}
