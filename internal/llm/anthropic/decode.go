package anthropic

import (
	"cmp"
	"encoding/json"
	"strings"

	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// An event of the stream ("Streaming Messages" in the documentation). The
// fields of all types stand side by side; unknown types are to be ignored.
type event struct {
	Type    string `json:"type"`
	Index   int    `json:"index"`
	Message struct {
		Usage wire.Counts `json:"usage"`
	} `json:"message"`
	Block struct {
		Type  string          `json:"type"`
		Text  string          `json:"text"`
		ID    string          `json:"id"`
		Name  string          `json:"name"`
		Input json.RawMessage `json:"input"`
	} `json:"content_block"`
	Delta struct {
		Type string `json:"type"`
		Text string `json:"text"`
		JSON string `json:"partial_json"`
		Stop string `json:"stop_reason"`

		Thought string `json:"thinking"`
	} `json:"delta"`
	Usage wire.Counts `json:"usage"`
}

// usage counts are cumulative; message_delta may leave out those of the input.
// message_start counts one token of output before there is any.
type usage struct{ input, written, read, output int }

func (u *usage) update(c wire.Counts) {
	u.input = higher(u.input, c["input_tokens"])
	u.written = higher(u.written, c["cache_creation_input_tokens"])
	u.read = higher(u.read, c["cache_read_input_tokens"])
	if n, told := c["output_tokens"]; told {
		u.output = n
	}
}

// higher lets a count grow; one below 0 stays to be seen.
func higher(was, told int) int {
	if was < 0 || told < 0 {
		return min(was, told)
	}
	return max(was, told)
}

// decoder reads one answer.
type decoder struct {
	wire.Tally
	calls []building
	usage usage
	stop  string
	over  bool
}

// building is a call whose input is still arriving.
type building struct {
	index int
	id    string
	name  string
	whole json.RawMessage // the input in the block's first event
	parts []byte
}

// Event reads one event.
func (d *decoder) Event(ev wire.Event) (string, error) {
	var e event
	if err := json.Unmarshal(ev.Data, &e); err != nil {
		return "", err
	}
	switch e.Type {
	case "message_start":
		d.usage.update(e.Message.Usage)
	case "content_block_start":
		if e.Block.Type == "tool_use" {
			d.calls = append(d.calls, building{index: e.Index, id: e.Block.ID, name: e.Block.Name, whole: e.Block.Input})
			d.NewCall()
			d.Keep(e.Block.ID, e.Block.Name, string(e.Block.Input))
		}
		return e.Block.Text, nil
	case "content_block_delta":
		return d.delta(&e), nil
	case "message_delta":
		d.usage.update(e.Usage)
		if e.Delta.Stop != "" {
			d.stop = e.Delta.Stop
		}
	case "message_stop":
		d.over = true
	case "error":
		return "", refusal(0, ev.Data)
	}
	return "", nil
}

func (d *decoder) delta(e *event) string {
	switch e.Delta.Type {
	case "text_delta":
		return e.Delta.Text
	case "input_json_delta":
		for i := range d.calls {
			if d.calls[i].index == e.Index {
				d.calls[i].parts = append(d.calls[i].parts, e.Delta.JSON...)
				d.Keep("", "", e.Delta.JSON)
			}
		}
	case "thinking_delta":
		d.Think(e.Delta.Thought)
	}
	return "" // thinking and its signature are not part of the answer
}

// Progress says how far the answer is.
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
func (d *decoder) End() ([]llm.Call, llm.Usage, llm.Stop) {
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
		told.Input = -1 // their sum must not hide it
	}
	return calls, told, d.ended(len(calls))
}

func (d *decoder) ended(calls int) llm.Stop {
	switch d.stop {
	case "max_tokens", "model_context_window_exceeded":
		return llm.StopLength
	case "refusal":
		return llm.StopFilter
	}
	if calls > 0 {
		return llm.StopCalls
	}
	return llm.StopEnd
}

// kinds are the types of errors ("Errors" in the documentation).
var kinds = map[string]llm.Kind{ //nolint:gochecknoglobals // a table that nobody writes
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
	kind, known := kinds[r.Error.Type]
	if !known {
		kind = wire.ByStatus(status)
	}
	if r.Error.Type == "invalid_request_error" {
		kind = invalid(r.Error.Message)
	}
	return &llm.Error{Kind: kind, Status: status, Err: wire.Words(r.Error.Type, r.Error.Message, body)}
}

// invalid tells apart what the API puts into one type.
func invalid(message string) llm.Kind {
	switch {
	case wire.SaysTooLong(message):
		return llm.KindTooLong
	case strings.Contains(message, "credit balance"):
		return llm.KindNoCredit
	case strings.Contains(message, "content filtering policy"):
		return llm.KindFiltered
	}
	return llm.KindInvalid
}
