package openai

import (
	"cmp"
	"encoding/json"
	"strings"

	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// The Responses API ("Create a model response"), with which OpenAI's newer
// models can use tools and think at the same time. Nothing is stored there: the
// model's thoughts come back encrypted and are sent again with the results of
// its calls.
type asked struct {
	Model        string         `json:"model"`
	Instructions string         `json:"instructions,omitempty"`
	Input        []any          `json:"input"`
	Tools        []responseTool `json:"tools,omitempty"`
	MaxTokens    int            `json:"max_output_tokens,omitempty"`
	Include      []string       `json:"include,omitempty"`
	Store        bool           `json:"store"`
	Stream       bool           `json:"stream"`
}

type responseTool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters"`
}

type inputMessage struct {
	Role    string `json:"role"`
	Content any    `json:"content"` // a string, or a list of inputPart
}

// inputPart is one of input_text and input_image.
type inputPart struct {
	Type    string `json:"type"`
	Text    string `json:"text,omitempty"`
	Picture string `json:"image_url,omitempty"`
}

type inputCall struct {
	Type      string `json:"type"`
	CallID    string `json:"call_id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

type inputResult struct {
	Type   string `json:"type"`
	CallID string `json:"call_id"`
	Output string `json:"output"`
}

func encodeResponse(id string, req llm.Request, w way) asked {
	a := asked{Model: id, Instructions: req.System, MaxTokens: req.MaxTokens, Stream: true, Include: []string{"reasoning.encrypted_content"}}
	for _, m := range req.Messages {
		a.Input = append(a.Input, items(id, m, w)...)
	}
	if w.noTools {
		return a
	}
	for _, t := range req.Tools {
		a.Tools = append(a.Tools, responseTool{"function", t.Name, t.Description, wire.Parameters(t.Parameters)})
	}
	return a
}

// items returns the API's items for a message.
func items(id string, m llm.Message, w way) []any {
	if m.Role == llm.RoleTool {
		text := m.Text
		if m.Failed { // the API has no field for it
			text = "Error: " + text
		}
		return []any{inputResult{"function_call_output", wire.CallID(m.CallID), text}}
	}
	var all []any
	if m.Echo.Of == id {
		var thoughts []json.RawMessage
		_ = json.Unmarshal([]byte(m.Echo.Data), &thoughts) // the other API's thoughts don't count
		for _, t := range thoughts {
			all = append(all, t)
		}
	}
	if m.Text != "" || len(m.Calls) == 0 {
		all = append(all, inputMessage{string(m.Role), inputOf(m, w)})
	}
	for _, c := range m.Calls {
		all = append(all, inputCall{"function_call", wire.CallID(c.ID), c.Name, string(wire.Arguments(c.Arguments))})
	}
	return all
}

// inputOf is the text of a message, with its pictures where the model sees.
func inputOf(m llm.Message, w way) any {
	if len(m.Pictures) == 0 || w.noPictures {
		return contentOf(m, w)
	}
	parts := []inputPart{{Type: "input_text", Text: m.Text}}
	for _, p := range m.Pictures {
		parts = append(parts, inputPart{Type: "input_image", Picture: wire.DataURL(p)})
	}
	return parts
}

// responseEvent is an event in the stream, or the whole response of a server
// that doesn't stream. It has the fields of all types.
type responseEvent struct {
	Type     string          `json:"type"`
	Object   string          `json:"object"`
	Delta    wire.Quoted     `json:"delta"`
	Item     json.RawMessage `json:"item"`
	Response response        `json:"response"`
	response
}

type response struct {
	Status     string            `json:"status"`
	Output     []json.RawMessage `json:"output"`
	Usage      wire.Counts       `json:"usage"`
	Error      json.RawMessage   `json:"error"`
	Incomplete struct {
		Reason string `json:"reason"`
	} `json:"incomplete_details"`
}

// item is a message, function_call or reasoning.
type item struct {
	Type      string    `json:"type"`
	CallID    string    `json:"call_id"`
	Name      string    `json:"name"`
	Arguments arguments `json:"arguments"`
	Content   []block   `json:"content"`
}

// responses decodes one answer of the Responses API.
type responses struct {
	decoder
	thoughts []json.RawMessage // as received, including encrypted content
	ended    string            // its status, or why it is incomplete
}

// Event decodes one event.
func (d *responses) Event(ev wire.Event) (string, error) {
	if string(ev.Data) == "[DONE]" {
		d.over = true
		return "", nil
	}
	var e responseEvent
	if err := json.Unmarshal(ev.Data, &e); err != nil {
		return "", err
	}
	switch e.Type {
	case "response.output_text.delta", "response.refusal.delta":
		d.grown = true
		return d.words.Join(e.Delta), nil
	case "response.reasoning_text.delta", "response.reasoning_summary_text.delta":
		d.Think(e.Delta.String())
	case "response.output_item.done":
		d.item(e.Item)
	case "response.completed", "response.incomplete", "response.done":
		return d.end(e.Response), nil
	case "response.failed":
		return "", refusal(0, failed(e.Response))
	case "error":
		return "", refusal(0, ev.Data)
	case "":
		if tellsError(e.Error) {
			return "", refusal(0, ev.Data)
		}
		if e.Object == "response" {
			return d.whole(e.response), nil
		}
	}
	return "", nil
}

// failed returns the error of a response in the same form as all other errors.
func failed(r response) []byte {
	if !tellsError(r.Error) {
		return []byte(`{"error":"the response failed without a reason"}`)
	}
	return append(append([]byte(`{"error":`), r.Error...), '}')
}

// item handles a complete item: a call, or a thought that must be sent back.
func (d *responses) item(raw json.RawMessage) {
	var i item
	if json.Unmarshal(raw, &i) != nil {
		return
	}
	switch i.Type {
	case "function_call":
		d.calls = append(d.calls, building{id: i.CallID, name: i.Name, args: []byte(i.Arguments)})
		d.NewCall()
		d.Keep(i.CallID, i.Name, string(i.Arguments))
	case "reasoning":
		d.thoughts = append(d.thoughts, append(json.RawMessage(nil), raw...))
		d.Hold(len(raw))
	}
}

func (d *responses) end(r response) string {
	d.count(r.Usage)
	d.ended, d.over = cmp.Or(r.Incomplete.Reason, r.Status, "completed"), true
	return ""
}

// whole decodes a response that arrived as one document.
func (d *responses) whole(r response) string {
	var text strings.Builder
	for _, raw := range r.Output {
		var i item
		_ = json.Unmarshal(raw, &i)
		for _, b := range i.Content {
			if i.Type == "message" {
				text.WriteString(d.words.Join(b.Text))
			}
		}
		d.item(raw)
	}
	d.end(r)
	return text.String()
}

// End returns the calls, the usage and why the answer ended.
func (d *responses) End() wire.End {
	e := wire.End{Calls: d.finished(), Usage: d.told(), Stop: llm.StopOther}
	switch d.ended {
	case "max_output_tokens":
		e.Stop = llm.StopLength
	case "content_filter":
		e.Stop = llm.StopFilter
	case "", "completed":
		e.Stop = llm.StopEnd
		if len(e.Calls) > 0 {
			e.Stop = llm.StopCalls
		}
	}
	if len(e.Calls) > 0 && len(d.thoughts) > 0 {
		if data, err := json.Marshal(d.thoughts); err == nil {
			e.Echo = llm.Echo{Of: d.of, Data: string(data)}
		}
	}
	return e
}
