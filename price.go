package openmates

import "math/bits"

// Price is the price of a model, per million tokens.
type Price struct {
	Input  Micros `json:"input"`
	Cached Micros `json:"cached"` // input from the provider's cache
	Output Micros `json:"output"`
}

// Cost returns the price of a number of tokens, rounded up so that many small
// requests can't be free. cached is the part of input from the cache. Counts
// and prices come from outside: negative ones count as 0, and a cost above
// MostMicros is MostMicros. So more tokens never cost less.
func (p Price) Cost(input, cached, output int) Micros {
	input = max(input, 0)
	cached = min(max(cached, 0), input)
	var hi, lo uint64
	add := func(price Micros, tokens int) {
		h, l := bits.Mul64(uint64(max(price, 0)), uint64(max(tokens, 0))) //nolint:gosec // neither is negative
		var carry uint64
		lo, carry = bits.Add64(lo, l, 0)
		hi, _ = bits.Add64(hi, h, carry) // three products of 63 bits each fit in 128
	}
	add(p.Input, input-cached)
	add(p.Cached, cached)
	add(p.Output, output)
	lo, carry := bits.Add64(lo, perMillion-1, 0)
	hi += carry
	if hi >= perMillion { // the quotient has more than 64 bits
		return MostMicros
	}
	cost, _ := bits.Div64(hi, lo, perMillion)
	return Micros(min(cost, uint64(MostMicros))) //nolint:gosec // it is at most MostMicros
}

const perMillion = 1_000_000
