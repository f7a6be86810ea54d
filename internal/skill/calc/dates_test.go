package calc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDates(t *testing.T) {
	t.Parallel()
	r := registry(t)
	for _, c := range []struct{ date, add, until, want string }{
		{"2026-11-23", "", "", "Monday, 2026-11-23 (ISO week 48 of 2026, day 327 of the year), today in the person's time zone Europe/Berlin"},
		{"today", "", "", "Monday, 2026-11-23"},
		{"now", "", "", "Monday, 2026-11-23 15:30:00 CET (+01:00)"},
		{"tomorrow 9:00", "", "", "Tuesday, 2026-11-24 09:00:00 CET"},
		{"tomorrow 09:00", "", "", "Tuesday, 2026-11-24 09:00:00 CET"},
		{"2024-02-29", "1 year", "", "Friday, 2025-02-28"},
		{"2024-01-31", "1 month", "", "February 2024 has no day 31; its last day was taken"},
		{"2024-03-31", "-1 month", "", "Thursday, 2024-02-29"},
		{"2026-11-23", "90 days", "", "Sunday, 2027-02-21"},
		{"2026-11-23", "P1Y2M10D", "", "2028-02-02"},
		{"2026-11-20", "1 working day", "", "Monday, 2026-11-23"},
		{"2026-11-21", "10 business days", "", "Friday, 2026-12-04"},
		{"2026-11-22", "-1 workday", "", "Friday, 2026-11-20"},
		{"2026-11-23", "-1 workday", "", "Friday, 2026-11-20"},
		{"2026-11-23 15:00", "36 hours", "", "Wednesday, 2026-11-25 03:00:00 CET"},
		{"2026-11-23", "1 week, 2 days and 3 hours", "", "Wednesday, 2026-12-02 03:00:00 UTC"},
		{"2026-03-28 02:30", "1 day", "", "put forward there: 02:30 does not exist, taken as 03:30"},
		{"2026-10-25 02:30", "", "", "put back there: 02:30 comes twice"},
		{"2026-10-24 12:00", "24 hours", "", "2026-10-25 11:00:00 CET"},
		{"2026-10-24 12:00", "1 day", "", "2026-10-25 12:00:00 CET"},
		{"2026-11-23", "", "2026-12-24", "31 days = 4 weeks and 3 days = 0 years, 1 months and 1 days; 23 of them"},
		{"2026-12-24", "", "2026-11-23", "-31 days"},
		{"1969-07-20", "", "2026-11-23", "57 years, 4 months and 3 days"},
		{"0001-01-01", "", "9999-12-31", "3652058 days"},
		{"2024-02-29", "", "2025-02-28", "1 years, 0 months and 0 days"},
		{"2026-11-23T10:00Z", "", "2026-11-23T15:30+02:00", "0 days, 3 hours, 30 minutes and 0 seconds = 3.5 hours = 12600 seconds"},
		{"2026-02-30", "", "", "refused: I can't read the date"},
		{"23.11.2026", "", "", "refused: I can't read the date"},
		{"2026-11-23", "soon", "", "refused: I can't read that length"},
		{"2026-11-23", "P", "", "refused: I can't read that length"},
		{"2026-11-23", "-", "", "refused: I can't read that length"},
		{"2026-11-23", "9000 years", "", "refused: I calculate with the years"},
		{"2026-11-23", "999999999999 days", "", "refused: That length of time is too long"},
		{"2026-11-23", "999999999 hours", "", "refused: That length of time is too long"},
		{"2026-11-23", "999999999 minutes 999999999 minutes", "", "refused: That length of time is too long"},
	} {
		got := use(t, r, "date", map[string]any{"date": c.date, "add": c.add, "until": c.until})
		if !strings.Contains(got, c.want) {
			t.Errorf("%s, add %q, until %q: %s, want %q", c.date, c.add, c.until, got, c.want)
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	r := registry(t)
	for _, c := range []struct {
		time, from string
		to         []string
		want       string
	}{
		{"", "", nil, "Europe/Berlin: Monday, 2026-11-23 15:30:00 CET (+01:00)"},
		{"", "", []string{"America/New_York", "tokyo"}, "America/New_York: Monday, 2026-11-23 09:30:00 EST (-05:00)\nAsia/Tokyo: Monday, 2026-11-23 23:30:00"},
		{"09:00", "new york", nil, "Europe/Berlin: Monday, 2026-11-23 15:00:00 CET"},
		{"2026-07-01 12:00", "UTC", []string{"europe/london"}, "Europe/London: Wednesday, 2026-07-01 13:00:00 BST"},
		{"23:00", "Pacific/Auckland", []string{"Pacific/Honolulu"}, "Tuesday, 2026-11-24 23:00:00 NZDT (+13:00)\nPacific/Honolulu: Tuesday, 2026-11-24 00:00:00"},
		{"12:00", "+05:30", []string{"utc"}, "UTC+05:30: Monday, 2026-11-23 12:00:00 UTC+05:30 (+05:30)\nUTC: Monday, 2026-11-23 06:30:00"},
		{"02:30", "Atlantis", nil, "refused: I don't know the time zone"},
		{"02:30", "Local", nil, "refused: I don't know the time zone"},
		{"02:30", "../../etc/passwd", nil, "refused: I don't know the time zone"},
		{"02:30", "+99:00", nil, "refused: Offsets go from"},
		{"2026-11-23", "", nil, "refused: A date alone"},
		{"25:00", "", nil, "refused: I can't read the date"},
	} {
		got := use(t, r, "time", map[string]any{"time": c.time, "from": c.from, "to": c.to})
		if !strings.Contains(got, c.want) {
			t.Errorf("%s in %s, to %q: %s, want %q", c.time, c.from, c.to, got, c.want)
		}
	}
}

// Counting days and adding them are each other's inverse.
func TestDaysCanBeAddedAndCounted(t *testing.T) {
	t.Parallel()
	r := registry(t)
	rapid.Check(t, func(rt *rapid.T) {
		from := time.Date(1600, 1, rapid.IntRange(1, 300_000).Draw(rt, "from"), 0, 0, 0, 0, time.UTC)
		n := rapid.IntRange(-100_000, 100_000).Draw(rt, "days")
		to := from.AddDate(0, 0, n)
		got := use(t, r, "date", map[string]any{
			"date": from.Format(time.DateOnly), "add": fmt.Sprintf("%d days", n), "until": to.Format(time.DateOnly),
		})
		if strings.Count(got, to.Format("Monday, 2006-01-02")) < 2 || !strings.Contains(got, fmt.Sprintf("Between: %d days", n)) {
			rt.Fatalf("%s and %d days: %s", from.Format(time.DateOnly), n, got)
		}
	})
}

func FuzzDates(f *testing.F) {
	f.Add("2024-02-29", "1 year", "today")
	f.Add("now", "P1Y2M3DT4H5M6S", "9999-12-31T23:59:59Z")
	f.Add("yesterday 02:30", "-10 working days", "0001-01-01")
	f.Add("2026-03-29 02:30", "999999999 s", "tomorrow")
	r := registry(f)
	f.Fuzz(func(t *testing.T, date, add, until string) {
		use(t, r, "date", map[string]any{"date": date, "add": add, "until": until})
		use(t, r, "time", map[string]any{"time": date, "from": add, "to": []string{until}})
	})
}
