package openai

import (
	"regexp"

	"openmates/internal/llm/wire"
)

// thinker are names of models that think. Some servers keep no reasoning apart
// and put its opening tag into their prompt, so that only the closing one is in
// the answer.
var thinker = regexp.MustCompile(`(?i)(^|[^a-z])(r1|qwq|qwen-?3|glm-?[45]|kimi|minimax|nemotron|magistral|ernie|hunyuan|olmo|seed)|think|reason`) //nolint:gochecknoglobals // nobody writes it

// swallows reports whether the text of an answer is to be held back until a
// closing tag comes: for a model that was seen to think so, and once for one
// whose name says that it may.
func (m *model) swallows() bool {
	if seen, ok := m.aloud.Load(m.id); ok {
		swallowed, _ := seen.(bool)
		return swallowed
	}
	return !m.hosted && thinker.MatchString(m.id)
}

// remember notes how the model thought in an answer that it has finished.
func (m *model) remember(t *wire.Thoughts) {
	if t.Lone || t.Open() {
		m.aloud.Store(m.id, t.Lone)
	}
}
