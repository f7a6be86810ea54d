package llm

import "unicode/utf8"

// Estimate is a rough count of the tokens that a request needs, for budgets
// and for servers that don't tell. It is no tokenizer: English text has about
// four letters to a token, most other scripts about one, and each message
// costs a few tokens by itself.
func Estimate(req Request) int {
	n := estimateText(req.System)
	for _, m := range req.Messages {
		n += EstimateMessage(m) + perMessage
	}
	for _, t := range req.Tools {
		n += estimateText(t.Name) + estimateText(t.Description) + estimateText(string(t.Parameters)) + perMessage
	}
	return n
}

const perMessage = 4

// EstimateMessage is a rough count of the tokens in one message.
func EstimateMessage(m Message) int {
	n := estimateText(m.Text)
	for _, c := range m.Calls {
		n += estimateText(c.Name) + estimateText(c.Arguments)
	}
	return n
}

func estimateText(s string) int {
	var c Count
	c.Add(s)
	return c.Tokens()
}

// Count estimates the tokens of a text that comes in pieces.
type Count struct{ bytes, runes int }

// Add counts a piece. One that ends within a character counts that one twice.
func (c *Count) Add(piece string) {
	c.bytes += len(piece)
	c.runes += utf8.RuneCountInString(piece)
}

// Piece counts what a model wrote of a piece.
func (c *Count) Piece(p Piece) {
	c.Add(p.Text)
	if p.Call != nil {
		c.Call(*p.Call)
	}
}

// Call counts what a model wrote of a call: its id is not the model's.
func (c *Count) Call(call Call) {
	c.Add(call.Name)
	c.Add(call.Arguments)
}

// Join counts what another one has counted.
func (c *Count) Join(d Count) {
	c.bytes += d.bytes
	c.runes += d.runes
}

// Bytes is how long the text is.
func (c Count) Bytes() int { return c.bytes }

// Tokens is the estimate.
func (c Count) Tokens() int {
	// A rune of n bytes has n-1 beyond its first; a rune outside ASCII counts
	// as a token, about half of its bytes beyond the first.
	wide := (c.bytes - c.runes + 1) / 2
	return (c.runes-min(wide, c.runes)+3)/4 + wide
}
