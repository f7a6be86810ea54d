package anthropic

import (
	"cmp"
	"encoding/json"
	"strings"

	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// The request, with the API reference's names ("Create a Message").
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

// block is one of text, image, tool_use, tool_result and thinking.
type block struct {
	Type    string          `json:"type"`
	Text    string          `json:"text,omitempty"`
	ID      string          `json:"id,omitempty"`
	Name    string          `json:"name,omitempty"`
	Input   json.RawMessage `json:"input,omitempty"`
	CallID  string          `json:"tool_use_id,omitempty"`
	Content string          `json:"content,omitempty"`
	Failed  bool            `json:"is_error,omitempty"`

	Source *source `json:"source,omitempty"` // of an image

	raw json.RawMessage // the original block, instead of all other fields
}

type source struct {
	Type  string `json:"type"`
	Media string `json:"media_type"`
	Data  []byte `json:"data"`
}

// MarshalJSON encodes the block.
func (b block) MarshalJSON() ([]byte, error) {
	if b.raw != nil {
		return b.raw, nil
	}
	type plain block
	return json.Marshal(plain(b))
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
		role, blocks := blocks(id, m)
		if len(blocks) == 0 {
			continue
		}
		// All results of parallel calls must be in one message.
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

// blocks returns the blocks of a message. The API rejects empty or blank texts:
// such an answer is left out, such a question gets a placeholder.
func blocks(model string, m llm.Message) (string, []block) {
	blank := strings.TrimSpace(m.Text) == ""
	switch m.Role {
	case llm.RoleTool:
		return "user", []block{{Type: "tool_result", CallID: wire.CallID(m.CallID), Content: m.Text, Failed: m.Failed}}
	case llm.RoleAssistant:
		all := echoed(model, m.Echo)
		if !blank {
			all = append(all, block{Type: "text", Text: m.Text})
		}
		for _, c := range m.Calls {
			all = append(all, block{Type: "tool_use", ID: wire.CallID(c.ID), Name: c.Name, Input: wire.Arguments(c.Arguments)})
		}
		return "assistant", all
	}
	var all []block
	for _, p := range m.Pictures {
		all = append(all, block{Type: "image", Source: &source{"base64", p.Type, p.Data}})
	}
	switch {
	case !blank:
		all = append(all, block{Type: "text", Text: m.Text})
	case all == nil:
		all = append(all, block{Type: "text", Text: "(a message without text)"})
	}
	return "user", all
}

// echoed returns the thinking blocks that the model wrote before its calls.
func echoed(model string, e llm.Echo) []block {
	if e.Of != model {
		return nil
	}
	var raw []json.RawMessage
	_ = json.Unmarshal([]byte(e.Data), &raw)
	var all []block
	for _, r := range raw {
		all = append(all, block{raw: r})
	}
	return all
}
