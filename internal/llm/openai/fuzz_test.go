package openai

import (
	"testing"

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
