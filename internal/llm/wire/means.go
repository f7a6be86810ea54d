package wire

import (
	"net/http"
	"strings"

	"openmates/internal/llm"
)

// meanings are phrases in errors, in lower case, that mean the same for every
// server. The first match counts: a request that is too large for a
// tokens-per-minute limit will still be too large in a minute.
var meanings = [...]struct { //nolint:gochecknoglobals // never written
	kind  llm.Kind
	words []string
}{
	{llm.KindTooLong, []string{
		"context_length_exceeded", "maximum context length", "prompt is too long", "prompt too long", "context window", // OpenAI, vLLM, Anthropic
		"exceeds the maximum number of tokens", "exceed_context_size", "exceeds the available context", "too many tokens:", // Google, llama.cpp, Cohere
		"input is too long", "reduce the length of the messages", "exceed context limit", "exceeded max context length", // Bedrock, Groq, Anthropic, Ollama
		"context the overflows", "context length of only", "greater than the context length", // LM Studio
		"maximum prompt length", "prompt exceeds max length", "exceeded model token limit", "range of input length", // xAI, z.ai, Kimi, DashScope
		"`inputs` must have less than", "`inputs` tokens + `max_new_tokens`", "inputs tokens + max_new_tokens", // TGI, Together
		"request too large", "string_above_max_length", // Groq and OpenAI, with a tokens-per-minute limit
	}},
	{llm.KindFiltered, []string{
		"content_filter", "content_policy", "content management policy", "content filtering policy", "responsibleaipolicy", // OpenAI, Azure, Anthropic
		"data_inspection_failed", "datainspectionfailed", "inappropriate content", "unsafe or sensitive content", // DashScope, z.ai
		"usage policy", "usage policies", "invalid_prompt", "was flagged", "requires moderation", "prohibited content", // OpenAI, OpenRouter
	}},
	{llm.KindNoCredit, []string{
		"insufficient_quota", "insufficient balance", "insufficient_balance", "insufficient credits", "credit balance", // OpenAI, DeepSeek and z.ai, OpenRouter, Anthropic
		"credits are depleted", "out of credits", "requires more credits", "billing hard limit", "billing_not_active", // Google, OpenRouter
	}},
	{llm.KindBarred, []string{
		"unsupported_country", "country, region, or territory not supported", "location is not supported", // OpenAI, Google
		"attention required! | cloudflare", "cf-error-details", "sorry, you have been blocked",
	}},
	{llm.KindCut, []string{"tool_use_failed"}}, // Groq: the model wrote an unreadable call
	{llm.KindNoModel, []string{"model_not_found", "no models loaded", "model not found"}},
	{llm.KindBadKey, []string{"invalid_api_key", "api key not valid", "incorrect api key", "invalid api key"}},
}

// Means returns what the code and message of an error, or its whole body if it
// has no message, mean by themselves; ok is false if that isn't known. The words
// of a failing server (status 5xx) mean nothing, because its pages can contain
// anything.
func Means(status int, code, message string, body []byte) (kind llm.Kind, ok bool) {
	if status >= http.StatusInternalServerError {
		return 0, false
	}
	words := strings.ToLower(code + " " + message)
	if message == "" {
		words = strings.ToLower(string(body))
	}
	for _, m := range meanings {
		for _, w := range m.words {
			if strings.Contains(words, w) {
				return m.kind, true
			}
		}
	}
	if status == http.StatusForbidden && (strings.HasPrefix(strings.TrimSpace(words), "<!doctype") || strings.HasPrefix(strings.TrimSpace(words), "<html")) {
		return llm.KindBarred, true // a firewall's page
	}
	return 0, false
}

// ByStatus returns what a status means in every API; the body may say more.
// Status 0 is an error within the stream without a useful body.
func ByStatus(status int) llm.Kind {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return llm.KindBadKey
	case http.StatusPaymentRequired:
		return llm.KindNoCredit
	case http.StatusNotFound:
		return llm.KindNoModel
	case http.StatusRequestEntityTooLarge:
		return llm.KindTooLong
	case http.StatusTooManyRequests:
		return llm.KindRateLimited
	case 0, http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly:
		return llm.KindUnavailable
	}
	if status >= http.StatusInternalServerError {
		return llm.KindUnavailable
	}
	return llm.KindInvalid
}
