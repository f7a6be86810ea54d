package web

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"openmates"
	"openmates/internal/intake"
	"openmates/internal/model"
)

// providersPage lists the providers and what they serve, and leads on to more
// of them.
type providersPage struct {
	shell
	Providers []model.View
	Kinds     []model.Kind
	Defaults  []defaultField
	Choices   []string // full names of the enabled models
	Mute      []model.Effect
	Error     openmates.Text
}

// defaultField is one of the choices of a model that answers by default.
type defaultField struct {
	Class  string // "" = any
	Name   string // of the form's field
	Label  openmates.Text
	Hint   openmates.Text
	Set    string         // "" = automatic
	Now    string         // the model that answers, "" = none
	Broken openmates.Text // why what is set can't answer
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

// providerForm is what an admin types about a provider. It never holds a key
// that is stored or was typed.
type providerForm struct {
	API       model.Kind
	Place     string // of the API's well-known addresses
	KeyPage   string
	Label     string
	URL       string
	HasKey    bool
	NeedsKey  bool
	Error     openmates.Text
	MayInsist bool // it may be saved although it can't be checked
}

type newProviderPage struct {
	shell
	providerForm
}

func (s *Server) newProvider(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	p, err := s.newProviderPage(r, q.Get("kind"), q.Get("place"))
	if err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "provider-new", p)
}

func (s *Server) newProviderPage(r *http.Request, kind, place string) (*newProviderPage, error) {
	for _, k := range s.model.Kinds() {
		if k.Name != kind {
			continue
		}
		f := providerForm{API: k, Label: k.Label.String(), KeyPage: k.KeyPage, NeedsKey: k.NeedsKey}
		if k.NeedsURL {
			f.Label = ""
		}
		for _, pl := range k.Places {
			if pl.Name == place {
				f.Place, f.Label, f.URL, f.KeyPage = pl.Name, pl.Label, pl.URL, pl.KeyPage
			}
		}
		return &newProviderPage{s.shell(r, openmates.T("Add provider")), f}, nil
	}
	return nil, openmates.Errorf(openmates.ENotFound, "Unknown kind of provider. Choose one on the Providers page.")
}

func draftOf(f url.Values) model.Draft {
	return model.Draft{
		Kind: f.Get("kind"), Label: f.Get("label"), URL: f.Get("url"), Key: openmates.Secret(f.Get("key")),
		NoKey: f.Get("no_key") != "", Anyway: f.Get("anyway") != "", Propose: f.Get("place"),
	}
}

func (s *Server) addProvider(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	added, err := s.model.Add(r.Context(), byWhom(r), draftOf(f))
	if err == nil {
		said := openmates.T("%s is checked and added. Review its models and their prices.", added.Label)
		if added.Problem != "" {
			said = openmates.T("%s is saved, but couldn’t be checked.", added.Label)
		}
		return s.done(w, r, "/server/providers/"+added.Name, said)
	}
	if !mendable(err) {
		return err
	}
	p, perr := s.newProviderPage(r, f.Get("kind"), f.Get("place"))
	if perr != nil {
		return perr
	}
	p.Label, p.URL = f.Get("label"), f.Get("url")
	p.Error, p.MayInsist = openmates.TextOf(err), openmates.CodeOf(err) == openmates.EUnavailable
	return s.show(w, http.StatusUnprocessableEntity, "provider-new", p)
}

// mendable says whether a form can be sent again with better values.
func mendable(err error) bool {
	c := openmates.CodeOf(err)
	return c == openmates.EInvalid || c == openmates.EUnavailable || c == openmates.EConflict
}

type removeProviderPage struct {
	shell
	model.View
	Mute   []model.Effect // are left without a model
	Others []model.Effect // get another one
	Error  openmates.Text
}

func (s *Server) removeProviderForm(w http.ResponseWriter, r *http.Request) error {
	p, err := s.removePage(r)
	if err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "provider-remove", p)
}

func (s *Server) removePage(r *http.Request) (*removeProviderPage, error) {
	v, err := s.model.Provider(r.Context(), r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	p := &removeProviderPage{shell: s.shell(r, openmates.T("Remove %s", v.Label)), View: v}
	effects, err := s.model.Impact(r.Context(), v.Name)
	if err != nil {
		return nil, err
	}
	for _, e := range effects {
		if e.To == "" {
			p.Mute = append(p.Mute, e)
		} else {
			p.Others = append(p.Others, e)
		}
	}
	return p, nil
}

// askRemoveProvider says that there is a question; its page shows more than
// others, namely what becomes of each mate.
func askRemoveProvider(*http.Request) (*question, error) { return &question{}, nil }

func (s *Server) removeProvider(w http.ResponseWriter, r *http.Request) error {
	p, err := s.removePage(r)
	if err != nil {
		return err
	}
	err = s.model.Remove(r.Context(), byWhom(r), p.Name)
	if openmates.CodeOf(err) == openmates.EConflict {
		p.Error = openmates.TextOf(err)
		return s.show(w, intake.StatusOf(err), "provider-remove", p)
	}
	if err != nil {
		return err
	}
	return s.done(w, r, "/server/providers", openmates.T("%s and its key are removed.", p.Label))
}

// modelProblems adds what is wrong with providers, and the mates that have no
// model, to what the overview shows.
func (s *Server) modelProblems(ctx context.Context, o *overview) error {
	all, err := s.model.Providers(ctx)
	if err != nil {
		return err
	}
	for _, v := range all {
		if v.Problem != "" {
			o.Problems = append(o.Problems, Problem{What: v.Problem, Path: "/server/providers/" + v.Name})
		}
	}
	mute, err := s.model.Mute(ctx)
	if err != nil || len(all) == 0 { // without a provider, the set-up says what to do
		return err
	}
	if !slices.ContainsFunc(all, func(v model.View) bool { return v.Enabled > 0 }) {
		o.Problems = append(o.Problems, Problem{What: openmates.T("Mates can’t answer: no model is enabled."), Cure: openmates.T("Enable at least one on the provider’s page."), Path: "/server/providers/" + all[0].Name})
		return nil
	}
	for why, mates := range byReason(mute) {
		p := Problem{What: openmates.T("%s can’t answer: %s", mates[0].Name, why), Cure: openmates.T("Choose another model for %s.", mates[0].Name), Path: "/server/mates/" + mates[0].Handle}
		if len(mates) > 1 {
			p = Problem{What: openmates.T("%s and %d more can’t answer: %s", mates[0].Name, len(mates)-1, why), Cure: openmates.T("Choose other models for them, or another default."), Path: "/server/mates"}
		}
		o.Problems = append(o.Problems, p)
	}
	return nil
}

// byReason groups the mates that can't answer by the reason, so that one cause
// is one problem. The order is that of the mates.
func byReason(mute []model.Effect) iter.Seq2[openmates.Text, []openmates.Mate] {
	return func(yield func(openmates.Text, []openmates.Mate) bool) {
		by := map[openmates.Text][]openmates.Mate{}
		for _, e := range mute {
			by[e.Why] = append(by[e.Why], e.Mate)
		}
		for _, e := range mute {
			mates := by[e.Why]
			delete(by, e.Why)
			if len(mates) > 0 && !yield(e.Why, mates) {
				return
			}
		}
	}
}

// namesOf lists mates in a sentence.
func namesOf(names []string) string { return strings.Join(names, ", ") }
