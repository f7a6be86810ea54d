package chat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/llm"
	"openmates/internal/messenger/messengertest"
	"openmates/internal/skill"
)

// toolApp is an app with skills for tests: echo gives its argument back, fail
// and panic do what they say, secret may not be told, hang waits for its end.
func toolApp(run func(name string, c skill.Call)) []skill.App {
	named := func(name string, do func(ctx context.Context, c skill.Call) (skill.Result, error)) skill.Skill {
		return skill.Skill{
			Name: name, Label: openmates.T("%s", name), Description: "For tests: " + name,
			Parameters: json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{"say":{"type":"string","description":"x"}}}`),
			Run: func(ctx context.Context, c skill.Call) (skill.Result, error) {
				if run != nil {
					run(name, c)
				}
				return do(ctx, c)
			},
		}
	}
	echo := func(_ context.Context, c skill.Call) (skill.Result, error) {
		var in struct{ Say string }
		err := c.Read(&in)
		return skill.Result{Text: "echo " + in.Say}, err
	}
	return []skill.App{
		{Name: "test", Label: openmates.T("Test"), Description: openmates.T("For tests."), Skills: []skill.Skill{
			named("echo", echo),
			named("long", func(context.Context, skill.Call) (skill.Result, error) {
				return skill.Result{Text: strings.Repeat("long ", 6000)}, nil
			}),
			named("fail", func(context.Context, skill.Call) (skill.Result, error) {
				return skill.Result{}, openmates.Errorf(openmates.EUnavailable, "The shop is closed.")
			}),
			named("secret", func(context.Context, skill.Call) (skill.Result, error) {
				return skill.Result{}, errors.New("canary in the cause")
			}),
			named("panic", func(context.Context, skill.Call) (skill.Result, error) { panic("canary in a panic") }),
			named("hang", func(ctx context.Context, _ skill.Call) (skill.Result, error) {
				<-ctx.Done()
				return skill.Result{}, ctx.Err()
			}),
		}},
		{Name: "other", Label: openmates.T("Other"), Description: openmates.T("For tests."), Skills: []skill.Skill{named("echo", echo)}},
	}
}

func withSkills(w *world, apps ...skill.App) *world {
	w.Helper()
	r, err := skill.New(apps...)
	must(w.T, err)
	w.skills = r
	w.grace(0)
	return w
}

func call(n int, tool, args string) llm.Piece {
	return llm.Piece{Call: &llm.Call{ID: fmt.Sprintf("call%d", n), Name: tool, Arguments: args}}
}

// wants is a round in which the model says a text and asks for tools.
func wants(text string, calls ...llm.Piece) []llm.Piece {
	pieces := append([]llm.Piece{{Text: text}}, calls...)
	return append(pieces, llm.Piece{Usage: &llm.Usage{Input: 100, Cached: 10, Output: 20}, Stop: llm.StopCalls})
}

// results returns the results of calls in a request.
func results(req llm.Request) []llm.Message {
	var all []llm.Message
	for _, m := range req.Messages {
		if m.Role == llm.RoleTool {
			all = append(all, m)
		}
	}
	return all
}

func TestAModelUsesASkill(t *testing.T) {
	t.Parallel()
	var by skill.Call
	w := withSkills(setup(t), toolApp(func(_ string, c skill.Call) { by = c })...)
	w.model.say = func(n int, _ llm.Request) ([]llm.Piece, error) {
		if n == 1 {
			return wants("", call(1, "test_echo", `{"say":"hi"}`)), nil
		}
		return words("It said hi."), nil
	}
	must(t, w.ask(w.message("what does it say?")))
	if got := w.only(); got != "It said hi." {
		t.Errorf("posted %q", got)
	}
	second := w.model.requests()[1]
	tail := second.Messages[len(second.Messages)-2:]
	if tail[0].Role != llm.RoleAssistant || len(tail[0].Calls) != 1 || tail[0].Calls[0].Name != "test_echo" {
		t.Errorf("the model's call came back as %+v", tail[0])
	}
	if want := (llm.Message{Role: llm.RoleTool, Text: "echo hi", CallID: "call1", Name: "test_echo"}); tail[1].Text != want.Text || tail[1].CallID != want.CallID || tail[1].Name != want.Name || tail[1].Failed {
		t.Errorf("the result came back as %+v", tail[1])
	}
	if by.By.User != w.user.ID || by.By.Team != w.team.ID || by.By.Name != "Ada" || by.Turn != "memory:app:1001" || by.By.Zone() != time.UTC {
		t.Errorf("the skill ran for %+v", by)
	}
	if shown := names(w.model.requests()[0]); !slices.Equal(shown, []string{"other_echo", "test_echo", "test_fail", "test_hang", "test_long", "test_panic", "test_secret"}) {
		t.Errorf("shown %q", shown)
	}
}

func names(req llm.Request) []string {
	var all []string
	for _, t := range req.Tools {
		all = append(all, t.Name)
	}
	return all
}

func TestUsageOfAllRoundsIsSettled(t *testing.T) {
	t.Parallel()
	w := withSkills(setup(t), toolApp(nil)...)
	w.model.say = func(n int, _ llm.Request) ([]llm.Piece, error) {
		if n < 3 {
			return wants("", call(n, "test_echo", `{}`)), nil
		}
		return words("Done."), nil
	}
	mate, err := w.db.MateByHandle(t.Context(), "sophia")
	must(t, err)
	o, err := w.room.Ask(t.Context(), chat.Ask{Team: w.team.ID, User: w.user.ID, Mate: mate.ID, Text: "go"}, nil)
	must(t, err)
	if u := o.Usage; u.Input != 300 || u.Cached != 20 || u.Output != 90 || u.Cost != 280+180 {
		t.Errorf("usage %+v", u)
	}
}

// Exactly what all layers allow is shown, and what is not shown is not run.
func TestSkillsOutsideOfTheLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		server, team openmates.Limits
		shown        []string
		why          string
	}{
		{"an app", openmates.Limits{Apps: openmates.OnlyThese("other")}, openmates.Limits{}, []string{"other_echo"},
			"test.echo isn't allowed here for the server"},
		{"a skill", openmates.Limits{}, openmates.Limits{Skills: openmates.OnlyThese("test.fail", "other.echo")}, []string{"other_echo", "test_fail"},
			"test.echo isn't allowed here for the team Acme"},
		{"both layers", openmates.Limits{Apps: openmates.OnlyThese("test")}, openmates.Limits{Skills: openmates.OnlyThese("test.fail", "other.echo")},
			[]string{"test_fail"}, "test.echo isn't allowed here for the team Acme"},
		{"a skill of an app that is not allowed", openmates.Limits{Apps: openmates.OnlyThese("other"), Skills: openmates.OnlyThese("test.echo")},
			openmates.Limits{}, nil, "test.echo isn't allowed here for the server"},
		{"all", openmates.Limits{}, openmates.Limits{Apps: openmates.OnlyThese()}, nil, "test.echo isn't allowed here for the team Acme"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var ran atomic.Int32
			w := setup(t)
			log := &bytes.Buffer{}
			w.log = slog.New(slog.NewTextHandler(log, nil))
			withSkills(w, toolApp(func(string, skill.Call) { ran.Add(1) })...)
			must(t, w.db.SetServerLimits(t.Context(), c.server))
			must(t, w.db.SetTeamLimits(t.Context(), w.team.ID, c.team))
			w.model.say = func(n int, _ llm.Request) ([]llm.Piece, error) {
				if n == 1 {
					return wants("", call(1, "test_echo", `{}`)), nil
				}
				return words("I can't."), nil
			}
			must(t, w.ask(w.message("do it")))
			if shown := names(w.model.requests()[0]); !slices.Equal(shown, c.shown) {
				t.Errorf("shown %q, want %q", shown, c.shown)
			}
			if r := results(w.model.requests()[1]); len(r) != 1 || !r[0].Failed || !strings.Contains(r[0].Text, c.why) {
				t.Errorf("the model was told %+v", r)
			}
			if ran.Load() != 0 || w.only() != "I can't." {
				t.Errorf("it ran %d times; posted %q", ran.Load(), w.only())
			}
			if !strings.Contains(log.String(), "outside of the limits") || !strings.Contains(log.String(), "skill=test.echo") {
				t.Errorf("the log says %q", log)
			}
		})
	}
}

func TestAToolThatTheModelInventsIsRefused(t *testing.T) {
	t.Parallel()
	w := setup(t)
	log := &bytes.Buffer{}
	w.log = slog.New(slog.NewTextHandler(log, nil))
	withSkills(w, toolApp(nil)...)
	w.model.say = func(n int, _ llm.Request) ([]llm.Piece, error) {
		if n == 1 {
			return wants("", call(1, "shell_exec", `{"cmd":"rm"}`), call(2, "test.echo", `{}`), call(3, "", ``), call(4, strings.Repeat("x", 500), `{}`)), nil
		}
		return words("Fine."), nil
	}
	must(t, w.ask(w.message("do it")))
	r := results(w.model.requests()[1])
	if len(r) != 4 || !strings.Contains(r[0].Text, `There is no tool called "shell_exec" here. There are: other_echo, test_echo`) {
		t.Errorf("the model was told %+v", r)
	}
	for i, m := range r {
		if !m.Failed || m.CallID != fmt.Sprintf("call%d", i+1) || len(m.Text) > 300 {
			t.Errorf("result %d is %+v", i, m)
		}
	}
	if !strings.Contains(log.String(), "does not exist") || strings.Contains(log.String(), "rm") {
		t.Errorf("the log says %q", log)
	}
	if got := w.only(); got != "Fine." {
		t.Errorf("posted %q", got)
	}
}

func TestWithoutSkillsNoToolIsShown(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.model.say = func(n int, _ llm.Request) ([]llm.Piece, error) {
		if n == 1 {
			return wants("", call(1, "test_echo", `{}`)), nil
		}
		return words("Fine."), nil
	}
	must(t, w.ask(w.message("do it")))
	req := w.model.requests()
	if len(req[0].Tools) != 0 || w.only() != "Fine." || !strings.Contains(results(req[1])[0].Text, "no tools here") {
		t.Errorf("shown %v, told %+v, posted %q", req[0].Tools, results(req[1]), w.only())
	}
}

// Whatever a skill does, the turn is answered.
func TestAFailureOfASkillIsNoneOfTheTurn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	log := &bytes.Buffer{}
	w.log, w.skillTime = slog.New(slog.NewTextHandler(log, nil)), 50*time.Millisecond
	withSkills(w, toolApp(nil)...)
	w.model.say = func(n int, _ llm.Request) ([]llm.Piece, error) {
		switch n {
		case 1:
			return wants("", call(1, "test_fail", `{}`), call(2, "test_secret", `{}`), call(3, "test_panic", `{}`),
				call(4, "test_echo", `{"say":`), call(5, "test_echo", `{"other":1}`)), nil
		case 2:
			return wants("", call(6, "test_hang", `{}`)), nil
		case 3:
			return wants("", call(7, "test_echo", `{}`)), nil
		}
		return words("Never mind."), nil
	}
	must(t, w.ask(w.message("do it")))
	r := results(w.model.requests()[3])
	for i, want := range []string{"The shop is closed.", "test.secret failed on the server's side", "test.panic failed on the server's side",
		"not valid JSON", `unexpected additional properties ["other"]`, "time for the tools of this answer is used up", "time for the tools"} {
		if !strings.Contains(r[i].Text, want) || !r[i].Failed || strings.Contains(r[i].Text, "canary") {
			t.Errorf("result %d is %+v, want %q", i, r[i], want)
		}
	}
	if !strings.Contains(log.String(), "canary in the cause") || !strings.Contains(log.String(), "canary in a panic") {
		t.Errorf("the log says %q", log)
	}
	if got := w.only(); got != "Never mind." {
		t.Errorf("posted %q", got)
	}
}

func TestCallsOfOneRoundRunTogether(t *testing.T) {
	t.Parallel()
	var arrived, most, now atomic.Int32
	gate := make(chan struct{})
	w := withSkills(setup(t), toolApp(func(string, skill.Call) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if arrived.Add(1) == 4 {
			close(gate) // nobody goes on before four are there
		}
		<-gate
		now.Add(-1)
	})...)
	w.model.say = func(n int, _ llm.Request) ([]llm.Piece, error) {
		if n > 1 {
			return words("Done."), nil
		}
		var calls []llm.Piece
		for i := range 11 {
			calls = append(calls, call(i, "test_echo", fmt.Sprintf(`{"say":"%d"}`, i)))
		}
		return wants("", calls...), nil
	}
	must(t, w.ask(w.message("do it")))
	r := results(w.model.requests()[1])
	for i, m := range r {
		want := fmt.Sprintf("echo %d", i)
		if i >= 8 {
			want = "too many calls at once"
		}
		if !strings.Contains(m.Text, want) || m.CallID != fmt.Sprintf("call%d", i) {
			t.Errorf("result %d is %+v", i, m)
		}
	}
	if len(r) != 11 || arrived.Load() != 8 || most.Load() > 4 {
		t.Errorf("%d results, %d ran, %d at once", len(r), arrived.Load(), most.Load())
	}
}

func TestAModelThatNeverComesToAnEndIsStopped(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", "I used my skills many times without finding an answer"},
		{"Hm.", "Hm.\n\n*I stopped here because I used my skills too many times"},
	} {
		var ran atomic.Int32
		w := withSkills(setup(t), toolApp(func(string, skill.Call) { ran.Add(1) })...)
		w.model.say = func(n int, _ llm.Request) ([]llm.Piece, error) {
			return wants(c.text, call(n, "test_echo", `{}`)), nil
		}
		must(t, w.ask(w.message("do it")))
		req := w.model.requests()
		if len(req) != 8 || ran.Load() != 7 {
			t.Errorf("%d rounds, %d calls", len(req), ran.Load())
		}
		if r := results(req[7]); !strings.Contains(r[6].Text, "That was the last time") || strings.Contains(r[5].Text, "last time") {
			t.Errorf("the model was told %+v", r)
		}
		if got := w.only(); !strings.Contains(got, c.want) {
			t.Errorf("posted %q", got)
		}
	}
}

func TestWhatToolsBringBackIsBounded(t *testing.T) {
	t.Parallel()
	w := withSkills(setup(t), toolApp(nil)...)
	w.model.say = func(n int, _ llm.Request) ([]llm.Piece, error) {
		if n < 4 {
			return wants("", call(n, "test_long", `{}`), call(n+10, "test_long", `{}`)), nil
		}
		return words("Enough."), nil
	}
	must(t, w.ask(w.message("do it")))
	total := 0
	r := results(w.model.requests()[3])
	for _, m := range r {
		total += len(m.Text)
	}
	if total > 121_000 || !strings.Contains(r[5].Text, "as much text as one answer may use") || r[3].Failed {
		t.Errorf("%d bytes came back, the last as %.100q", total, r[5].Text)
	}
}

// What was written before a skill ran stays as the paragraph before.
func TestTextOfEarlierRoundsStays(t *testing.T) {
	t.Parallel()
	w := withSkills(setup(t), toolApp(nil)...)
	w.model.say = func(n int, _ llm.Request) ([]llm.Piece, error) {
		switch n {
		case 1:
			return wants("Let me look. ", call(1, "test_echo", `{}`)), nil
		case 2:
			return wants("  ", call(2, "test_echo", `{}`)), nil
		case 3:
			return []llm.Piece{{Text: "It is"}}, &llm.Error{Kind: llm.KindCut, Err: errors.New("cut")}
		}
		return words("It is 7."), nil
	}
	must(t, w.ask(w.message("go")))
	if got := w.only(); got != "Let me look.\n\nIt is 7." {
		t.Errorf("posted %q", got)
	}
	if n := len(w.model.requests()); n != 4 {
		t.Errorf("%d requests", n)
	}
}

// A model that fails after its tools ran has said what it said.
func TestAModelThatFailsBehindItsTools(t *testing.T) {
	t.Parallel()
	w := withSkills(setup(t), toolApp(nil)...)
	w.model.say = func(n int, _ llm.Request) ([]llm.Piece, error) {
		if n == 1 {
			return wants("", call(1, "test_echo", `{}`)), nil
		}
		return nil, &llm.Error{Kind: llm.KindTooLong, Err: errors.New("too long")}
	}
	must(t, w.ask(w.message("go")))
	if got := w.only(); !strings.Contains(got, "more text than my model can read") {
		t.Errorf("posted %q", got)
	}
}

// While a skill runs, the mate is seen to be typing.
func TestTypingGoesOnWhileASkillRuns(t *testing.T) {
	t.Parallel()
	w := setup(t)
	release := make(chan struct{})
	withSkills(w, toolApp(func(string, skill.Call) { <-release })...)
	w.model.say = func(n int, _ llm.Request) ([]llm.Piece, error) {
		if n == 1 {
			return wants("", call(1, "test_echo", `{}`)), nil
		}
		return words("Done."), nil
	}
	done := make(chan error, 1)
	job := w.deliver(w.message("go"))
	go func() { done <- w.room.Reply(t.Context(), job) }()
	must(t, w.net.Await(t.Context(), func([]messengertest.Post) bool { return w.net.Typings() > 0 }))
	close(release)
	must(t, <-done)
	if got := w.only(); got != "Done." {
		t.Errorf("posted %q", got)
	}
}
