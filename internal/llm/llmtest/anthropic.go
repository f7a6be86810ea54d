package llmtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"openmates/internal/llm"
)

// anthropic is the Messages API.
type anthropic struct{}

func (anthropic) base() string { return "" }

type anthropicRequest struct {
	Model     string        `json:"model"`
	MaxTokens int           `json:"max_tokens"`
	System    anthropicText `json:"system"`
	Stream    bool          `json:"stream"`
	Messages  []struct {
		Role    string          `json:"role"`
		Content anthropicBlocks `json:"content"`
	} `json:"messages"`
	Tools []struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Schema      json.RawMessage `json:"input_schema"`
	} `json:"tools"`
}

type anthropicBlock struct {
	Type    string          `json:"type"`
	Text    string          `json:"text"`
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Input   json.RawMessage `json:"input"`
	CallID  string          `json:"tool_use_id"`
	Content anthropicText   `json:"content"`
	Failed  bool            `json:"is_error"`

	Thinking  string `json:"thinking"`
	Signature string `json:"signature"`
	Data      string `json:"data"`
	Source    struct {
		Media string `json:"media_type"`
		Data  []byte `json:"data"`
	} `json:"source"`
}

// anthropicText is a string or a list of text blocks, as in the API.
type anthropicText string

// UnmarshalJSON decodes either.
func (t *anthropicText) UnmarshalJSON(b []byte) error {
	text, err := textOf(b)
	*t = anthropicText(text)
	return err
}

// anthropicBlocks is a list of blocks, or a string for a single text block.
type anthropicBlocks []anthropicBlock

// UnmarshalJSON decodes either.
func (l *anthropicBlocks) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var text string
		err := json.Unmarshal(b, &text)
		*l = anthropicBlocks{{Type: "text", Text: text}}
		return err
	}
	return json.Unmarshal(b, (*[]anthropicBlock)(l))
}

func (anthropic) ask(r *http.Request, body []byte) (Question, error) {
	if r.URL.Path != "/v1/messages" {
		return Question{}, errNoSuchPath
	}
	var in anthropicRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return Question{}, err
	}
	if r.Header.Get("Anthropic-Version") == "" {
		return Question{}, fmt.Errorf("anthropic-version: header is required")
	}
	if in.Model == "" || in.MaxTokens < 1 || len(in.Messages) == 0 {
		return Question{}, fmt.Errorf("model, max_tokens and messages are required")
	}
	q := Question{Model: in.Model, System: string(in.System), MaxTokens: in.MaxTokens, Stream: in.Stream}
	names := map[string]string{}
	for i, m := range in.Messages {
		if i > 0 && in.Messages[i-1].Role == m.Role || len(m.Content) == 0 {
			return Question{}, fmt.Errorf("messages.%d: roles must take turns and content must not be empty", i)
		}
		messages, err := anthropicMessages(llm.Role(m.Role), m.Content, names)
		if err != nil {
			return Question{}, err
		}
		q.Messages = append(q.Messages, messages...)
	}
	for _, t := range in.Tools {
		q.Tools = append(q.Tools, llm.Tool{Name: t.Name, Description: t.Description, Parameters: t.Schema})
	}
	return q, nil
}

// anthropicMessages splits what the API wants joined: one user message may
// contain the results of several calls and what the user said next.
func anthropicMessages(role llm.Role, blocks []anthropicBlock, names map[string]string) ([]llm.Message, error) {
	var all []llm.Message
	var pictures []llm.Picture
	answer := llm.Message{Role: role}
	for _, b := range blocks {
		switch b.Type {
		case "image":
			pictures = append(pictures, llm.Picture{Type: b.Source.Media, Data: b.Source.Data})
		case "text":
			if strings.TrimSpace(b.Text) == "" {
				return nil, fmt.Errorf("text content blocks must contain non-whitespace text")
			}
			if role == llm.RoleUser {
				all = append(all, llm.Message{Role: role, Text: b.Text, Pictures: pictures})
				pictures = nil
			}
			answer.Text += b.Text
		case "tool_use":
			names[b.ID] = b.Name
			answer.Calls = append(answer.Calls, llm.Call{ID: b.ID, Name: b.Name, Arguments: string(b.Input)})
		case "tool_result":
			if _, known := names[b.CallID]; !known {
				return nil, fmt.Errorf("tool_use_id %q answers no call", b.CallID)
			}
			all = append(all, llm.Message{Role: llm.RoleTool, CallID: b.CallID, Name: names[b.CallID], Text: string(b.Content), Failed: b.Failed})
		case "thinking", "redacted_thinking":
			if b.Signature == "" && b.Data == "" {
				return nil, fmt.Errorf("thinking blocks must have their signature")
			}
			answer.Echo.Data += b.Thinking + "~" + b.Signature + b.Data
		default:
			return nil, fmt.Errorf("unknown block %q", b.Type)
		}
	}
	if role == llm.RoleAssistant {
		all = append(all, answer)
	}
	return all, nil
}

// list returns one model per page, so that clients have to paginate.
func (anthropic) list(w http.ResponseWriter, r *http.Request, models []string) {
	if r.URL.Path != "/v1/models" {
		http.NotFound(w, r)
		return
	}
	at := 0
	for i, id := range models {
		if id == r.URL.Query().Get("after_id") {
			at = i + 1
		}
	}
	out := object{"data": []object{}, "has_more": at < len(models)-1, "first_id": nil, "last_id": nil}
	if at < len(models) {
		out["data"] = []object{{"type": "model", "id": models[at], "display_name": models[at], "created_at": "2025-01-01T00:00:00Z"}}
		out["last_id"] = models[at]
	}
	writeJSON(w, http.StatusOK, encode(out))
}

var anthropicErrors = map[llm.Kind]struct {
	status        int
	kind, message string
}{
	llm.KindUnavailable: {529, "overloaded_error", "Overloaded"},
	llm.KindRateLimited: {429, "rate_limit_error", "This request would exceed your organization's rate limit."},
	llm.KindBadKey:      {401, "authentication_error", "invalid x-api-key"},
	llm.KindNoCredit:    {400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API."},
	llm.KindNoModel:     {404, "not_found_error", "model: no-such-model"},
	llm.KindTooLong:     {400, "invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum"},
	llm.KindFiltered:    {400, "invalid_request_error", "Output blocked by content filtering policy"},
	llm.KindInvalid:     {400, "invalid_request_error", "Invalid request."},
}

func (anthropic) error(f Failure) (int, []byte) {
	e := anthropicErrors[f.Kind]
	if f.Message != "" {
		e.message = f.Message
	}
	switch f.Status {
	case http.StatusForbidden:
		e.kind = "permission_error"
	case http.StatusInternalServerError, http.StatusServiceUnavailable:
		e.kind, e.message = "api_error", "Internal server error"
	}
	return e.status, encode(object{"type": "error", "error": object{"type": e.kind, "message": e.message}, "request_id": "req_1"})
}

func (a anthropic) refuse(w http.ResponseWriter, f Failure) {
	status, body := a.error(f)
	refuseWith(w, f, status, body)
}

func (a anthropic) failure(f Failure) (string, []byte) {
	_, body := a.error(f)
	return "error", body
}

func anthropicStop(s llm.Stop) string {
	switch s {
	case llm.StopLength:
		return "max_tokens"
	case llm.StopCalls:
		return "tool_use"
	case llm.StopFilter:
		return "refusal"
	}
	return "end_turn"
}

func anthropicUsage(r Reply, u llm.Usage) object {
	if r.NoUsage {
		return object{}
	}
	return object{
		"input_tokens": u.Input - u.Cached, "cache_read_input_tokens": u.Cached,
		"cache_creation_input_tokens": 0, "output_tokens": u.Output,
	}
}

func (anthropic) stream(b *builder, q Question, r Reply) {
	event := func(kind string, o object) {
		o["type"] = kind
		b.add(kind, encode(o))
	}
	begun := r.usage()
	begun.Output = 1
	event("message_start", object{"message": object{
		"id": "msg_1", "type": "message", "role": "assistant", "model": q.Model, "content": []any{},
		"stop_reason": nil, "stop_sequence": nil, "usage": anthropicUsage(r, begun),
	}})
	event("ping", object{})
	index := 0
	block := func(first object, deltas func(delta func(object))) {
		event("content_block_start", object{"index": index, "content_block": first})
		deltas(func(d object) { event("content_block_delta", object{"index": index, "delta": d}) })
		event("content_block_stop", object{"index": index})
		index++
	}
	if pieces := r.pieces(); len(pieces) > 0 {
		block(object{"type": "text", "text": ""}, func(delta func(object)) {
			for _, p := range pieces {
				delta(object{"type": "text_delta", "text": p})
			}
		})
	}
	for _, c := range r.Calls {
		block(object{"type": "tool_use", "id": c.ID, "name": c.Name, "input": object{}}, func(delta func(object)) {
			delta(object{"type": "input_json_delta", "partial_json": ""})
			for _, part := range r.fragments(c.Arguments) {
				delta(object{"type": "input_json_delta", "partial_json": part})
			}
		})
	}
	b.body()
	written := object{"output_tokens": r.usage().Output}
	if r.NoUsage {
		written = object{}
	}
	event("message_delta", object{
		"delta": object{"stop_reason": anthropicStop(r.stop()), "stop_sequence": nil},
		"usage": written,
	})
	event("message_stop", object{})
}

func (anthropic) whole(q Question, r Reply) []byte {
	content := []object{{"type": "text", "text": r.text()}}
	for _, c := range r.Calls {
		content = append(content, object{"type": "tool_use", "id": c.ID, "name": c.Name, "input": json.RawMessage(c.Arguments)})
	}
	return encode(object{
		"id": "msg_1", "type": "message", "role": "assistant", "model": q.Model, "content": content,
		"stop_reason": anthropicStop(r.stop()), "stop_sequence": nil, "usage": anthropicUsage(r, r.usage()),
	})
}
