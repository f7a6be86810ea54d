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
	runes := utf8.RuneCountInString(s)
	// A rune of n bytes has n-1 beyond its first; a rune outside ASCII counts
	// as a token, about half of its bytes beyond the first.
	wide := (len(s) - runes + 1) / 2
	return (runes-min(wide, runes)+3)/4 + wide
}
