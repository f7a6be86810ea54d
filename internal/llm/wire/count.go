package wire

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"openmates/internal/llm"
)

// Counts contains the numbers in an object such as a server's usage, by name.
// Decoding never fails: an answer that was paid for isn't thrown away because
// its tokens are counted strangely. Numbers in quotes or with a fraction are
// accepted, numbers in a nested object are named "outer.inner", and everything
// else is left out.
type Counts map[string]int

// mostTokens is the maximum of each number, so that some can be added. No
// answer comes near, and Pump doesn't believe it.
const mostTokens = 500_000_000

// UnmarshalJSON never fails.
func (c *Counts) UnmarshalJSON(b []byte) error {
	*c = nil
	var fields map[string]json.RawMessage
	if json.Unmarshal(b, &fields) != nil {
		return nil //nolint:nilerr // an unreadable count is ignored
	}
	for name, raw := range fields {
		if n, ok := tokens(raw); ok {
			c.set(name, n)
			continue
		}
		var within map[string]json.RawMessage
		if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &within) != nil {
			continue
		}
		for inner, raw := range within {
			if n, ok := tokens(raw); ok {
				c.set(name+"."+inner, n)
			}
		}
	}
	return nil
}

func (c *Counts) set(name string, n int) {
	if *c == nil {
		*c = Counts{}
	}
	(*c)[name] = n
}

func tokens(raw json.RawMessage) (int, bool) {
	f, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if err != nil || f != f {
		return 0, false
	}
	return int(min(max(f, -mostTokens), mostTokens)), true
}

// First returns the first of the named numbers that isn't 0.
func (c Counts) First(names ...string) int {
	for _, n := range names {
		if c[n] != 0 {
			return c[n]
		}
	}
	return 0
}

// Tells reports whether any number isn't 0.
func (c Counts) Tells() bool {
	for _, n := range c {
		if n != 0 {
			return true
		}
	}
	return false
}

const (
	// mostModels and longestModel limit a list of models.
	mostModels   = 2_000
	longestModel = 500
)

// Models collects a paginated list of models.
type Models struct{ all []llm.ModelInfo }

// Add adds a model, and reports whether there is room for more.
func (m *Models) Add(info llm.ModelInfo) bool {
	if info.ID != "" && len(info.ID) <= longestModel && len(m.all) < mostModels {
		m.all = append(m.all, info)
	}
	return len(m.all) < mostModels
}

// Sorted returns the models by their IDs, without duplicates.
func (m *Models) Sorted() []llm.ModelInfo {
	slices.SortStableFunc(m.all, func(a, b llm.ModelInfo) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(m.all, func(a, b llm.ModelInfo) bool { return a.ID == b.ID })
}

// Ask sends asked as in and pumps the answer through d, for an API that needs
// no second attempt.
func (c *Client) Ask(ctx context.Context, path string, asked llm.Request, in any, d Decoder, yield func(llm.Piece, error) bool) {
	if err := ctx.Err(); err != nil {
		yield(llm.Piece{}, err)
		return
	}
	s, err := c.Post(ctx, path, asked, in)
	if err != nil {
		yield(Gone(ctx, asked), err)
		return
	}
	defer s.Close()
	s.Pump(d, yield)
}
