package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"openmates"
	"openmates/client"
	"openmates/internal/llm"
	"openmates/internal/llm/llmtest"
	"openmates/internal/polltest"
	"openmates/internal/walktest"
)

// A model server misreports its usage, repeats its input and never ends, and
// people disconnect midway. Through the whole program over HTTP, a team's
// recorded spending never decreases, its budget holds, and the log contains no
// part of a question.
func TestAModelServerThatMeansHarm(t *testing.T) {
	t.Parallel()
	w := &clients{Stage: walktest.NewStage(t)}
	w.Program = start(t, w.Settings(), walktest.Serve(t)...).Program
	w.setsUpTheServer()
	w.foundsATeam()
	_, err := w.ada.Do(w.Context(), http.MethodPatch, "/server/providers/test/models",
		map[string]any{"models": []map[string]any{{"model": "gpt-5-mini", "enabled": true, "price": map[string]string{"input": "10", "cached": "1", "output": "100"}}}}, nil)
	w.must(err)

	spent := w.spent()
	for _, told := range []llm.Usage{{Input: 5, Output: -1_000_000}, {Input: -1_000_000, Output: 5}, {}, {Input: 1 << 60, Output: 1 << 60}, {Input: 1, Output: 1}} {
		w.Model.Script(llmtest.Reply{Text: strings.Repeat("an answer ", 50), Usage: &told})
		_, err := w.ben.Process(w.Context(), "lighthouse", client.Question{Mate: "sophia", Text: "What is it?"})
		w.must(err)
		now := w.spent()
		if now <= spent || now > spent+1_000_000 {
			w.Errorf("told %+v, the team's spend went from %d to %d", told, spent, now)
		}
		spent = now
	}
	w.echoes()
	w.leaves()
	w.Stop()
	log := w.Log.String()
	if !strings.Contains(log, "the model failed") || strings.Contains(log, "MEDICAL") || strings.Contains(log, "my knee") {
		w.Errorf("the log: %s", log)
	}
}

func (w *clients) spent() openmates.Micros {
	w.Helper()
	u, err := w.ben.TeamUsage(w.Context(), "lighthouse")
	w.must(err)
	return u.Cost
}

// echoes has the server refuse with the question in its words.
func (w *clients) echoes() {
	w.Helper()
	const private = "MY-PRIVATE-MEDICAL-QUESTION about my knee"
	for status, times := range map[int]int{400: 1, 422: 1, 500: 4} { // a failure that may pass is asked again
		for range times {
			w.Model.Script(llmtest.Reply{Fail: &llmtest.Failure{Kind: llm.KindInvalid, Status: status, Message: "input_value='" + private + "'"}})
		}
		_, err := w.ben.Process(w.Context(), "lighthouse", client.Question{Mate: "sophia", Text: private})
		if err == nil || strings.Contains(err.Error(), "MEDICAL") {
			w.Errorf("status %d: %v", status, err)
		}
	}
}

// leaves asks forty times, both ways, and is gone after the first words.
func (w *clients) leaves() {
	w.Helper()
	before := w.spent()
	ctx, leave := context.WithCancel(w.Context())
	defer leave()
	asked := w.Model.Count()
	for range 40 {
		w.Model.Script(llmtest.Reply{Text: "the first words of it", Hold: true})
	}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			q := client.Question{Mate: "sophia", Text: "Go on for ever."}
			var err error
			if i%2 == 0 {
				_, err = w.ben.Stream(ctx, "lighthouse", q, func(string) {})
			} else { // with a key the answer would be kept for who asks again
				_, err = w.ben.Process(ctx, "lighthouse", q, func(r *http.Request) { r.Header.Del("Idempotency-Key") })
			}
			if !errors.Is(err, context.Canceled) {
				w.Errorf("left with %v", err)
			}
		})
	}
	polltest.Until(w.T, "all are asked", func() bool { return w.Model.Count() == asked+40 })
	held := w.spent()
	leave()
	all.Wait()
	polltest.Until(w.T, "what was held is free", func() bool {
		now := w.spent()
		return now > before && now < before+(held-before)/10
	})
	took, err := w.ben.TeamUsage(w.Context(), "lighthouse")
	w.must(err)
	if each := (took.Cost - before) / 40; each < 1000 || each > 200_000 {
		w.Errorf("each that was left cost %d", each)
	}
}
