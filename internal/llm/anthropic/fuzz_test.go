package anthropic

import (
	"testing"

	"openmates/internal/llm/llmtest"
)

// FuzzDecoder reads whatever a server may send: it must not panic, and what it
// can't understand has to be an error with a kind or a plain one.
func FuzzDecoder(f *testing.F) {
	for _, s := range []string{
		"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":3,\"cache_read_input_tokens\":4}}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n",
		"data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{}}}\n\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}}\n\n",
		"event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
		"data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\"},\"usage\":{\"output_tokens\":1}}\n\n", "data: {\"type\":\"ping\"}\n\n", "data: 1\n\n",
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
