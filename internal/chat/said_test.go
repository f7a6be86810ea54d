package chat_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/skill"
)

// A skill receives what people and pages have said, but nothing that the model
// said: not in this turn, not in an earlier one, not through a tool that
// repeats it.
func TestASkillIsToldWhatTheModelDidNotMakeUp(t *testing.T) {
	t.Parallel()
	var said []string
	apps := toolApp(func(_ string, c skill.Call) { said = slices.Clone(c.Said) })
	apps = append(apps, skill.App{Name: "source", Label: openmates.T("Source"), Description: openmates.T("For tests."), Skills: []skill.Skill{{
		Name: "read", Label: openmates.T("Read"), Description: "For tests.", Parameters: json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{}}`),
		Run: func(context.Context, skill.Call) (skill.Result, error) {
			return skill.Result{Text: "written outside", Source: true}, nil
		},
	}}})
	w := withSkills(setup(t), apps...)
	w.model.say = func(n int, _ llm.Request) ([]llm.Piece, error) {
		switch n {
		case 1:
			return words("made up before"), nil
		case 2:
			return wants("made up now", call(1, "test_echo", `{"say":"made up for a tool"}`), call(2, "made_up_tool", `{}`), call(3, "source_read", `{}`)), nil
		case 3:
			return wants("", call(4, "test_echo", `{}`)), nil
		}
		return words("Done."), nil
	}
	must(t, w.ask(w.message("the first question")))
	must(t, w.ask(w.message("the second question")))
	all := strings.Join(said, "\n")
	for _, want := range []string{"the first question", "the second question", "written outside"} {
		if !strings.Contains(all, want) {
			t.Errorf("it was not told %q, but %q", want, said)
		}
	}
	if strings.Contains(all, "made up") {
		t.Errorf("it was told %q", said)
	}
}
