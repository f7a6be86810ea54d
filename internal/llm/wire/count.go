package wire

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"openmates/internal/llm"
)

// Counts are the numbers of an object such as a server's usage, by name. Reading
// them never fails: whatever is odd about how tokens are counted, an answer that
// was paid for is not thrown away for it. A number in quotes or with a fraction
// is one, the numbers of an object within stand under "outer.inner", and all
// else is left out.
type Counts map[string]int

// mostTokens is where numbers are cut off, so that some of them can be added.
// No answer comes near, and Pump believes none of it.
const mostTokens = 500_000_000

// UnmarshalJSON never fails.
func (c *Counts) UnmarshalJSON(b []byte) error {
	*c = nil
	var fields map[string]json.RawMessage
	if json.Unmarshal(b, &fields) != nil {
		return nil //nolint:nilerr // a count that can't be read is none
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

// First is the number under the first of some names that has one other than 0.
func (c Counts) First(names ...string) int {
	for _, n := range names {
		if c[n] != 0 {
			return c[n]
		}
	}
	return 0
}

// Tells reports whether there is any number other than 0.
func (c Counts) Tells() bool {
	for _, n := range c {
		if n != 0 {
			return true
		}
	}
	return false
}

const (
	// mostModels and longestModel bound a list of models.
	mostModels   = 2_000
	longestModel = 500
)

// Models are the ids of a list that comes in pages.
type Models struct{ ids []string }

// Add adds an id, and reports whether there is room for more.
func (m *Models) Add(id string) bool {
	if id != "" && len(id) <= longestModel && len(m.ids) < mostModels {
		m.ids = append(m.ids, id)
	}
	return len(m.ids) < mostModels
}

// Sorted returns each id once.
func (m *Models) Sorted() []string {
	slices.Sort(m.ids)
	return slices.Compact(m.ids)
}

// Ask sends asked as in and pumps the answer through d, for an API that needs
// no second try.
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
