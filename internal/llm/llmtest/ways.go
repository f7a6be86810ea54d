package llmtest

import (
	"strings"

	"openmates/internal/llm"
)

// ways are errors about how something was asked, not what: each costs nothing,
// is resolved within the turn, and doesn't happen again.
func ways() []quirk {
	fine := func() Reply { return chunks(texts("fine.")...) }
	// until fails while a request has a field.
	until := func(refused func(Question) bool, words string, status int) func(Question, int) Reply {
		return func(q Question, _ int) Reply {
			if refused(q) {
				return saying(status, words)
			}
			return fine()
		}
	}
	with := func(path string) func(Question) bool { return func(q Question) bool { return q.has(path) } }
	instructed := func(q Question) bool { return strings.Contains(string(q.Body), `"role":"system"`) }
	above := func(most int) func(Question) bool { return func(q Question) bool { return q.MaxTokens > most } }
	pictured := func(q Question) bool { return len(q.Messages) > 0 && len(q.Messages[0].Pictures) > 0 }
	seeing := question("What is this?")
	seeing.Messages[0].Pictures = []llm.Picture{{Name: "a.png", Type: "image/png", Data: []byte("png")}}
	alone := withTools()
	alone.Messages = append(alone.Messages,
		llm.Message{Role: llm.RoleAssistant, Calls: []llm.Call{{ID: "call_1", Name: "calculate", Arguments: `{"x":"17*23"}`}}},
		llm.Message{Role: llm.RoleTool, CallID: "call_1", Name: "calculate", Text: "391"})
	return []quirk{
		{name: "tools only without an effort", ask: withTools(), say: func(q Question, _ int) Reply {
			if q.has("tools") && !strings.Contains(string(q.Body), `"reasoning_effort":"none"`) {
				return saying(400, "Function tools with reasoning_effort are not supported for gpt-5.6-x in /v1/chat/completions. Please use /v1/responses or set reasoning_effort to 'none'.")
			}
			return fine()
		}, text: "fine.", requests: 2, next: 1},
		{name: "only by /responses", ask: withTools(), say: func(q Question, _ int) Reply {
			if strings.HasSuffix(q.Path, "/responses") {
				return Reply{Raw: []byte(`data: {"type":"response.output_text.delta","delta":"fine."}` + "\n\n" + `data: {"type":"response.completed","response":{"status":"completed"}}` + "\n\n")}
			}
			return saying(404, "This model is only supported in v1/responses and not in v1/chat/completions.")
		}, text: "fine.", requests: 2, next: 1},
		{name: "no effort is named without tools", say: until(with("reasoning_effort"), "Unrecognized request argument: reasoning_effort", 400), text: "fine."},
		{name: "no tools at Ollama", ask: withTools(), say: until(with("tools"), "registry.ollama.ai/library/gemma3:4b does not support tools", 400), text: "fine.", requests: 2, next: 1},
		{name: "no tools at vLLM", ask: withTools(), say: until(with("tools"), `"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set`, 400), text: "fine.", requests: 2, next: 1},
		{name: "no tools at OpenRouter", ask: withTools(), say: until(with("tools"), "No endpoints found that support tool use. To learn more about provider routing, visit: https://openrouter.ai/docs/provider-routing", 404), text: "fine.", requests: 2, next: 1},
		{name: "no role for instructions, Gemma", ask: withTools(), say: until(instructed, "Developer instruction is not enabled for models/gemma-3-27b-it", 400), text: "fine.", requests: 2, next: 1},
		{name: "no role for instructions, templates", ask: withTools(), say: until(instructed, "System role not supported", 500), fails: true, kind: llm.KindUnavailable},
		{name: "no role for instructions, vLLM", ask: withTools(), say: until(instructed, "System role not supported", 400), text: "fine.", requests: 2, next: 1},
		{name: "a small context that counts the answer, vLLM", ask: withTools(), say: until(above(3786), "This model's maximum context length is 4096 tokens. However, you requested 4000 output tokens and your prompt contains at least 310 input tokens, for a total of at least 4310 tokens. Please reduce the length of the input prompt or the number of requested output tokens.", 400), text: "fine.", requests: 2, next: 1},
		{name: "a small context that counts the answer, OpenAI", ask: withTools(), say: until(above(3677), "This model's maximum context length is 4097 tokens. However, you requested 4420 tokens (420 in the messages, 4000 in the completion). Please reduce the length of the messages or completion.", 400), text: "fine.", requests: 2, next: 1},
		{name: "a prompt that is really too long", ask: withTools(), say: says(saying(400, "This model's maximum context length is 4096 tokens. However, your messages resulted in 9310 tokens. Please reduce the length of the messages.")), fails: true, kind: llm.KindTooLong},
		{name: "an answer that may be shorter only", ask: withTools(), say: until(above(2048), "max_tokens is too large: 4000. This model supports at most 2048 completion tokens, whereas you provided 4000.", 400), text: "fine.", requests: 2, next: 1},
		{name: "an answer that may be shorter only, Groq", ask: withTools(), say: until(above(1024), "`max_tokens` must be less than or equal to `1024`, the maximum value for `max_tokens` is less than the `context_window` for this model", 400), text: "fine.", requests: 2, next: 1},
		{name: "no null beside calls", ask: alone, say: func(q Question, _ int) Reply {
			if strings.Contains(string(q.Body), `"content":null`) {
				return saying(422, "messages.2.content: Input should be a valid string, got null")
			}
			return fine()
		}, text: "fine.", requests: 2, next: 1},
		{name: "no pictures, vLLM", ask: seeing, say: until(pictured, "At most 0 image(s) may be provided in one request.", 400), text: "fine.", requests: 2, next: 1},
		{name: "no pictures, OpenRouter", ask: seeing, say: until(pictured, "No endpoints found that support image input", 404), text: "fine.", requests: 2, next: 1},
		{name: "no pictures, DeepSeek", ask: seeing, say: until(pictured, "Failed to deserialize the JSON body into the target type: messages[0]: unknown variant `image_url`, expected `text`", 400), text: "fine.", requests: 2, next: 1},
		{name: "several at once", ask: withTools(), say: func(q Question, _ int) Reply {
			switch {
			case q.has("stream_options"):
				return saying(400, "stream_options: Extra inputs are not permitted")
			case q.has("tools"):
				return saying(400, "this model does not support tools")
			case instructed(q):
				return saying(400, "System role not supported")
			}
			return fine()
		}, text: "fine.", requests: 4, next: 1},
		{name: "a server that is never content", ask: withTools(), say: func(q Question, n int) Reply {
			if n%2 == 0 {
				return saying(400, "use max_completion_tokens")
			}
			return saying(400, "max_completion_tokens: unknown field")
		}, fails: true, kind: llm.KindInvalid, requests: 2},
	}
}
