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

// A chunk of the stream or, in message, the whole answer of a server that
// doesn't stream. Only fields that we use are decoded, so unusual types
// elsewhere do no harm.
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
	Finish  wire.Quoted `json:"finish_reason"`
	Usage   wire.Counts `json:"usage"` // Moonshot puts it here
}

// decoder decodes one answer.
type decoder struct {
	wire.Tally
	of      string // the model
	words   wire.Halves
	grown   bool // parts arrived as deltas
	calls   []building
	thought strings.Builder // as it must be sent back with the calls
	field   string          // the field it arrived in
	details []json.RawMessage
	usage   wire.Counts
	finish  string
	over    bool
}

// Event decodes a chunk.
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
	if ev.Name == "error" || tellsError(c.Error) {
		return "", refusal(0, data)
	}
	return d.chunk(&c), nil
}

// lines decodes several chunks in one event, from servers that omit the empty
// line between events.
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

// tellsError reports whether a chunk's error is one; some servers include an
// empty error in good chunks.
func tellsError(raw json.RawMessage) bool {
	switch string(bytes.TrimSpace(raw)) {
	case "", "null", "false", `""`, "{}", "[]", "0":
		return false
	}
	return true
}

func (d *decoder) chunk(c *chunk) string {
	d.count(c.Groq.Usage)
	d.count(c.Usage)
	var text strings.Builder
	for _, ch := range c.Choices {
		if ch.Index != 0 {
			continue // only one answer was requested
		}
		part := ch.Delta
		// A server that doesn't stream has the answer in message; one that does
		// may repeat the whole answer there.
		if part.empty() && ch.Message != nil && !d.grown {
			part = *ch.Message
		} else if !part.empty() {
			d.grown = true
		}
		d.count(ch.Usage)
		text.WriteString(d.part(&part))
		if reason := ch.Finish.String(); reason != "" {
			d.finish = reason
		}
	}
	return text.String()
}

// part handles one chunk's part of the answer.
func (d *decoder) part(p *delta) string {
	text, thought := d.said(p.Content)
	d.Think(thought)
	d.think("reasoning_content", p.Thought.String())
	if p.Reason != p.Thought { // some servers send both
		d.think("reasoning", p.Reason.String())
	}
	d.detail(p.Details)
	for _, f := range p.Calls {
		d.fragment(f)
	}
	if p.Legacy.Name != "" || p.Legacy.Arguments != "" {
		var f fragment
		f.Function.Name, f.Function.Arguments = p.Legacy.Name, p.Legacy.Arguments
		d.fragment(f)
	}
	return text + p.Refusal.String()
}

// think keeps a thought, because servers of reasoning models reject a call's
// result without the thoughts before it.
func (d *decoder) think(field, text string) {
	if text == "" {
		return
	}
	d.Think(text)
	d.field = cmp.Or(d.field, field)
	if field == d.field {
		d.thought.WriteString(text)
		d.Hold(len(text))
	}
}

func (d *decoder) detail(raw json.RawMessage) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return
	}
	for _, one := range list {
		d.details = append(d.details, bytes.Clone(one))
		d.Hold(len(one))
	}
}

// count keeps the highest value of each number: counts grow during an answer,
// and a last chunk may be all zeros.
func (d *decoder) count(u wire.Counts) {
	if !u.Tells() {
		return
	}
	if d.usage == nil {
		d.usage = wire.Counts{}
	}
	for name, n := range u {
		if was, ok := d.usage[name]; !ok || n > was || n < 0 {
			d.usage[name] = n
		}
	}
}

// Progress returns how much of the answer has arrived. A finish reason ends the
// answer, [DONE] the stream; either may be missing.
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
func (d *decoder) End() wire.End {
	calls := d.finished()
	e := wire.End{Calls: calls, Usage: d.told(), Stop: d.stop(len(calls))}
	if len(calls) > 0 {
		e.Echo = d.echo()
	}
	return e
}

// thoughts is what is sent back with the calls it led to.
type thoughts struct {
	Field   string            `json:"field,omitempty"`
	Text    string            `json:"text,omitempty"`
	Details []json.RawMessage `json:"details,omitempty"`
}

func (d *decoder) echo() llm.Echo {
	if d.field == "" && len(d.details) == 0 {
		return llm.Echo{}
	}
	data, err := json.Marshal(thoughts{d.field, d.thought.String(), d.details})
	if err != nil {
		return llm.Echo{} // a detail that isn't JSON can't be sent
	}
	return llm.Echo{Of: d.of, Data: string(data)}
}

// told returns the usage, whatever servers call it. If thoughts are counted
// apart from the answer, only the total includes them.
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

// stop returns known reasons for a normal end. All others mean that the answer
// ended too early: servers have their own names for running out of room, memory
// or a connection.
func (d *decoder) stop(calls int) llm.Stop {
	switch strings.ToLower(d.finish) {
	case "length", "max_tokens", "model_length", "max_output_tokens":
		return llm.StopLength
	case "content_filter", "sensitive", "safety", "refusal", "content_filtered":
		return llm.StopFilter
	case "", "stop", "tool_calls", "tool_call", "tool_use", "function_call", "eos", "eos_token", "stop_sequence", "end_turn", "end", "complete", "done":
		if calls > 0 { // several servers say "stop" anyway
			return llm.StopCalls
		}
		return llm.StopEnd
	}
	return llm.StopOther
}

// refusal returns the meaning of an error object. Servers put it under "error",
// or send its fields directly; code is a string, a number or null.
func refusal(status int, body []byte) *llm.Error {
	var r struct {
		Error json.RawMessage `json:"error"`
		problem
	}
	var list []json.RawMessage // Google's compatible API uses a list
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
	return &llm.Error{Kind: kind(status, code, p, body), Status: status, Err: wire.Words(code, p.Message, body)}
}

type problem struct {
	Message string          `json:"message"`
	Type    string          `json:"type"`
	Code    json.RawMessage `json:"code"`
}

// kinds maps codes and types that say more than the status.
var kinds = [...]struct { //nolint:gochecknoglobals // never written
	word string
	kind llm.Kind
}{
	{"billing", llm.KindNoCredit},
	{"credit", llm.KindNoCredit},
	{"authentication", llm.KindBadKey},
	{"rate_limit", llm.KindRateLimited},
	{"server_error", llm.KindUnavailable},
	{"overloaded", llm.KindUnavailable},
}

func kind(status int, code string, p problem, body []byte) llm.Kind {
	if k, ok := wire.Means(status, code+" "+p.Type, p.Message, body); ok {
		return k
	}
	switch code { // z.ai's codes
	case "1301":
		return llm.KindFiltered
	case "1113":
		return llm.KindNoCredit
	case "1261":
		return llm.KindTooLong
	}
	for _, k := range kinds {
		if status < 500 && (strings.Contains(code, k.word) || strings.Contains(p.Type, k.word)) {
			return k.kind
		}
	}
	if status == 0 && strings.HasPrefix(p.Type, "invalid_request") {
		return llm.KindInvalid
	}
	return wire.ByStatus(status)
}
