package llmtest

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"openmates/internal/llm"
)

// quirk is one way in which servers deviate from the API, as seen in public
// reports, and what an adapter should make of it.
type quirk struct {
	name string
	api  API // "" = OpenAI
	ask  llm.Request
	say  func(q Question, n int) Reply // n counts the requests, from 1

	text     string
	ever     string // what no piece may contain, even temporarily
	calls    []string
	stop     llm.Stop  // "" = StopEnd, or StopCalls if there are calls
	fails    bool      // with kind
	kind     llm.Kind  //
	usage    llm.Usage // zero = any
	requests int       // 0 = 1
	next     int       // requests for the same question asked again; 0 = it isn't
	round    string    // the request for the next round, with the calls' results, contains this
}

func (c quirk) run(w *world) {
	w.server.answer = func(q Question) Reply { return c.say(q, w.server.Count()) }
	ask := c.ask
	if ask.Messages == nil {
		ask.Messages = question("What is 17*23?").Messages
	}
	var ever strings.Builder
	a, err := llm.Generate(w.context(), watched{w.model(), &ever}, ask)
	if c.fails {
		w.refused(err, c.kind)
	} else {
		c.answered(w, a, err)
	}
	if c.ever != "" && strings.Contains(ever.String(), c.ever) {
		w.Errorf("%q was shown", ever.String())
	}
	want := max(c.requests, 1)
	w.equal("requests", w.server.Count(), want)
	if c.next > 0 {
		a, err = llm.Generate(w.context(), w.model(), ask)
		c.answered(w, a, err)
		w.equal("requests of the next question", w.server.Count()-want, c.next)
	}
	if c.round != "" {
		c.goOn(w, ask, a)
	}
}

func (c quirk) answered(w *world, a llm.Answer, err error) {
	w.Helper()
	if err != nil {
		w.Fatalf("ask: %v", err)
	}
	var calls []string
	for _, call := range a.Calls {
		if call.ID == "" {
			w.Errorf("a call without an id: %+v", call)
		}
		calls = append(calls, call.Name+" "+call.Arguments)
	}
	stop := c.stop
	if stop == "" {
		stop = llm.StopEnd
		if len(calls) > 0 {
			stop = llm.StopCalls
		}
	}
	w.equal("text", a.Text, c.text)
	w.equal("calls", calls, c.calls)
	w.equal("stop", a.Stop, stop)
	if a.Usage.Input == 0 || a.Usage.Output == 0 && (a.Text != "" || len(calls) > 0) {
		w.Errorf("nothing is counted: %+v", a.Usage)
	}
	if c.usage != (llm.Usage{}) {
		w.equal("usage", a.Usage, c.usage)
	}
}

// goOn asks for the next round, with results.
func (c quirk) goOn(w *world, ask llm.Request, a llm.Answer) {
	w.Helper()
	ask.Messages = append(ask.Messages, llm.Message{Role: llm.RoleAssistant, Text: a.Text, Calls: a.Calls, Echo: a.Echo})
	for _, call := range a.Calls {
		ask.Messages = append(ask.Messages, llm.Message{Role: llm.RoleTool, CallID: call.ID, Name: call.Name, Text: "391"})
	}
	w.server.answer = func(Question) Reply { return Reply{Text: "It is 391."} }
	if a, err := llm.Generate(w.context(), w.model(), ask); err != nil || a.Text != "It is 391." {
		w.Fatalf("with the results: %+v, %v", a, err)
	}
	asked := w.server.Questions()
	if body := string(asked[len(asked)-1].Body); !strings.Contains(body, c.round) {
		w.Errorf("%s is not in %s", c.round, body)
	}
	// A model with another name never sees this one's thoughts.
	before := w.server.Count()
	if _, err := llm.Generate(w.context(), w.provider.Model("model-b"), ask); err != nil {
		w.Fatalf("another model: %v", err)
	}
	for _, q := range w.server.Questions()[before:] {
		if strings.Contains(string(q.Body), c.round) {
			w.Errorf("another model got %s", q.Body)
		}
	}
}

// watched records all text that was ever shown.
type watched struct {
	llm.Model
	ever *strings.Builder
}

// Stream implements llm.Model.
func (m watched) Stream(ctx context.Context, req llm.Request) iter.Seq2[llm.Piece, error] {
	return func(yield func(llm.Piece, error) bool) {
		for p, err := range m.Model.Stream(ctx, req) {
			m.ever.WriteString(p.Text)
			if !yield(p, err) {
				return
			}
		}
	}
}

// withTools asks for something that a calculator could do.
func withTools() llm.Request {
	req := question("What is 17*23?")
	req.System, req.MaxTokens = "You are Sophia.", 4000
	req.Tools = []llm.Tool{{Name: "calculate", Description: "Calculates", Parameters: json.RawMessage(`{"type":"object","properties":{"x":{"type":"string"}}}`)}}
	return req
}

// has reports whether the body of a question has a field, possibly nested:
// "a.b".
func (q Question) has(path string) bool {
	var at any
	if json.Unmarshal(q.Body, &at) != nil {
		return false
	}
	for name := range strings.SplitSeq(path, ".") {
		fields, ok := at.(map[string]any)
		if !ok {
			return false
		}
		if at, ok = fields[name]; !ok {
			return false
		}
	}
	return at != nil
}

// refuses returns a reply with this error.
func refuses(status int, body string) Reply {
	return Reply{Raw: []byte(body), Type: "application/json", Status: status}
}

// saying returns an error in OpenAI's format.
func saying(status int, words string) Reply {
	return refuses(status, fmt.Sprintf(`{"error":{"message":%s,"type":"invalid_request_error"}}`, encode(words)))
}

// chunks returns the deltas of an answer in OpenAI's format, and its end.
func chunks(deltas ...string) Reply { return ending("stop", deltas...) }

func ending(finish string, deltas ...string) Reply {
	var b strings.Builder
	for _, d := range deltas {
		fmt.Fprintf(&b, "data: {\"choices\":[{\"index\":0,\"delta\":%s}]}\n\n", d)
	}
	fmt.Fprintf(&b, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":%q}]}\n\ndata: [DONE]\n\n", finish)
	return Reply{Raw: []byte(b.String())}
}

// says returns each request the same answer.
func says(r Reply) func(Question, int) Reply { return func(Question, int) Reply { return r } }

// texts returns deltas of text.
func texts(pieces ...string) []string {
	var all []string
	for _, p := range pieces {
		all = append(all, `{"content":`+string(encode(p))+`}`)
	}
	return all
}
