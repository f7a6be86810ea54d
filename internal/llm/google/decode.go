package google

import (
	"cmp"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// A chunk of the stream ("GenerateContentResponse").
type chunk struct {
	Candidates []struct {
		Content content `json:"content"`
		Finish  string  `json:"finishReason"`
		Index   int     `json:"index"`
	} `json:"candidates"`
	Feedback struct {
		Blocked string `json:"blockReason"`
	} `json:"promptFeedback"`
	Usage wire.Counts     `json:"usageMetadata"`
	Error json.RawMessage `json:"error"`
}

// decoder decodes one answer.
type decoder struct {
	wire.Tally
	of     string // the model
	calls  []llm.Call
	usage  wire.Counts
	finish string
}

// Event decodes a chunk.
func (d *decoder) Event(ev wire.Event) (string, error) {
	var c chunk
	if err := json.Unmarshal(ev.Data, &c); err != nil {
		return "", err
	}
	if len(c.Error) > 0 && string(c.Error) != "null" {
		return "", refusal(0, ev.Data)
	}
	if c.Usage.Tells() {
		d.usage = c.Usage
	}
	if c.Feedback.Blocked != "" {
		return "", &llm.Error{Kind: llm.KindFiltered, Err: errors.New("the request was blocked: " + c.Feedback.Blocked)}
	}
	var text strings.Builder
	for _, cand := range c.Candidates {
		if cand.Index != 0 {
			continue // only one answer was requested
		}
		for _, p := range cand.Content.Parts {
			d.part(p, &text)
		}
		if cand.Finish != "" {
			d.finish = cand.Finish
		}
	}
	switch d.finish {
	case "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL":
		return "", &llm.Error{Kind: llm.KindCut, Err: errors.New("the model failed to write a call: " + d.finish)}
	}
	return text.String(), nil
}

func (d *decoder) part(p part, text *strings.Builder) {
	if p.Thought {
		if p.Text != nil {
			d.Think(*p.Text)
		}
		return
	}
	if p.Text != nil {
		text.WriteString(*p.Text)
	}
	if p.Call != nil {
		args := string(p.Call.Args)
		if args == "" {
			args = "{}"
		}
		c := llm.Call{ID: cmp.Or(p.Call.ID, wire.NewCallID()), Name: p.Call.Name, Arguments: args}
		if p.Signature != "" {
			c.Echo = llm.Echo{Of: d.of, Data: p.Signature}
		}
		d.calls = append(d.calls, c)
		d.NewCall()
		d.Keep(c.ID, c.Name, c.Arguments)
		d.Hold(len(p.Signature))
	}
}

// Progress returns how much of the answer has arrived. Only the end of the
// stream says that no more follows.
func (d *decoder) Progress() wire.Progress {
	if d.finish != "" {
		return wire.Whole
	}
	return wire.Going
}

// End returns the calls, the usage and why the answer ended.
func (d *decoder) End() wire.End {
	return wire.End{Calls: d.calls, Usage: d.told(), Stop: d.stop()}
}

// told returns the usage as the API reports it ("UsageMetadata"). It counts the
// prompt including cached tokens, and the answer without thoughts.
func (d *decoder) told() llm.Usage {
	for _, n := range d.usage {
		if n < 0 {
			return llm.Usage{Input: n, Output: n} // a sum must not hide it
		}
	}
	return llm.Usage{
		Input:  d.usage["promptTokenCount"] + d.usage["toolUsePromptTokenCount"],
		Cached: d.usage["cachedContentTokenCount"],
		Output: d.usage["candidatesTokenCount"] + d.usage["thoughtsTokenCount"],
	}
}

func (d *decoder) stop() llm.Stop {
	switch d.finish {
	case "MAX_TOKENS":
		return llm.StopLength
	case "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY":
		return llm.StopFilter
	case "", "STOP", "FINISH_REASON_UNSPECIFIED":
		if len(d.calls) > 0 {
			return llm.StopCalls
		}
		return llm.StopEnd
	}
	return llm.StopOther
}

// problem is google.rpc.Status, the error of all of Google's APIs.
type problem struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Status  string `json:"status"`
	Details []struct {
		Reason string `json:"reason"`     // ErrorInfo
		Delay  string `json:"retryDelay"` // RetryInfo
	} `json:"details"`
}

func refusal(status int, body []byte) *llm.Error {
	var list []json.RawMessage // some errors are in a list
	if json.Unmarshal(body, &list) == nil && len(list) > 0 {
		body = list[0]
	}
	var r struct {
		Error problem `json:"error"`
	}
	_ = json.Unmarshal(body, &r)
	p := r.Error
	if status == 0 {
		status = p.Code
	}
	e := &llm.Error{Kind: kind(status, p, body), Status: status, Err: wire.Words(p.Status, p.Message, body)}
	for _, d := range p.Details {
		if wait, err := time.ParseDuration(d.Delay); err == nil && wait > 0 {
			e.After = wire.Wait(wait)
		}
	}
	return e
}

func kind(status int, p problem, body []byte) llm.Kind {
	for _, d := range p.Details {
		if d.Reason == "API_KEY_INVALID" {
			return llm.KindBadKey
		}
	}
	if k, ok := wire.Means(status, "", p.Message, body); ok {
		return k
	}
	switch p.Status {
	case "INVALID_ARGUMENT":
		if strings.Contains(p.Message, "API key") {
			return llm.KindBadKey
		}
		return llm.KindInvalid
	case "FAILED_PRECONDITION":
		if strings.Contains(p.Message, "billing") {
			return llm.KindNoCredit
		}
		return llm.KindInvalid
	case "UNAUTHENTICATED", "PERMISSION_DENIED":
		return llm.KindBadKey
	case "NOT_FOUND":
		return llm.KindNoModel
	case "RESOURCE_EXHAUSTED":
		return llm.KindRateLimited
	case "UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED", "ABORTED", "CANCELLED":
		return llm.KindUnavailable
	}
	return wire.ByStatus(status)
}
