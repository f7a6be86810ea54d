package anthropic

import (
	"cmp"
	"encoding/json"
	"strings"

	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// The request as the API reference names it ("Create a Message").
type request struct {
	Model     string    `json:"model"`
	MaxTokens int       `json:"max_tokens"`
	System    string    `json:"system,omitempty"`
	Messages  []message `json:"messages"`
	Tools     []tool    `json:"tools,omitempty"`
	Stream    bool      `json:"stream"`
}

type message struct {
	Role    string  `json:"role"`
	Content []block `json:"content"`
}

// block is one of text, tool_use and tool_result.
type block struct {
	Type    string          `json:"type"`
	Text    string          `json:"text,omitempty"`
	ID      string          `json:"id,omitempty"`
	Name    string          `json:"name,omitempty"`
	Input   json.RawMessage `json:"input,omitempty"`
	CallID  string          `json:"tool_use_id,omitempty"`
	Content string          `json:"content,omitempty"`
	Failed  bool            `json:"is_error,omitempty"`
}

type tool struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Schema      json.RawMessage `json:"input_schema"`
}

func encode(id string, req llm.Request) request {
	r := request{
		Model: id, System: req.System, Stream: true,
		MaxTokens: cmp.Or(req.MaxTokens, DefaultMaxTokens),
	}
	for _, m := range req.Messages {
		role, blocks := blocks(m)
		if len(blocks) == 0 {
			continue
		}
		// All results of parallel calls have to stand in one message.
		if n := len(r.Messages); n > 0 && r.Messages[n-1].Role == role {
			r.Messages[n-1].Content = append(r.Messages[n-1].Content, blocks...)
			continue
		}
		r.Messages = append(r.Messages, message{role, blocks})
	}
	for _, t := range req.Tools {
		r.Tools = append(r.Tools, tool{t.Name, t.Description, wire.Parameters(t.Parameters)})
	}
	return r
}

// blocks are the parts of a message. The API refuses texts that are empty or
// blank: such an answer is left out, such a question is named.
func blocks(m llm.Message) (string, []block) {
	blank := strings.TrimSpace(m.Text) == ""
	switch m.Role {
	case llm.RoleTool:
		return "user", []block{{Type: "tool_result", CallID: wire.CallID(m.CallID), Content: m.Text, Failed: m.Failed}}
	case llm.RoleAssistant:
		var all []block
		if !blank {
			all = append(all, block{Type: "text", Text: m.Text})
		}
		for _, c := range m.Calls {
			all = append(all, block{Type: "tool_use", ID: wire.CallID(c.ID), Name: c.Name, Input: wire.Arguments(c.Arguments)})
		}
		return "assistant", all
	}
	if blank {
		return "user", []block{{Type: "text", Text: "(a message without text)"}}
	}
	return "user", []block{{Type: "text", Text: m.Text}}
}
