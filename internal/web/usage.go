package web

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"openmates"
	"openmates/internal/team"
)

// usagePage shows what a team spent in a month.
type usagePage struct {
	inTeam
	Month    team.Month
	Currency string
	Most     openmates.Micros // on a single day
	Width    int              // of the chart's view box
	Legend   []tone
	Days     []plotDay // those with at least one request
	Months   []monthChoice
	Now      bool // this is the current month
	CSV      string
}

// monthChoice is a month to choose from.
type monthChoice struct {
	Start  time.Time
	Name   string // in the URL: "2026-11"
	Chosen bool
}

// Requests returns the number of requests in the month, for templates.
func (p usagePage) Requests() int { return int(p.Month.Requests) }

// tone is a mate and the CSS class of its colour in the chart.
type tone struct {
	Class string
	Name  openmates.Text
}

// plotDay is a day in the chart and in the table next to it.
type plotDay struct {
	openmates.SpendLine
	Date  time.Time
	Parts []plotPart // from the bottom up
}

// plotPart is one mate's share of a day, in units of the view box.
type plotPart struct {
	tone
	Cost         openmates.Micros
	X, Y, Height int
}

const (
	plotStep   = 10
	plotHeight = 120
	// mostTones is how many mates have a colour of their own; the others share
	// the last one.
	mostTones = 5
)

func (s *Server) teamUsage(w http.ResponseWriter, r *http.Request) error {
	c, place := placeOf(r)
	at, err := s.monthOf(r)
	if err != nil {
		return err
	}
	p := usagePage{inTeam: s.inTeam(r, c, place)}
	if p.Month, err = s.team.UsageIn(r.Context(), c, place, at); err != nil {
		return err
	}
	months, err := s.team.UsageMonths(r.Context(), c, place)
	if err != nil {
		return err
	}
	name := p.Month.Start.Format(monthForm)
	for _, m := range months {
		p.Months = append(p.Months, monthChoice{m, m.Format(monthForm), m.Format(monthForm) == name})
	}
	p.Now = name == s.team.Now().UTC().Format(monthForm)
	p.CSV = "/teams/" + place.Team.Slug + "/usage.csv?month=" + name
	if p.Currency, err = s.currency(r.Context()); err != nil {
		return err
	}
	p.plot()
	return s.show(w, http.StatusOK, "usage", p)
}

// monthForm is the format of a month in a URL.
const monthForm = "2006-01"

// monthOf returns the month in a URL, by default the current one.
func (s *Server) monthOf(r *http.Request) (time.Time, error) {
	text := r.URL.Query().Get("month")
	if text == "" {
		return s.team.Now().UTC(), nil
	}
	at, err := time.Parse(monthForm, text)
	if err != nil || at.Year() < 2000 || at.Year() > 9000 {
		return at, openmates.Errorf(openmates.EInvalid, "Write a month as year-month, such as 2026-11.")
	}
	return at, nil
}

// usageCSV serves a month as CSV.
func (s *Server) usageCSV(w http.ResponseWriter, r *http.Request) error {
	c, place := placeOf(r)
	at, err := s.monthOf(r)
	if err != nil {
		return err
	}
	lines, err := s.team.UsageLines(r.Context(), c, place, at)
	if err != nil {
		return err
	}
	currency, err := s.currency(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", "openmates-"+place.Team.Slug+"-"+at.Format(monthForm)+".csv"))
	w.Header().Set("Cache-Control", "no-store")
	out := csvWriter{to: w}
	out.row("day", "person", "mate", "model", "requests", "input_tokens", "cached_tokens", "output_tokens", "cost", "currency")
	for _, l := range lines {
		out.row(l.Day.Format(time.DateOnly), l.Person, l.Mate, l.Model, fmt.Sprint(l.Requests), fmt.Sprint(l.Input), fmt.Sprint(l.Cached), fmt.Sprint(l.Output), l.Cost.String(), currency)
	}
	return nil // the client has disconnected if this fails
}

// plot lays out the days as stacked bars, with the month's most expensive mate
// at the bottom.
func (p *usagePage) plot() {
	p.Width = len(p.Month.Days) * plotStep
	for _, d := range p.Month.Days {
		p.Most = max(p.Most, d.Cost)
	}
	for i, m := range p.Month.Mates {
		t := tone{toneClass(min(i, mostTones)), openmates.T("%s", m.Name)}
		if i == mostTones && len(p.Month.Mates) > mostTones+1 {
			t.Name = otherMates()
		}
		if i <= mostTones {
			p.Legend = append(p.Legend, t)
		}
	}
	for i, d := range p.Month.Days {
		if d.Requests > 0 {
			p.Days = append(p.Days, plotDay{d, p.Month.Start.AddDate(0, 0, i), p.stack(i)})
		}
	}
}

// toneClass returns the CSS class of a colour in the chart.
func toneClass(i int) string { return "plot-" + string(rune('a'+i)) }

// otherMates is the label for all mates without a colour of their own.
func otherMates() openmates.Text { return openmates.T("Other mates") }

func (p *usagePage) stack(day int) []plotPart {
	costs := make([]openmates.Micros, len(p.Legend))
	for _, share := range p.Month.Shares {
		if share.Day != day {
			continue
		}
		i := slices.IndexFunc(p.Month.Mates, func(m openmates.SpendLine) bool { return m.Name == share.Mate })
		if i >= 0 {
			costs[min(i, len(costs)-1)] += share.Cost
		}
	}
	var parts []plotPart
	var below openmates.Micros
	at := func(cost openmates.Micros) int {
		return plotHeight - int(math.Round(float64(cost)/float64(max(p.Most, 1))*plotHeight))
	}
	for i, cost := range costs {
		if cost <= 0 {
			continue
		}
		bottom := max(at(below), 1)
		below += cost
		// Even the smallest amount is visible.
		top := min(at(below), bottom-1)
		parts = append(parts, plotPart{tone: p.Legend[i], Cost: cost, X: day * plotStep, Y: top, Height: bottom - top})
	}
	return parts
}

// spendTable lists spending by one criterion.
type spendTable struct {
	Caption  openmates.Text
	Currency string
	Lines    []openmates.SpendLine
}

func newSpend(caption openmates.Text, currency string, lines []openmates.SpendLine) spendTable {
	return spendTable{caption, currency, lines}
}
