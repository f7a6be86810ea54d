package api

import (
	"context"
	"net/http"
	"time"

	"openmates"
	"openmates/internal/model"
)

// Provider is a service that runs models. Its key is never returned.
type Provider struct {
	Name    string          `json:"name" doc:"The part before the slash in provider/model."`
	Kind    string          `json:"kind"`
	Label   string          `json:"label"`
	URL     string          `json:"url,omitempty" doc:"Absent = the API's own address."`
	HasKey  bool            `json:"has_key"`
	Fixed   bool            `json:"fixed" doc:"It comes from the settings with which the server is started."`
	Checked *time.Time      `json:"checked,omitempty"`
	Problem openmates.Text  `json:"problem,omitempty" doc:"What the last check or request found."`
	Models  []ProviderModel `json:"models" nullable:"false"`
}

// version leaves out the results of checks.
func (p Provider) version() string {
	models := make([]any, 0, 6*len(p.Models))
	for _, m := range p.Models {
		models = append(models, m.Model, m.Enabled, m.Price)
	}
	return text(p.Name, p.Kind, p.Label, p.URL, p.HasKey, models)
}

// ProviderModel is a model that a provider offers.
type ProviderModel struct {
	Name    string   `json:"name" doc:"The full name: provider/model."`
	Model   string   `json:"model" doc:"The provider's own name for it."`
	Enabled bool     `json:"enabled" doc:"Mates may use it."`
	Listed  bool     `json:"listed" doc:"The provider listed it at the last check."`
	Class   string   `json:"class,omitempty"`
	Price   *Price   `json:"price,omitempty" doc:"Absent if nobody entered one; then budgets can't count it."`
	Propose *Price   `json:"propose,omitempty" doc:"A list price, as a suggestion."`
	Serves  []string `json:"serves" nullable:"false" doc:"Names of the mates that use it now."`
}

// Price is what a model costs per million tokens, as an amount such as 2.50.
type Price struct {
	Input  string `json:"input" maxLength:"40"`
	Cached string `json:"cached" maxLength:"40"`
	Output string `json:"output" maxLength:"40"`
}

// Kind is an API that providers use.
type Kind struct {
	Name     string         `json:"name"`
	Label    openmates.Text `json:"label"`
	About    openmates.Text `json:"about"`
	NeedsKey bool           `json:"needs_key"`
	NeedsURL bool           `json:"needs_url"`
	KeyPage  string         `json:"key_page,omitempty"`
	Places   []Place        `json:"places" nullable:"false"`
}

// Place is a well-known service of a kind.
type Place struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	URL   string `json:"url"`
}

// Effect is what happens to a mate's model.
type Effect struct {
	Mate string         `json:"mate" doc:"The mate's handle."`
	From string         `json:"from"`
	To   string         `json:"to,omitempty" doc:"Absent if no model is left for the mate."`
	Why  openmates.Text `json:"why,omitempty"`
}

// Defaults are the models for mates without their own.
type Defaults struct {
	Any      string                    `json:"any,omitempty" maxLength:"400"`
	Quick    string                    `json:"quick,omitempty" maxLength:"400"`
	Balanced string                    `json:"balanced,omitempty" maxLength:"400"`
	Deep     string                    `json:"deep,omitempty" maxLength:"400"`
	Choices  []string                  `json:"choices,omitempty" readOnly:"true" doc:"The enabled models."`
	Now      map[string]string         `json:"now,omitempty" readOnly:"true" doc:"By class: the model that answers now."`
	Broken   map[string]openmates.Text `json:"broken,omitempty" readOnly:"true" doc:"By class: why the default can't answer."`
}

func (d Defaults) version() string { return text(d.Any, d.Quick, d.Balanced, d.Deep) }

// ProviderName names a provider.
type ProviderName struct {
	Name string `path:"provider" maxLength:"80"`
}

type newProvider struct {
	Body struct {
		Kind   string `json:"kind" maxLength:"40"`
		Name   string `json:"name,omitempty" maxLength:"40" doc:"A suggestion; made unique if needed."`
		Label  string `json:"label,omitempty" maxLength:"200"`
		URL    string `json:"url,omitempty" maxLength:"1000"`
		Key    string `json:"key,omitempty" maxLength:"8000"`
		Anyway bool   `json:"anyway,omitempty" doc:"Save it even if it can't be checked now."`
	}
}

type providerPatch struct {
	ProviderName
	Body struct {
		Label  *string `json:"label,omitempty" maxLength:"200"`
		URL    *string `json:"url,omitempty" maxLength:"1000"`
		Key    string  `json:"key,omitempty" maxLength:"8000" doc:"Default: the stored one."`
		NoKey  bool    `json:"no_key,omitempty" doc:"Delete the stored key."`
		Anyway bool    `json:"anyway,omitempty"`
	}
}

type modelsPatch struct {
	ProviderName
	Body struct {
		Models []modelEdit `json:"models" nullable:"false" maxItems:"2000"`
	}
}

type modelEdit struct {
	Model   string `json:"model" maxLength:"400"`
	Enabled bool   `json:"enabled"`
	Price   *Price `json:"price,omitempty" doc:"Absent = no price."`
}

type modelInput struct {
	ProviderName
	Body struct {
		Model string `json:"model" maxLength:"400"`
	}
}

type defaultsInput struct {
	Body struct {
		Any      string `json:"any,omitempty" maxLength:"400"`
		Quick    string `json:"quick,omitempty" maxLength:"400"`
		Balanced string `json:"balanced,omitempty" maxLength:"400"`
		Deep     string `json:"deep,omitempty" maxLength:"400"`
	}
}

// ModelTrial is the answer of a model to a trial question.
type ModelTrial struct {
	Model string `json:"model"`
	Text  string `json:"text"`
	Took  int64  `json:"took_ms"`
}

// Changes says how a provider's list has changed.
type Changes struct {
	New  []string `json:"new" nullable:"false"`
	Gone []string `json:"gone" nullable:"false"`
}

func (s *Server) modelOperations() {
	serve(s, route{"list-provider-kinds", http.MethodGet, "/server/provider-kinds", "List kinds of providers", "", 0}, admin(), s.listKinds)
	serve(s, route{"list-providers", http.MethodGet, "/server/providers", "List providers", "Without their keys.", 0}, admin(),
		func(ctx context.Context, _ openmates.Caller, in *PageInput) (page[Provider], error) {
			views, err := s.model.Providers(ctx)
			if err != nil {
				return page[Provider]{}, err
			}
			var all []Provider
			for _, v := range views {
				all = append(all, providerOf(v))
			}
			return cut(all, *in, func(p Provider) string { return p.Name })
		})
	serve(s, route{"add-provider", http.MethodPost, "/server/providers", "Add a provider", "It is checked first.", 201}, admin(),
		func(ctx context.Context, c openmates.Caller, in *newProvider) (Provider, error) {
			b := in.Body
			p, err := s.model.Add(ctx, c.User.ID, model.Draft{Kind: b.Kind, Label: b.Label, URL: b.URL, Key: openmates.Secret(b.Key), Anyway: b.Anyway, Propose: b.Name})
			if err != nil {
				return Provider{}, err
			}
			return s.provider(ctx, p.Name)
		})
	serve(s, route{"get-provider", http.MethodGet, "/server/providers/{provider}", "Get a provider", "Without its key.", 0}, admin(),
		func(ctx context.Context, _ openmates.Caller, in *ProviderName) (Provider, error) {
			return s.provider(ctx, in.Name)
		})
	serve(s, route{"change-provider", http.MethodPatch, "/server/providers/{provider}", "Change a provider", "It is checked first. A stored key is not sent to another host.", 0}, admin(), s.changeProvider)
	change(s, route{"delete-provider", http.MethodDelete, "/server/providers/{provider}", "Remove a provider", "With its key, its models and their prices.", 0}, admin(),
		func(ctx context.Context, c openmates.Caller, in *ProviderName) error {
			return s.model.Remove(ctx, c.User.ID, in.Name)
		})
	serve(s, route{"get-provider-impact", http.MethodGet, "/server/providers/{provider}/impact", "Preview removing a provider", "Lists the mates that it would affect.", 0}, admin(), s.impact)
	serve(s, route{"check-provider", http.MethodPost, "/server/providers/{provider}/check", "Check a provider", "Reads its list of models again.", 0}, admin(),
		func(ctx context.Context, c openmates.Caller, in *ProviderName) (Changes, error) {
			l, err := s.model.Refresh(ctx, c.User.ID, in.Name)
			return Changes{append([]string{}, l.New...), append([]string{}, l.Gone...)}, err
		})
	change(s, route{"change-models", http.MethodPatch, "/server/providers/{provider}/models", "Enable, disable and price models", "Models that aren't listed stay unchanged.", 0}, admin(), s.changeModels)
	serve(s, route{"add-model", http.MethodPost, "/server/providers/{provider}/models", "Add a model by name", "For a provider that doesn't list all of its models.", 201}, admin(),
		func(ctx context.Context, c openmates.Caller, in *modelInput) (Provider, error) {
			if err := s.model.AddModel(ctx, c.User.ID, in.Name, in.Body.Model); err != nil {
				return Provider{}, err
			}
			return s.provider(ctx, in.Name)
		})
	change(s, route{"free-models", http.MethodPost, "/server/providers/{provider}/free", "Treat models without a price as free", "Such as models on your own machine.", 0}, admin(),
		func(ctx context.Context, c openmates.Caller, in *ProviderName) error {
			return s.model.Free(ctx, c.User.ID, in.Name)
		})
	serve(s, route{"try-model", http.MethodPost, "/server/providers/{provider}/try", "Try a model", "Asks it for a sentence.", 0}, admin(),
		func(ctx context.Context, _ openmates.Caller, in *modelInput) (ModelTrial, error) {
			t, err := s.model.Try(ctx, in.Name, in.Body.Model)
			return ModelTrial{t.Model, t.Text, t.Took.Milliseconds()}, err
		})
	serve(s, route{"get-defaults", http.MethodGet, "/server/default-models", "Get the default models", "", 0}, admin(), s.getDefaults)
	change(s, route{"put-defaults", http.MethodPut, "/server/default-models", "Set the default models", "Replaces all of them.", 0}, admin(),
		func(ctx context.Context, c openmates.Caller, in *defaultsInput) error {
			return s.model.SetDefaults(ctx, c.User.ID, openmates.ModelDefaults(in.Body))
		})
}

func (s *Server) provider(ctx context.Context, name string) (Provider, error) {
	v, err := s.model.Provider(ctx, name)
	return providerOf(v), err
}

func providerOf(v model.View) Provider {
	p := Provider{Name: v.Name, Kind: v.Kind, Label: v.Label, URL: v.URL, HasKey: v.HasKey, Fixed: v.Fixed, Checked: moment(v.Checked), Problem: v.Problem, Models: []ProviderModel{}}
	for _, m := range v.Models {
		pm := ProviderModel{Name: m.Name(), Model: m.Model, Enabled: m.Enabled, Listed: m.Listed, Class: m.Class, Serves: append([]string{}, m.Serves...)}
		if m.Priced {
			pm.Price = priceOf(m.Price)
		}
		if m.Propose != nil {
			pm.Propose = priceOf(*m.Propose)
		}
		p.Models = append(p.Models, pm)
	}
	return p
}

func priceOf(p openmates.Price) *Price {
	return &Price{p.Input.String(), p.Cached.String(), p.Output.String()}
}

func (s *Server) listKinds(_ context.Context, _ openmates.Caller, in *PageInput) (page[Kind], error) {
	var all []Kind
	for _, k := range s.model.Kinds() {
		kind := Kind{Name: k.Name, Label: k.Label, About: k.About, NeedsKey: k.NeedsKey, NeedsURL: k.NeedsURL, KeyPage: k.KeyPage, Places: []Place{}}
		for _, p := range k.Places {
			kind.Places = append(kind.Places, Place{p.Name, p.Label, p.URL})
		}
		all = append(all, kind)
	}
	return cut(all, *in, func(k Kind) string { return k.Name })
}

func (s *Server) changeProvider(ctx context.Context, c openmates.Caller, in *providerPatch) (Provider, error) {
	v, err := s.model.Provider(ctx, in.Name)
	if err != nil {
		return Provider{}, err
	}
	b := in.Body
	d := model.Draft{Label: v.Label, URL: v.URL, Key: openmates.Secret(b.Key), NoKey: b.NoKey, Anyway: b.Anyway}
	if b.Label != nil {
		d.Label = *b.Label
	}
	if b.URL != nil {
		d.URL = *b.URL
	}
	if _, err := s.model.Change(ctx, c.User.ID, in.Name, d); err != nil {
		return Provider{}, err
	}
	return s.provider(ctx, in.Name)
}

func (s *Server) impact(ctx context.Context, _ openmates.Caller, in *struct {
	ProviderName
	PageInput
}) (page[Effect], error) {
	found, err := s.model.Impact(ctx, in.Name)
	if err != nil {
		return page[Effect]{}, err
	}
	var all []Effect
	for _, e := range found {
		all = append(all, Effect{e.Mate.Handle, e.From, e.To, e.Why})
	}
	return cut(all, in.PageInput, func(e Effect) string { return e.Mate })
}

func (s *Server) changeModels(ctx context.Context, c openmates.Caller, in *modelsPatch) error {
	edits := make([]model.Edit, 0, len(in.Body.Models))
	for _, m := range in.Body.Models {
		e := model.Edit{Model: m.Model, Enabled: m.Enabled}
		if m.Price != nil {
			e.Input, e.Cached, e.Output = m.Price.Input, m.Price.Cached, m.Price.Output
		}
		edits = append(edits, e)
	}
	return s.model.SetModels(ctx, c.User.ID, in.Name, edits)
}

func (s *Server) getDefaults(ctx context.Context, _ openmates.Caller, _ *struct{}) (Defaults, error) {
	d, err := s.model.Defaults(ctx)
	return Defaults{Any: d.Set.Any, Quick: d.Set.Quick, Balanced: d.Set.Balanced, Deep: d.Set.Deep, Choices: d.Choices, Now: d.Now, Broken: d.Broken}, err
}
