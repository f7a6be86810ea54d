package llm

import "sort"

// Shorten returns req without its oldest exchanges, so that it needs at most
// budget tokens by estimate; what the answer may need is not part of it. The
// messages of the caller are not changed.
//
// An exchange is a user's message and all that follows up to the next one. The
// instructions, the tools and the last message of a user always stay. If the
// exchange that it begins is too long by itself, the oldest calls in it go,
// each with its results. What still doesn't fit is returned as it is: only the
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
