package llmtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"openmates/internal/llm"
)

// responses is the Responses API; its model list and errors are those of chat
// completions.
type responses struct{ openAI }

type responsesRequest struct {
	Model        string `json:"model"`
	Instructions string `json:"instructions"`
	Input        []struct {
		Type      string          `json:"type"`
		Role      string          `json:"role"`
		Content   json.RawMessage `json:"content"`
		CallID    string          `json:"call_id"`
		Name      string          `json:"name"`
		Arguments string          `json:"arguments"`
		Output    string          `json:"output"`
		Encrypted string          `json:"encrypted_content"`
	} `json:"input"`
	Tools []struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	} `json:"tools"`
	MaxTokens int  `json:"max_output_tokens"`
	Stream    bool `json:"stream"`
}

func (responses) ask(r *http.Request, body []byte) (Question, error) {
	if !strings.HasSuffix(r.URL.Path, "/responses") {
		return Question{}, errNoSuchPath
	}
	var in responsesRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return Question{}, err
	}
	if in.Model == "" || len(in.Input) == 0 {
		return Question{}, fmt.Errorf("model and input are required")
	}
	q := Question{Model: in.Model, System: in.Instructions, MaxTokens: in.MaxTokens, Stream: in.Stream}
	names := map[string]string{}
	last := func() *llm.Message { // the answer that an item belongs to
		if n := len(q.Messages); n > 0 && q.Messages[n-1].Role == llm.RoleAssistant {
			return &q.Messages[n-1]
		}
		q.Messages = append(q.Messages, llm.Message{Role: llm.RoleAssistant})
		return &q.Messages[len(q.Messages)-1]
	}
	for _, i := range in.Input {
		switch i.Type {
		case "function_call":
			names[i.CallID] = i.Name
			m := last()
			m.Calls = append(m.Calls, llm.Call{ID: i.CallID, Name: i.Name, Arguments: i.Arguments})
		case "function_call_output":
			if _, known := names[i.CallID]; !known {
				return Question{}, fmt.Errorf("no tool call found for function call output with call_id %s", i.CallID)
			}
			text, failed := strings.CutPrefix(i.Output, "Error: ")
			q.Messages = append(q.Messages, llm.Message{Role: llm.RoleTool, CallID: i.CallID, Name: names[i.CallID], Text: text, Failed: failed})
		case "reasoning":
			last().Echo.Data += i.Encrypted
		default:
			text, err := textOf(i.Content)
			if err != nil {
				return Question{}, err
			}
			pictures, err := picturesOf(i.Content)
			if err != nil {
				return Question{}, err
			}
			q.Messages = append(q.Messages, llm.Message{Role: llm.Role(i.Role), Text: text, Pictures: pictures})
		}
	}
	for _, t := range in.Tools {
		q.Tools = append(q.Tools, llm.Tool(t))
	}
	return q, nil
}

func (responses) failure(f Failure) (string, []byte) {
	_, body := openAI{}.error(f)
	var e struct {
		Error struct {
			Message, Code, Type string
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &e)
	code := e.Error.Code
	if code == "" {
		code = e.Error.Type
	}
	return "error", encode(object{"type": "error", "code": code, "message": e.Error.Message, "param": nil})
}

func (d responses) stream(b *builder, q Question, r Reply) {
	event := func(kind string, o object) {
		o["type"] = kind
		b.add(kind, encode(o))
	}
	event("response.created", object{"response": object{"id": "resp_1", "object": "response", "status": "in_progress", "model": q.Model}})
	for _, p := range r.pieces() {
		event("response.output_text.delta", object{"output_index": 0, "content_index": 0, "delta": p})
	}
	for i, c := range r.Calls {
		for _, part := range r.fragments(c.Arguments) {
			event("response.function_call_arguments.delta", object{"output_index": i + 1, "delta": part})
		}
		event("response.output_item.done", object{"output_index": i + 1, "item": responseCall(c)})
	}
	b.body()
	kind, end := d.end(q, r)
	event(kind, object{"response": end})
}

func responseCall(c llm.Call) object {
	return object{"type": "function_call", "id": "fc_1", "call_id": c.ID, "name": c.Name, "arguments": c.Arguments, "status": "completed"}
}

// end returns the final response.
func (responses) end(q Question, r Reply) (string, object) {
	kind, status := "response.completed", "completed"
	end := object{"id": "resp_1", "object": "response", "model": q.Model, "error": nil, "incomplete_details": nil}
	switch r.stop() {
	case llm.StopLength:
		kind, status, end["incomplete_details"] = "response.incomplete", "incomplete", object{"reason": "max_output_tokens"}
	case llm.StopFilter:
		kind, status, end["incomplete_details"] = "response.incomplete", "incomplete", object{"reason": "content_filter"}
	}
	end["status"] = status
	if u := r.usage(); !r.NoUsage {
		end["usage"] = object{"input_tokens": u.Input, "output_tokens": u.Output, "total_tokens": u.Input + u.Output, "input_tokens_details": object{"cached_tokens": u.Cached}}
	}
	return kind, end
}

func (d responses) whole(q Question, r Reply) []byte {
	_, end := d.end(q, r)
	output := []object{{"type": "message", "role": "assistant", "content": []object{{"type": "output_text", "text": r.text()}}}}
	for _, c := range r.Calls {
		output = append(output, responseCall(c))
	}
	end["output"] = output
	return encode(end)
}
