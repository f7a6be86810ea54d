package openai

import (
	"encoding/json"
	"slices"

	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// The request, with the API reference's names ("Create chat completion").
type request struct {
	Model     string         `json:"model"`
	Messages  []message      `json:"messages"`
	Tools     []tool         `json:"tools,omitempty"`
	MaxTokens int            `json:"max_tokens,omitempty"`
	MaxNew    int            `json:"max_completion_tokens,omitempty"`
	Stream    bool           `json:"stream"`
	Options   *streamOptions `json:"stream_options,omitempty"`
	Effort    string         `json:"reasoning_effort,omitempty"`
}

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

type message struct {
	Role    string `json:"role"`
	Content any    `json:"content"` // a string, a list of contentPart, or null next to calls alone
	Calls   []call `json:"tool_calls,omitempty"`
	CallID  string `json:"tool_call_id,omitempty"`

	// The thoughts before the calls, in the field they arrived in.
	Thought *string           `json:"reasoning_content,omitempty"`
	Reason  *string           `json:"reasoning,omitempty"`
	Details []json.RawMessage `json:"reasoning_details,omitempty"`
}

// contentPart is one of text and image_url.
type contentPart struct {
	Type    string   `json:"type"`
	Text    string   `json:"text,omitempty"`
	Picture *picture `json:"image_url,omitempty"`
}

type picture struct {
	URL string `json:"url"`
}

type call struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Function function        `json:"function"`
	Extra    json.RawMessage `json:"extra_content,omitempty"`
}

type function struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

type tool struct {
	Type     string      `json:"type"`
	Function declaration `json:"function"`
}

type declaration struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters"`
}

func encode(id string, req llm.Request, w way) request {
	r := request{Model: id, Stream: true, Messages: make([]message, 0, len(req.Messages)+1)}
	if w.newLimit {
		r.MaxNew = req.MaxTokens
	} else {
		r.MaxTokens = req.MaxTokens
	}
	if !w.noUsage {
		r.Options = &streamOptions{IncludeUsage: true}
	}
	if w.noSystem {
		req = withoutSystem(req)
	}
	if req.System != "" {
		r.Messages = append(r.Messages, message{Role: "system", Content: req.System})
	}
	for _, m := range req.Messages {
		r.Messages = append(r.Messages, encodeMessage(id, m, w))
	}
	if w.noTools {
		return r
	}
	for _, t := range req.Tools {
		r.Tools = append(r.Tools, tool{Type: "function", Function: declaration{t.Name, t.Description, wire.Parameters(t.Parameters)}})
	}
	if w.noEffort && len(req.Tools) > 0 {
		r.Effort = "none"
	}
	return r
}

// withoutSystem puts the instructions in front of the first user message, for
// models without a system role.
func withoutSystem(req llm.Request) llm.Request {
	first := slices.IndexFunc(req.Messages, func(m llm.Message) bool { return m.Role == llm.RoleUser })
	if first < 0 || req.System == "" {
		return req
	}
	req.Messages = slices.Clone(req.Messages)
	req.Messages[first].Text = req.System + "\n\n" + req.Messages[first].Text
	req.System = ""
	return req
}

func encodeMessage(id string, m llm.Message, w way) message {
	out := message{Role: string(m.Role), Content: contentOf(m, w)}
	if m.Role == llm.RoleTool {
		out.CallID = wire.CallID(m.CallID)
		if m.Failed { // the API has no field for it
			out.Content = "Error: " + m.Text
		}
		return out
	}
	for _, c := range m.Calls {
		one := call{ID: wire.CallID(c.ID), Type: "function", Function: function{c.Name, string(wire.Arguments(c.Arguments))}}
		if c.Echo.Of == id {
			one.Extra = json.RawMessage(c.Echo.Data)
		}
		out.Calls = append(out.Calls, one)
	}
	if len(out.Calls) > 0 && m.Text == "" && !w.noNull {
		out.Content = nil
	}
	if m.Echo.Of == id {
		out.echo(m.Echo.Data)
	}
	return out
}

// contentOf is the text of a message, with its pictures where the model sees.
func contentOf(m llm.Message, w way) any {
	if len(m.Pictures) == 0 {
		return m.Text
	}
	if w.noPictures {
		return m.Text + "\n\n" + llm.Unseen(m.Pictures)
	}
	parts := []contentPart{}
	if m.Text != "" {
		parts = append(parts, contentPart{Type: "text", Text: m.Text})
	}
	for _, p := range m.Pictures {
		parts = append(parts, contentPart{Type: "image_url", Picture: &picture{wire.DataURL(p)}})
	}
	return parts
}

// echo puts the thoughts back into their field.
func (m *message) echo(data string) {
	var t thoughts
	if json.Unmarshal([]byte(data), &t) != nil {
		return
	}
	switch t.Field {
	case "reasoning_content":
		m.Thought = &t.Text
	case "reasoning":
		m.Reason = &t.Text
	}
	m.Details = t.Details
}
