// Package openai adapts the chat completions API of OpenAI, and with it every
// server that speaks it: Ollama, vLLM, llama.cpp, LM Studio, OpenRouter,
// Mistral, Groq, DeepSeek, Together and more.
//
// It promises llm.Model's contract with each of them. They differ in small
// things that it levels: which of two fields bounds the answer, whether usage
// is told (it is estimated where not), whether a stream ends with [DONE],
// whether the server streams at all, and where in a stream an error stands.
//
// It refuses the features that only one of them has.
package openai

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// DefaultURL is OpenAI's own address.
const DefaultURL = "https://api.openai.com/v1"

// Config says where the API is.
type Config struct {
	URL  string           // "" = DefaultURL; an address without a path gets /v1
	Key  openmates.Secret // "" = none, as local servers want it
	HTTP *http.Client     // nil = one of its own
}

// Provider is one server reached with one key. It is safe for concurrent use.
type Provider struct {
	client *wire.Client
	hosted bool     // by OpenAI itself
	ways   sync.Map // model id → way, learned from refusals
}

// New checks the settings; it does no I/O.
func New(c Config) (*Provider, error) {
	header := map[string]string{}
	key := strings.TrimSpace(c.Key.Reveal())
	if key != "" {
		header["Authorization"] = "Bearer " + key
	}
	client, err := wire.New(wire.Config{
		URL: address(c.URL), Key: openmates.Secret(key), Header: header, HTTP: c.HTTP, Refusal: refusal,
		Fields: []string{fieldUsage, fieldNewLimit, fieldLimit, unsupported},
	})
	if err != nil {
		return nil, err
	}
	return &Provider{client: client, hosted: client.URL() == DefaultURL}, nil
}

// address mends what people paste: the full path of the endpoint, or a bare
// host.
func address(s string) string {
	s = strings.TrimRight(strings.TrimSpace(s), "/")
	if s == "" {
		return DefaultURL
	}
	s = strings.TrimSuffix(s, "/chat/completions")
	if u, err := url.Parse(s); err == nil && u.Host != "" && strings.Trim(u.Path, "/") == "" {
		return s + "/v1"
	}
	return s
}

// Models lists the ids that the key may use, sorted.
func (p *Provider) Models(ctx context.Context) ([]string, error) {
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := p.client.Get(ctx, "/models", &list); err != nil {
		return nil, err
	}
	var ids wire.Models
	for _, m := range list.Data {
		ids.Add(m.ID)
	}
	return ids.Sorted(), nil
}

// Model returns the model with this id.
func (p *Provider) Model(id string) llm.Model { return &model{p, id} }

type model struct {
	*Provider
	id string
}

// Stream sends req and yields the answer in pieces.
func (m *model) Stream(ctx context.Context, req llm.Request) iter.Seq2[llm.Piece, error] {
	return func(yield func(llm.Piece, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(llm.Piece{}, err)
			return
		}
		s, err := m.post(ctx, req)
		if err != nil {
			yield(wire.Gone(ctx, req), err)
			return
		}
		defer s.Close()
		s.Pump(&decoder{}, yield)
	}
}

// way is how a model wants to be asked.
type way struct {
	newLimit bool // max_completion_tokens instead of max_tokens
	noUsage  bool // without stream_options
}

// post sends the request. A server that refuses a field by name is asked again
// without it, and asked so from then on; nothing of an answer came before such
// a refusal, and it isn't a failure that waiting could heal.
func (m *model) post(ctx context.Context, req llm.Request) (*wire.Stream, error) {
	w := way{newLimit: m.hosted}
	if learned, ok := m.ways.Load(m.id); ok {
		w, _ = learned.(way)
	}
	for tries := 0; ; tries++ {
		s, err := m.client.Post(ctx, "/chat/completions", req, encode(m.id, req, w))
		e, refused := errors.AsType[*llm.Error](err)
		if !refused || e.Kind != llm.KindInvalid || tries == 2 {
			return s, err
		}
		other, ok := w.other(e, req)
		if !ok {
			return s, err
		}
		w = other
		m.ways.Store(m.id, w)
	}
}

// The words of a refusal that tell which field it is about.
const (
	fieldUsage    = "stream_options"
	fieldLimit    = "max_tokens"
	fieldNewLimit = "max_completion_tokens"
	unsupported   = "nsupported"
)

// other is the way that a refusal asks for, if it asks for one.
func (w way) other(e *llm.Error, req llm.Request) (way, bool) {
	words := e.Err.Error()
	switch {
	case !w.noUsage && strings.Contains(words, fieldUsage):
		w.noUsage = true
	case !w.newLimit && req.MaxTokens > 0 && strings.Contains(words, fieldNewLimit):
		w.newLimit = true
	case w.newLimit && req.MaxTokens > 0 && strings.Contains(words, fieldNewLimit):
		w.newLimit = false
	case !w.newLimit && req.MaxTokens > 0 && strings.Contains(words, fieldLimit) && strings.Contains(words, unsupported):
		w.newLimit = true
	default:
		return w, false
	}
	return w, true
}
