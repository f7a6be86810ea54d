// Package openai adapts OpenAI's chat completions API, and every compatible
// server: Ollama, vLLM, llama.cpp, LM Studio, OpenRouter, Mistral, Groq,
// DeepSeek, Together and more.
//
// It keeps llm.Model's contract with each of them, and handles their
// differences: which of two fields limits the answer, whether usage is reported
// (otherwise it is estimated), whether a stream ends with [DONE], whether the
// server streams at all, and where in a stream an error appears.
//
// It doesn't support features that only one of them has.
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

// Config configures a Provider.
type Config struct {
	URL  string           // "" = DefaultURL; an address without a path gets /v1
	Key  openmates.Secret // "" = none, as for local servers
	HTTP *http.Client     // nil = a new one

	Responses bool // use the Responses API until a model rejects it
}

// Provider is one server used with one key. It is safe for concurrent use.
type Provider struct {
	client *wire.Client
	hosted bool     // by OpenAI itself
	first  way      // for models that nothing is known about
	ways   sync.Map // model id → way, learned from refusals
	aloud  sync.Map // model ID → bool: it thinks in its text, without an opening tag
}

// New checks the settings and returns a Provider. It does no I/O.
func New(c Config) (*Provider, error) {
	header := map[string]string{}
	key := strings.TrimSpace(c.Key.Reveal())
	if key != "" {
		header["Authorization"] = "Bearer " + key
	}
	client, err := wire.New(wire.Config{
		URL: address(c.URL), Key: openmates.Secret(key), Header: header, HTTP: c.HTTP, Refusal: refusal,
		Fields: []string{fieldUsage, fieldNewLimit, fieldLimit, fieldEffort, pathResponses, unsupported},
	})
	if err != nil {
		return nil, err
	}
	hosted := client.URL() == DefaultURL
	return &Provider{client: client, hosted: hosted, first: way{newLimit: hosted, responses: c.Responses}}, nil
}

// address fixes what people paste: the full path of the endpoint, or a bare
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

// Model returns the model with this ID.
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
		s, d, err := m.post(ctx, req)
		if err != nil {
			yield(wire.Gone(ctx, req), err)
			return
		}
		defer s.Close()
		s.Thoughts.Hold = m.swallows()
		s.Pump(d, yield)
		m.remember(&s.Thoughts)
	}
}

// mostTries limits the requests until a server answers. All but the last are
// rejected before anything is billed.
const mostTries = 6

// post sends the request. If a server rejects how something is asked, not what,
// post asks again in the server's way, and remembers that. Nothing of an answer
// has arrived before such an error, and waiting wouldn't help.
func (m *model) post(ctx context.Context, req llm.Request) (*wire.Stream, wire.Decoder, error) {
	w := m.first
	if learned, ok := m.ways.Load(m.id); ok {
		w, _ = learned.(way)
	}
	tried := map[way]bool{}
	most := w.bound(req)
	for tries := 1; ; tries++ {
		tried[w] = true
		asked := req
		asked.MaxTokens = most
		s, d, err := m.try(ctx, asked, w)
		e, refused := errors.AsType[*llm.Error](err)
		if !refused || tries == mostTries {
			return s, d, err
		}
		switch e.Kind {
		case llm.KindInvalid, llm.KindNoModel, llm.KindTooLong:
		default:
			return s, d, err
		}
		other, left, ok := w.other(e, asked, m.hosted)
		if !ok || tried[other] && left == 0 {
			return s, d, err
		}
		w, most = other, other.bound(req)
		if left > 0 {
			most = min(most, left)
		}
		m.ways.Store(m.id, w)
	}
}

// try asks in one way.
func (m *model) try(ctx context.Context, req llm.Request, w way) (*wire.Stream, wire.Decoder, error) {
	if w.responses {
		s, err := m.client.Post(ctx, "/responses", req, encodeResponse(m.id, req, w))
		return s, &responses{decoder: decoder{of: m.id}}, err
	}
	s, err := m.client.Post(ctx, "/chat/completions", req, encode(m.id, req, w))
	return s, &decoder{of: m.id}, err
}
