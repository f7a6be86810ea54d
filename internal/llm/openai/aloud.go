package openai

import (
	"regexp"

	"openmates/internal/llm/wire"
)

// thinker matches names of reasoning models. Some servers don't separate
// reasoning and put its opening tag into the prompt, so that only the closing
// one is in the answer.
var thinker = regexp.MustCompile(`(?i)(^|[^a-z])(r1|qwq|qwen-?3|glm-?[45]|kimi|minimax|nemotron|magistral|ernie|hunyuan|olmo|seed)|think|reason`) //nolint:gochecknoglobals // never written

// swallows reports whether to hold back an answer's text until a closing tag:
// for a model that has done so before, and once for one whose name suggests
// that it may.
func (m *model) swallows() bool {
	if seen, ok := m.aloud.Load(m.id); ok {
		swallowed, _ := seen.(bool)
		return swallowed
	}
	return !m.hosted && thinker.MatchString(m.id)
}

// remember records how the model thought in a finished answer.
func (m *model) remember(t *wire.Thoughts) {
	if t.Lone || t.Open() {
		m.aloud.Store(m.id, t.Lone)
	}
}
