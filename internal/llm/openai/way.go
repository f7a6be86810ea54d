package openai

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"openmates/internal/llm"
)

// way is how a model has to be asked.
type way struct {
	newLimit   bool // max_completion_tokens instead of max_tokens
	noUsage    bool // without stream_options
	noEffort   bool // reasoning_effort "none" if there are tools
	noTools    bool // without tools
	noSystem   bool // the instructions in the first user message
	noPictures bool // without pictures
	noNull     bool // content "" instead of null next to calls
	most       int  // tokens in an answer that the model allows; 0 = unknown
	window     int  // tokens in a request and its answer together; 0 = unknown
	extra      int  // tokens that the model counts for a request beyond the estimate
	responses  bool // with /responses
	noResponse bool // there is no /responses
}

// Words in errors that say how to ask. They occur in none of the request's own
// texts, and no error loses them.
const (
	fieldUsage    = "stream_options"
	fieldLimit    = "max_tokens"
	fieldNewLimit = "max_completion_tokens"
	fieldEffort   = "reasoning_effort"
	pathResponses = "/responses"
	unsupported   = "nsupported"
)

// other returns the way that an error asks for, if any. left is how many tokens
// an answer to this request may have, 0 if unknown. If a model accepts no tools
// together with thinking, the Responses API is the better choice, but only
// OpenAI itself is sure to have it.
func (w way) other(e *llm.Error, req llm.Request, hosted bool) (next way, left int, ok bool) {
	words := strings.ToLower(e.Err.Error())
	says := func(these ...string) bool {
		return slices.ContainsFunc(these, func(word string) bool { return strings.Contains(words, word) })
	}
	limited := req.MaxTokens > 0
	switch {
	case w.responses && e.Kind == llm.KindNoModel && !says("model"):
		w.responses, w.noResponse = false, true
	case e.Kind == llm.KindTooLong:
		return w.shorter(words, req)
	case !w.noEffort && !w.responses && len(req.Tools) > 0 && says(fieldEffort) && !(hosted && !w.noResponse):
		w.noEffort = true
	case !w.responses && !w.noResponse && says(pathResponses, "responses api", fieldEffort):
		w.responses = true
	case !w.noTools && len(req.Tools) > 0 && says("support tools", "support tool use", "tool choice requires", "tool-call-parser",
		"support function calling", "function calling is not enabled", "tools are not supported", "tool calling is not supported"):
		w.noTools = true
	case !w.noPictures && pictured(req) && says("image", "vision", "multimodal", "must be a string", "valid string"):
		w.noPictures = true
	case !w.noSystem && req.System != "" && says("developer instruction is not enabled", "system role not supported", "system role is not supported",
		"system message is not supported", "does not support system", "only user and assistant roles"):
		w.noSystem = true
	case !w.noUsage && says(fieldUsage):
		w.noUsage = true
	case limited && says("too large", "at most", "less than or equal", "maximum allowed", "exceeds the maximum"):
		return w.fewer(words, req)
	case !w.newLimit && limited && says(fieldNewLimit):
		w.newLimit = true
	case w.newLimit && limited && says(fieldNewLimit):
		w.newLimit = false
	case !w.newLimit && limited && says(fieldLimit) && says(unsupported):
		w.newLimit = true
	case !w.noNull && callsAlone(req) && says("content") && says("null", "none", "required", "must be a string", "valid string"):
		w.noNull = true
	default:
		return w, 0, false
	}
	return w, 0, true
}

// callsAlone reports whether a message of the request has calls and no text.
func callsAlone(req llm.Request) bool {
	return slices.ContainsFunc(req.Messages, func(m llm.Message) bool { return len(m.Calls) > 0 && m.Text == "" })
}

// pictured reports whether a message of the request shows a picture.
func pictured(req llm.Request) bool {
	return slices.ContainsFunc(req.Messages, func(m llm.Message) bool { return len(m.Pictures) > 0 })
}

var (
	aNumber  = regexp.MustCompile(`\d[\d,]*`)                                                         //nolint:gochecknoglobals // never written
	aContext = regexp.MustCompile(`context (?:length|window|size|limit)[a-z_ ()=:]{0,30}?(\d[\d,]*)`) //nolint:gochecknoglobals // nobody writes it
)

// numbers returns the numbers in a text that can be token counts.
func numbers(words string) []int {
	var all []int
	for _, s := range aNumber.FindAllString(words, -1) {
		if n, err := strconv.Atoi(strings.ReplaceAll(s, ",", "")); err == nil && n > 0 && n < 100_000_000 {
			all = append(all, n)
		}
	}
	return all
}

// leastAnswer is the minimum number of tokens for a useful answer.
const leastAnswer = 64

// shorter handles servers that add the request to the maximum length of its
// answer: if the request itself fits, there is room for a shorter answer.
func (w way) shorter(words string, req llm.Request) (way, int, bool) {
	found := aContext.FindStringSubmatch(words)
	if found == nil || req.MaxTokens == 0 {
		return w, 0, false
	}
	size := numbers(found[1])
	if len(size) == 0 {
		return w, 0, false
	}
	w.window = size[0]
	asked, total := 0, 0
	for _, n := range numbers(words) {
		if n > w.window {
			total = max(total, n)
		} else if n < w.window && n != req.MaxTokens {
			asked = max(asked, n)
		}
	}
	estimate := llm.Estimate(req)
	if asked == 0 {
		asked = max(total-req.MaxTokens, estimate)
	}
	w.extra = max(w.extra, asked-estimate)
	left := w.window - asked - w.window/64
	return w, left, left >= leastAnswer && left < req.MaxTokens
}

// fewer handles models that don't allow answers as long as requested.
func (w way) fewer(words string, req llm.Request) (way, int, bool) {
	most := 0
	for _, n := range numbers(words) {
		if n < req.MaxTokens {
			most = max(most, n)
		}
	}
	if most < leastAnswer || w.most != 0 && most >= w.most {
		return w, 0, false
	}
	w.most = most
	return w, most, true
}

// bound returns the maximum number of tokens to request. If the estimate of the
// request is too low, the server says what is left.
func (w way) bound(req llm.Request) int {
	most := req.MaxTokens
	if w.most > 0 {
		most = min(most, w.most)
	}
	if w.window > 0 {
		if left := w.window - max(llm.Estimate(req)*5/4, llm.Estimate(req)+w.extra) - w.window/64; left >= leastAnswer {
			most = min(most, left)
		}
	}
	return most
}
