package openai

import (
	"encoding/json"

	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// The request as the API reference names it ("Create chat completion").
type request struct {
	Model     string         `json:"model"`
	Messages  []message      `json:"messages"`
	Tools     []tool         `json:"tools,omitempty"`
	MaxTokens int            `json:"max_tokens,omitempty"`
	MaxNew    int            `json:"max_completion_tokens,omitempty"`
	Stream    bool           `json:"stream"`
	Options   *streamOptions `json:"stream_options,omitempty"`
}

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

type message struct {
	Role    string  `json:"role"`
	Content *string `json:"content"` // null next to calls alone
	Calls   []call  `json:"tool_calls,omitempty"`
	CallID  string  `json:"tool_call_id,omitempty"`
}

type call struct {
	ID       string   `json:"id"`
	Type     string   `json:"type"`
	Function function `json:"function"`
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
	if req.System != "" {
		r.Messages = append(r.Messages, message{Role: "system", Content: &req.System})
	}
	for _, m := range req.Messages {
		r.Messages = append(r.Messages, encodeMessage(m))
	}
	for _, t := range req.Tools {
		r.Tools = append(r.Tools, tool{Type: "function", Function: declaration{t.Name, t.Description, wire.Parameters(t.Parameters)}})
	}
	return r
}

func encodeMessage(m llm.Message) message {
	out := message{Role: string(m.Role), Content: &m.Text}
	if m.Role == llm.RoleTool {
		out.CallID = wire.CallID(m.CallID)
		if m.Failed { // the API has no field for it
			text := "Error: " + m.Text
			out.Content = &text
		}
		return out
	}
	for _, c := range m.Calls {
		out.Calls = append(out.Calls, call{
			ID: wire.CallID(c.ID), Type: "function",
			Function: function{c.Name, string(wire.Arguments(c.Arguments))},
		})
	}
	if len(out.Calls) > 0 && m.Text == "" {
		out.Content = nil
	}
	return out
}
