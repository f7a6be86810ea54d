package scripted

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"openmates/internal/llm"
)

// wish returns the call for a sum, a conversion or the time, if that was the
// question and such a tool is available; otherwise nil.
func wish(req llm.Request) *llm.Call {
	if len(req.Messages) == 0 || req.Messages[len(req.Messages)-1].Role != llm.RoleUser {
		return nil
	}
	said := strings.TrimSpace(req.Messages[len(req.Messages)-1].Text)
	var name string
	var args map[string]any
	if m := conversion.FindStringSubmatch(said); m != nil {
		name, args = "calculation_convert", map[string]any{"value": m[1], "from": m[2], "to": m[3]}
	} else if m := sum.FindStringSubmatch(said); m != nil && operator.MatchString(m[1]) {
		name, args = "calculation_evaluate", map[string]any{"expression": strings.TrimSpace(m[1])}
	} else if m := clock.FindStringSubmatch(said); m != nil {
		name, args = "calculation_time", map[string]any{}
		if m[1] != "" {
			args["to"] = []string{m[1]}
		}
	}
	if !slices.ContainsFunc(req.Tools, func(t llm.Tool) bool { return t.Name == name }) {
		return nil
	}
	text, err := json.Marshal(args)
	if err != nil {
		return nil
	}
	return &llm.Call{ID: "call-1", Name: name, Arguments: string(text)}
}

var (
	sum        = regexp.MustCompile(`(?i)(?:what(?:'s| is)|calculate|compute|how much is)\s+((?:\d|[-+*/^%().,!×÷√π\s]|sqrt|of|mod)+?)\s*[?=.]*$`)
	operator   = regexp.MustCompile(`\d.*([-+*/^%×÷!]|of|mod)|sqrt|√`)
	conversion = regexp.MustCompile(`(?i)(?:convert|what is|what's|how much is)\s+(-?\d[\d.]*)\s*([\pL°µ/²³ ]{1,40}?)\s+(?:to|into|in)\s+([\pL°µ/²³ ]{1,40}?)\s*[?.]*$`)
	clock      = regexp.MustCompile(`(?i)what time is it(?: (?:now )?in ([\pL/_ ]{2,40}?))?\s*\?*$`)
)

// told returns the answer to a tool's result.
func told(req llm.Request) (answer, bool) {
	if len(req.Messages) == 0 {
		return answer{}, false
	}
	last := req.Messages[len(req.Messages)-1]
	if last.Role != llm.RoleTool {
		return answer{}, false
	}
	if last.Failed {
		return answer{text: "I tried, but I was told: " + quote(last.Text)}, true
	}
	first, rest, _ := strings.Cut(strings.TrimSpace(last.Text), "\n")
	text := "**" + strings.NewReplacer("*", `\*`, "_", `\_`).Replace(first) + "**\n"
	if rest != "" {
		text += rest + "\n"
	}
	return answer{text: text + "\nThis was worked out by the skill `" + strings.Replace(last.Name, "_", ".", 1) + "`. The words around it come from a script; a real model would choose its own."}, true
}
