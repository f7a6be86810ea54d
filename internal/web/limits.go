package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"openmates"
	"openmates/internal/intake"
	"openmates/internal/locale"
	"openmates/internal/mate"
)

// limitsPage shows the server's limits and what they mean for each mate.
type limitsPage struct {
	shell
	Sheet sheetForm
	Mates []limitedMate
}

// limitedMate is a mate's row on that page.
type limitedMate struct {
	mateCard
	mate.Sheet
}

// sheetForm is the form for limits.
type sheetForm struct {
	mate.Sheet
	Who       string // whose limits they are; "" = the server's
	Action    string
	PerMinute string // as typed
	PerMonth  string
	Spent     openmates.Micros
	Currency  string
	Percent   int // of the monthly budget spent
	Error     openmates.Text
}

func (s *Server) newSheet(ctx context.Context, who, action string, sheet mate.Sheet, spent openmates.Micros) (sheetForm, error) {
	f := sheetForm{Sheet: sheet, Who: who, Action: action, Spent: spent}
	if n := sheet.Own.PerMinute; n > 0 {
		f.PerMinute = fmt.Sprint(n)
	}
	if m := sheet.Own.PerMonth; m > 0 {
		f.PerMonth = m.String()
	}
	if most := sheet.Effective.PerMonth; most > 0 {
		f.Percent = int(min(float64(spent)/float64(most)*100, 100))
	}
	var err error
	f.Currency, err = s.currency(ctx)
	return f, err
}

func (s *Server) mateSheet(ctx context.Context, m openmates.Mate) (sheetForm, error) {
	sheet, err := s.mate.MateSheet(ctx, m)
	if err != nil {
		return sheetForm{}, err
	}
	spent, _, err := s.mate.Spent(ctx)
	if err != nil {
		return sheetForm{}, err
	}
	return s.newSheet(ctx, m.Name, "/server/mates/"+m.Handle+"/limits", sheet, spent[m.ID])
}

func (s *Server) limits(w http.ResponseWriter, r *http.Request) error {
	p, err := s.limitsPage(r)
	if err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "limits", p)
}

func (s *Server) limitsPage(r *http.Request) (*limitsPage, error) {
	ctx := r.Context()
	p := &limitsPage{shell: s.shell(r, openmates.T("Limits"))}
	sheet, err := s.mate.ServerSheet(ctx)
	if err != nil {
		return nil, err
	}
	spent, sum, err := s.mate.Spent(ctx)
	if err != nil {
		return nil, err
	}
	if p.Sheet, err = s.newSheet(ctx, "", "/server/limits", sheet, sum); err != nil {
		return nil, err
	}
	all, err := s.mate.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		if m.Archived {
			continue
		}
		sheet, err := s.mate.MateSheet(ctx, m)
		if err != nil {
			return nil, err
		}
		p.Mates = append(p.Mates, limitedMate{mateCard{Mate: m, Spent: spent[m.ID]}, sheet})
	}
	return p, nil
}

func (s *Server) setLimits(w http.ResponseWriter, r *http.Request) error {
	t, err := termsOf(r)
	if err != nil {
		return err
	}
	err = s.mate.SetServer(r.Context(), byWhom(r), t)
	if err == nil {
		return s.done(w, r, "/server/limits", openmates.T("The server’s limits are saved and apply from the next question."))
	}
	if openmates.CodeOf(err) == openmates.EInternal {
		return err
	}
	p, perr := s.limitsPage(r)
	if perr != nil {
		return perr
	}
	p.Sheet.keep(t, err)
	return s.show(w, intake.StatusOf(err), "limits", p)
}

func (s *Server) limitMate(w http.ResponseWriter, r *http.Request) error {
	t, err := termsOf(r)
	if err != nil {
		return err
	}
	p, err := s.mateOf(r)
	if err != nil {
		return err
	}
	m, err := s.mate.SetMate(r.Context(), byWhom(r), p.Mate, t)
	if err == nil {
		sheet, err := s.mate.MateSheet(r.Context(), m)
		if err != nil {
			return err
		}
		return s.done(w, r, "/server/mates/"+m.Handle+"#limits", openmates.T("Saved. %s may use %d of %d skills and %d of %d models.",
			m.Name, sheet.Skills.Allowed, sheet.Skills.Of, sheet.Models.Allowed, sheet.Models.Of))
	}
	if openmates.CodeOf(err) == openmates.EInternal {
		return err
	}
	p.Sheet.keep(t, err)
	return s.show(w, intake.StatusOf(err), "matesetup", p)
}

// keep puts the input back into the form, with its error.
func (f *sheetForm) keep(t mate.Terms, err error) {
	f.PerMinute, f.PerMonth, f.Error = t.PerMinute, t.PerMonth, openmates.TextOf(err)
	if t.Stamp == f.Stamp {
		f.Recheck(t)
	}
}

func termsOf(r *http.Request) (mate.Terms, error) {
	f, err := form(r)
	if err != nil {
		return mate.Terms{}, err
	}
	t := mate.Terms{Checked: map[openmates.Kind][]string{}, PerMinute: f.Get("per_minute"), PerMonth: f.Get("per_month"), Stamp: f.Get("stamp")}
	for _, k := range mate.TeamKinds() {
		t.Checked[k] = f[string(k)]
	}
	return t, nil
}

// names lists a set in words.
func names(v *locale.Voice, s openmates.Set) string {
	switch {
	case !s.Only:
		return v.Say(openmates.T("everything"))
	case len(s.Names) == 0:
		return v.Say(openmates.T("nothing"))
	}
	return strings.Join(s.Names, ", ")
}

func limitOf[N int | openmates.Micros](v *locale.Voice, n N) string {
	if n == 0 {
		return v.Say(openmates.T("no limit"))
	}
	return v.Decimal(fmt.Sprint(n))
}

// className returns the label for a class of models.
func className(v *locale.Voice, class string) string {
	switch class {
	case openmates.ClassQuick:
		return v.Say(openmates.T("quick"))
	case openmates.ClassBalanced:
		return v.Say(openmates.T("balanced"))
	case openmates.ClassDeep:
		return v.Say(openmates.T("deep"))
	}
	return class
}

// grantTable and grantBox are a table of the form and a checkbox in it, for the
// templates.
type grantTable struct {
	Caption     openmates.Text
	Whole, Part string
	Lines       []mate.Line
}

type grantBox struct {
	Kind string
	openmates.Choice
}

func newGrants(caption openmates.Text, whole, part string, lines []mate.Line) grantTable {
	return grantTable{caption, whole, part, lines}
}

func newBox(kind string, c openmates.Choice) grantBox { return grantBox{kind, c} }
