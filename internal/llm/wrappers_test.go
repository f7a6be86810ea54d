package llm_test

import (
	"context"
	"errors"
	"iter"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"openmates/internal/llm"
)

// script is a model that plays one answer after the other.
type script struct {
	answers []play
	asked   []llm.Request
}

// play is the pieces of an answer and the failure behind them.
type play struct {
	pieces []string
	err    error
	spent  *llm.Usage // beside err
}

func (s *script) Stream(_ context.Context, req llm.Request) iter.Seq2[llm.Piece, error] {
	return func(yield func(llm.Piece, error) bool) {
		s.asked = append(s.asked, req)
		p := s.answers[0]
		s.answers = s.answers[1:]
		for _, text := range p.pieces {
			if !yield(llm.Piece{Text: text}, nil) {
				return
			}
		}
		if p.err != nil {
			yield(llm.Piece{Usage: p.spent}, p.err)
			return
		}
		yield(llm.Piece{Usage: &llm.Usage{Input: 3, Output: 4}, Stop: llm.StopEnd}, nil)
	}
}

func failure(k llm.Kind, after time.Duration) error {
	return &llm.Error{Kind: k, After: after, Err: errors.New("no")}
}

var hello = llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Text: "hello there"}}}

func TestRetry(t *testing.T) {
	t.Parallel()
	down, busy := failure(llm.KindUnavailable, 0), failure(llm.KindRateLimited, 8*time.Second)
	good := play{pieces: []string{"a", "b"}}
	for name, c := range map[string]struct {
		answers []play
		text    string
		err     error
		waits   []time.Duration
	}{
		"at once":                      {[]play{good}, "ab", nil, nil},
		"a failure that passes":        {[]play{{err: down}, {err: down}, good}, "ab", nil, []time.Duration{time.Second, 2 * time.Second}},
		"the provider says how long":   {[]play{{err: busy}, good}, "ab", nil, []time.Duration{8 * time.Second}},
		"it doesn't pass":              {[]play{{err: down}, {err: down}, {err: busy}}, "", busy, []time.Duration{time.Second, 2 * time.Second}},
		"it can't pass":                {[]play{{err: failure(llm.KindBadKey, 0)}}, "", failure(llm.KindBadKey, 0), nil},
		"something was yielded":        {[]play{{pieces: []string{"a"}, err: down}}, "a", down, nil},
		"the wait is too long":         {[]play{{err: failure(llm.KindRateLimited, time.Hour)}}, "", failure(llm.KindRateLimited, time.Hour), nil},
		"not an error of the provider": {[]play{{err: context.Canceled}}, "", context.Canceled, nil},
		"cut again":                    {[]play{{err: failure(llm.KindCut, 0)}, {err: failure(llm.KindCut, 0)}}, "", failure(llm.KindCut, 0), []time.Duration{time.Second}},
		"cut before the first piece":   {[]play{{err: failure(llm.KindCut, 0)}, good}, "ab", nil, []time.Duration{time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var waits []time.Duration
			s := &script{answers: c.answers}
			m := llm.Retry(llm.Patience{
				Attempts: 3, Base: time.Second, Most: 10 * time.Second,
				Rand:  func() float64 { return 0.5 },
				Sleep: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil },
			})(s)
			a, err := llm.Generate(t.Context(), m, hello)
			if a.Text != c.text || !reflect.DeepEqual(err, c.err) || !slices.Equal(waits, c.waits) {
				t.Errorf("got %q, %v, waits %v; want %q, %v, %v", a.Text, err, waits, c.text, c.err, c.waits)
			}
			if len(s.answers) != 0 {
				t.Errorf("%d answers were not asked for", len(s.answers))
			}
			if c.err == nil && (a.Usage.Output != 4 || a.Stop != llm.StopEnd) {
				t.Errorf("the end is lost: %+v", a)
			}
		})
	}
}

// Attempts that failed and are billed all the same are in the usage of what
// came of them.
func TestRetryCountsWhatFailedAttemptsSpent(t *testing.T) {
	t.Parallel()
	down := failure(llm.KindUnavailable, 0)
	lost := play{err: down, spent: &llm.Usage{Input: 10, Output: 100}}
	for name, c := range map[string]struct {
		answers []play
		want    llm.Usage
	}{
		"an answer in the end": {[]play{lost, {err: down}, lost, {pieces: []string{"a"}}}, llm.Usage{Input: 23, Output: 204}},
		"none in the end":      {[]play{lost, lost, lost, lost}, llm.Usage{Input: 40, Output: 400}},
		"one that breaks off":  {[]play{lost, {pieces: []string{"a"}, err: down, spent: &llm.Usage{Input: 1, Output: 2}}}, llm.Usage{Input: 11, Output: 102}},
		"refused for good":     {[]play{lost, {err: failure(llm.KindBadKey, 0)}}, llm.Usage{Input: 10, Output: 100}},
	} {
		m := llm.Retry(llm.Patience{Sleep: func(context.Context, time.Duration) error { return nil }})(&script{answers: c.answers})
		if a, _ := llm.Generate(t.Context(), m, hello); a.Usage != c.want {
			t.Errorf("%s: %+v, want %+v", name, a.Usage, c.want)
		}
	}
}

// Whatever a provider reports, the counted usage is plausible and never less
// than what is known to have been used.
func TestUsageIsHeldAgainstWhatIsKnown(t *testing.T) {
	t.Parallel()
	odd := rapid.OneOf(rapid.Int(), rapid.IntRange(-10, 3000), rapid.SampledFrom([]int{math.MinInt, math.MaxInt, 0}))
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Repeat("word ", rapid.IntRange(0, 400).Draw(t, "asked"))
		s := llm.Seen{
			Asked:    llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Text: text}}},
			Sent:     len(text) + rapid.IntRange(0, 500).Draw(t, "around it"),
			Received: rapid.IntRange(0, 10_000).Draw(t, "received"),
		}
		s.Written.Add(strings.Repeat("said ", s.Received/10))
		told := llm.Usage{Input: odd.Draw(t, "input"), Cached: odd.Draw(t, "cached"), Output: odd.Draw(t, "output")}
		got := s.Hold(told)
		input, output := llm.Estimate(s.Asked), s.Written.Tokens()
		switch {
		case got.Input < input/8 || got.Output < output/8 || got.Input < 1:
			t.Fatalf("%+v of %+v is less than went", got, told)
		case got.Input > s.Sent+100_000 || got.Output > s.Received+100_000:
			t.Fatalf("%+v of %+v is more than can be", got, told)
		case got.Cached < 0 || got.Cached > got.Input:
			t.Fatalf("%+v of %+v", got, told)
		case told.Output < 0 && (got.Input < input || got.Output < output), told.Input < 0 && (got.Input < input || got.Output < output):
			t.Fatalf("%+v of %+v: a lie brought the rest down", got, told)
		case s.Hold(got) != got:
			t.Fatalf("%+v is held as %+v", got, s.Hold(got))
		}
		if sum := got.Plus(told); sum.Input < got.Input || sum.Output < got.Output {
			t.Fatalf("%+v and %+v are %+v", got, told, sum)
		}
	})
}

// An endless answer can't exhaust the memory.
func TestAnAnswerHasAnEnd(t *testing.T) {
	t.Parallel()
	for name, piece := range map[string]llm.Piece{
		"text":      {Text: strings.Repeat("word ", 1000)},
		"arguments": {Call: &llm.Call{ID: "a", Name: "f", Arguments: strings.Repeat("x", 50_000)}},
		"calls":     {Call: &llm.Call{ID: "a", Name: "f"}},
	} {
		n := 0
		a, err := llm.Generate(t.Context(), endless{piece, &n}, hello)
		if err != nil || a.Stop != llm.StopLength || len(a.Calls) != 0 || len(a.Text) > llm.MaxAnswer || a.Usage.Input == 0 || a.Usage.Output == 0 || n > 300 {
			t.Errorf("%s: %d bytes, %d calls after %d pieces, %+v, %v", name, len(a.Text), len(a.Calls), n, a.Usage, err)
		}
	}
}

// endless is a model that repeats itself forever.
type endless struct {
	piece llm.Piece
	n     *int
}

func (e endless) Stream(context.Context, llm.Request) iter.Seq2[llm.Piece, error] {
	return func(yield func(llm.Piece, error) bool) {
		for yield(e.piece, nil) {
			*e.n++
		}
	}
}

func TestRetryWithinTheContext(t *testing.T) {
	t.Parallel()
	down := failure(llm.KindUnavailable, 0)
	synctest.Test(t, func(t *testing.T) {
		// The end of the context ends the pause.
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		begin := time.Now()
		_, err := llm.Generate(ctx, llm.Retry(llm.Patience{})(&script{answers: []play{{err: down}}}), hello)
		if !errors.Is(err, context.Canceled) || time.Since(begin) != 100*time.Millisecond {
			t.Errorf("cancelled: %v after %v", err, time.Since(begin))
		}
		// A pause beyond the deadline isn't begun.
		ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		begin = time.Now()
		_, err = llm.Generate(ctx, llm.Retry(llm.Patience{})(&script{answers: []play{{err: down}}}), hello)
		if !errors.Is(err, down) || time.Since(begin) != 0 {
			t.Errorf("deadline: %v after %v", err, time.Since(begin))
		}
		// The pauses are spread, and none is longer than the longest.
		s := &script{}
		for range 20 {
			s.answers = append(s.answers, play{err: down})
		}
		begin = time.Now()
		_, err = llm.Generate(t.Context(), llm.Retry(llm.Patience{Attempts: 20, Most: time.Second})(s), hello)
		if took := time.Since(begin); !errors.Is(err, down) || took < 10*time.Second || took > 19*time.Second {
			t.Errorf("20 attempts: %v after %v", err, took)
		}
	})
}

func TestRetryLeavesWithTheReader(t *testing.T) {
	t.Parallel()
	s := &script{answers: []play{{pieces: []string{"a", "b"}, err: failure(llm.KindUnavailable, 0)}}}
	for range llm.Retry(llm.Patience{})(s).Stream(t.Context(), hello) {
		break
	}
	if len(s.asked) != 1 {
		t.Errorf("asked %d times", len(s.asked))
	}
}

// count estimates a token per letter of text, so that the tests can be read.
func count(r llm.Request) int {
	n := len(r.System)
	for _, m := range r.Messages {
		n += len(m.Text)
	}
	return n
}

func truncated(t *testing.T, budget int, req llm.Request) llm.Request {
	t.Helper()
	return llm.Shorten(req, budget, count)
}

// conversation reads "u:text a:text c:text t:text": a user, an answer, an
// answer with a call, the result of it.
func conversation(s string) []llm.Message {
	var all []llm.Message
	for w := range strings.FieldsSeq(s) {
		m := llm.Message{Text: w[2:]}
		switch w[0] {
		case 'u':
			m.Role = llm.RoleUser
		case 'a':
			m.Role = llm.RoleAssistant
		case 'c':
			m.Role, m.Calls = llm.RoleAssistant, []llm.Call{{ID: w[2:]}}
		case 't':
			m.Role, m.CallID = llm.RoleTool, w[2:]
		}
		all = append(all, m)
	}
	return all
}

func TestTheOldestExchangesGoFirst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		budget   int
		want     string
	}{
		{"it fits", "u:1111 a:2222 u:3333", 12, "u:1111 a:2222 u:3333"},
		{"the oldest exchange goes", "u:1111 a:2222 u:3333", 11, "u:3333"},
		{"no more than needed", "u:11 a:22 u:33 a:44 u:55", 8, "u:33 a:44 u:55"},
		{"calls go with their results", "u:11 c:22 t:22 t:22 a:33 u:44 a:55 u:66", 8, "u:44 a:55 u:66"},
		{"several users in a row", "u:11 u:22 u:33 u:44", 5, "u:33 u:44"},
		{"the question stays at any price", "u:11 a:22 u:333333", 2, "u:333333"},
		{"an answer without its question goes", "a:11 u:22 a:33 u:44", 7, "u:22 a:33 u:44"},
		{"within the last exchange calls go whole", "u:11 a:22 u:33 c:44 t:44 c:55 t:55 c:66 t:66", 10, "u:33 c:55 t:55 c:66 t:66"},
		{"the last call stays with its result", "u:33 c:44 t:44 c:55 t:55", 1, "u:33 c:55 t:55"},
	} {
		req := llm.Request{Messages: conversation(c.in)}
		if got := truncated(t, c.budget, req).Messages; !reflect.DeepEqual(got, conversation(c.want)) {
			t.Errorf("%s: got %+v, want %s", c.name, got, c.want)
		}
		if !reflect.DeepEqual(req.Messages, conversation(c.in)) {
			t.Errorf("%s: the caller's messages were changed", c.name)
		}
	}
}

func TestShortenKeepsItsPromises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		in := rapid.SliceOfN(rapid.SampledFrom([]string{"u:xx", "a:yyy", "c:z1 t:z1", "c:w t:w t:w"}), 0, 20).Draw(r, "messages")
		req := llm.Request{System: "system", Messages: conversation(strings.Join(append(in, "u:last"), " "))}
		tail := rapid.SliceOfN(rapid.Just("c:q t:q"), 0, 3).Draw(r, "calls")
		req.Messages = append(req.Messages, conversation(strings.Join(tail, " "))...)
		budget := rapid.IntRange(0, 80).Draw(r, "budget")
		got := truncated(t, budget, req)
		if got.System != req.System || !slices.ContainsFunc(got.Messages, func(m llm.Message) bool { return m.Text == "last" }) {
			r.Fatalf("the instructions or the question are gone: %+v", got)
		}
		for i, m := range got.Messages {
			if m.Role == llm.RoleTool && (i == 0 || got.Messages[i-1].Role == llm.RoleUser) {
				r.Fatalf("message %d is a result without its call: %+v", i, got.Messages)
			}
			if len(m.Calls) > 0 && (i+1 == len(got.Messages) || got.Messages[i+1].Role != llm.RoleTool) {
				r.Fatalf("message %d is a call without its result: %+v", i, got.Messages)
			}
		}
		if count(req) <= budget && len(got.Messages) != len(req.Messages) {
			r.Fatalf("shortened without need")
		}
	})
}

func TestEstimate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]int{
		"":                           {0, 0},
		"hi":                         {1, 1},
		strings.Repeat("word ", 100): {100, 150},
		strings.Repeat("日本", 50):     {80, 130},
		strings.Repeat("👋", 10):      {10, 30},
		strings.Repeat("größe ", 50): {75, 200},
	} {
		if n := llm.EstimateMessage(llm.Message{Text: text}); n < want[0] || n > want[1] {
			t.Errorf("%.20q: %d; want %v", text, n, want)
		}
	}
	with := hello
	with.Tools = []llm.Tool{{Name: "search", Description: "searches the web"}}
	if llm.Estimate(with) <= llm.Estimate(hello) {
		t.Error("tools cost nothing")
	}
}
