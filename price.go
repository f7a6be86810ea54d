package openmates

// Price is what a model costs, per million tokens.
type Price struct {
	Input  Micros `json:"input"`
	Cached Micros `json:"cached"` // input that the provider had cached
	Output Micros `json:"output"`
}

// Cost is the price of so many tokens, rounded up so that many small requests
// can't be free. cached is the part of input that came from the cache.
func (p Price) Cost(input, cached, output int) Micros {
	cached = min(cached, input)
	sum := int64(p.Input)*int64(input-cached) + int64(p.Cached)*int64(cached) + int64(p.Output)*int64(output)
	return Micros((sum + 999_999) / 1_000_000)
}
