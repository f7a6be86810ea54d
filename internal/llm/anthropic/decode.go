package anthropic

import (
	"cmp"
	"encoding/json"
	"strings"

	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// An event in the stream ("Streaming Messages" in the documentation), or the
// whole message from a server that doesn't stream. It has the fields of all
// types; unknown types must be ignored.
type event struct {
	Type    string `json:"type"`
	Index   int    `json:"index"`
	Message struct {
		Usage wire.Counts `json:"usage"`
	} `json:"message"`
	Block   part   `json:"content_block"`
	Content []part `json:"content"` // in a whole message
	Stop    string `json:"stop_reason"`
	Delta   struct {
		Type      string      `json:"type"`
		Text      wire.Quoted `json:"text"`
		JSON      wire.Quoted `json:"partial_json"`
		Stop      string      `json:"stop_reason"`
		Thought   wire.Quoted `json:"thinking"`
		Signature string      `json:"signature"`
	} `json:"delta"`
	Usage wire.Counts `json:"usage"`
}

// part is a block of the answer, or its start.
type part struct {
	Type      string          `json:"type"`
	Text      wire.Quoted     `json:"text"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	Thought   wire.Quoted     `json:"thinking"`
	Signature string          `json:"signature"`
	Data      string          `json:"data"` // in redacted_thinking
}

// usage counts are cumulative; message_delta may omit those of the input.
// message_start counts one output token before there is any.
type usage struct{ input, written, read, output int }

func (u *usage) update(c wire.Counts) {
	u.input = higher(u.input, c["input_tokens"])
	u.written = higher(u.written, c["cache_creation_input_tokens"])
	u.read = higher(u.read, c["cache_read_input_tokens"])
	if n, told := c["output_tokens"]; told {
		u.output = n
	}
}

// higher returns the larger count; a negative one stays visible.
func higher(was, told int) int {
	if was < 0 || told < 0 {
		return min(was, told)
	}
	return max(was, told)
}

// decoder decodes one answer.
type decoder struct {
	wire.Tally
	of       string // the model
	words    wire.Halves
	calls    []building
	thoughts []thought
	usage    usage
	stop     string
	over     bool
}

// building is a call whose input is still arriving.
type building struct {
	index int
	id    string
	name  string
	whole json.RawMessage // the input in the block's first event
	parts []byte
}

// thought is a block of thinking as it must be sent back ("Preserving thinking
// blocks").
type thought struct {
	index     int
	Type      string `json:"type"`
	Thinking  string `json:"thinking,omitempty"`
	Signature string `json:"signature,omitempty"`
	Data      string `json:"data,omitempty"`
}

// Event decodes one event.
func (d *decoder) Event(ev wire.Event) (string, error) {
	if string(ev.Data) == "[DONE]" { // gateways send it instead of message_stop
		d.over = true
		return "", nil
	}
	var e event
	if err := json.Unmarshal(ev.Data, &e); err != nil {
		return "", err
	}
	switch e.Type {
	case "message_start":
		d.usage.update(e.Message.Usage)
	case "content_block_start":
		return d.begin(e.Index, e.Block), nil
	case "content_block_delta":
		return d.delta(&e), nil
	case "message_delta":
		d.usage.update(e.Usage)
		if e.Delta.Stop != "" {
			d.stop = e.Delta.Stop
		}
	case "message_stop":
		d.over = true
	case "message":
		return d.whole(&e), nil
	case "error":
		return "", refusal(0, ev.Data)
	}
	return "", nil
}

// whole decodes the message of a server that doesn't stream.
func (d *decoder) whole(e *event) string {
	var text strings.Builder
	for i, p := range e.Content {
		text.WriteString(d.begin(i, p))
	}
	d.usage.update(e.Usage)
	d.stop, d.over = cmp.Or(e.Stop, "end_turn"), true
	return text.String()
}

// begin handles a block, or its first event.
func (d *decoder) begin(index int, p part) string {
	switch p.Type {
	case "tool_use":
		d.calls = append(d.calls, building{index: index, id: p.ID, name: p.Name, whole: p.Input})
		d.NewCall()
		d.Keep(p.ID, p.Name, string(p.Input))
	case "thinking", "redacted_thinking":
		said := p.Thought.String()
		d.thoughts = append(d.thoughts, thought{index: index, Type: p.Type, Thinking: said, Signature: p.Signature, Data: p.Data})
		d.Think(said)
		d.Hold(len(said) + len(p.Signature) + len(p.Data))
	}
	return d.words.Join(p.Text)
}

func (d *decoder) delta(e *event) string {
	switch e.Delta.Type {
	case "text_delta":
		return d.words.Join(e.Delta.Text)
	case "input_json_delta":
		for i := range d.calls {
			if d.calls[i].index == e.Index {
				more := e.Delta.JSON.String()
				d.calls[i].parts = append(d.calls[i].parts, more...)
				d.Keep("", "", more)
			}
		}
	case "thinking_delta":
		d.think(e.Index, e.Delta.Thought.String())
	case "signature_delta":
		for i := range d.thoughts {
			if d.thoughts[i].index == e.Index {
				d.thoughts[i].Signature += e.Delta.Signature
				d.Hold(len(e.Delta.Signature))
			}
		}
	}
	return ""
}

func (d *decoder) think(index int, more string) {
	d.Think(more)
	for i := range d.thoughts {
		if d.thoughts[i].index == index {
			d.thoughts[i].Thinking += more
			d.Hold(len(more))
		}
	}
}

// echo returns the thinking that must precede the calls it led to.
func (d *decoder) echo() llm.Echo {
	if len(d.thoughts) == 0 || len(d.calls) == 0 {
		return llm.Echo{}
	}
	data, err := json.Marshal(d.thoughts)
	if err != nil {
		return llm.Echo{}
	}
	return llm.Echo{Of: d.of, Data: string(data)}
}

// Progress returns how much of the answer has arrived.
func (d *decoder) Progress() wire.Progress {
	switch {
	case d.over:
		return wire.Over
	case d.stop != "":
		return wire.Whole
	}
	return wire.Going
}

// End returns the calls, the usage and why the answer ended.
func (d *decoder) End() wire.End {
	calls := make([]llm.Call, 0, len(d.calls))
	for i := range d.calls {
		c := &d.calls[i]
		args := string(c.parts)
		if args == "" && len(c.whole) > 0 {
			args = string(c.whole)
		}
		calls = append(calls, llm.Call{ID: cmp.Or(c.id, wire.NewCallID()), Name: c.name, Arguments: args})
	}
	u := d.usage
	told := llm.Usage{Input: u.input + u.written + u.read, Cached: u.read, Output: u.output}
	if u.input < 0 || u.written < 0 {
		told.Input = -1 // the sum must not hide it
	}
	return wire.End{Calls: calls, Usage: told, Stop: d.ended(len(calls)), Echo: d.echo()}
}

func (d *decoder) ended(calls int) llm.Stop {
	switch d.stop {
	case "max_tokens", "model_context_window_exceeded":
		return llm.StopLength
	case "refusal":
		return llm.StopFilter
	case "", "end_turn", "stop_sequence", "tool_use", "stop", "tool_calls":
		if calls > 0 {
			return llm.StopCalls
		}
		return llm.StopEnd
	}
	return llm.StopOther // includes pause_turn, which expects another request
}

// kinds maps the types of errors ("Errors" in the documentation).
var kinds = map[string]llm.Kind{ //nolint:gochecknoglobals // never written
	"authentication_error": llm.KindBadKey,
	"permission_error":     llm.KindBadKey,
	"billing_error":        llm.KindNoCredit,
	"not_found_error":      llm.KindNoModel,
	"request_too_large":    llm.KindTooLong,
	"rate_limit_error":     llm.KindRateLimited,
	"api_error":            llm.KindUnavailable,
	"timeout_error":        llm.KindUnavailable,
	"overloaded_error":     llm.KindUnavailable,
}

func refusal(status int, body []byte) *llm.Error {
	var r struct {
		Error struct {
			Type    string `json:"type"`
			Message string `json:"message"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &r)
	return &llm.Error{Kind: kind(status, r.Error.Type, r.Error.Message, body), Status: status, Err: wire.Words(r.Error.Type, r.Error.Message, body)}
}

// kind goes by the words, then the type, then the status, because gateways give
// every failure the type api_error.
func kind(status int, typ, message string, body []byte) llm.Kind {
	if k, ok := wire.Means(status, typ, message, body); ok {
		return k
	}
	if k, ok := kinds[typ]; ok && (typ != "api_error" || status == 0) {
		return k
	}
	if typ == "invalid_request_error" {
		return llm.KindInvalid
	}
	return wire.ByStatus(status)
}
