package llm

import (
	"context"
	"iter"
	"sort"
)

// Truncate lets a model forget the oldest exchanges, so that a request needs at
// most budget tokens by estimate; what the answer may need is not part of it.
//
// An exchange is a user's message and all that follows up to the next one. The
// instructions, the tools and the last message of a user stay in any case. If
// the exchange that it begins is too long by itself, the oldest calls in it go,
// each with its results. What still doesn't fit is sent as it is: only the
// provider knows the true limit.
func Truncate(budget int, estimate func(Request) int) Wrapper {
	return func(m Model) Model {
		return modelFunc(func(ctx context.Context, req Request) iter.Seq2[Piece, error] {
			return m.Stream(ctx, shorten(req, budget, estimate))
		})
	}
}

// modelFunc makes a Model of a function.
type modelFunc func(context.Context, Request) iter.Seq2[Piece, error]

// Stream calls the function.
func (f modelFunc) Stream(ctx context.Context, req Request) iter.Seq2[Piece, error] {
	return f(ctx, req)
}

func shorten(req Request, budget int, estimate func(Request) int) Request {
	fits := func(messages []Message) bool {
		shorter := req
		shorter.Messages = messages
		return estimate(shorter) <= budget
	}
	users := places(req.Messages, RoleUser)
	if len(users) == 0 || fits(req.Messages) {
		return req
	}
	first := users[sort.Search(len(users)-1, func(i int) bool { return fits(req.Messages[users[i]:]) })]
	req.Messages = req.Messages[first:]
	rounds := places(req.Messages, RoleAssistant)
	if first < users[len(users)-1] || len(rounds) == 0 || fits(req.Messages) {
		return req
	}
	// Only the last exchange is left: its question, then rounds of calls.
	from := func(i int) []Message { return append(req.Messages[:1:1], req.Messages[rounds[i]:]...) }
	req.Messages = from(sort.Search(len(rounds)-1, func(i int) bool { return fits(from(i)) }))
	return req
}

// places are the indexes of the messages of one role.
func places(all []Message, r Role) []int {
	var at []int
	for i, m := range all {
		if m.Role == r {
			at = append(at, i)
		}
	}
	return at
}
