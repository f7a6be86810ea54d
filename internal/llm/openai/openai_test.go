package openai_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/llm/llmtest"
	"openmates/internal/llm/openai"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(url string, key openmates.Secret, c *http.Client) (llm.Provider, error) {
	return openai.New(openai.Config{URL: url, Key: key, HTTP: c})
}

func TestConformance(t *testing.T) {
	t.Parallel()
	llmtest.Exercise(t, llmtest.OpenAI, open)
}

// The same by the Responses API.
func TestConformanceOfResponses(t *testing.T) {
	t.Parallel()
	llmtest.Exercise(t, llmtest.Responses, func(url string, key openmates.Secret, c *http.Client) (llm.Provider, error) {
		return openai.New(openai.Config{URL: url, Key: key, HTTP: c, Responses: true})
	})
}

// asked starts a server that answers with these replies, and a model on it.
func asked(t *testing.T, replies ...llmtest.Reply) (*llmtest.Server, llm.Model) {
	t.Helper()
	s := llmtest.Start(t, llmtest.Config{})
	s.Script(replies...)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	p, err := open(s.URL(), "", &http.Client{Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return s, p.Model("m")
}

func hello(maxTokens int) llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Text: "hello there"}}, MaxTokens: maxTokens}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	s := llmtest.Start(t, llmtest.Config{})
	root := strings.TrimSuffix(s.URL(), "/v1")
	for _, url := range []string{root, root + "/", root + "/v1", root + "/v1/", root + "/v1/chat/completions", root + "/openai/deployments/x/"} {
		transport := &http.Transport{}
		p, err := open(url, " sk-1 \n", &http.Client{Transport: transport})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := llm.Generate(t.Context(), p.Model("m"), hello(0)); err != nil {
			t.Errorf("%s: %v", url, err)
		}
		transport.CloseIdleConnections()
	}
	if _, err := open("localhost:1234", "", nil); openmates.CodeOf(err) != openmates.EInvalid {
		t.Errorf("an address without a scheme: %v", err)
	}
	if _, err := open("", "k", nil); err != nil {
		t.Errorf("OpenAI itself: %v", err)
	}
}

// Servers name either field for the bound of an answer, and some refuse the
// wish for usage. What was learned holds for the next request.
func TestFieldsThatServersRefuse(t *testing.T) {
	t.Parallel()
	refuse := func(words string) llmtest.Reply {
		return llmtest.Reply{Fail: &llmtest.Failure{Kind: llm.KindInvalid, Message: words}}
	}
	for name, c := range map[string]struct {
		refusals []llmtest.Reply
		has, not []string
	}{
		"nothing": {nil, []string{`"max_tokens":77`, "include_usage"}, []string{"max_completion_tokens"}},
		"the old field": {
			[]llmtest.Reply{refuse("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")},
			[]string{`"max_completion_tokens":77`, "include_usage"}, []string{`"max_tokens"`},
		},
		"the usage": {
			[]llmtest.Reply{refuse("stream_options: Extra inputs are not permitted")},
			[]string{`"max_tokens":77`}, []string{"stream_options"},
		},
		"both": {
			[]llmtest.Reply{refuse("unknown field stream_options"), refuse("use max_completion_tokens")},
			[]string{`"max_completion_tokens":77`}, []string{"stream_options", `"max_tokens"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, m := asked(t, c.refusals...)
			for range 2 {
				a, err := llm.Generate(t.Context(), m, hello(77))
				if err != nil || a.Usage.Output == 0 || a.Usage.Input == 0 {
					t.Fatalf("got %+v, %v", a, err)
				}
			}
			if want := len(c.refusals) + 2; s.Count() != want {
				t.Errorf("%d requests, want %d", s.Count(), want)
			}
			q := s.Questions()
			body := string(q[len(q)-1].Body)
			for _, has := range c.has {
				if !strings.Contains(body, has) {
					t.Errorf("%s is not in %s", has, body)
				}
			}
			for _, not := range c.not {
				if strings.Contains(body, not) {
					t.Errorf("%s is in %s", not, body)
				}
			}
		})
	}
	s, m := asked(t, refuse("max_tokens is too large"))
	if _, err := llm.Generate(t.Context(), m, hello(77)); err == nil || s.Count() != 1 {
		t.Errorf("a bound that is too large: %v after %d requests", err, s.Count())
	}
}

// A server of the new kind that is not OpenAI's own can want the old field
// back; it can't send the adapter round in circles.
func TestRefusalsComeToAnEnd(t *testing.T) {
	t.Parallel()
	r := llmtest.Reply{Fail: &llmtest.Failure{Kind: llm.KindInvalid, Message: "max_completion_tokens? max_tokens? stream_options? Unsupported"}}
	s, m := asked(t, r, r, r, r, r, r)
	if _, err := llm.Generate(t.Context(), m, hello(77)); err == nil || s.Count() != 3 {
		t.Errorf("%v after %d requests", err, s.Count())
	}
}

func TestServersThatDiffer(t *testing.T) {
	t.Parallel()
	said := "data: {\"choices\":[{\"delta\":{\"content\":\"hello\"}}]}\n\n"
	end := "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
	for name, c := range map[string]struct {
		reply llmtest.Reply
		kind  llm.Kind // of the error; -1 = none
	}{
		"no usage":                  {llmtest.Reply{Text: "hello", NoUsage: true}, -1},
		"no [DONE]":                 {llmtest.Reply{Text: "hello", NoDone: true}, -1},
		"neither":                   {llmtest.Reply{Text: "hello", NoUsage: true, NoDone: true}, -1},
		"not streamed":              {llmtest.Reply{Text: "hello", Whole: true}, -1},
		"[DONE] without a reason":   {llmtest.Reply{Raw: []byte(said + "data: [DONE]\n\n")}, -1},
		"odd types elsewhere":       {llmtest.Reply{Raw: []byte("data: {\"id\":7,\"created\":1.5,\"choices\":[{\"delta\":{\"content\":\"hello\",\"role\":null},\"logprobs\":3}],\"error\":null}\n\n" + end)}, -1},
		"null where there was text": {llmtest.Reply{Raw: []byte(said + "data: {\"choices\":[{\"delta\":{\"content\":null,\"tool_calls\":null},\"finish_reason\":null}],\"usage\":null}\n\n" + end)}, -1},
		"carriage returns":          {llmtest.Reply{Raw: []byte(strings.ReplaceAll(said+end, "\n", "\r\n"))}, -1},
		"no empty lines":            {llmtest.Reply{Raw: []byte(strings.ReplaceAll(said+end, "\n\n", "\n"))}, -1},
		"comments of a router":      {llmtest.Reply{Raw: []byte(strings.Repeat(": OPENROUTER PROCESSING\n\n", 400) + said + end)}, -1},
		"Groq's usage":              {llmtest.Reply{Raw: []byte(said + strings.Replace(end, "{\"choices", "{\"x_groq\":{\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}},\"choices", 1))}, -1},
		"an error with other keys":  {llmtest.Reply{Raw: []byte(said + "data: {\"id\":\"x\",\"error\":{\"code\":502,\"message\":\"Provider returned error\"},\"choices\":[]}\n\n")}, llm.KindUnavailable},
		"an error of a number":      {llmtest.Reply{Raw: []byte(said + "data: {\"error\":{\"code\":429,\"message\":\"slow down\"}}\n\n")}, llm.KindRateLimited},
		"an error of a word":        {llmtest.Reply{Raw: []byte(said + "data: {\"error\":\"model runner has stopped\"}\n\n")}, llm.KindUnavailable},
		"an error event":            {llmtest.Reply{Raw: []byte(said + "event: error\ndata: {\"message\":\"gone\",\"type\":\"server_error\"}\n\n")}, llm.KindUnavailable},
		"an error behind comments":  {llmtest.Reply{Raw: []byte(": hm\n\n" + said + ": hm\n\ndata: {\"error\":{\"message\":\"x\"}}\n\n")}, llm.KindUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, m := asked(t, c.reply)
			a, err := llm.Generate(t.Context(), m, hello(0))
			if a.Text != "hello" {
				t.Errorf("got %q", a.Text)
			}
			if c.kind < 0 {
				if err != nil || a.Stop != llm.StopEnd || a.Usage.Input == 0 || a.Usage.Output == 0 {
					t.Errorf("got %+v, %v", a, err)
				}
				return
			}
			if e, ok := errors.AsType[*llm.Error](err); !ok || e.Kind != c.kind {
				t.Errorf("got %v, want %s", err, c.kind)
			}
		})
	}
}

func TestRefusalsOfOtherServers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		body   string
		want   llm.Kind
	}{
		{402, `{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}`, llm.KindNoCredit},
		{404, `{"error":{"message":"model \"x\" not found, try pulling it first","type":"api_error"}}`, llm.KindNoModel},
		{400, `{"object":"error","message":"This model's maximum context length is 4096 tokens.","type":"BadRequestError","code":400}`, llm.KindTooLong},
		{400, `[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]`, llm.KindBadKey},
		{422, `{"object":"error","message":{"detail":[{"msg":"bad"}]},"type":"invalid_request_error"}`, llm.KindInvalid},
		{400, `{"error":{"message":"the request exceeds the available context size","type":"exceed_context_size_error","code":400}}`, llm.KindTooLong},
		{502, `<html>Bad Gateway</html>`, llm.KindUnavailable},
		{500, `{"error":{"message":"billing service is down"}}`, llm.KindUnavailable},
		{413, ``, llm.KindTooLong},
		{401, `{"detail":"Unauthorized"}`, llm.KindBadKey},
		{408, ``, llm.KindUnavailable},
		{429, `{"error":{"message":"Rate limit","code":null,"type":"tokens"}}`, llm.KindRateLimited},
	} {
		e := openai.Refusal(c.status, []byte(c.body))
		if e.Kind != c.want || e.Err == nil || e.Err.Error() == "" {
			t.Errorf("%d %s: got %v, want %s", c.status, c.body, e, c.want)
		}
	}
}

// Calls as servers number and cut them.
func TestCallsOfOtherServers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		parts []string // of delta.tool_calls
		want  string
	}{
		"numbered": {[]string{
			`{"index":0,"id":"a","function":{"name":"f","arguments":""}}`, `{"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\""}}`,
			`{"index":0,"function":{"arguments":"{\"x\":1}"}}`, `{"index":1,"function":{"arguments":":2}"}}`,
		}, `[a f {"x":1}] [b g {"y":2}]`},
		"all of number 0": {[]string{
			`{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}`, `{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}`,
		}, `[a f {}] [b g {}]`},
		"the id in every part": {[]string{
			`{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}`, `{"index":0,"id":"a","function":{"name":"f","arguments":"}"}}`,
		}, `[a f {}]`},
		"an empty id in later parts": {[]string{
			`{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}`, `{"index":0,"id":"","function":{"name":"","arguments":"}"}}`,
		}, `[a f {}]`},
		"no numbers": {[]string{
			`{"id":"a","function":{"name":"f","arguments":"{"}}`, `{"function":{"arguments":"}"}}`, `{"id":"b","function":{"name":"g","arguments":"{}"}}`,
		}, `[a f {}] [b g {}]`},
		"no numbers and no ids": {[]string{
			`{"function":{"name":"f","arguments":"{}"}}`, `{"function":{"name":"g","arguments":"{}"}}`,
		}, `[call_… f {}] [call_… g {}]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var raw strings.Builder
			for _, p := range c.parts {
				fmt.Fprintf(&raw, "data: {\"choices\":[{\"delta\":{\"tool_calls\":[%s]}}]}\n\n", p)
			}
			raw.WriteString("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
			_, m := asked(t, llmtest.Reply{Raw: []byte(raw.String())})
			a, err := llm.Generate(t.Context(), m, hello(0))
			if err != nil || a.Stop != llm.StopCalls {
				t.Fatalf("got %+v, %v", a, err)
			}
			var got []string
			for _, call := range a.Calls {
				if strings.HasPrefix(call.ID, "call_") {
					call.ID = "call_…"
				}
				got = append(got, fmt.Sprintf("[%s %s %s]", call.ID, call.Name, call.Arguments))
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got %s, want %s", s, c.want)
			}
		})
	}
}

func TestCallsInADocument(t *testing.T) {
	t.Parallel()
	want := llm.Call{ID: "call_1", Name: "search", Arguments: `{"q":"x"}`}
	_, m := asked(t, llmtest.Reply{Calls: []llm.Call{want}, Whole: true})
	a, err := llm.Generate(t.Context(), m, hello(0))
	if err != nil || len(a.Calls) != 1 || a.Calls[0] != want || a.Stop != llm.StopCalls {
		t.Errorf("got %+v, %v", a, err)
	}
}

// A server that sends 200 MB of arguments can't fill the memory: what was
// allocated in all bounds what was ever held at once. The client and the server
// of the test are in it, so nothing runs next to it.
func TestAFloodOfArgumentsTakesLittleMemory(t *testing.T) { //nolint:paralleltest // it measures the process
	_, m := asked(t, llmtest.Reply{Flood: 200 << 20, Calls: []llm.Call{{ID: "a", Name: "f", Arguments: strings.Repeat("x", 50_000)}}})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a, err := llm.Generate(t.Context(), m, hello(0))
	runtime.ReadMemStats(&after)
	if err != nil || a.Stop != llm.StopLength {
		t.Errorf("%+v, %v", a, err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 32<<20 {
		t.Errorf("%d MB were allocated", took>>20)
	}
}

// Usage as servers write it, all of the same 50 and 20 tokens.
func TestUsageIsReadUnderAllItsNames(t *testing.T) {
	t.Parallel()
	const said = "data: {\"choices\":[{\"delta\":{\"content\":\"It is seven o'clock, I think, and here it is dark already.\"}"
	for name, c := range map[string]struct {
		rest string // of the chunk
		want llm.Usage
	}{
		"a fraction":             {`}],"usage":{"prompt_tokens":50.0,"completion_tokens":20.0}`, llm.Usage{Input: 50, Output: 20}},
		"strings":                {`}],"usage":{"prompt_tokens":"50","completion_tokens":"20"}`, llm.Usage{Input: 50, Output: 20}},
		"a list of details":      {`}],"usage":{"prompt_tokens":50,"completion_tokens":20,"prompt_tokens_details":[]}`, llm.Usage{Input: 50, Output: 20}},
		"a list":                 {`}],"usage":[]`, llm.Usage{Input: 7, Output: 15}},
		"a word":                 {`}],"usage":"none"`, llm.Usage{Input: 7, Output: 15}},
		"mlx":                    {`}],"usage":{"input_tokens":50,"output_tokens":20}`, llm.Usage{Input: 50, Output: 20}},
		"Moonshot":               {`,"usage":{"prompt_tokens":50,"completion_tokens":20,"cached_tokens":8}}]`, llm.Usage{Input: 50, Cached: 8, Output: 20}},
		"DeepSeek's cache":       {`}],"usage":{"prompt_tokens":50,"completion_tokens":20,"prompt_cache_hit_tokens":8}`, llm.Usage{Input: 50, Cached: 8, Output: 20}},
		"thoughts in the total":  {`}],"usage":{"prompt_tokens":50,"completion_tokens":20,"total_tokens":970}`, llm.Usage{Input: 50, Output: 920}},
		"a total that is a lie":  {`}],"usage":{"prompt_tokens":50,"completion_tokens":20,"total_tokens":1e300}`, llm.Usage{Input: 50, Output: 15}},
		"beyond all numbers":     {`}],"usage":{"prompt_tokens":1e999,"completion_tokens":-1e999}`, llm.Usage{Input: 7, Output: 15}},
		"zeros behind the truth": {"}],\"usage\":{\"prompt_tokens\":50,\"completion_tokens\":20}}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":0}", llm.Usage{Input: 50, Output: 20}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, m := asked(t, llmtest.Reply{Raw: []byte(said + c.rest + "}\n\ndata: [DONE]\n\n")})
			a, err := llm.Generate(t.Context(), m, hello(0))
			if err != nil || !strings.HasPrefix(a.Text, "It is") || a.Usage != c.want {
				t.Errorf("got %+v, %v; want %+v", a, err, c.want)
			}
		})
	}
}

// Thoughts are billed: where no usage is told, those that are shown count.
func TestThoughtsThatNobodyCountsAreEstimated(t *testing.T) {
	t.Parallel()
	for _, field := range []string{"reasoning_content", "reasoning"} {
		raw := fmt.Sprintf("data: {\"choices\":[{\"delta\":{%q:%q}}]}\n\n", field, strings.Repeat("hm, so ", 400))
		raw += "data: {\"choices\":[{\"delta\":{\"content\":\"fine.\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
		_, m := asked(t, llmtest.Reply{Raw: []byte(raw)})
		a, err := llm.Generate(t.Context(), m, hello(0))
		if err != nil || a.Text != "fine." || a.Usage.Output < 700 {
			t.Errorf("%s: %+v, %v", field, a, err)
		}
	}
}

func TestArgumentsAsAnObject(t *testing.T) {
	t.Parallel()
	raw := "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":{\"x\":1}}}]},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n"
	_, m := asked(t, llmtest.Reply{Raw: []byte(raw)})
	if a, err := llm.Generate(t.Context(), m, hello(0)); err != nil || len(a.Calls) != 1 || a.Calls[0].Arguments != `{"x":1}` {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestRetryAfterInMilliseconds(t *testing.T) {
	t.Parallel()
	_, m := asked(t, llmtest.Reply{Fail: &llmtest.Failure{Kind: llm.KindRateLimited, After: 1500 * time.Millisecond}})
	_, err := llm.Generate(t.Context(), m, hello(0))
	if e, ok := errors.AsType[*llm.Error](err); !ok || e.After != 1500*time.Millisecond {
		t.Errorf("got %v", err)
	}
}

func TestAskedInJSON(t *testing.T) {
	t.Parallel()
	s, m := asked(t)
	if _, err := llm.Generate(t.Context(), m, hello(0)); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(s.Questions()[0].Body, &got); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"max_tokens", "max_completion_tokens", "tools"} {
		if _, has := got[field]; has {
			t.Errorf("%s is sent though nothing is set", field)
		}
	}
}

// BenchmarkStream measures the adapter and the server together.
func BenchmarkStream(b *testing.B) {
	answer := llmtest.Reply{Text: strings.TrimSpace(strings.Repeat("a few words ", 10))}
	s := llmtest.Start(b, llmtest.Config{Answer: func(llmtest.Question) llmtest.Reply { return answer }})
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	b.Cleanup(transport.CloseIdleConnections)
	p, err := open(s.URL(), "k", &http.Client{Transport: transport})
	if err != nil {
		b.Fatal(err)
	}
	m := p.Model("m")
	b.SetParallelism(8)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if a, err := llm.Generate(b.Context(), m, hello(0)); err != nil || a.Text != answer.Text {
				b.Errorf("got %+v, %v", a, err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "answers/s")
}

// hostedAt sends what goes to OpenAI's own address to a server of the test.
type hostedAt struct {
	http.RoundTripper
	url string
}

// RoundTrip sends a request.
func (h hostedAt) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	at, err := url.Parse(h.url)
	if err != nil {
		return nil, err
	}
	r.URL.Scheme, r.URL.Host = at.Scheme, at.Host
	return h.RoundTripper.RoundTrip(r)
}

// OpenAI's models that can't use tools while reasoning in one API use the API
// that allows both.
func TestOpenAIsOwnModelsUseToolsByTheResponsesAPI(t *testing.T) {
	t.Parallel()
	s := llmtest.Start(t, llmtest.Config{API: llmtest.OpenAI, Answer: func(q llmtest.Question) llmtest.Reply {
		if strings.HasSuffix(q.Path, "/chat/completions") {
			return llmtest.Reply{Fail: &llmtest.Failure{Kind: llm.KindInvalid, Message: "Function tools with reasoning_effort are not supported for gpt-5.6-x in /v1/chat/completions. Please use /v1/responses or set reasoning_effort to 'none'."}}
		}
		return llmtest.Reply{Raw: []byte("data: {\"type\":\"response.output_text.delta\",\"delta\":\"fine.\"}\n\ndata: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n")}
	}})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	p, err := open("", "k", &http.Client{Transport: hostedAt{transport, s.URL()}})
	if err != nil {
		t.Fatal(err)
	}
	req := hello(77)
	req.Tools = []llm.Tool{{Name: "now", Description: "Tells the time"}}
	if a, err := llm.Generate(t.Context(), p.Model("gpt-5.6-x"), req); err != nil || a.Text != "fine." {
		t.Errorf("got %+v, %v", a, err)
	}
	asked := s.Questions()
	if len(asked) != 2 || asked[1].Path != "/v1/responses" || len(asked[1].Tools) != 1 {
		t.Errorf("asked %+v", asked)
	}
}

func TestListsOfModels(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"data":[{"id":"b"},{"id":"a"},{"id":7}]}`: "[a b]",
		`[{"id":"b","object":"model"},{"id":"a"}]`:  "[a b]",
		`{"models":[]}`: "[]",
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		t.Cleanup(s.Close)
		transport := &http.Transport{}
		t.Cleanup(transport.CloseIdleConnections)
		p, err := open(s.URL, "k", &http.Client{Transport: transport})
		if err != nil {
			t.Fatal(err)
		}
		all, err := p.Models(t.Context())
		ids := []string{}
		for _, m := range all {
			ids = append(ids, m.ID)
		}
		if err != nil || fmt.Sprint(ids) != want {
			t.Errorf("%s: %q, %v", body, ids, err)
		}
	}
}

// What servers tell about their models, each in its own way.
func TestWhatListsTellAboutModels(t *testing.T) {
	t.Parallel()
	dollars := func(in, cached, out openmates.Micros) *openmates.Price {
		return &openmates.Price{Input: in, Cached: cached, Output: out}
	}
	for name, c := range map[string]struct {
		entry string
		want  llm.ModelInfo
	}{
		"OpenAI":     {`{"id":"m","object":"model","created":1700000000,"owned_by":"system"}`, llm.ModelInfo{ID: "m"}},
		"OpenRouter": {`{"id":"m","context_length":400000,"architecture":{"input_modalities":["text","image"]},"supported_parameters":["tools","max_tokens"],"pricing":{"prompt":"0.00000125","completion":"0.00001","input_cache_read":"0.000000125"},"top_provider":{"max_completion_tokens":128000}}`, llm.ModelInfo{ID: "m", Window: 400_000, Answer: 128_000, Tools: llm.Yes, Sees: llm.Yes, Price: dollars(1_250_000, 125_000, 10_000_000)}},
		"free":       {`{"id":"m","pricing":{"prompt":"0","completion":"0"}}`, llm.ModelInfo{ID: "m", Price: dollars(0, 0, 0)}},
		"no vision":  {`{"id":"m","architecture":{"input_modalities":["text"]},"supported_parameters":[]}`, llm.ModelInfo{ID: "m", Tools: llm.No, Sees: llm.No}},
		"Together":   {`{"id":"m","context_length":131072,"pricing":{"hourly":0,"input":0.88,"output":0.9}}`, llm.ModelInfo{ID: "m", Window: 131_072, Price: dollars(880_000, 880_000, 900_000)}},
		"Mistral":    {`{"id":"m","max_context_length":32768,"capabilities":{"completion_chat":true,"function_calling":true,"vision":false}}`, llm.ModelInfo{ID: "m", Window: 32_768, Tools: llm.Yes, Sees: llm.No}},
		"Groq":       {`{"id":"m","context_window":131072,"max_completion_tokens":32768}`, llm.ModelInfo{ID: "m", Window: 131_072, Answer: 32_768}},
		"vLLM":       {`{"id":"m","max_model_len":8192}`, llm.ModelInfo{ID: "m", Window: 8192}},
		"odd":        {`{"id":"m","context_length":"many","pricing":[],"capabilities":7,"architecture":"x","supported_parameters":{}}`, llm.ModelInfo{ID: "m"}},
		"lies":       {`{"id":"m","context_length":-5,"pricing":{"prompt":"-1","completion":"1e300"}}`, llm.ModelInfo{ID: "m"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"data":[`+c.entry+`]}`) }))
			t.Cleanup(s.Close)
			transport := &http.Transport{}
			t.Cleanup(transport.CloseIdleConnections)
			p, err := open(s.URL, "k", &http.Client{Transport: transport})
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Models(t.Context())
			if err != nil || !reflect.DeepEqual(got, []llm.ModelInfo{c.want}) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// What a refusal taught the adapter can be shown.
func TestWhatIsLearnedIsTold(t *testing.T) {
	t.Parallel()
	_, m := asked(t, llmtest.Reply{Fail: &llmtest.Failure{Kind: llm.KindInvalid, Message: "gemma3:4b does not support tools"}})
	req := hello(0)
	req.Tools = []llm.Tool{{Name: "now", Description: "Tells the time"}}
	if _, err := llm.Generate(t.Context(), m, req); err != nil {
		t.Fatal(err)
	}
	l, ok := m.(llm.Learner)
	if !ok || l.Learned() != (llm.ModelInfo{ID: "m", Tools: llm.No}) {
		t.Errorf("learned %+v", l)
	}
}
