package openai

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// A chunk of the stream, or, in message, the whole answer of a server that
// doesn't stream. Only what is used is read, so that odd types elsewhere do no
// harm.
type chunk struct {
	Choices []choice    `json:"choices"`
	Usage   wire.Counts `json:"usage"`
	Groq    struct {
		Usage wire.Counts `json:"usage"`
	} `json:"x_groq"`
	Error json.RawMessage `json:"error"`
}

type choice struct {
	Index   int         `json:"index"`
	Delta   delta       `json:"delta"`
	Message *delta      `json:"message"`
	Finish  string      `json:"finish_reason"`
	Usage   wire.Counts `json:"usage"` // Moonshot's place for it
}

type delta struct {
	Content string     `json:"content"`
	Refusal string     `json:"refusal"`
	Calls   []fragment `json:"tool_calls"`
	Thought thought    `json:"reasoning_content"` // DeepSeek, vLLM, Moonshot
	Reason  thought    `json:"reasoning"`         // OpenRouter, Groq, Ollama
}

// thought is what a model thinks aloud, if it is a text.
type thought string

// UnmarshalJSON never fails.
func (t *thought) UnmarshalJSON(b []byte) error {
	var s string
	_ = json.Unmarshal(b, &s)
	*t = thought(s)
	return nil
}

type fragment struct {
	Index    *int   `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string    `json:"name"`
		Arguments arguments `json:"arguments"`
	} `json:"function"`
}

// arguments are JSON in a string, which some servers leave away.
type arguments string

// UnmarshalJSON never fails.
func (a *arguments) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) != nil {
		s = string(b)
	}
	*a = arguments(s)
	return nil
}

// decoder reads one answer.
type decoder struct {
	wire.Tally
	calls  []building
	usage  wire.Counts
	finish string
	over   bool
}

// building is a call whose arguments are still arriving.
type building struct {
	index int
	id    string
	name  string
	args  []byte
}

// Event reads a chunk.
func (d *decoder) Event(ev wire.Event) (string, error) {
	data := bytes.TrimSpace(ev.Data)
	switch {
	case len(data) == 0:
		return "", nil
	case string(data) == "[DONE]":
		d.over = true
		return "", nil
	}
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		return d.lines(data, err)
	}
	if ev.Name == "error" || len(c.Error) > 0 && string(c.Error) != "null" {
		return "", refusal(0, data)
	}
	return d.chunk(&c), nil
}

// lines reads several chunks in one event, as servers send them that leave out
// the empty line between events.
func (d *decoder) lines(data []byte, cause error) (string, error) {
	parts := bytes.Split(data, []byte("\n"))
	if len(parts) == 1 {
		return "", cause
	}
	var all strings.Builder
	for _, p := range parts {
		text, err := d.Event(wire.Event{Data: p})
		if err != nil {
			return "", err
		}
		all.WriteString(text)
	}
	return all.String(), nil
}

func (d *decoder) chunk(c *chunk) string {
	d.count(c.Groq.Usage)
	d.count(c.Usage)
	var text strings.Builder
	for _, ch := range c.Choices {
		if ch.Index != 0 {
			continue // one answer was asked for
		}
		part := ch.Delta
		if ch.Message != nil {
			part = *ch.Message
		}
		d.count(ch.Usage)
		d.Think(string(part.Thought))
		if part.Reason != part.Thought { // some servers send both
			d.Think(string(part.Reason))
		}
		text.WriteString(part.Content + part.Refusal)
		for _, f := range part.Calls {
			d.fragment(f)
		}
		d.finish = cmp.Or(ch.Finish, d.finish)
	}
	return text.String()
}

// count remembers the last usage that tells anything.
func (d *decoder) count(u wire.Counts) {
	if u.Tells() {
		d.usage = u
	}
}

// fragment adds to the call it belongs to. Some servers number every call 0,
// or none: a new id begins a new call there too.
func (d *decoder) fragment(f fragment) {
	index := max(len(d.calls)-1, 0)
	if f.Index != nil {
		index = *f.Index
	}
	at := -1
	for i := range d.calls {
		if c := &d.calls[i]; c.index == index && (f.ID == "" || c.id == "" || c.id == f.ID) {
			at = i
		}
	}
	if at < 0 || f.Index == nil && f.ID == "" && f.Function.Name != "" {
		d.calls = append(d.calls, building{index: index})
		d.NewCall()
		at = len(d.calls) - 1
	}
	c := &d.calls[at]
	if c.id == "" {
		c.id = f.ID
		d.Keep(f.ID, "", "")
	}
	if c.name == "" {
		c.name = f.Function.Name
		d.Keep("", c.name, "")
	}
	c.args = append(c.args, f.Function.Arguments...)
	d.Keep("", "", string(f.Function.Arguments))
}

// Progress says how far the answer is. A finish reason ends the answer, [DONE]
// the stream; either may be missing.
func (d *decoder) Progress() wire.Progress {
	switch {
	case d.over:
		return wire.Over
	case d.finish != "":
		return wire.Whole
	}
	return wire.Going
}

// End returns the calls, the usage and why the answer ended.
func (d *decoder) End() ([]llm.Call, llm.Usage, llm.Stop) {
	calls := make([]llm.Call, 0, len(d.calls))
	for i := range d.calls {
		c := &d.calls[i]
		if c.id == "" {
			c.id = wire.NewCallID()
		}
		calls = append(calls, llm.Call{
			ID: c.id, Name: c.name, Arguments: string(c.args),
		})
	}
	return calls, d.told(), d.stop(len(calls))
}

// told is the usage under the names that servers have for it. Where thoughts
// are counted apart from the answer, only the total has them.
func (d *decoder) told() llm.Usage {
	u := llm.Usage{
		Input:  d.usage.First("prompt_tokens", "input_tokens"),
		Output: d.usage.First("completion_tokens", "output_tokens"),
		Cached: d.usage.First("prompt_tokens_details.cached_tokens", "prompt_cache_hit_tokens", "input_tokens_details.cached_tokens", "cached_tokens"),
	}
	if u.Input > 0 && u.Output > 0 {
		u.Output = max(u.Output, d.usage["total_tokens"]-u.Input)
	}
	return u
}

func (d *decoder) stop(calls int) llm.Stop {
	switch d.finish {
	case "length", "max_tokens":
		return llm.StopLength
	case "content_filter":
		return llm.StopFilter
	}
	if calls > 0 { // several servers say "stop" even so
		return llm.StopCalls
	}
	return llm.StopEnd
}

// refusal tells what an error object means. Servers put it under "error", or
// send its fields bare; code is a string, a number or null.
func refusal(status int, body []byte) *llm.Error {
	var r struct {
		Error json.RawMessage `json:"error"`
		problem
	}
	var list []json.RawMessage // Google's compatible API wraps it in a list
	if json.Unmarshal(body, &list) == nil && len(list) > 0 {
		body = list[0]
	}
	_ = json.Unmarshal(body, &r)
	p := r.problem
	if len(r.Error) > 0 {
		if json.Unmarshal(r.Error, &p) != nil {
			_ = json.Unmarshal(r.Error, &p.Message) // Ollama: a bare string
		}
	}
	code := strings.Trim(string(p.Code), `"`)
	if n, err := strconv.Atoi(code); err == nil && status == 0 {
		status = n
	}
	return &llm.Error{Kind: kind(status, code, p), Status: status, Err: wire.Words(code, p.Message, body)}
}

type problem struct {
	Message string          `json:"message"`
	Type    string          `json:"type"`
	Code    json.RawMessage `json:"code"`
}

// kinds are the codes and types that say more than the status does.
var kinds = [...]struct { //nolint:gochecknoglobals // a table that nobody writes
	word string
	kind llm.Kind
}{
	{"insufficient_quota", llm.KindNoCredit},
	{"billing", llm.KindNoCredit},
	{"credit", llm.KindNoCredit},
	{"content_filter", llm.KindFiltered},
	{"content_policy", llm.KindFiltered},
	{"model_not_found", llm.KindNoModel},
	{"invalid_api_key", llm.KindBadKey},
	{"authentication", llm.KindBadKey},
	{"rate_limit", llm.KindRateLimited},
	{"server_error", llm.KindUnavailable},
	{"overloaded", llm.KindUnavailable},
}

func kind(status int, code string, p problem) llm.Kind {
	if status < 500 && wire.SaysTooLong(code+" "+p.Message) {
		return llm.KindTooLong
	}
	for _, k := range kinds {
		if status < 500 && (strings.Contains(code, k.word) || strings.Contains(p.Type, k.word)) {
			return k.kind
		}
	}
	if status == 400 && strings.Contains(p.Message, "API key not valid") {
		return llm.KindBadKey // Google's compatible API
	}
	if status == 0 && strings.HasPrefix(p.Type, "invalid_request") {
		return llm.KindInvalid
	}
	return wire.ByStatus(status)
}
