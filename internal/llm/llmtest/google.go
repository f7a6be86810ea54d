package llmtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"openmates/internal/llm"
)

// google is the Gemini API.
type google struct{}

func (google) base() string { return "/v1beta" }

type googleContent struct {
	Role  string       `json:"role,omitempty"`
	Parts []googlePart `json:"parts"`
}

type googlePart struct {
	Text *string `json:"text,omitempty"`
	Call *struct {
		ID   string          `json:"id"`
		Name string          `json:"name"`
		Args json.RawMessage `json:"args"`
	} `json:"functionCall,omitempty"`
	Response *struct {
		ID       string            `json:"id"`
		Name     string            `json:"name"`
		Response map[string]string `json:"response"`
	} `json:"functionResponse,omitempty"`
	Signature string `json:"thoughtSignature,omitempty"`
	Data      *struct {
		Type string `json:"mimeType"`
		Data []byte `json:"data"`
	} `json:"inlineData,omitempty"`
}

type googleRequest struct {
	System   googleContent   `json:"systemInstruction"`
	Contents []googleContent `json:"contents"`
	Tools    []struct {
		Functions []struct {
			Name        string          `json:"name"`
			Description string          `json:"description"`
			Parameters  json.RawMessage `json:"parametersJsonSchema"`
		} `json:"functionDeclarations"`
	} `json:"tools"`
	Config struct {
		MaxTokens int `json:"maxOutputTokens"`
	} `json:"generationConfig"`
}

func (google) ask(r *http.Request, body []byte) (Question, error) {
	name, method, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1beta/models/"), ":")
	if !ok || method != "generateContent" && method != "streamGenerateContent" {
		return Question{}, errNoSuchPath
	}
	if method == "streamGenerateContent" && r.URL.Query().Get("alt") != "sse" {
		return Question{}, fmt.Errorf("llmtest streams with alt=sse only")
	}
	var in googleRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return Question{}, err
	}
	if len(in.Contents) == 0 {
		return Question{}, fmt.Errorf("contents is not specified")
	}
	q := Question{Model: name, MaxTokens: in.Config.MaxTokens, Stream: method == "streamGenerateContent"}
	for _, p := range in.System.Parts {
		if p.Text != nil {
			q.System += *p.Text
		}
	}
	for _, c := range in.Contents {
		if len(c.Parts) == 0 {
			return Question{}, fmt.Errorf("contents.parts must not be empty")
		}
		q.Messages = append(q.Messages, googleMessages(name, c)...)
	}
	for _, t := range in.Tools {
		for _, f := range t.Functions {
			q.Tools = append(q.Tools, llm.Tool(f))
		}
	}
	return q, nil
}

// googleMessages splits what the API wants joined.
func googleMessages(model string, c googleContent) []llm.Message {
	var all []llm.Message
	var pictures []llm.Picture
	answer := llm.Message{Role: llm.RoleAssistant}
	for _, p := range c.Parts {
		switch {
		case p.Data != nil:
			pictures = append(pictures, llm.Picture{Type: p.Data.Type, Data: p.Data.Data})
		case p.Response != nil:
			m := llm.Message{Role: llm.RoleTool, CallID: p.Response.ID, Name: p.Response.Name}
			if m.Text, m.Failed = p.Response.Response["error"]; !m.Failed {
				m.Text = p.Response.Response["output"]
			}
			all = append(all, m)
		case p.Call != nil:
			call := llm.Call{ID: p.Call.ID, Name: p.Call.Name, Arguments: string(p.Call.Args)}
			if p.Signature != "" {
				call.Echo = llm.Echo{Of: model, Data: p.Signature}
			}
			answer.Calls = append(answer.Calls, call)
		case p.Text != nil && c.Role == "model":
			answer.Text += *p.Text
		case p.Text != nil:
			all = append(all, llm.Message{Role: llm.RoleUser, Text: *p.Text, Pictures: pictures})
			pictures = nil
		}
	}
	if c.Role == "model" {
		all = append(all, answer)
	}
	return all
}

// list returns one model per page, so that clients have to paginate, and one
// that can't answer.
func (google) list(w http.ResponseWriter, r *http.Request, models []string) {
	if r.URL.Path != "/v1beta/models" {
		http.NotFound(w, r)
		return
	}
	at, _ := strconv.Atoi(r.URL.Query().Get("pageToken"))
	if at >= len(models) {
		writeJSON(w, http.StatusOK, encode(object{"models": []object{{"name": "models/embedding", "supportedGenerationMethods": []string{"embedContent"}}}}))
		return
	}
	writeJSON(w, http.StatusOK, encode(object{
		"models":        []object{{"name": "models/" + models[at], "supportedGenerationMethods": []string{"generateContent", "countTokens"}}},
		"nextPageToken": strconv.Itoa(at + 1),
	}))
}

var googleErrors = map[llm.Kind]struct {
	status        int
	kind, message string
}{
	llm.KindUnavailable: {503, "UNAVAILABLE", "The model is overloaded. Please try again later."},
	llm.KindRateLimited: {429, "RESOURCE_EXHAUSTED", "You exceeded your current quota."},
	llm.KindBadKey:      {400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."},
	llm.KindNoCredit:    {400, "FAILED_PRECONDITION", "Please enable billing on your project."},
	llm.KindNoModel:     {404, "NOT_FOUND", "models/no-such-model is not found for API version v1beta."},
	llm.KindTooLong:     {400, "INVALID_ARGUMENT", "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."},
	llm.KindFiltered:    {200, "", ""}, // not an error: see failure
	llm.KindInvalid:     {400, "INVALID_ARGUMENT", "Request contains an invalid argument."},
}

func (google) error(f Failure) (int, []byte) {
	e := googleErrors[f.Kind]
	if f.Message != "" {
		e.message = f.Message
	}
	switch f.Status {
	case http.StatusUnauthorized:
		e.kind = "UNAUTHENTICATED"
	case http.StatusForbidden:
		e.kind = "PERMISSION_DENIED"
	case http.StatusInternalServerError:
		e.kind = "INTERNAL"
	}
	if f.Status == 0 {
		f.Status = e.status
	}
	details := []object{}
	if f.After > 0 {
		details = append(details, object{
			"@type":      "type.googleapis.com/google.rpc.RetryInfo",
			"retryDelay": strconv.FormatFloat(f.After.Seconds(), 'f', -1, 64) + "s",
		})
	}
	return f.Status, encode(object{"error": object{"code": f.Status, "message": e.message, "status": e.kind, "details": details}})
}

// refuse says only in the body how long to wait, like the API.
func (g google) refuse(w http.ResponseWriter, f Failure) {
	if f.Kind == llm.KindFiltered {
		w.Header().Set("Content-Type", "text/event-stream")
		_, data := g.failure(f)
		_, _ = fmt.Fprintf(w, "data: %s\r\n\r\n", data)
		return
	}
	status, body := g.error(f)
	writeJSON(w, status, body)
}

func (g google) failure(f Failure) (string, []byte) {
	if f.Kind == llm.KindFiltered {
		return "", encode(object{"promptFeedback": object{"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": object{"promptTokenCount": 9}})
	}
	_, body := g.error(f)
	return "", body
}

func googleFinish(s llm.Stop) string {
	switch s {
	case llm.StopLength:
		return "MAX_TOKENS"
	case llm.StopFilter:
		return "SAFETY"
	}
	return "STOP"
}

func (google) parts(r Reply) []object {
	var parts []object
	for _, c := range r.Calls {
		part := object{"functionCall": object{"id": c.ID, "name": c.Name, "args": json.RawMessage(c.Arguments)}}
		if c.Echo.Data != "" {
			part["thoughtSignature"] = c.Echo.Data
		}
		parts = append(parts, part)
	}
	return parts
}

func googleChunk(q Question, r Reply, parts []object, finish string, u llm.Usage) []byte {
	candidate := object{"index": 0, "content": object{"role": "model", "parts": parts}}
	if finish != "" {
		candidate["finishReason"] = finish
	}
	// A part of the output is reported as thoughts, as for reasoning models.
	thoughts := u.Output / 3
	out := object{"candidates": []object{candidate}, "modelVersion": q.Model, "responseId": "response-1"}
	if !r.NoUsage {
		out["usageMetadata"] = object{
			"promptTokenCount": u.Input, "cachedContentTokenCount": u.Cached,
			"candidatesTokenCount": u.Output - thoughts, "thoughtsTokenCount": thoughts, "totalTokenCount": u.Input + u.Output,
		}
	}
	return encode(out)
}

func (g google) stream(b *builder, q Question, r Reply) {
	begun := r.usage()
	begun.Output = 0
	if len(r.pieces()) > 0 {
		b.add("", googleChunk(q, r, []object{{"text": "Hm, let me think.", "thought": true}}, "", begun))
	}
	for _, p := range r.pieces() {
		b.add("", googleChunk(q, r, []object{{"text": p}}, "", begun))
	}
	for _, p := range g.parts(r) {
		b.add("", googleChunk(q, r, []object{p}, "", begun))
	}
	b.body()
	b.add("", googleChunk(q, r, []object{{"text": ""}}, googleFinish(r.stop()), r.usage()))
}

func (g google) whole(q Question, r Reply) []byte {
	parts := append([]object{{"text": r.text()}}, g.parts(r)...)
	return googleChunk(q, r, parts, googleFinish(r.stop()), r.usage())
}
