package openai

import (
	"encoding/json"

	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// fragment is a call or a part of one.
type fragment struct {
	Index    *int   `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string    `json:"name"`
		Arguments arguments `json:"arguments"`
	} `json:"function"`
	Extra json.RawMessage `json:"extra_content"` // Google's signature of the thoughts before the call
}

// arguments is JSON in a string; some servers omit the string.
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

// fragments are parts of calls; TGI sends one without a list.
type fragments []fragment

// UnmarshalJSON never fails.
func (f *fragments) UnmarshalJSON(b []byte) error {
	var all []fragment
	if json.Unmarshal(b, &all) == nil {
		*f = all
		return nil
	}
	var one fragment
	if json.Unmarshal(b, &one) == nil && one.Function.Name != "" {
		*f = fragments{one}
	}
	return nil
}

// building is a call whose arguments are still arriving.
type building struct {
	index int
	id    string
	name  string
	args  []byte
	extra json.RawMessage
}

// fragment adds a part to its call. The call's number should say which one that
// is, but some servers number every call 0, or none, and some send a different
// ID with each part. So a part with a name starts a new call if the previous
// call has all its arguments, or has another ID.
func (d *decoder) fragment(f fragment) {
	at := d.callOf(f)
	if at < 0 {
		if len(d.calls) > llm.MaxCalls {
			return // there are already too many: Pump ends the answer
		}
		index := len(d.calls)
		if f.Index != nil {
			index = *f.Index
		}
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
	if len(f.Extra) > 0 && string(f.Extra) != "null" {
		c.extra = append(json.RawMessage(nil), f.Extra...)
		d.Keep("", "", string(f.Extra))
	}
	c.args = append(c.args, f.Function.Arguments...)
	d.Keep("", "", string(f.Function.Arguments))
}

// callOf returns the index of the call that a part continues, or -1 if it
// starts one.
func (d *decoder) callOf(f fragment) int {
	for i := len(d.calls) - 1; i >= 0; i-- {
		c := &d.calls[i]
		if f.Index != nil && c.index != *f.Index {
			continue
		}
		if f.Function.Name == "" {
			return i
		}
		other := f.ID != "" && c.id != "" && f.ID != c.id
		if c.name != "" && (other || f.ID == "" && json.Valid(c.args)) {
			return -1
		}
		return i
	}
	return -1
}

// finished returns the completed calls.
func (d *decoder) finished() []llm.Call {
	calls := make([]llm.Call, 0, len(d.calls))
	for _, c := range d.calls {
		if c.id == "" {
			c.id = wire.NewCallID()
		}
		call := llm.Call{ID: c.id, Name: c.name, Arguments: string(c.args)}
		if c.extra != nil {
			call.Echo = llm.Echo{Of: d.of, Data: string(c.extra)}
		}
		calls = append(calls, call)
	}
	return calls
}
