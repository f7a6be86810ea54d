package openai

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// Models lists the models that the key may use, sorted, with their metadata:
// OpenAI itself provides none; OpenRouter, Together, Mistral, Groq and vLLM
// each provide some in different fields.
func (p *Provider) Models(ctx context.Context) ([]llm.ModelInfo, error) {
	var list models
	if err := p.client.Get(ctx, "/models", &list); err != nil {
		return nil, err
	}
	var all wire.Models
	for _, m := range list {
		all.Add(m.info())
	}
	return all.Sorted(), nil
}

// models are the entries of a list, which some servers (Together, GitHub) send
// without an object around it.
type models []entry

// UnmarshalJSON decodes either form; an entry whose ID isn't a string has none.
func (m *models) UnmarshalJSON(b []byte) error {
	var list struct {
		Data []entry `json:"data"`
	}
	err := json.Unmarshal(b, &list.Data)
	if err != nil {
		err = json.Unmarshal(b, &list)
	}
	*m = list.Data
	return err
}

// entry is a model in a list.
type entry struct {
	ID      wire.Quoted
	Sizes   wire.Counts // the numbers of the entry, by name
	Details details
}

// details are the fields that aren't numbers.
type details struct {
	Architecture struct { // OpenRouter
		Input []string `json:"input_modalities"`
	} `json:"architecture"`
	Parameters []string                   `json:"supported_parameters"` // OpenRouter
	Pricing    map[string]json.RawMessage `json:"pricing"`              // OpenRouter, Together
	Can        *struct {                  // Mistral
		Tools *bool `json:"function_calling"`
		Sees  *bool `json:"vision"`
	} `json:"capabilities"`
}

// UnmarshalJSON never fails: what is odd isn't told.
func (e *entry) UnmarshalJSON(b []byte) error {
	*e = entry{}
	var id struct {
		ID wire.Quoted `json:"id"`
	}
	_ = json.Unmarshal(b, &id)
	e.ID = id.ID
	_ = e.Sizes.UnmarshalJSON(b)
	if json.Unmarshal(b, &e.Details) != nil {
		e.Details = details{}
	}
	return nil
}

func (e *entry) info() llm.ModelInfo {
	m := llm.ModelInfo{
		ID:     e.ID.String(),
		Window: size(e.Sizes.First("context_length", "context_window", "max_context_length", "max_model_len")),
		Answer: size(e.Sizes.First("max_completion_tokens", "top_provider.max_completion_tokens", "max_output_tokens")),
		Price:  e.Details.price(),
	}
	if in := e.Details.Architecture.Input; in != nil {
		m.Sees = llm.AbleIf(slices.Contains(in, "image"))
	}
	if p := e.Details.Parameters; p != nil {
		m.Tools = llm.AbleIf(slices.Contains(p, "tools"))
	}
	if c := e.Details.Can; c != nil {
		if c.Tools != nil {
			m.Tools = llm.AbleIf(*c.Tools)
		}
		if c.Sees != nil {
			m.Sees = llm.AbleIf(*c.Sees)
		}
	}
	return m
}

// size is a number of tokens if it can be one.
func size(n int) int {
	if n < 256 || n > 100_000_000 {
		return 0
	}
	return n
}

// price is the price in US dollars: OpenRouter's are per token, Together's per
// million.
func (d details) price() *openmates.Price {
	read := func(name string, factor float64) (openmates.Micros, bool) {
		text := string(d.Pricing[name])
		if s, err := strconv.Unquote(text); err == nil {
			text = s
		}
		f, err := strconv.ParseFloat(text, 64)
		if f *= factor; err != nil || f < 0 || f > mostDollars || math.IsNaN(f) {
			return 0, false
		}
		return openmates.Micros(math.Round(f * 1e6)), true
	}
	in, out, cached, factor := "prompt", "completion", "input_cache_read", 1e6
	if d.Pricing["prompt"] == nil {
		in, out, cached, factor = "input", "output", "cached_input", 1
	}
	var p openmates.Price
	var ok, also bool
	p.Input, ok = read(in, factor)
	p.Output, also = read(out, factor)
	if !ok || !also {
		return nil
	}
	if p.Cached, ok = read(cached, factor); !ok {
		p.Cached = p.Input
	}
	return &p
}

// mostDollars bounds what a million tokens may cost; more is a mistake.
const mostDollars = 10_000

// Learned implements llm.Learner.
func (m *model) Learned() llm.ModelInfo {
	info := llm.ModelInfo{ID: m.id}
	learned, ok := m.ways.Load(m.id)
	if !ok {
		return info
	}
	w, _ := learned.(way)
	info.Window, info.Answer = w.window, w.most
	if w.noTools {
		info.Tools = llm.No
	}
	if w.noPictures {
		info.Sees = llm.No
	}
	return info
}
