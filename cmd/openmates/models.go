package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/llm/anthropic"
	"openmates/internal/llm/google"
	"openmates/internal/llm/openai"
	"openmates/internal/llm/scripted"
	"openmates/internal/model"
	"openmates/internal/store"
)

// models holds the providers from the settings, and the room that chooses among
// them and those added on the pages.
type models struct {
	fixed []model.Fixed
	def   string // "provider/model"; "" = not set
	room  *model.Room
}

// adapters returns a constructor for each kind of provider; the address "" is
// the API's own.
func adapters() map[string]func(openmates.Provider) (llm.Provider, error) {
	speaksOpenAI := func(p openmates.Provider) (llm.Provider, error) {
		return openai.New(openai.Config{URL: p.URL, Key: p.Key})
	}
	return map[string]func(openmates.Provider) (llm.Provider, error){
		model.KindOpenAI:     speaksOpenAI,
		model.KindCompatible: speaksOpenAI,
		model.KindAnthropic: func(p openmates.Provider) (llm.Provider, error) {
			return anthropic.New(anthropic.Config{URL: p.URL, Key: p.Key})
		},
		model.KindGoogle: func(p openmates.Provider) (llm.Provider, error) {
			return google.New(google.Config{URL: p.URL, Key: p.Key})
		},
	}
}

// newModels creates the providers for which the settings have a key or an
// address. scriptedToo adds the scripted model, which answers if there is no
// other.
func newModels(s settings, set map[string]bool, scriptedToo bool) (*models, error) {
	m := &models{def: s.Model}
	for _, p := range []struct {
		wanted bool
		openmates.Provider
		usual string
	}{
		{s.OpenAIKey != "" || set["openai-url"], openmates.Provider{Name: "openai", Kind: model.KindOpenAI, Label: "OpenAI", URL: s.OpenAIURL, Key: s.OpenAIKey.reveal()}, openai.DefaultURL},
		{s.AnthropicKey != "", openmates.Provider{Name: "anthropic", Kind: model.KindAnthropic, Label: "Anthropic", URL: s.AnthropicURL, Key: s.AnthropicKey.reveal()}, anthropic.DefaultURL},
		{s.GoogleKey != "", openmates.Provider{Name: "google", Kind: model.KindGoogle, Label: "Google", URL: s.GoogleURL, Key: s.GoogleKey.reveal()}, google.DefaultURL},
	} {
		if !p.wanted {
			continue
		}
		service, err := adapters()[p.Kind](p.Provider)
		if err != nil {
			return nil, fmt.Errorf("provider %s: %w", p.Name, err)
		}
		if p.URL == p.usual {
			p.URL = ""
		}
		if u, err := url.Parse(p.URL); err == nil && p.Kind == model.KindOpenAI && p.URL != "" {
			p.Kind, p.Label = model.KindCompatible, u.Host
		}
		p.Key = "" // the adapter has it
		m.fixed = append(m.fixed, model.Fixed{Provider: p.Provider, Service: service})
	}
	if scriptedToo && len(m.fixed) == 0 {
		service, err := scripted.New(scripted.Config{})
		if err != nil {
			return nil, err
		}
		m.fixed = append(m.fixed, model.Fixed{Service: service,
			Provider: openmates.Provider{Name: scripted.ID, Kind: model.KindScripted, Label: scripted.Name}})
	}
	full, ok := model.FullName(m.def, m.fixed)
	if !ok {
		names := make([]string, len(m.fixed))
		for i, f := range m.fixed {
			names[i] = f.Name
		}
		return nil, invalid("model", "%q doesn't start with a provider that is set up (%s)", m.def, orNone(strings.Join(names, ", ")))
	}
	m.def = full
	return m, nil
}

// open creates the model room on the database.
func (m *models) open(ctx context.Context, db *store.DB, log *slog.Logger) (err error) {
	m.room, err = model.New(model.Config{
		Store: modelStoreOf(db), Audit: db.AddAudit, Adapters: adapters(), Fixed: m.fixed, Default: m.def,
		Wrap: llm.Retry(llm.Patience{}), Log: log,
	})
	if err != nil {
		return err
	}
	db.OnChange(func(kind string) {
		if kind == store.Providers {
			m.room.Forget()
		}
	})
	if err := m.room.Settle(ctx); err != nil || m.def == "" {
		return err
	}
	provider, _, _ := strings.Cut(m.def, "/")
	if _, err := m.room.Provider(ctx, provider); openmates.CodeOf(err) == openmates.ENotFound {
		return invalid("model", "%q doesn't start with a provider that is set up", m.def)
	}
	return nil
}
