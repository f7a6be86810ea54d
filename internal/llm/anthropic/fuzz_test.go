package anthropic

import (
	"errors"
	"io"
	"strings"
	"testing"

	"openmates/internal/llm"
	"openmates/internal/llm/wire"
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
		d, r := &decoder{}, wire.NewReader(strings.NewReader(in))
		for d.Progress() != wire.Over {
			ev, err := r.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
				break
			}
			if _, err := d.Event(ev); err != nil {
				if e, ok := errors.AsType[*llm.Error](err); ok && (e.Err == nil || e.Error() == "") {
					t.Fatalf("an error that says nothing: %#v", e)
				}
				return
			}
		}
		calls, _, stop := d.End()
		if stop == "" {
			t.Fatal("no reason to stop")
		}
		for _, c := range calls {
			if c.ID == "" {
				t.Fatalf("a call without an id: %+v", c)
			}
		}
	})
}

func FuzzRefusal(f *testing.F) {
	f.Add(429, `{"error":{"message":"x","type":"y","code":"z"}}`)
	f.Add(0, `[{"error":{"code":503,"message":"x","status":"UNAVAILABLE","details":[{"retryDelay":"3s"}]}}]`)
	f.Add(400, `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long"}}`)
	f.Add(500, `{"error":"bare"}`)
	f.Add(404, "")
	f.Fuzz(func(t *testing.T, status int, body string) {
		e := refusal(status, []byte(body))
		if e.Err == nil || e.Err.Error() == "" || len(e.Err.Error()) > 1000 || strings.Contains(e.Err.Error(), "\n") || e.After < 0 {
			t.Fatalf("%d %q: %#v", status, body, e)
		}
		_ = e.Error()
	})
}
