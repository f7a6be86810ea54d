package openai

import (
	"errors"
	"testing"

	"openmates/internal/llm"
	"openmates/internal/llm/llmtest"
)

// FuzzDecoder reads whatever a server may send: it must not panic, and what it
// can't understand has to be an error with a kind or a plain one.
func FuzzDecoder(f *testing.F) {
	for _, s := range []string{
		"data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
		"data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}},{\"function\":{\"arguments\":\"}\"}}]}}]}\n\n",
		"data: {\"error\":{\"message\":\"x\",\"code\":502}}\n\n", "event: error\ndata: {\"message\":\"x\"}\n\n",
		"data: {\"choices\":[{\"message\":{\"content\":\"whole\"},\"finish_reason\":\"length\"}]}",
		"data: {}\ndata: {}\n\n", "data: [DONE]", "data: null\n\n", "data: [[[\n\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if err := llmtest.Decode(&decoder{}, in); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzResponses(f *testing.F) {
	for _, s := range []string{
		"data: {\"type\":\"response.output_text.delta\",\"delta\":\"hi\"}\n\ndata: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"usage\":{\"input_tokens\":1}}}\n\n",
		"data: {\"type\":\"response.output_item.done\",\"item\":{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"f\",\"arguments\":\"{}\"}}\n\n",
		"data: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"server_error\",\"message\":\"x\"}}}\n\n", "data: {\"type\":\"error\",\"code\":\"x\"}\n\n",
		"data: {\"object\":\"response\",\"output\":[{\"type\":\"message\",\"content\":[{\"text\":\"whole\"}]}],\"status\":\"incomplete\"}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if err := llmtest.Decode(&responses{}, in); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzWay learns from whatever a server may refuse with: it never asks for a
// longer answer than was wanted.
func FuzzWay(f *testing.F) {
	f.Add("maximum context length is 4096 tokens. However, you requested 4000 output tokens and your prompt contains at least 310 input tokens", 4000, true)
	f.Add("max_tokens is too large: 4000. This model supports at most 2048 completion tokens", 4000, false)
	f.Add("reasoning_effort /responses max_completion_tokens", 0, true)
	f.Fuzz(func(t *testing.T, words string, most int, long bool) {
		e := &llm.Error{Kind: llm.KindInvalid, Err: errors.New(words)}
		if long {
			e.Kind = llm.KindTooLong
		}
		most = min(max(most, 0), 100_000)
		req := llm.Request{MaxTokens: most, Tools: []llm.Tool{{Name: "f"}}, Messages: []llm.Message{{Role: llm.RoleUser, Text: "hello"}}}
		w, left, ok := way{}.other(e, req, false)
		if got := w.bound(req); ok && (got > most || left > most || got < 0 || left < 0) {
			t.Errorf("%q: %d and %d of %d", words, got, left, most)
		}
	})
}

func FuzzRefusal(f *testing.F) {
	for status, body := range llmtest.Refusals() {
		f.Add(status, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if err := llmtest.Refused(refusal(status, []byte(body))); err != nil {
			t.Fatalf("%d %q: %v", status, body, err)
		}
	})
}
