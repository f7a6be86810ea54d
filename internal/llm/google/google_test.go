package google_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/llm/google"
	"openmates/internal/llm/llmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(url string, key openmates.Secret, c *http.Client) (llm.Provider, error) {
	return google.New(google.Config{URL: url, Key: key, HTTP: c})
}

func TestConformance(t *testing.T) {
	t.Parallel()
	llmtest.Exercise(t, llmtest.Google, open)
}

func asked(t *testing.T, replies ...llmtest.Reply) (*llmtest.Server, llm.Model) {
	t.Helper()
	s := llmtest.Start(t, llmtest.Config{API: llmtest.Google})
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
	for url, ok := range map[string]bool{"": true, "https://proxy.example.com/v1/": true, "nowhere": false} {
		if _, err := open(url, "k", nil); (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := open("", " ", nil); openmates.CodeOf(err) != openmates.EInvalid {
		t.Errorf("no key: %v", err)
	}
}

func question(more ...llm.Message) llm.Request {
	return llm.Request{Messages: append([]llm.Message{{Role: llm.RoleUser, Text: "?"}}, more...)}
}

// What the model signed has to come back with the call, and the id without it.
func TestSignatures(t *testing.T) {
	t.Parallel()
	call := llm.Call{ID: "abc", Name: "now", Arguments: `{"zone":"UTC"}`, Echo: llm.Echo{Of: "m", Data: "c2lnbmF0dXJl"}}
	s, m := asked(t, llmtest.Reply{Calls: []llm.Call{call}})
	a, err := llm.Generate(t.Context(), m, question())
	if err != nil || len(a.Calls) != 1 || a.Calls[0] != call {
		t.Fatalf("got %+v, %v", a, err)
	}
	_, err = llm.Generate(t.Context(), m, question(
		llm.Message{Role: llm.RoleAssistant, Calls: a.Calls},
		llm.Message{Role: llm.RoleTool, CallID: call.ID, Name: "now", Text: "noon"},
	))
	if err != nil {
		t.Fatal(err)
	}
	got := s.Questions()[1].Messages
	if got[1].Calls[0] != call || got[2].CallID != "abc" || got[2].Text != "noon" {
		t.Errorf("got %+v", got)
	}
	// Another model, or another provider, gets nothing of it.
	a.Calls[0].Echo.Of = "another"
	if _, err = llm.Generate(t.Context(), m, question(llm.Message{Role: llm.RoleAssistant, Calls: a.Calls}, llm.Message{Role: llm.RoleTool, CallID: call.ID, Name: "now", Text: "noon"})); err != nil {
		t.Fatal(err)
	}
	if got := s.Questions()[2].Messages[1].Calls[0]; got.Echo != (llm.Echo{}) {
		t.Errorf("the signature of another model is sent: %+v", got)
	}
}

func TestCallsWithoutIDs(t *testing.T) {
	t.Parallel()
	raw := "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"a\"}},{\"functionCall\":{\"name\":\"b\",\"args\":{\"x\":1}}}]},\"finishReason\":\"STOP\"}]}\n\n"
	_, m := asked(t, llmtest.Reply{Raw: []byte(raw)})
	a, err := llm.Generate(t.Context(), m, question())
	if err != nil || len(a.Calls) != 2 || a.Stop != llm.StopCalls {
		t.Fatalf("got %+v, %v", a, err)
	}
	if a.Calls[0].ID == "" || a.Calls[0].ID == a.Calls[1].ID || a.Calls[0].Arguments != "{}" || a.Calls[1].Arguments != `{"x":1}` {
		t.Errorf("got %+v", a.Calls)
	}
}

func TestACallThatTheModelFailedToWrite(t *testing.T) {
	t.Parallel()
	_, m := asked(t, llmtest.Reply{Raw: []byte("data: {\"candidates\":[{\"finishReason\":\"MALFORMED_FUNCTION_CALL\"}]}\n\n")})
	_, err := llm.Generate(t.Context(), m, question())
	if e, ok := errors.AsType[*llm.Error](err); !ok || e.Kind != llm.KindCut || !strings.Contains(err.Error(), "MALFORMED") {
		t.Errorf("got %v", err)
	}
}

func TestModelsOfTheirFullName(t *testing.T) {
	t.Parallel()
	s := llmtest.Start(t, llmtest.Config{API: llmtest.Google})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	p, err := open(strings.TrimSuffix(s.URL(), "/v1beta"), "k", &http.Client{Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := llm.Generate(t.Context(), p.Model("models/gemini-x"), question()); err != nil {
		t.Fatal(err)
	}
	if got := s.Questions()[0].Model; got != "gemini-x" {
		t.Errorf("got %q", got)
	}
}

func TestRefusalsAsDocumented(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		body   string
		want   llm.Kind
		after  time.Duration
	}{
		{429, `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"quota","details":[{"@type":"x"},{"retryDelay":"34.5s"}]}}`, llm.KindRateLimited, 34500 * time.Millisecond},
		{429, `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Your prepayment credits are depleted."}}`, llm.KindNoCredit, 0},
		{400, `{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"x","details":[{"reason":"API_KEY_INVALID"}]}}`, llm.KindBadKey, 0},
		{400, `{"error":{"code":400,"status":"FAILED_PRECONDITION","message":"User location is not supported"}}`, llm.KindBarred, 0},
		{504, `{"error":{"code":504,"status":"DEADLINE_EXCEEDED","message":"x"}}`, llm.KindUnavailable, 0},
		{502, `<html>`, llm.KindUnavailable, 0},
		{0, `[{"error":{"code":500,"status":"INTERNAL","message":"x"}}]`, llm.KindUnavailable, 0},
	} {
		if e := google.Refusal(c.status, []byte(c.body)); e.Kind != c.want || e.After != c.after {
			t.Errorf("%d %s: got %s after %v, want %s after %v", c.status, c.body, e.Kind, e.After, c.want, c.after)
		}
	}
}
