package web

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/team"
)

// The chart shows each day's spending by mate, and the table next to it the
// same in numbers.
func TestUsagePlot(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	wants(t, ada.get("/teams/harbour/usage"), 200, "Nothing spent yet this month", `href="/teams/harbour/connect"`)
	now := time.Now().UTC()
	first := time.Date(now.Year(), now.Month(), 1, 12, 0, 0, 0, time.UTC)
	h.spends("a", "ben", "harbour", "sophia", 3_000_000, first)
	h.spends("b", "ada", "harbour", "mark", 1_000_000, first)
	h.spends("c", "ada", "harbour", "mark", 500, first.AddDate(0, 0, 1))
	h.spends("d", "eve", "lighthouse", "lisa", 9_000_000, first) // another team's
	h.spends("e", "ada", "harbour", "lisa", 9_000_000, first.AddDate(0, -1, 0))
	page := ada.get("/teams/harbour/usage")
	wants(t, page, 200, "4.00 USD for 3 requests", `<li class="plot-a">Sophia</li><li class="plot-b">Mark</li></ul>`,
		first.Format("2 January")+": Sophia, 3.00 USD", first.Format("2 January")+": Mark, 1.00 USD", first.AddDate(0, 0, 1).Format("2 January")+": Mark, 0.0005 USD", "Sophia 3.00 USD, Mark 1.00 USD", "By person", "By mate", "By model", "house/model")
	if strings.Contains(page.body, "Lisa") {
		t.Error("the page counts another team or another month")
	}
	rects := regexp.MustCompile(`<rect class="(plot-[a-f])" x="(\d+)" y="(\d+)" width="8" height="(\d+)">`).FindAllStringSubmatch(page.body, -1)
	if len(rects) != 3 {
		t.Fatalf("%d parts: %q", len(rects), rects)
	}
	for i, want := range [][4]string{{"plot-a", "0", "30", "90"}, {"plot-b", "0", "0", "30"}, {"plot-b", "10", "119", "1"}} {
		if got := [4]string(rects[i][1:]); got != want {
			t.Errorf("part %d is %v, want %v", i, got, want)
		}
	}
}

// Whatever was spent, nothing is drawn outside of the plot, and mates beyond
// the colours share the last one.
func TestPlotOfManyMates(t *testing.T) {
	t.Parallel()
	p := usagePage{Month: team.Month{Days: make([]openmates.SpendLine, 31)}}
	for i := range 9 {
		name := "Mate " + strconv.Itoa(i)
		cost := openmates.Micros(1_000_000_000_000 / (i*i*i*1000 + 1))
		p.Month.Mates = append(p.Month.Mates, openmates.SpendLine{Name: name, Cost: cost})
		p.Month.Shares = append(p.Month.Shares, team.DayShare{Day: 30, Mate: name, Cost: cost})
		p.Month.Days[30].Cost += cost
		p.Month.Days[30].Requests++
	}
	p.plot()
	if len(p.Legend) != 6 || p.Legend[5] != (tone{"plot-f", otherMates()}) || len(p.Days) != 1 || len(p.Days[0].Parts) != 6 || p.Width != 310 {
		t.Fatalf("%+v", p)
	}
	var sum openmates.Micros
	for _, part := range p.Days[0].Parts {
		sum += part.Cost
		if part.Y < 0 || part.Height < 1 || part.Y+part.Height > plotHeight || part.X+8 > p.Width {
			t.Errorf("outside: %+v", part)
		}
	}
	if sum != p.Month.Days[30].Cost {
		t.Errorf("the parts are %s, the day %s", sum, p.Month.Days[30].Cost)
	}
}

// Past months that have something in them can be chosen, and each is a table
// for a spreadsheet that can do no harm there.
func TestUsageOfPastMonths(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	now := time.Now().UTC()
	first := time.Date(now.Year(), now.Month(), 1, 12, 0, 0, 0, time.UTC)
	month := func(n int) string { return first.AddDate(0, -n, 0).Format(monthForm) }
	h.spends("a", "ben", "harbour", "sophia", 3_000_000, first.AddDate(0, -2, 4))
	h.spends("b", "ben", "harbour", "sophia", 1_500_000, first.AddDate(0, -2, 4))
	h.spends("c", "eve", "lighthouse", "lisa", 9_000_000, first.AddDate(0, -1, 0)) // another team's
	u, err := h.db.UserByName(t.Context(), "ben")
	must(t, err)
	u.DisplayName = `=HYPERLINK("http://evil.example";"x")`
	must(t, h.db.SetPerson(t.Context(), u))

	page := ada.get("/teams/harbour/usage")
	wants(t, page, 200, "Nothing spent yet this month", `<option value="`+month(0)+`" selected>`, `<option value="`+month(2)+`">`)
	if strings.Contains(page.body, month(1)) {
		t.Error("a month without anything can be chosen")
	}
	wants(t, ada.get("/teams/harbour/usage?month="+month(2)), 200, "4.50 USD for 2 requests", "/teams/harbour/usage.csv?month="+month(2), `<option value="`+month(2)+`" selected>`)
	wants(t, ada.get("/teams/harbour/usage?month="+month(1)), 200, "No questions this month")
	for _, bad := range []string{"2026", "2026-13", "x", "0001-01", "2026-11-01"} {
		wants(t, ada.get("/teams/harbour/usage?month="+bad), 422, "such as 2026-11")
		wants(t, ada.get("/teams/harbour/usage.csv?month="+bad), 422)
	}
	got := ada.get("/teams/harbour/usage.csv?month=" + month(2))
	want := `"day","person","mate","model","requests","input_tokens","cached_tokens","output_tokens","cost","currency"` + "\r\n" +
		`"` + first.AddDate(0, -2, 4).Format(time.DateOnly) + `","'=HYPERLINK(""http://evil.example"";""x"")","Sophia","house/model","2","0","0","0","4.50","USD"` + "\r\n"
	if got.status != 200 || got.body != want || !strings.Contains(got.header.Get("Content-Disposition"), "openmates-harbour-"+month(2)+".csv") {
		t.Errorf("%d %s\n%s, want\n%s", got.status, got.header.Get("Content-Disposition"), got.body, want)
	}
}
