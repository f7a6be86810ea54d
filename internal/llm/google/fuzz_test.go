package google

import (
	"testing"

	"openmates/internal/llm/llmtest"
)

// FuzzDecoder reads whatever a server may send: it must not panic, and what it
// can't understand has to be an error with a kind or a plain one.
func FuzzDecoder(f *testing.F) {
	for _, s := range []string{
		"data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hi\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":1}}\r\n\r\n",
		"data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":1}},\"thoughtSignature\":\"c2ln\"}]}}]}\n\n",
		"data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}\n\n", "data: {\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\"}}\n\n",
		"data: {\"candidates\":[{\"finishReason\":\"MALFORMED_FUNCTION_CALL\"}]}\n\n", "data: {\"candidates\":null}\n\n", "data: \"x\"\n\n",
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
