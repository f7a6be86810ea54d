package llmtest

import (
	"context"
	"fmt"
	"strings"

	"openmates/internal/llm"
)

// lies tests counts that can't be true, given what was sent and received.
func lies(w *world) {
	text := strings.Repeat("twenty bytes of text ", 100)
	least := llm.Usage{Input: llm.Estimate(question("hello")), Output: llm.EstimateMessage(llm.Message{Text: text})}
	for _, told := range []llm.Usage{
		{Input: 5, Output: -1_000_000},
		{Input: -1_000_000, Output: 600},
		{Input: 1_000_000_000, Output: 600},
		{Input: 5, Output: 1_000_000_000},
		{Input: 1 << 40, Output: 1 << 40},
		{Input: 10, Cached: 2000, Output: 600},
		{Input: 10, Cached: -2000, Output: 600},
		{Input: 10, Output: 1},
		{Input: 10},
		{Output: 600},
	} {
		a := w.answer(Reply{Text: text, Usage: &told})
		u := a.Usage
		if u.Input < least.Input || u.Output < least.Output || u.Input > 100*least.Input || u.Output > 100*least.Output || u.Cached < 0 || u.Cached > u.Input {
			w.Errorf("told %+v, counted %+v; at least %+v went", told, u, least)
		}
	}
}

func missingUsage(w *world) {
	calls := []llm.Call{{ID: "call_1", Name: "search", Arguments: `{"q":"x"}`}}
	text := strings.Repeat("word ", 50)
	// A little is added where the simulator lets the model think visibly.
	for _, r := range []Reply{{Text: text, NoUsage: true}, {Calls: calls, NoUsage: true}, {Text: text, Calls: calls, NoUsage: true, Usage: &llm.Usage{}}} {
		a := w.answer(r)
		least := llm.Usage{Input: llm.Estimate(question("hello")), Output: llm.EstimateMessage(llm.Message{Text: r.Text, Calls: r.Calls})}
		if a.Usage.Input != least.Input || a.Usage.Output < least.Output-2 || a.Usage.Output > least.Output+10 {
			w.Errorf("counted %+v, estimated %+v", a.Usage, least)
		}
	}
}

// flooded asks a server that sends 200 MB and returns how the answer ends.
func (w *world) flooded(r Reply) llm.Answer {
	w.Helper()
	r.Flood = 200 << 20
	before := w.server.Flooded()
	a := w.answer(r)
	if err := w.server.Idle(w.context()); err != nil {
		w.Errorf("%v", err)
	}
	// Some more than was read is in transit.
	if took := w.server.Flooded() - before; took > 32<<20 {
		w.Errorf("%d MB were taken", took>>20)
	}
	w.equal("stop", a.Stop, llm.StopLength)
	w.equal("requests", w.server.Count(), 1)
	if a.Usage.Output < 1000 || len(a.Text) > llm.MaxAnswer || len(a.Calls) != 0 {
		w.Errorf("%d bytes, %d calls, counted %+v", len(a.Text), len(a.Calls), a.Usage)
	}
	return a
}

func floodOfArguments(w *world) {
	w.flooded(Reply{Calls: []llm.Call{{ID: "call_1", Name: "search", Arguments: `{"q":"` + strings.Repeat("x", 50_000) + `"}`}}})
}

func floodOfText(w *world) {
	a := w.flooded(Reply{Pieces: []string{strings.Repeat("größer ", 2000)}})
	if len(a.Text) < llm.MaxAnswer-16 || strings.ToValidUTF8(a.Text, "") != a.Text {
		w.Errorf("%d bytes came", len(a.Text))
	}
}

func floodOfCalls(w *world) {
	calls := make([]llm.Call, 2*llm.MaxCalls)
	for i := range calls {
		calls[i] = llm.Call{ID: fmt.Sprintf("call_%d", i), Name: "search", Arguments: `{}`}
	}
	a := w.answer(Reply{Calls: calls})
	w.equal("stop", a.Stop, llm.StopLength)
	w.equal("calls", len(a.Calls), 0)
}

// echoes tests errors that repeat the request, as from servers that validate
// it.
func echoes(w *world) {
	const secret = "My leg hurts: ge\"brochen?\nÜber Nacht 日本語の秘密です."
	req := question(secret)
	req.System = "Ada Lovelace is 36 years old."
	for _, words := range []string{
		"can't process: " + secret,
		fmt.Sprintf("1 validation error: input_value=%q", secret),
		"messages: " + strings.ToUpper(secret) + " " + req.System,
		"body: " + string(encode(req.Messages)),
		"body: " + string(encode(string(encode(req.Messages)))),
	} {
		for _, f := range []Failure{{Kind: llm.KindInvalid, Status: 422, Message: words}, {Kind: llm.KindUnavailable, Status: 500, Message: words}, {Kind: llm.KindInvalid, Message: words, InStream: true}} {
			w.server.Script(Reply{Text: "so it was said", Fail: &f})
			_, err := llm.Generate(w.context(), w.model(), req)
			said := strings.ToLower(fmt.Sprint(err))
			for _, no := range []string{"my leg", "brochen", "ber nacht", "日本語", "の秘密", "lovelace", "36 years"} {
				if strings.Contains(said, no) {
					w.Errorf("%v holds %q", err, no)
				}
			}
		}
	}
}

// paidFor tests what a provider bills for an answer that the client abandoned.
func paidFor(w *world) {
	ctx, end := context.WithCancel(w.context())
	defer end()
	w.server.Script(Reply{Text: strings.Repeat("word by word ", 40), Hold: true})
	var told *llm.Usage
	n := 0
	for p, err := range w.model().Stream(ctx, question("hello")) {
		if n += len(p.Text); n >= 500 {
			end()
		}
		if err != nil {
			told = p.Usage
		}
	}
	if told == nil || told.Output < n/4 || told.Input < llm.Estimate(question("hello")) {
		w.Errorf("after %d bytes, %+v is told", n, told)
	}
}
