package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/llm"
	"openmates/internal/llm/anthropic"
	"openmates/internal/llm/google"
	"openmates/internal/llm/openai"
	"openmates/internal/llm/scripted"
	"openmates/internal/model"
	"openmates/internal/store"
	"openmates/internal/web"
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
	return m, m.checkDefault()
}

// checkDefault completes a default model without a provider if there is only
// one, and refuses it if it's ambiguous.
func (m *models) checkDefault() error {
	if m.def == "" {
		return nil
	}
	provider, _, named := strings.Cut(m.def, "/")
	var names []string
	for _, f := range m.fixed {
		if names = append(names, f.Name); named && f.Name == provider {
			return nil
		}
	}
	switch {
	case len(names) == 1:
		m.def = names[0] + "/" + m.def
		return nil
	case len(names) == 0 && named: // a provider added on the pages
		return nil
	}
	return invalid("model", "%q doesn't start with a provider that is set up (%s)", m.def, orNone(strings.Join(names, ", ")))
}

// open creates the model room on the database.
func (m *models) open(ctx context.Context, db *store.DB, log *slog.Logger) (err error) {
	m.room, err = model.New(model.Config{
		Store: db, Audit: db.AddAudit, Adapters: adapters(), Fixed: m.fixed, Default: m.def,
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

// shown returns the model that answers now, for the pages.
func (m *models) shown(ctx context.Context) web.Model {
	name, err := m.room.Answering(ctx, openmates.Mate{})
	switch {
	case err != nil && len(m.fixed) > 0 && openmates.CodeOf(err) == openmates.ENotFound:
		return web.Model{Name: cmp.Or(m.def, m.fixed[0].Label+"/…")} // its list is loaded with the first question
	case err != nil && m.hasProvider(ctx):
		return web.Model{Cure: openmates.T("Enable a model on the provider's page.")}
	case err != nil:
		return web.Model{Cure: openmates.T("Add a provider.")}
	case strings.HasPrefix(name, scripted.ID+"/"):
		return web.Model{Name: scripted.Name, Scripted: true, Cure: openmates.T("Add a provider to get answers from a real model.")}
	}
	return web.Model{Name: name}
}

// hasProvider reports whether a provider is set up, with or without models.
func (m *models) hasProvider(ctx context.Context) bool {
	all, err := m.room.Providers(ctx)
	return err == nil && len(all) > 0
}

// choose implements chat.Config.Model.
func (m *models) choose(ctx context.Context, mate openmates.Mate) (chat.Choice, error) {
	c, err := m.room.Choose(ctx, mate)
	return chat.Choice{Name: c.Name, Model: c.Model, Price: c.Price, Fixed: c.Fixed}, err
}
