// Package anthropic adapts Anthropic's Messages API.
//
// It keeps llm.Model's contract. Thinking is left out of the text, tokens
// written to and read from the provider's cache count as input, and what the
// API rejects in a history (empty texts, results in separate messages) is fixed
// before it is sent.
package anthropic

import (
	"cmp"
	"context"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// DefaultURL is Anthropic's own address.
const DefaultURL = "https://api.anthropic.com"

// version is the API version that this adapter was written for ("API
// versioning" in Anthropic's documentation).
const version = "2023-06-01"

// DefaultMaxTokens limits an answer if the request doesn't: the API requires a
// limit, and all models that it still offers allow this one.
const DefaultMaxTokens = 8192

// Config configures a Provider.
type Config struct {
	URL  string           // "" = DefaultURL
	Key  openmates.Secret // required
	HTTP *http.Client     // nil = a new one
}

// Provider is the API used with one key. It is safe for concurrent use.
type Provider struct{ client *wire.Client }

// New checks the settings and returns a Provider. It does no I/O.
func New(c Config) (*Provider, error) {
	key := strings.TrimSpace(c.Key.Reveal())
	if key == "" {
		return nil, openmates.Errorf(openmates.EInvalid, "The key of Anthropic's API is missing.")
	}
	base := strings.TrimRight(strings.TrimSpace(cmp.Or(c.URL, DefaultURL)), "/")
	client, err := wire.New(wire.Config{
		URL:     strings.TrimSuffix(base, "/v1"),
		Key:     openmates.Secret(key),
		Header:  map[string]string{"X-Api-Key": key, "Anthropic-Version": version},
		HTTP:    c.HTTP,
		Refusal: refusal,
	})
	if err != nil {
		return nil, err
	}
	return &Provider{client}, nil
}

// Models lists the IDs that the key may use, sorted.
func (p *Provider) Models(ctx context.Context) ([]llm.ModelInfo, error) {
	var ids wire.Models
	query := url.Values{"limit": {"1000"}}
	for range 100 {
		var page struct {
			Data []struct {
				ID     string `json:"id"`
				Window int    `json:"max_input_tokens"`
				Answer int    `json:"max_tokens"`
			} `json:"data"`
			More bool   `json:"has_more"`
			Last string `json:"last_id"`
		}
		if err := p.client.Get(ctx, "/v1/models?"+query.Encode(), &page); err != nil {
			return nil, err
		}
		room := true
		for _, m := range page.Data {
			room = ids.Add(llm.ModelInfo{ID: m.ID, Window: m.Window, Answer: m.Answer, Tools: llm.Yes, Sees: llm.Yes})
		}
		if !page.More || page.Last == "" || !room {
			break
		}
		query.Set("after_id", page.Last)
	}
	return ids.Sorted(), nil
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
		m.client.Ask(ctx, "/v1/messages", req, encode(m.id, req), &decoder{of: m.id}, yield)
	}
}
