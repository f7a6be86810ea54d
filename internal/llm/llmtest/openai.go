package llmtest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"openmates/internal/llm"
)

// openAI is the chat completions API.
type openAI struct{}

func (openAI) base() string { return "/v1" }

type openAIRequest struct {
	Model    string `json:"model"`
	Messages []struct {
		Role    string          `json:"role"`
		Content json.RawMessage `json:"content"`
		Calls   []struct {
			ID       string `json:"id"`
			Function struct {
				Name      string `json:"name"`
				Arguments string `json:"arguments"`
			} `json:"function"`
		} `json:"tool_calls"`
		CallID string `json:"tool_call_id"`
	} `json:"messages"`
	Tools []struct {
		Function struct {
			Name        string          `json:"name"`
			Description string          `json:"description"`
			Parameters  json.RawMessage `json:"parameters"`
		} `json:"function"`
	} `json:"tools"`
	MaxTokens int  `json:"max_tokens"`
	MaxNew    int  `json:"max_completion_tokens"`
	Stream    bool `json:"stream"`
	Options   struct {
		Usage bool `json:"include_usage"`
	} `json:"stream_options"`
}

func (openAI) ask(r *http.Request, body []byte) (Question, error) {
	if strings.HasSuffix(r.URL.Path, "/responses") {
		return responses{}.ask(r, body)
	}
	if !strings.HasSuffix(r.URL.Path, "/chat/completions") {
		return Question{}, errNoSuchPath
	}
	var in openAIRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return Question{}, err
	}
	if in.Model == "" || len(in.Messages) == 0 {
		return Question{}, fmt.Errorf("model and messages are required")
	}
	q := Question{Model: in.Model, MaxTokens: max(in.MaxTokens, in.MaxNew), Stream: in.Stream, noUsage: !in.Options.Usage}
	names := map[string]string{}
	for _, m := range in.Messages {
		text, err := textOf(m.Content)
		if err != nil {
			return Question{}, err
		}
		pictures, err := picturesOf(m.Content)
		if err != nil {
			return Question{}, err
		}
		if m.Role == "system" || m.Role == "developer" {
			q.System += text
			continue
		}
		out := llm.Message{Role: llm.Role(m.Role), Text: text, CallID: m.CallID, Name: names[m.CallID], Pictures: pictures}
		if m.Role == "tool" {
			if _, known := names[m.CallID]; !known {
				return Question{}, fmt.Errorf("tool_call_id %q answers no call", m.CallID)
			}
			out.Text, out.Failed = strings.CutPrefix(text, "Error: ")
		}
		for _, c := range m.Calls {
			names[c.ID] = c.Function.Name
			out.Calls = append(out.Calls, llm.Call{ID: c.ID, Name: c.Function.Name, Arguments: c.Function.Arguments})
		}
		q.Messages = append(q.Messages, out)
	}
	for _, t := range in.Tools {
		q.Tools = append(q.Tools, llm.Tool(t.Function))
	}
	return q, nil
}

// textOf reads content as a string or a list of text parts.
func textOf(raw json.RawMessage) (string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil
	}
	var text string
	if raw[0] == '"' {
		return text, json.Unmarshal(raw, &text)
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(raw, &parts); err != nil {
		return "", err
	}
	for _, p := range parts {
		text += p.Text
	}
	return text, nil
}

// picturesOf reads the pictures in a list of parts.
func picturesOf(raw json.RawMessage) ([]llm.Picture, error) {
	if len(raw) == 0 || raw[0] != '[' {
		return nil, nil
	}
	var parts []struct {
		Type    string          `json:"type"`
		Picture json.RawMessage `json:"image_url"` // an object with it, or the address itself
	}
	if err := json.Unmarshal(raw, &parts); err != nil {
		return nil, err
	}
	var all []llm.Picture
	for _, p := range parts {
		if p.Type != "image_url" && p.Type != "input_image" {
			continue
		}
		var in struct {
			URL string `json:"url"`
		}
		if json.Unmarshal(p.Picture, &in.URL) != nil && json.Unmarshal(p.Picture, &in) != nil {
			return nil, fmt.Errorf("image_url is none")
		}
		kind, data, ok := strings.Cut(strings.TrimPrefix(in.URL, "data:"), ";base64,")
		b, err := base64.StdEncoding.DecodeString(data)
		if !ok || err != nil {
			return nil, fmt.Errorf("image_url holds no picture")
		}
		all = append(all, llm.Picture{Type: kind, Data: b})
	}
	return all, nil
}

func (openAI) list(w http.ResponseWriter, r *http.Request, models []string) {
	if !strings.HasSuffix(r.URL.Path, "/models") {
		http.NotFound(w, r)
		return
	}
	data := make([]object, 0, len(models))
	for _, id := range models {
		data = append(data, object{"id": id, "object": "model", "created": 1700000000, "owned_by": "llmtest"})
	}
	writeJSON(w, http.StatusOK, encode(object{"object": "list", "data": data}))
}

var openAIErrors = map[llm.Kind]struct {
	status              int
	kind, code, message string
}{
	llm.KindUnavailable: {503, "server_error", "", "The server is currently overloaded with other requests."},
	llm.KindRateLimited: {429, "requests", "rate_limit_exceeded", "Rate limit reached for requests."},
	llm.KindBadKey:      {401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."},
	llm.KindNoCredit:    {429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota, please check your plan and billing details."},
	llm.KindNoModel:     {404, "invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."},
	llm.KindTooLong:     {400, "invalid_request_error", "context_length_exceeded", "This model's maximum context length is 128000 tokens."},
	llm.KindFiltered:    {400, "invalid_request_error", "content_filter", "The response was filtered."},
	llm.KindInvalid:     {400, "invalid_request_error", "", "Invalid request."},
}

func (openAI) error(f Failure) (int, []byte) {
	e := openAIErrors[f.Kind]
	var code any
	if e.code != "" {
		code = e.code
	}
	if f.Message != "" {
		e.message = f.Message
	}
	return e.status, encode(object{"error": object{"message": e.message, "type": e.kind, "param": nil, "code": code}})
}

func (o openAI) refuse(w http.ResponseWriter, f Failure) {
	status, body := o.error(f)
	refuseWith(w, f, status, body)
}

func (o openAI) failure(f Failure) (string, []byte) {
	_, body := o.error(f)
	return "", body
}

// openAIFinish returns the API's name for a reason.
func openAIFinish(s llm.Stop) string {
	switch s {
	case llm.StopLength:
		return "length"
	case llm.StopCalls:
		return "tool_calls"
	case llm.StopFilter:
		return "content_filter"
	}
	return "stop"
}

// The chunks are built by hand, because benchmarks request many thousands per
// second.
func (openAI) stream(b *builder, q Question, r Reply) {
	head := append([]byte(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":`), encode(q.Model)...)
	line := make([]byte, 0, 512)
	chunk := func(rest ...[]byte) {
		line = append(line[:0], head...)
		for _, part := range rest {
			line = append(line, part...)
		}
		line = append(line, '}')
		b.add("", line)
	}
	delta := func(d []byte) {
		chunk([]byte(`,"choices":[{"index":0,"delta":`), d, []byte(`,"finish_reason":null}]`))
	}
	delta([]byte(`{"role":"assistant","content":""}`))
	for _, p := range r.pieces() {
		line = append(append(line[:0], head...), `,"choices":[{"index":0,"delta":{"content":`...)
		line = append(quoted(line, p), `},"finish_reason":null}]}`...)
		b.add("", line)
	}
	for i, c := range r.Calls {
		delta(encode(object{"tool_calls": []object{{"index": i, "id": c.ID, "type": "function", "function": object{"name": c.Name, "arguments": ""}}}}))
		for _, part := range r.fragments(c.Arguments) {
			delta(encode(object{"tool_calls": []object{{"index": i, "function": object{"arguments": part}}}}))
		}
	}
	b.body()
	chunk([]byte(`,"choices":[{"index":0,"delta":{},"finish_reason":`), encode(openAIFinish(r.stop())), []byte(`}]`))
	if !r.NoUsage && !q.noUsage {
		chunk([]byte(`,"choices":[],"usage":`), openAIUsage(r.usage()))
	}
	if !r.NoDone {
		b.add("", []byte("[DONE]"))
	}
}

func openAIUsage(u llm.Usage) []byte {
	return fmt.Appendf(nil, `{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":%d}}`,
		u.Input, u.Output, u.Input+u.Output, u.Cached)
}

func (openAI) whole(q Question, r Reply) []byte {
	message := object{"role": "assistant", "content": r.text()}
	if len(r.Calls) > 0 {
		var calls []object
		for _, c := range r.Calls {
			calls = append(calls, object{"id": c.ID, "type": "function", "function": object{"name": c.Name, "arguments": c.Arguments}})
		}
		message["tool_calls"] = calls
	}
	out := object{
		"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": q.Model,
		"choices": []object{{"index": 0, "message": message, "finish_reason": openAIFinish(r.stop())}},
	}
	if !r.NoUsage {
		out["usage"] = json.RawMessage(openAIUsage(r.usage()))
	}
	return encode(out)
}
