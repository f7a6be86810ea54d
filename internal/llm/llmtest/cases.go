package llmtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"openmates/internal/llm"
)

// cases is the table of tests that every adapter passes.
var cases = [...]struct {
	name string
	run  func(*world)
}{
	{"text and usage", text},
	{"usage that can't be true", lies},
	{"usage that isn't told", missingUsage},
	{"a flood of arguments", floodOfArguments},
	{"a flood of text", floodOfText},
	{"a flood of calls", floodOfCalls},
	{"what was asked is not in the error", echoes},
	{"leaving in the middle is paid for", paidFor},
	{"pieces arrive while the model writes", live},
	{"the question arrives whole", whole},
	{"pictures", pictures},
	{"tools there and back", tools},
	{"calls that the model wrote wrong", badCalls},
	{"why an answer ended", stops},
	{"an empty answer", empty},
	{"refusals", refusals},
	{"a failure within the stream", inStream},
	{"cut streams", cuts},
	{"a chunk that can't be read", malformed},
	{"leaving the loop frees the connection", leave},
	{"the end of the context", cancel},
	{"many at once", many},
	{"connections are used again", reuse},
	{"huge answers", huge},
	{"characters split between packets", split},
	{"comments and lines without a space", loose},
	{"a server that isn't one", noServer},
	{"the list of models", models},
	{"the wrong key", wrongKey},
}

func text(w *world) {
	a := w.answer(Reply{
		Pieces: []string{"Hel", "lo, ", "wörld 👋", "\n\n```go\nx := \"<&>\"\n```"},
		Usage:  &llm.Usage{Input: 1200, Cached: 1000, Output: 37},
	})
	w.equal("answer", a, llm.Answer{
		Text:  "Hello, wörld 👋\n\n```go\nx := \"<&>\"\n```",
		Usage: llm.Usage{Input: 1200, Cached: 1000, Output: 37}, Stop: llm.StopEnd,
	})
	w.equal("requests", w.server.Count(), 1)
}

// live receives a piece of an answer while the server withholds the end.
func live(w *world) {
	w.server.Script(Reply{Pieces: []string{"first", "second"}, Hold: true})
	var got []string
	for p, err := range w.model().Stream(w.context(), question("hello")) {
		if err != nil {
			w.Fatalf("stream: %v", err)
		}
		if p.Usage != nil {
			w.Errorf("the end came before its time")
		}
		if p.Text != "" {
			got = append(got, p.Text)
		}
		if len(got) == 2 {
			break
		}
	}
	w.equal("pieces", got, []string{"first", "second"})
}

func whole(w *world) {
	req := llm.Request{
		System: "You are Sophia, a <friendly> mate.\nBe \"brief\".",
		Messages: []llm.Message{
			{Role: llm.RoleUser, Text: "Hello! 你好 👩‍👩‍👧"},
			{Role: llm.RoleAssistant, Text: "Hi, how can I help?"},
			{Role: llm.RoleUser, Text: "Write\ttabs and \x7f\u2028."},
		},
		Tools: []llm.Tool{
			{Name: "search", Description: "Searches the web", Parameters: json.RawMessage(`{"type":"object","properties":{"q":{"type":"string"}},"required":["q"],"additionalProperties":false}`)},
			{Name: "now", Description: "Tells the time", Parameters: json.RawMessage(`{"type":"object","properties":{}}`)},
		},
		MaxTokens: 321,
	}
	if _, err := llm.Generate(w.context(), w.model(), req); err != nil {
		w.Fatalf("ask: %v", err)
	}
	q := w.server.Questions()[0]
	w.equal("model", q.Model, "model-a")
	w.equal("system", q.System, req.System)
	w.equal("messages", q.Messages, req.Messages)
	w.equal("tools", q.Tools, req.Tools)
	w.equal("max tokens", q.MaxTokens, req.MaxTokens)
	w.equal("stream", q.Stream, true)
	if strings.Contains(fmt.Sprint(q.Header), key) || strings.Contains(string(q.Body), key) {
		w.Errorf("the key is in what the server remembers")
	}
}

// pictures are seen together with the words of their message.
func pictures(w *world) {
	req := question("What is this?")
	req.Messages[0].Pictures = []llm.Picture{{Name: "a.png", Type: "image/png", Data: []byte("\x89PNG one")}, {Type: "image/jpeg", Data: []byte("two \xff")}}
	if _, err := llm.Generate(w.context(), w.model(), req); err != nil {
		w.Fatalf("ask: %v", err)
	}
	req.Messages[0].Pictures[0].Name = "" // no API has a place for it
	w.equal("messages", w.server.Questions()[0].Messages, req.Messages)
}

func tools(w *world) {
	calls := []llm.Call{
		{ID: "call_one", Name: "search", Arguments: `{"q":"größe 👋","n":3}`},
		{ID: "call_two", Name: "now", Arguments: `{}`},
	}
	a := w.answer(Reply{Text: "Let me look.", Calls: calls, Args: 3})
	w.equal("answer", a.Text, "Let me look.")
	w.equal("stop", a.Stop, llm.StopCalls)
	if len(a.Calls) != 2 {
		w.Fatalf("got calls %+v", a.Calls)
	}
	for i, c := range a.Calls {
		w.equal("name", c.Name, calls[i].Name)
		w.equal("id", c.ID, calls[i].ID)
		w.equal("arguments", decoded(c.Arguments), decoded(calls[i].Arguments))
	}
	req := question("how large?")
	req.Messages = append(req.Messages,
		llm.Message{Role: llm.RoleAssistant, Text: a.Text, Calls: calls},
		llm.Message{Role: llm.RoleTool, CallID: calls[0].ID, Name: "search", Text: "42 found"},
		llm.Message{Role: llm.RoleTool, CallID: calls[1].ID, Name: "now", Text: "the clock is broken", Failed: true},
		llm.Message{Role: llm.RoleUser, Text: "and?"},
	)
	if _, err := llm.Generate(w.context(), w.model(), req); err != nil {
		w.Fatalf("send the results: %v", err)
	}
	w.equal("messages", w.server.Questions()[1].Messages, req.Messages)
}

func decoded(s string) any {
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		return err.Error()
	}
	return v
}

// badCalls sends a history with arguments that aren't JSON objects, and with
// IDs that only another provider allows.
func badCalls(w *world) {
	req := question("go on")
	for i, args := range []string{"", `{"q": `, `"text"`, "[1]"} {
		id := fmt.Sprintf("tool/%d:%s", i, strings.Repeat("x", 100))
		req.Messages = append(req.Messages,
			llm.Message{Role: llm.RoleAssistant, Calls: []llm.Call{{ID: id, Name: "search", Arguments: args}}},
			llm.Message{Role: llm.RoleTool, CallID: id, Name: "search", Text: "ok"})
	}
	if _, err := llm.Generate(w.context(), w.model(), req); err != nil {
		w.Fatalf("ask: %v", err)
	}
	ids := map[string]bool{}
	for _, m := range w.server.Questions()[0].Messages {
		for _, c := range m.Calls {
			ids[c.ID] = true
			if v, ok := decoded(c.Arguments).(map[string]any); !ok {
				w.Errorf("arguments %q are sent as %v", c.Arguments, v)
			}
		}
		if m.Role == llm.RoleTool && !ids[m.CallID] {
			w.Errorf("the result %q has no call", m.CallID)
		}
	}
	w.equal("different ids", len(ids), 4)
}

func stops(w *world) {
	for _, want := range []llm.Stop{llm.StopEnd, llm.StopLength, llm.StopFilter} {
		w.equal("stop", w.answer(Reply{Text: "so far", Stop: want}).Stop, want)
	}
}

func empty(w *world) {
	a := w.answer(Reply{Usage: &llm.Usage{Input: 5}, Pieces: []string{}})
	w.equal("answer", a, llm.Answer{Usage: llm.Usage{Input: 5}, Stop: llm.StopEnd})
}

func refusals(w *world) {
	for _, c := range []struct {
		fail  Failure
		again bool
	}{
		{Failure{Kind: llm.KindBadKey}, false},
		{Failure{Kind: llm.KindBadKey, Status: 401}, false},
		{Failure{Kind: llm.KindBadKey, Status: 403}, false},
		{Failure{Kind: llm.KindNoCredit}, false},
		{Failure{Kind: llm.KindNoModel}, false},
		{Failure{Kind: llm.KindTooLong}, false},
		{Failure{Kind: llm.KindFiltered}, false},
		{Failure{Kind: llm.KindInvalid}, false},
		{Failure{Kind: llm.KindRateLimited}, true},
		{Failure{Kind: llm.KindRateLimited, After: 7 * time.Second}, true},
		{Failure{Kind: llm.KindUnavailable}, true},
		{Failure{Kind: llm.KindUnavailable, Status: 500}, true},
		{Failure{Kind: llm.KindUnavailable, Status: 503}, true},
		{Failure{Kind: llm.KindUnavailable, Status: 529}, true},
	} {
		before := w.server.Count()
		a, err := w.ask(Reply{Fail: &c.fail})
		e := w.refused(err, c.fail.Kind)
		w.equal(c.fail.Kind.String()+": text", a.Text, "")
		w.equal(c.fail.Kind.String()+": again", e.Again(), c.again)
		w.equal(c.fail.Kind.String()+": after", e.After, c.fail.After)
		if c.fail.Status != 0 {
			w.equal(c.fail.Kind.String()+": status", e.Status, c.fail.Status)
		}
		w.equal(c.fail.Kind.String()+": requests", w.server.Count()-before, 1)
	}
	_, err := w.ask(Reply{Fail: &Failure{Kind: llm.KindInvalid, Message: "your key " + key + " is odd"}})
	w.refused(err, llm.KindInvalid)
}

func inStream(w *world) {
	for _, k := range []llm.Kind{llm.KindUnavailable, llm.KindRateLimited, llm.KindFiltered} {
		a, err := w.ask(Reply{Text: "Once upon", Comments: true, Fail: &Failure{Kind: k, InStream: true}})
		w.refused(err, k)
		w.equal("text", a.Text, "Once upon")
		w.equal("stop", a.Stop, llm.Stop(""))
	}
}

func cuts(w *world) {
	for cut, want := range map[Cut]string{CutFirst: "", CutBreak: "Once upon", CutEnd: "Once upon"} {
		a, err := w.ask(Reply{Text: "Once upon", Cut: cut})
		e := w.refused(err, llm.KindCut)
		w.equal("again", e.Again(), true)
		w.equal("text", a.Text, want)
		w.equal("stop", a.Stop, llm.Stop(""))
	}
	_, err := w.ask(Reply{Calls: []llm.Call{{ID: "call_1", Name: "search", Arguments: `{"q":"x"}`}}, Cut: CutEnd})
	w.refused(err, llm.KindCut)
	_, err = w.ask(Reply{Raw: []byte{}})
	w.refused(err, llm.KindCut)
}

func malformed(w *world) {
	a, err := w.ask(Reply{Text: "Once upon", Malformed: true})
	w.refused(err, llm.KindCut)
	w.equal("text", a.Text, "Once upon")
}

func leave(w *world) {
	for range 3 {
		w.server.Script(Reply{Text: "word by word", Hold: true})
		for _, err := range w.model().Stream(w.context(), question("hello")) {
			if err != nil {
				w.Fatalf("stream: %v", err)
			}
			break
		}
		if err := w.server.Idle(w.context()); err != nil {
			w.Fatalf("after leaving the loop: %v", err)
		}
	}
	w.equal("an answer afterwards", w.answer(Reply{Text: "still here"}).Text, "still here")
}

func cancel(w *world) {
	ended, end := context.WithCancel(w.context())
	end()
	if _, err := llm.Generate(ended, w.model(), question("hello")); !errors.Is(err, context.Canceled) {
		w.Errorf("a context that had ended: %v", err)
	}
	w.equal("requests", w.server.Count(), 0)

	// In the middle of the answer.
	ctx, end := context.WithCancel(w.context())
	defer end()
	w.server.Script(Reply{Text: "word by word", Hold: true})
	var last error
	for _, err := range w.model().Stream(ctx, question("hello")) {
		last = err
		end()
	}
	w.equal("cancelled in the middle", last, context.Canceled)

	// Before the server has sent anything.
	ctx, end = context.WithTimeout(w.context(), 20*time.Millisecond)
	defer end()
	w.server.Script(Reply{First: longest})
	if _, err := llm.Generate(ctx, w.model(), question("hello")); !errors.Is(err, context.DeadlineExceeded) {
		w.Errorf("a deadline: %v", err)
	}
	if err := w.server.Idle(w.context()); err != nil {
		w.Errorf("after the end of the context: %v", err)
	}
}

func many(w *world) {
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			said := fmt.Sprintf("question %d", i)
			a, err := llm.Generate(w.context(), w.model(), question(said))
			if err != nil || a.Text != "You said: "+said {
				w.Errorf("%s: got %q, %v", said, a.Text, err)
			}
		})
	}
	all.Wait()
	w.equal("requests", w.server.Count(), 40)
}

func reuse(w *world) {
	for range 10 {
		w.answer(Reply{Text: "hello again"})
	}
	w.equal("connections", w.server.Conns(), 1)
}

func huge(w *world) {
	pieces := make([]string, 5000)
	for i := range pieces {
		pieces[i] = fmt.Sprintf("line %d of a long answer, ü\n", i)
	}
	pieces = append(pieces, strings.Repeat("a very long piece ", 20_000))
	a := w.answer(Reply{Pieces: pieces})
	if want := strings.Join(pieces, ""); a.Text != want {
		w.Errorf("got %d bytes, want %d", len(a.Text), len(want))
	}
}

func split(w *world) {
	said := "größer 👩‍👩‍👧 日本語"
	for _, n := range []int{1, 7} {
		a := w.answer(Reply{Text: said, Bytes: n, Calls: []llm.Call{{ID: "call_1", Name: "search", Arguments: `{"q":"ü👋"}`}}})
		w.equal("text", a.Text, said)
		w.equal("arguments", decoded(a.Calls[0].Arguments), decoded(`{"q":"ü👋"}`))
	}
}

func loose(w *world) {
	a := w.answer(Reply{Text: "all is well", Comments: true, NoSpace: true, Gap: time.Millisecond})
	w.equal("answer", a.Text, "all is well")
}

func noServer(w *world) {
	_, err := w.ask(Reply{Raw: []byte("<html><body>Welcome!</body></html>"), Type: "text/html"})
	w.refused(err, llm.KindInvalid)
	w.server.Close()
	_, err = llm.Generate(w.context(), w.model(), question("hello"))
	e := w.refused(err, llm.KindUnavailable)
	w.equal("status", e.Status, 0)
	_, err = w.provider.Models(w.context())
	w.refused(err, llm.KindUnavailable)
}

func models(w *world) {
	got, err := w.provider.Models(w.context())
	if err != nil || len(got) != 2 || got[0].ID != "model-a" || got[1].ID != "model-b" {
		w.Errorf("got %q, %v", got, err)
	}
}

func wrongKey(w *world) {
	p := w.connect(w.server.URL(), "sk-another-key")
	_, err := p.Models(w.context())
	w.refused(err, llm.KindBadKey)
	_, err = llm.Generate(w.context(), p.Model("model-a"), question("hello"))
	w.refused(err, llm.KindBadKey)
	if strings.Contains(fmt.Sprint(err), "sk-another-key") {
		w.Errorf("%v holds the key", err)
	}
}
