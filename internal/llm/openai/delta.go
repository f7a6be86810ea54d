package openai

import (
	"encoding/json"
	"strings"

	"openmates/internal/llm/wire"
)

// delta is a part of the answer.
type delta struct {
	Content content     `json:"content"`
	Refusal wire.Quoted `json:"refusal"`
	Calls   fragments   `json:"tool_calls"`
	Legacy  struct {
		Name      string    `json:"name"`
		Arguments arguments `json:"arguments"`
	} `json:"function_call"` // LocalAI
	Thought wire.Quoted     `json:"reasoning_content"` // DeepSeek, vLLM, Moonshot
	Reason  wire.Quoted     `json:"reasoning"`         // OpenRouter, Groq, Ollama
	Details json.RawMessage `json:"reasoning_details"` // OpenRouter: signed
}

// empty reports whether the part has no content.
func (p *delta) empty() bool {
	return p.Content.none() && p.Refusal == "" && len(p.Calls) == 0 && p.Legacy.Name == "" && p.Legacy.Arguments == "" &&
		p.Thought == "" && p.Reason == ""
}

// content is a string, or a list of blocks: Mistral's reasoning models send a
// list, some servers always do.
type content struct {
	text   wire.Quoted
	blocks []block
}

type block struct {
	Type     string      `json:"type"`
	Text     wire.Quoted `json:"text"`
	Thinking content     `json:"thinking"`
}

// UnmarshalJSON never fails: unknown kinds of blocks are left out.
func (c *content) UnmarshalJSON(b []byte) error {
	*c = content{}
	switch {
	case len(b) > 0 && b[0] == '[':
		var list []json.RawMessage
		_ = json.Unmarshal(b, &list)
		for _, raw := range list {
			var one block
			if json.Unmarshal(raw, &one) != nil {
				one = block{}
				_ = one.Text.UnmarshalJSON(raw)
			}
			c.blocks = append(c.blocks, one)
		}
	default:
		_ = c.text.UnmarshalJSON(b)
	}
	return nil
}

func (c *content) none() bool { return c.text == "" && len(c.blocks) == 0 }

// said returns the text and the thoughts in a content.
func (d *decoder) said(c content) (text, thought string) {
	if c.blocks == nil {
		return d.words.Join(c.text), ""
	}
	var t, h strings.Builder
	for _, b := range c.blocks {
		switch b.Type {
		case "thinking", "reasoning":
			inner, _ := d.said(b.Thinking)
			h.WriteString(inner + d.words.Join(b.Text))
		case "text", "output_text", "":
			t.WriteString(d.words.Join(b.Text))
		}
	}
	return t.String(), h.String()
}
