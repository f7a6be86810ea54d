package scripted

import (
	"fmt"
	"strings"

	"openmates/internal/llm"
)

// seen describes what the last message quotes or attaches, so that people who
// try the demo see what reaches a model; ok reports whether there is anything.
func seen(req llm.Request) (answer, bool) {
	if len(req.Messages) == 0 {
		return answer{}, false
	}
	last := req.Messages[len(req.Messages)-1]
	if last.Role != llm.RoleUser {
		return answer{}, false
	}
	_, text, _ := strings.Cut(last.Text, ": ") // the speaker
	var things []string
	for l := range strings.SplitSeq(text, "\n") {
		l = strings.TrimPrefix(l, "| ")
		if strings.HasPrefix(l, "[") && strings.HasSuffix(l, "]") {
			things = append(things, "- "+strings.Trim(l, "[]"))
			continue
		}
		if quoted, ok := strings.CutPrefix(l, "> "); ok && len(things) > 0 && !strings.Contains(things[len(things)-1], ": “") && strings.TrimSpace(quoted) != "" {
			things[len(things)-1] += ": “" + clip(quoted) + "”"
		}
	}
	for _, p := range last.Pictures {
		things = append(things, fmt.Sprintf("- %d bytes of %s, which I can look at", len(p.Data), p.Type))
	}
	if things == nil {
		return answer{}, false
	}
	return answer{text: "Next to your words I was shown:\n" + strings.Join(things, "\n")}, true
}

// clip holds a line to what is worth repeating.
func clip(line string) string {
	const most = 80
	if r := []rune(line); len(r) > most {
		return string(r[:most]) + "…"
	}
	return line
}
