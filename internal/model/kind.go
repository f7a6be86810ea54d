package model

import (
	"cmp"
	"slices"
	"strings"

	"openmates"
)

// The kinds of providers, by the API that they use.
const (
	KindOpenAI     = "openai"
	KindAnthropic  = "anthropic"
	KindGoogle     = "google"
	KindCompatible = "compatible" // any OpenAI-compatible server
	KindScripted   = "scripted"   // no AI; for the demo
)

// Kind is what people need to know to add a provider.
type Kind struct {
	Name     string
	Label    openmates.Text
	About    openmates.Text
	KeyPage  string // where its keys are created
	Billing  string // where its account is topped up
	NeedsKey bool
	NeedsURL bool
	Places   []Place // suggested addresses
}

// Place is a well-known service of a kind.
type Place struct {
	Name    string // name for the provider
	Label   string
	URL     string
	KeyPage string // "" = it usually has no key
}

// kinds lists the kinds in display order.
func kinds() []Kind {
	return []Kind{
		{Name: KindOpenAI, Label: openmates.T("OpenAI"), About: openmates.T("GPT models, directly from OpenAI."), NeedsKey: true,
			KeyPage: "https://platform.openai.com/api-keys", Billing: "https://platform.openai.com/settings/organization/billing"},
		{Name: KindAnthropic, Label: openmates.T("Anthropic"), About: openmates.T("Claude models."), NeedsKey: true,
			KeyPage: "https://console.anthropic.com/settings/keys", Billing: "https://console.anthropic.com/settings/billing"},
		{Name: KindGoogle, Label: openmates.T("Google"), About: openmates.T("Gemini models."), NeedsKey: true,
			KeyPage: "https://aistudio.google.com/apikey", Billing: "https://console.cloud.google.com/billing"},
		{Name: KindCompatible, Label: openmates.T("OpenAI-compatible"), About: openmates.T("Models on your own machine (Ollama, vLLM, LM Studio), or any other OpenAI-compatible service (OpenRouter, Mistral, Groq …)."), NeedsURL: true, Places: []Place{
			{"ollama", "Ollama", "http://127.0.0.1:11434/v1", ""},
			{"lm-studio", "LM Studio", "http://127.0.0.1:1234/v1", ""},
			{"vllm", "vLLM", "http://127.0.0.1:8000/v1", ""},
			{"openrouter", "OpenRouter", "https://openrouter.ai/api/v1", "https://openrouter.ai/settings/keys"},
			{"mistral", "Mistral", "https://api.mistral.ai/v1", "https://console.mistral.ai/api-keys"},
			{"groq", "Groq", "https://api.groq.com/openai/v1", "https://console.groq.com/keys"},
			{"deepseek", "DeepSeek", "https://api.deepseek.com/v1", "https://platform.deepseek.com/api_keys"},
			{"together", "Together", "https://api.together.xyz/v1", "https://api.together.ai/settings/api-keys"},
		}},
	}
}

// Kinds lists the kinds that can be added.
func (r *Room) Kinds() []Kind {
	return slices.DeleteFunc(kinds(), func(k Kind) bool { return r.cfg.Adapters[k.Name] == nil })
}

// kindOf returns a kind; an unknown one has only its name.
func kindOf(name string) Kind {
	for _, k := range kinds() {
		if k.Name == name {
			return k
		}
	}
	return Kind{Name: name, Label: openmates.T("%s", name)}
}

// keyPage returns where a key for an address is created, "" if unknown.
func (k Kind) keyPage(url string) string {
	for _, p := range k.Places {
		if url != "" && strings.TrimRight(url, "/") == p.URL {
			return cmp.Or(p.KeyPage, k.KeyPage)
		}
	}
	return k.KeyPage
}
