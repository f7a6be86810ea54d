package llmtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"openmates/internal/llm"
	"openmates/internal/llm/llmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const asked = `{"model":"m","stream":false,"messages":[{"role":"system","content":"be brief"},{"role":"user","content":[{"type":"text","text":"hello"}]}]}`

func post(t testing.TB, c *http.Client, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk-1")
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	all, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(all)
}

func client(t testing.TB) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestZeroSetup(t *testing.T) {
	t.Parallel()
	s := llmtest.Start(t, llmtest.Config{})
	c := client(t)
	status, body := post(t, c, s.URL()+"/chat/completions", asked)
	var whole struct {
		Choices []struct {
			Message struct{ Content string }
		}
	}
	if err := json.Unmarshal([]byte(body), &whole); err != nil || status != 200 || whole.Choices[0].Message.Content != "You said: hello" {
		t.Errorf("not streamed: %d %s %v", status, body, err)
	}
	_, body = post(t, c, s.URL()+"/chat/completions", strings.Replace(asked, "false", "true", 1))
	if !strings.Contains(body, "data: {") || !strings.HasSuffix(body, "data: [DONE]\n\n") || strings.Contains(body, "usage") {
		t.Errorf("streamed: %s", body)
	}
	q := s.Questions()
	if len(q) != 2 || q[0].System != "be brief" || q[0].Last() != "hello" || q[0].Stream || !q[1].Stream {
		t.Errorf("questions: %+v", q)
	}
	if got := q[0].Header.Get("Authorization"); got != "•••" {
		t.Errorf("the key is remembered: %q", got)
	}
}

func TestStrictness(t *testing.T) {
	t.Parallel()
	c := client(t)
	for api, bad := range map[llmtest.API]map[string]string{
		llmtest.OpenAI: {
			"/chat/completions":  `{"model":"m","messages":[{"role":"tool","tool_call_id":"x","content":""}]}`,
			"/chat/completions?": `{"model":"m"}`,
		},
		llmtest.Anthropic: {"/v1/messages": `{"model":"m","max_tokens":1,"messages":[]}`},
		llmtest.Google:    {"/models/m:generateContent": `{"contents":[]}`},
	} {
		s := llmtest.Start(t, llmtest.Config{API: api})
		for path, body := range bad {
			if status, got := post(t, c, s.URL()+path, body); status != 400 {
				t.Errorf("%s %s: %d %s", api, body, status, got)
			}
		}
		if status, _ := post(t, c, s.URL()+"/nowhere", "{}"); status != 404 {
			t.Errorf("%s: an unknown path: %d", api, status)
		}
	}
	if _, err := llmtest.New(llmtest.Config{API: "other"}); err == nil {
		t.Error("an unknown API was served")
	}
	if s, err := llmtest.New(llmtest.Config{Addr: "0.0.0.0:0"}); err == nil {
		s.Close()
		t.Error("it listens to the world")
	}
}

func TestNotStreamed(t *testing.T) {
	t.Parallel()
	c := client(t)
	r := llmtest.Reply{Text: "hi", Calls: []llm.Call{{ID: "a", Echo: llm.Echo{Data: "b"}, Name: "now", Arguments: "{}"}}}
	for api, ask := range map[llmtest.API][2]string{
		llmtest.OpenAI: {"/chat/completions", asked},
		llmtest.Google: {"/models/m:generateContent", `{"contents":[{"role":"user","parts":[{"text":"hello"}]}]}`},
	} {
		s := llmtest.Start(t, llmtest.Config{API: api, Answer: func(llmtest.Question) llmtest.Reply { return r }})
		status, body := post(t, c, s.URL()+ask[0], ask[1])
		if status != 200 || !json.Valid([]byte(body)) || !strings.Contains(body, "now") {
			t.Errorf("%s: %d %s", api, status, body)
		}
	}
}

func TestAnthropicTakesStringsAndBlocks(t *testing.T) {
	t.Parallel()
	s := llmtest.Start(t, llmtest.Config{API: llmtest.Anthropic})
	c := client(t)
	for _, body := range []string{
		`{"model":"m","max_tokens":1,"system":"brief","messages":[{"role":"user","content":"hello"}]}`,
		`{"model":"m","max_tokens":1,"system":[{"type":"text","text":"brief"}],"messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}]}`,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/v1/messages", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Anthropic-Version", "2023-06-01")
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		all, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != 200 || !strings.Contains(string(all), "You said: hello") {
			t.Errorf("%s: %d %s", body, res.StatusCode, all)
		}
	}
	for _, q := range s.Questions() {
		if q.System != "brief" || q.Last() != "hello" {
			t.Errorf("got %+v", q)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	s := llmtest.Start(t, llmtest.Config{})
	c := client(t)
	for range 2300 {
		post(t, c, s.URL()+"/chat/completions", asked)
	}
	if n := len(s.Questions()); n != 1000 || s.Count() != 2300 {
		t.Errorf("%d of %d are remembered", n, s.Count())
	}
}

func TestIdleGivesUp(t *testing.T) {
	t.Parallel()
	s := llmtest.Start(t, llmtest.Config{})
	s.Script(llmtest.Reply{Hold: true, Text: "x"})
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"/chat/completions", strings.NewReader(strings.Replace(asked, "false", "true", 1)))
	if err != nil {
		t.Fatal(err)
	}
	res, err := client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	short, end := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer end()
	if err := s.Idle(short); err == nil {
		t.Error("idle while an answer is held")
	}
	cancel()
	_ = res.Body.Close()
	if err := s.Idle(t.Context()); err != nil {
		t.Error(err)
	}
}

// The table runs with any T; importing "testing" would drag its flags into the
// demo.
func TestNoTestingInTheProduct(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"llmtest.go", "reply.go", "exercise.go", "cases.go", "openai.go", "anthropic.go", "google.go"} {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(src, []byte("\t\"testing\"")) || bytes.Contains(src, []byte("net/http/httptest")) {
			t.Errorf("%s imports the testing package", name)
		}
	}
}

// BenchmarkServer measures the OpenAI side alone, with clients that do as
// little as clients can.
func BenchmarkServer(b *testing.B) {
	answer := llmtest.Reply{Text: strings.TrimSpace(strings.Repeat("a few words ", 10))}
	for name, body := range map[string]string{"whole": asked, "streamed": strings.Replace(asked, "false", "true", 1)} {
		b.Run(name, func(b *testing.B) {
			s := llmtest.Start(b, llmtest.Config{Answer: func(llmtest.Question) llmtest.Reply { return answer }})
			c := client(b)
			url := s.URL() + "/chat/completions"
			b.SetParallelism(16 / runtime.GOMAXPROCS(0))
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if status, _ := post(b, c, url, body); status != 200 {
						b.Error(status)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "answers/s")
		})
	}
}
