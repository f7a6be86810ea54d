package anthropic_test

import (
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/llm/anthropic"
	"openmates/internal/llm/llmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(url string, key openmates.Secret, c *http.Client) (llm.Provider, error) {
	return anthropic.New(anthropic.Config{URL: url, Key: key, HTTP: c})
}

func TestConformance(t *testing.T) {
	t.Parallel()
	llmtest.Exercise(t, llmtest.Anthropic, open)
}

func asked(t *testing.T, replies ...llmtest.Reply) (*llmtest.Server, llm.Model) {
	t.Helper()
	s := llmtest.Start(t, llmtest.Config{API: llmtest.Anthropic})
	s.Script(replies...)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	p, err := open(s.URL(), "k", &http.Client{Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return s, p.Model("m")
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for url, ok := range map[string]bool{"": true, "https://proxy.example.com/anthropic/v1/": true, "nowhere": false} {
		if _, err := open(url, "k", nil); (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := open("", " ", nil); openmates.CodeOf(err) != openmates.EInvalid {
		t.Errorf("no key: %v", err)
	}
}

// The API refuses blank texts and two messages of one role in a row.
func TestHistoriesThatTheAPIRefuses(t *testing.T) {
	t.Parallel()
	s, m := asked(t)
	_, err := llm.Generate(t.Context(), m, llm.Request{Messages: []llm.Message{
		{Role: llm.RoleUser, Text: "one"},
		{Role: llm.RoleUser, Text: "two"},
		{Role: llm.RoleAssistant, Text: " "},
		{Role: llm.RoleUser, Text: ""},
	}})
	if err != nil {
		t.Fatal(err)
	}
	q := s.Questions()[0]
	if len(q.Messages) != 3 || q.Messages[1].Text != "two" || strings.TrimSpace(q.Messages[2].Text) == "" {
		t.Errorf("got %+v", q.Messages)
	}
	if q.MaxTokens != anthropic.DefaultMaxTokens {
		t.Errorf("max tokens %d", q.MaxTokens)
	}
}

func TestStreamsAsDocumented(t *testing.T) {
	t.Parallel()
	raw := `event: message_start
data: {"type":"message_start","message":{"usage":{"input_tokens":5,"cache_creation_input_tokens":20,"cache_read_input_tokens":100,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"abc"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":"Well, "}}

event: something_new
data: {"type":"something_new","index":"odd"}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"yes."}}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"now","input":{"zone":"UTC"}}}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"pause_turn"},"usage":{"output_tokens":12}}

event: message_stop
data: {"type":"message_stop"}

`
	raw = strings.Replace(raw, `,"index":"odd"`, "", 1)
	_, m := asked(t, llmtest.Reply{Raw: []byte(raw)})
	a, err := llm.Generate(t.Context(), m, llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Text: "?"}}})
	want := llm.Usage{Input: 125, Cached: 100, Output: 12}
	if err != nil || a.Text != "Well, yes." || a.Usage != want || len(a.Calls) != 1 || a.Calls[0].Arguments != `{"zone":"UTC"}` {
		t.Errorf("got %+v, %v", a, err)
	}
}

func TestRefusalsAsDocumented(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status     int
		kind, text string
		want       llm.Kind
	}{
		{402, "billing_error", "x", llm.KindNoCredit},
		{413, "request_too_large", "x", llm.KindTooLong},
		{504, "timeout_error", "x", llm.KindUnavailable},
		{529, "overloaded_error", "x", llm.KindUnavailable},
		{400, "invalid_request_error", "input length and max_tokens exceed context window", llm.KindTooLong},
		{418, "something_new", "x", llm.KindInvalid},
	} {
		e := anthropic.Refusal(c.status, []byte(`{"type":"error","error":{"type":"`+c.kind+`","message":"`+c.text+`"}}`))
		if e.Kind != c.want {
			t.Errorf("%d %s: got %s, want %s", c.status, c.kind, e.Kind, c.want)
		}
	}
}
