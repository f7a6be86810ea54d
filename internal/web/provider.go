package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"openmates"
	"openmates/internal/model"
)

// providerPage shows a provider and its models.
type providerPage struct {
	shell
	model.View
	Form  providerForm
	Error openmates.Text // errors outside the form
	Rows  []modelRow
	Total int // number of rows that match the filter
	Query string
	All   bool // including models that aren't enabled
	Page  int
	Pages int
	Tries []string // models that can be tested
	Serve string   // mates that it answers for

	Proposed bool // some rows show a suggested price
}

// modelRow is a model with its prices as text: as typed, as set, or as
// suggested.
type modelRow struct {
	model.ModelView
	Input, Cached, Output string
	Proposed              bool
	Serve                 string
}

// rowsAtOnce keeps the page and its form small: some providers list hundreds of
// models.
const rowsAtOnce = 50

func (s *Server) provider(w http.ResponseWriter, r *http.Request) error {
	p, err := s.providerPage(r)
	if err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "provider", p)
}

func (s *Server) providerPage(r *http.Request) (*providerPage, error) {
	v, err := s.model.Provider(r.Context(), r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	p := &providerPage{shell: s.shell(r, openmates.T("%s", v.Label)), View: v}
	p.Form = providerForm{API: v.API, KeyPage: v.KeyPage, Label: v.Label, URL: v.URL, HasKey: v.HasKey,
		NeedsKey: v.API.NeedsKey && !v.HasKey}
	p.filter(r.FormValue("q"), r.FormValue("show"), r.FormValue("page"))
	var mates []string
	for _, m := range v.Models {
		if mates = append(mates, m.Serves...); m.Enabled {
			p.Tries = append(p.Tries, m.Model)
		}
	}
	slices.Sort(mates)
	p.Serve = namesOf(slices.Compact(mates))
	return p, nil
}

// filter selects the rows to show.
func (p *providerPage) filter(query, show, page string) {
	p.Query, p.All = strings.TrimSpace(query), show == "all" || p.Enabled == 0 || query != ""
	var fit []model.ModelView
	for _, m := range p.Models {
		if (p.All || m.Enabled) && strings.Contains(strings.ToLower(m.Model), strings.ToLower(p.Query)) {
			fit = append(fit, m)
		}
	}
	p.Total, p.Pages = len(fit), max(1, (len(fit)+rowsAtOnce-1)/rowsAtOnce)
	n, _ := strconv.Atoi(page) // anything that isn't a number means the first page
	p.Page = min(max(n, 1), p.Pages)
	for _, m := range fit[(p.Page-1)*rowsAtOnce : min(p.Page*rowsAtOnce, len(fit))] {
		row := modelRow{ModelView: m, Serve: namesOf(m.Serves)}
		price := m.Price
		if row.Proposed = m.Propose != nil; row.Proposed {
			price = *m.Propose
		}
		if m.Priced || row.Proposed {
			row.Input, row.Cached, row.Output = price.Input.String(), price.Cached.String(), price.Output.String()
		}
		p.Rows, p.Proposed = append(p.Rows, row), p.Proposed || row.Proposed
	}
}

// At returns the URL of another page with the same filter.
func (p *providerPage) At(page int) string {
	q := url.Values{"page": {strconv.Itoa(page)}}
	if p.All {
		q.Set("show", "all")
	}
	if p.Query != "" {
		q.Set("q", p.Query)
	}
	return "/server/providers/" + p.Name + "?" + q.Encode()
}

// Before returns the number of the previous page, or 0 if there is none.
func (p *providerPage) Before() int { return p.Page - 1 }

// After returns the number of the next page, or 0 if there is none.
func (p *providerPage) After() int {
	if p.Page == p.Pages {
		return 0
	}
	return p.Page + 1
}

// again shows the page again with an error.
func (s *Server) again(w http.ResponseWriter, r *http.Request, err error, change func(*providerPage)) error {
	if !mendable(err) {
		return err
	}
	p, perr := s.providerPage(r)
	if perr != nil {
		return perr
	}
	change(p)
	return s.show(w, http.StatusUnprocessableEntity, "provider", p)
}

func (s *Server) changeProvider(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	changed, err := s.model.Change(r.Context(), byWhom(r), r.PathValue("name"), draftOf(f))
	if err != nil {
		return s.again(w, r, err, func(p *providerPage) {
			p.Form.Label, p.Form.URL = f.Get("label"), f.Get("url")
			p.Form.Error, p.Form.MayInsist = openmates.TextOf(err), openmates.CodeOf(err) == openmates.EUnavailable
		})
	}
	said := openmates.T("%s is checked and saved.", changed.Label)
	if changed.Problem != "" {
		said = openmates.T("%s is saved, but couldn’t be checked.", changed.Label)
	}
	return s.done(w, r, "/server/providers/"+changed.Name, said)
}

func (s *Server) refreshProvider(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	lists, err := s.model.Refresh(r.Context(), byWhom(r), name)
	if err != nil {
		return s.again(w, r, err, func(*providerPage) {}) // the page shows it as the provider's problem
	}
	said := openmates.T("It works, and its model list hasn’t changed.")
	if n, m := len(lists.New), len(lists.Gone); n+m > 0 {
		said = openmates.T("It works. Its model list has changed: %d new, %d removed.", n, m)
	}
	return s.done(w, r, "/server/providers/"+name, said)
}

func (s *Server) saveModels(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	edits := editsOf(f)
	name := r.PathValue("name")
	if err := s.model.SetModels(r.Context(), byWhom(r), name, edits); err != nil {
		return s.again(w, r, err, func(p *providerPage) {
			p.Error = openmates.TextOf(err)
			p.retype(edits)
		})
	}
	return s.done(w, r, "/server/providers/"+name, openmates.T("The models are saved."))
}

// editsOf reads the rows of the form, whose field names are numbered.
func editsOf(f url.Values) []model.Edit {
	var edits []model.Edit
	for n := range 2 * rowsAtOnce {
		i := strconv.Itoa(n)
		if !f.Has("model-" + i) {
			continue
		}
		edits = append(edits, model.Edit{Model: f.Get("model-" + i), Enabled: f.Get("on-"+i) != "",
			Input: f.Get("input-" + i), Cached: f.Get("cached-" + i), Output: f.Get("output-" + i)})
	}
	return edits
}

// retype puts the input back into its rows.
func (p *providerPage) retype(edits []model.Edit) {
	p.Rows = p.Rows[:0]
	for _, e := range edits {
		for _, m := range p.Models {
			if m.Model == e.Model {
				m.Enabled = e.Enabled
				p.Rows = append(p.Rows, modelRow{ModelView: m, Input: e.Input, Cached: e.Cached, Output: e.Output, Serve: namesOf(m.Serves)})
			}
		}
	}
}

func (s *Server) freeModels(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	if err := s.model.Free(r.Context(), byWhom(r), name); err != nil {
		return err
	}
	return s.done(w, r, "/server/providers/"+name, openmates.T("Models without a price are now free."))
}

func (s *Server) addModel(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	name := r.PathValue("name")
	if err := s.model.AddModel(r.Context(), byWhom(r), name, f.Get("model")); err != nil {
		return s.again(w, r, err, func(p *providerPage) { p.Error = openmates.TextOf(err) })
	}
	return s.done(w, r, "/server/providers/"+name, openmates.T("Mates can now use %s.", f.Get("model")))
}

func (s *Server) tryModel(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	name := r.PathValue("name")
	t, err := s.model.Try(r.Context(), name, f.Get("model"))
	if err != nil {
		return s.again(w, r, err, func(p *providerPage) { p.Error = openmates.TextOf(err) })
	}
	took := t.Took.Round(10 * time.Millisecond)
	if t.Text == "" {
		return s.done(w, r, "/server/providers/"+name, openmates.T("%s returned an empty answer after %s.", t.Model, took))
	}
	return s.done(w, r, "/server/providers/"+name, openmates.T("%s answered after %s: “%s”", t.Model, took, short(t.Text)))
}
