package web

import (
	"net/http"

	"openmates"
	"openmates/internal/intake"
	"openmates/internal/model"
)

// providersPage lists the providers and what they are used for, and links to
// the form for a new one.
type providersPage struct {
	shell
	Providers []model.View
	Kinds     []model.Kind
	Defaults  []defaultField
	Choices   []string // full names of the enabled models
	Mute      []model.Effect
	Error     openmates.Text
}

// defaultField is a choice of default model.
type defaultField struct {
	Class  string // "" = any
	Name   string // of the form field
	Label  openmates.Text
	Hint   openmates.Text
	Set    string         // "" = automatic
	Now    string         // the model that answers, or "" if none does
	Broken openmates.Text // why the chosen model can't answer
}

func (s *Server) providers(w http.ResponseWriter, r *http.Request) error {
	p, err := s.providersPage(r)
	if err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "providers", p)
}

func (s *Server) providersPage(r *http.Request) (*providersPage, error) {
	p := &providersPage{shell: s.shell(r, openmates.T("Providers")), Kinds: s.model.Kinds()}
	var err error
	if p.Providers, err = s.model.Providers(r.Context()); err != nil {
		return nil, err
	}
	if p.Mute, err = s.model.Mute(r.Context()); err != nil {
		return nil, err
	}
	d, err := s.model.Defaults(r.Context())
	if err != nil {
		return nil, err
	}
	p.Choices = d.Choices
	for _, f := range []defaultField{
		{Class: "", Name: "any", Label: openmates.T("Default"), Hint: openmates.T("Used when nothing is set below.")},
		{Class: openmates.ClassQuick, Name: "quick", Label: openmates.T("Quick"), Hint: openmates.T("Quick, short answers at a low price.")},
		{Class: openmates.ClassBalanced, Name: "balanced", Label: openmates.T("Balanced"), Hint: openmates.T("For most things.")},
		{Class: openmates.ClassDeep, Name: "deep", Label: openmates.T("Deep"), Hint: openmates.T("Hard questions; slower and more expensive.")},
	} {
		f.Set, f.Now, f.Broken = d.Set.Of(f.Class), d.Now[f.Class], d.Broken[f.Class]
		if f.Class == "" {
			f.Set = d.Set.Any
		}
		p.Defaults = append(p.Defaults, f)
	}
	return p, nil
}

func (s *Server) saveDefaults(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	err = s.model.SetDefaults(r.Context(), byWhom(r), openmates.ModelDefaults{
		Any: f.Get("any"), Quick: f.Get("quick"), Balanced: f.Get("balanced"), Deep: f.Get("deep"),
	})
	if openmates.CodeOf(err) != openmates.EInvalid {
		if err != nil {
			return err
		}
		return s.done(w, r, "/server/providers", openmates.T("Saved. Mates without a model of their own use these from now on."))
	}
	p, perr := s.providersPage(r)
	if perr != nil {
		return perr
	}
	for i := range p.Defaults {
		p.Defaults[i].Set = f.Get(p.Defaults[i].Name)
	}
	p.Error = openmates.TextOf(err)
	return s.show(w, intake.StatusOf(err), "providers", p)
}
