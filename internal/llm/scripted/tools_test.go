package scripted_test

import (
	"strings"
	"testing"

	"openmates/internal/llm"
)

func TestAsksForATool(t *testing.T) {
	t.Parallel()
	tools := []llm.Tool{{Name: "calculation_evaluate"}, {Name: "calculation_convert"}, {Name: "calculation_time"}}
	for _, c := range []struct{ said, tool, args string }{
		{"what is 17 * 23", "calculation_evaluate", `{"expression":"17 * 23"}`},
		{"Ada: What is 17 * 23?", "calculation_evaluate", `{"expression":"17 * 23"}`},
		{"<@42> calculate (1 + 2)^3", "calculation_evaluate", `{"expression":"(1 + 2)^3"}`},
		{"what's 20% of 50?", "calculation_evaluate", `{"expression":"20% of 50"}`},
		{"how much is sqrt(2)", "calculation_evaluate", `{"expression":"sqrt(2)"}`},
		{"convert 5 miles to km", "calculation_convert", `{"from":"miles","to":"km","value":"5"}`},
		{"what is 100 °F in °C?", "calculation_convert", `{"from":"°F","to":"°C","value":"100"}`},
		{"Ben: what is 3.5 square feet in m²", "calculation_convert", `{"from":"square feet","to":"m²","value":"3.5"}`},
		{"what time is it?", "calculation_time", `{}`},
		{"what time is it in New York?", "calculation_time", `{"to":["New York"]}`},
		{"what is 42?", "", ""},
		{"what is love?", "", ""},
		{"what is the capital of France?", "", ""},
		{"hello", "", ""},
	} {
		req := request("You are Sophia, x.", c.said)
		req.Tools = tools
		a, err := llm.Generate(t.Context(), model(t, 0), req)
		switch {
		case err != nil:
			t.Errorf("%s: %v", c.said, err)
		case c.tool == "" && (len(a.Calls) > 0 || a.Stop != llm.StopEnd):
			t.Errorf("%s: %+v", c.said, a)
		case c.tool != "" && (len(a.Calls) != 1 || a.Calls[0].Name != c.tool || a.Calls[0].Arguments != c.args || a.Stop != llm.StopCalls || a.Usage.Output == 0):
			t.Errorf("%s: %+v", c.said, a)
		}
		req.Tools = nil
		if a, err := llm.Generate(t.Context(), model(t, 0), req); err != nil || len(a.Calls) > 0 || a.Text == "" {
			t.Errorf("%s without tools: %+v, %v", c.said, a, err)
		}
	}
}

func TestSaysWhatAToolBroughtBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text   string
		failed bool
		want   string
	}{
		{"17 * 23 = 391", false, "**17 \\* 23 = 391**\n\nThis was worked out by the skill `calculation.evaluate`."},
		{"5 mi = 8 km\n(length)", false, "**5 mi = 8 km**\n(length)\n"},
		{"Nothing can be divided by zero.", true, "“Nothing can be divided by zero”."},
	} {
		req := request("", "what is 17 * 23")
		req.Tools = []llm.Tool{{Name: "calculation_evaluate"}}
		req.Messages = append(req.Messages,
			llm.Message{Role: llm.RoleAssistant, Calls: []llm.Call{{ID: "call-1", Name: "calculation_evaluate"}}},
			llm.Message{Role: llm.RoleTool, CallID: "call-1", Name: "calculation_evaluate", Text: c.text, Failed: c.failed})
		if a, err := llm.Generate(t.Context(), model(t, 0), req); err != nil || !strings.Contains(a.Text, c.want) || len(a.Calls) > 0 {
			t.Errorf("%q: %+v, %v", c.text, a, err)
		}
	}
}
