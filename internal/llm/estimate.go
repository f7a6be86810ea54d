package llm

import "unicode/utf8"

// Estimate returns a rough count of the tokens in a request, for budgets and
// for servers that don't report it. It isn't a tokenizer: English text has
// about four letters per token, most other scripts about one, and each message
// costs a few extra tokens.
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

const (
	perMessage = 4
	perPicture = 1_600 // Anthropic's most for one; the others count less
)

// EstimateMessage returns a rough count of the tokens in one message.
func EstimateMessage(m Message) int {
	n := estimateText(m.Text) + len(m.Pictures)*perPicture
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

// Count estimates the tokens of a text that arrives in pieces.
type Count struct{ bytes, runes int }

// Add counts a piece. If it ends within a character, that character is counted
// twice.
func (c *Count) Add(piece string) {
	c.bytes += len(piece)
	c.runes += utf8.RuneCountInString(piece)
}

// Piece counts what a model wrote in a piece.
func (c *Count) Piece(p Piece) {
	c.Add(p.Text)
	if p.Call != nil {
		c.Call(*p.Call)
	}
}

// Call counts what a model wrote in a call. The ID isn't the model's.
func (c *Count) Call(call Call) {
	c.Add(call.Name)
	c.Add(call.Arguments)
}

// Join adds another count.
func (c *Count) Join(d Count) {
	c.bytes += d.bytes
	c.runes += d.runes
}

// Bytes returns the length of the text.
func (c Count) Bytes() int { return c.bytes }

// Tokens returns the estimate.
func (c Count) Tokens() int {
	// A rune of n bytes has n-1 after its first; a rune outside ASCII counts as
	// a token, about half of its bytes after the first.
	wide := (c.bytes - c.runes + 1) / 2
	return (c.runes-min(wide, c.runes)+3)/4 + wide
}
