package scripted_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"openmates/internal/llm"
	"openmates/internal/llm/scripted"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func model(t *testing.T, pause time.Duration) llm.Model {
	t.Helper()
	p, err := scripted.New(scripted.Config{Pause: pause})
	if err != nil {
		t.Fatal(err)
	}
	return p.Model(scripted.ID)
}

func ask(t *testing.T, system, text string) llm.Answer {
	t.Helper()
	a, err := llm.Generate(t.Context(), model(t, 0), request(system, text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if a.Stop != llm.StopEnd || a.Usage.Input == 0 || a.Usage.Output == 0 {
		t.Errorf("%q: stop %q, usage %+v", text, a.Stop, a.Usage)
	}
	return a
}

func request(system, text string) llm.Request {
	return llm.Request{System: system, Messages: []llm.Message{{Role: llm.RoleUser, Text: text}}}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	sophia := "You are Sophia, a software engineer.\nBe brief."
	for _, c := range []struct{ said, want string }{
		{"hello", "I am Sophia"},
		{"Hi there!", "I am Sophia"},
		{"<@123456> hey", "I am Sophia"},
		{"who are you?", "I am Sophia"},
		{"help", "scripted model"},
		{"write code", "```go"},
		{"Please write a function", "```go"},
		{"What is the capital of France?", "“What is the capital of France?”"},
		{"What is the capital of France?", "scripted model"},
		{"why did my build fail?", "scripted model"},
		{"How long is the coast?", "“How long is the coast?”"},
		{"The weather is fine today.", "“The weather is fine today”."},
		{"The weather is fine today.", "OpenAI"},
		{"The weather is fine today.", "no real AI"},
		{"say `x` and ”y”", "“say 'x' and 'y'”"},
		{"thanks", "welcome"},
		{"a longer remark about " + strings.Repeat("ü", 500), "ü…”"},
		{"", "without a question"},
		{"slow", "Every word"},
	} {
		if a := ask(t, sophia, c.said); !strings.Contains(a.Text, c.want) {
			t.Errorf("%q: %q does not hold %q", c.said, a.Text, c.want)
		}
	}
}

func TestSameAnswerEachTime(t *testing.T) {
	t.Parallel()
	for _, said := range []string{"hello", "tell me something", "long"} {
		if a, b := ask(t, "", said), ask(t, "", said); a.Text != b.Text || a.Usage != b.Usage {
			t.Errorf("%q: %q and %q", said, a.Text, b.Text)
		}
	}
}

func TestNameOfTheMate(t *testing.T) {
	t.Parallel()
	for system, want := range map[string]string{
		"You are Sophia, an engineer.":     "I am Sophia,",
		"You are **Ada Lovelace**.\nMore.": "I am Ada Lovelace,",
		"You are a helpful assistant.":     "I am your AI team mate",
		"Answer in one word.":              "I am your AI team mate",
		"You are ":                         "I am your AI team mate",
		"":                                 "I am your AI team mate",
	} {
		if a := ask(t, system, "hello"); !strings.Contains(a.Text, want) {
			t.Errorf("%q: %q does not hold %q", system, a.Text, want)
		}
	}
}

func TestLongIsLongerThanAMessageAndHoldsCode(t *testing.T) {
	t.Parallel()
	text := ask(t, "", "long").Text
	if n := utf8.RuneCountInString(text); n <= 2000 {
		t.Errorf("%d characters", n)
	}
	begin, end := strings.Index(text, "```go\n"), strings.LastIndex(text, "\n```\n")
	if begin < 0 || end < begin || begin > 2000 || end < 2000 {
		t.Errorf("the code goes from %d to %d; it should span the 2,000th character", begin, end)
	}
}

func TestFailure(t *testing.T) {
	t.Parallel()
	_, err := llm.Generate(t.Context(), model(t, 0), request("", "fail"))
	if e, ok := errors.AsType[*llm.Error](err); !ok || e.Kind != llm.KindInvalid || e.Again() {
		t.Errorf("fail: %v", err)
	}
	p, err := scripted.New(scripted.Config{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = llm.Generate(t.Context(), p.Model("gpt-9"), request("", "hello"))
	if e, ok := errors.AsType[*llm.Error](err); !ok || e.Kind != llm.KindNoModel {
		t.Errorf("another model: %v", err)
	}
	if _, err := scripted.New(scripted.Config{Pause: -1}); err == nil {
		t.Error("a negative pause was accepted")
	}
	if ids, err := p.Models(t.Context()); err != nil || len(ids) != 1 || ids[0].ID != scripted.ID {
		t.Errorf("models: %+v, %v", ids, err)
	}
}

func TestMaxTokens(t *testing.T) {
	t.Parallel()
	req := request("", "long")
	req.MaxTokens = 5
	a, err := llm.Generate(t.Context(), model(t, 0), req)
	if err != nil || a.Stop != llm.StopLength || a.Usage.Output != 5 {
		t.Errorf("got %+v, %v", a, err)
	}
}

func TestSpeaksWordByWord(t *testing.T) {
	t.Parallel()
	took := func(t *testing.T, said string) (pieces int, d time.Duration) {
		begin := time.Now()
		for _, err := range model(t, 10*time.Millisecond).Stream(t.Context(), request("", said)) {
			if err != nil {
				t.Error(err)
			}
			pieces++
		}
		return pieces - 1, time.Since(begin)
	}
	synctest.Test(t, func(t *testing.T) {
		if n, d := took(t, "hello"); n < 10 || d != time.Duration(n)*10*time.Millisecond {
			t.Errorf("hello: %d pieces in %v", n, d)
		}
		if n, d := took(t, "slow"); n < 10 || d != time.Duration(n)*100*time.Millisecond {
			t.Errorf("slow: %d pieces in %v", n, d)
		}
	})
}

func TestEndOfContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 35*time.Millisecond)
		defer cancel()
		a, err := llm.Generate(ctx, model(t, 10*time.Millisecond), request("", "hello"))
		if !errors.Is(err, context.DeadlineExceeded) || len(strings.Fields(a.Text)) != 3 {
			t.Errorf("got %q, %v", a.Text, err)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	for _, s := range []string{"hello", "fail", "long", "<@1> slow", "“”`", "\xff?", "you are who"} {
		f.Add("You are Sophia, …", s)
	}
	f.Fuzz(func(t *testing.T, system, said string) {
		a, err := llm.Generate(t.Context(), model(t, 0), request(system, said))
		if err == nil && strings.TrimSpace(a.Text) == "" {
			t.Errorf("no answer to %q", said)
		}
	})
}

// Whoever tries the demo with a file or a reply reads what reached the model.
func TestWhatWasShownIsTold(t *testing.T) {
	t.Parallel()
	p, err := scripted.New(scripted.Config{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := llm.Generate(t.Context(), p.Model(scripted.ID), llm.Request{Messages: []llm.Message{{
		Role: llm.RoleUser, Text: "Ada: why does this fail?\n| [the message that this replies to, by Ben]\n| > ship on Friday?\n| > or later\n| [the file log.txt]\n| > panic: nil map",
		Pictures: []llm.Picture{{Type: "image/png", Data: []byte("1234")}},
	}}})
	want := "Next to your words I was shown:\n- the message that this replies to, by Ben: “ship on Friday?”\n- the file log.txt: “panic: nil map”\n- 4 bytes of image/png, which I can look at"
	if err != nil || a.Text != want {
		t.Errorf("got %q, %v", a.Text, err)
	}
}
