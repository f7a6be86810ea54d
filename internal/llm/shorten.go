package llm

import "sort"

// Shorten returns req without its oldest exchanges, so that it needs at most
// budget tokens by estimate, not counting the answer. The caller's messages are
// not modified.
//
// An exchange is a user's message and everything up to the next one. The
// instructions, the tools and the last user message are always kept. If the
// last exchange itself is too long, its oldest calls are removed, each with its
// results. If it still doesn't fit it is returned anyway, because only the
// provider knows the true limit.
func Shorten(req Request, budget int, estimate func(Request) int) Request {
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

// places returns the indexes of the messages with one role.
func places(all []Message, r Role) []int {
	var at []int
	for i, m := range all {
		if m.Role == r {
			at = append(at, i)
		}
	}
	return at
}
