// Package google adapts Google's Gemini API (generateContent).
//
// It keeps llm.Model's contract. Thoughts are left out of the text but counted
// as output, because they are billed. The signature that newer models expect
// with a call is returned as its Echo.
//
// It doesn't support Vertex AI, which has other keys.
package google

import (
	"cmp"
	"context"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// DefaultURL is Google's own address.
const DefaultURL = "https://generativelanguage.googleapis.com"

// Config configures a Provider.
type Config struct {
	URL  string           // "" = DefaultURL; an address without a version gets /v1beta
	Key  openmates.Secret // required
	HTTP *http.Client     // nil = a new one
}

// Provider is the API used with one key. It is safe for concurrent use.
type Provider struct{ client *wire.Client }

// New checks the settings and returns a Provider. It does no I/O.
func New(c Config) (*Provider, error) {
	key := strings.TrimSpace(c.Key.Reveal())
	if key == "" {
		return nil, openmates.Errorf(openmates.EInvalid, "The key of Google's API is missing.")
	}
	base := strings.TrimRight(strings.TrimSpace(cmp.Or(c.URL, DefaultURL)), "/")
	if !strings.HasSuffix(base, "/v1beta") && !strings.HasSuffix(base, "/v1") {
		base += "/v1beta"
	}
	client, err := wire.New(wire.Config{
		URL:     base,
		Key:     openmates.Secret(key),
		Header:  map[string]string{"X-Goog-Api-Key": key}, // not in the URL, which ends up in logs
		HTTP:    c.HTTP,
		Refusal: refusal,
	})
	if err != nil {
		return nil, err
	}
	return &Provider{client}, nil
}

// Models lists the IDs of the models that the key may use and that can answer,
// sorted.
func (p *Provider) Models(ctx context.Context) ([]llm.ModelInfo, error) {
	var ids wire.Models
	query := url.Values{"pageSize": {"1000"}}
	for range 100 {
		var page struct {
			Models []struct {
				Name    string   `json:"name"`
				Methods []string `json:"supportedGenerationMethods"`
				Input   int      `json:"inputTokenLimit"`
				Output  int      `json:"outputTokenLimit"`
			} `json:"models"`
			Next string `json:"nextPageToken"`
		}
		if err := p.client.Get(ctx, "/models?"+query.Encode(), &page); err != nil {
			return nil, err
		}
		room := true
		for _, m := range page.Models {
			if slices.Contains(m.Methods, "generateContent") {
				room = ids.Add(llm.ModelInfo{ID: strings.TrimPrefix(m.Name, "models/"), Window: m.Input, Answer: m.Output})
			}
		}
		if page.Next == "" || !room {
			break
		}
		query.Set("pageToken", page.Next)
	}
	return ids.Sorted(), nil
}

// Model returns the model with this ID.
func (p *Provider) Model(id string) llm.Model {
	return &model{p, strings.TrimPrefix(id, "models/")}
}

type model struct {
	*Provider
	id string
}

// Stream sends req and yields the answer in pieces.
func (m *model) Stream(ctx context.Context, req llm.Request) iter.Seq2[llm.Piece, error] {
	return func(yield func(llm.Piece, error) bool) {
		path := "/models/" + url.PathEscape(m.id) + ":streamGenerateContent?alt=sse"
		m.client.Ask(ctx, path, req, encode(m.id, req), &decoder{of: m.id}, yield)
	}
}
