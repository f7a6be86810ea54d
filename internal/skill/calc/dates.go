package calc

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// moment is a date, or a date and a time in a zone.
type moment struct {
	at    time.Time // for a bare date: its midnight in UTC
	clock bool      // it has a time
	note  string    // what is unusual about it
}

const (
	dateLayout = "2006-01-02"
	longDate   = "Monday, 2006-01-02"
	longTime   = "Monday, 2006-01-02 15:04:05 MST (-07:00)"
)

// readMoment parses ISO dates with or without a time, and words for days,
// relative to now in its zone.
func readMoment(s string, now time.Time) (moment, error) {
	s = strings.ToLower(strings.Join(strings.Fields(s), " "))
	if s == "now" {
		return moment{at: now, clock: true}, nil
	}
	for word, days := range map[string]int{"yesterday": -1, "today": 0, "tomorrow": 1} {
		if rest, ok := strings.CutPrefix(s, word); ok && (rest == "" || rest[0] == ' ') {
			s = now.AddDate(0, 0, days).Format(dateLayout) + rest
		}
	}
	if t, err := time.Parse(dateLayout, s); err == nil {
		return moment{at: t}, inRange(t)
	}
	upper := strings.Replace(strings.ToUpper(s), " ", "T", 1)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, upper); err == nil {
			return moment{at: t, clock: true}, inRange(t)
		}
	}
	if len(upper) == len("15:04") || len(upper) == len("15:04:05") {
		upper = now.Format(dateLayout) + "T" + upper
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, upper); err == nil {
			m := clockIn(t, now.Location())
			return m, inRange(m.at)
		}
	}
	return moment{}, wrong("I can't read the date %q. Please write it as 2026-11-23 or 2026-11-23 15:04.", ahead(s))
}

func inRange(t time.Time) error {
	if y := t.Year(); y < 1 || y > 9999 {
		return wrong("I calculate with the years 1 to 9999.")
	}
	return nil
}

// clockIn returns the time that a clock in a zone shows as these numbers. When
// clocks go forward some times don't exist, when they go back some exist twice;
// both are noted.
func clockIn(t time.Time, zone *time.Location) moment {
	at := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
	m := moment{at: at, clock: true}
	if at.Format(time.DateTime) != t.Format(time.DateTime) {
		m.note = fmt.Sprintf("The clocks in %s were put forward there: %s does not exist, taken as %s.", zone, t.Format("15:04"), at.Format("15:04"))
		return m
	}
	for _, shift := range []time.Duration{-2 * time.Hour, -time.Hour, -30 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour} {
		if other := at.Add(shift); other.Format(time.DateTime) == at.Format(time.DateTime) {
			m.note = fmt.Sprintf("The clocks in %s were put back there: %s comes twice, taken as the one at UTC%s.", zone, t.Format("15:04"), at.Format("-07:00"))
		}
	}
	return m
}

func (m moment) String() string {
	if m.clock {
		return m.at.Format(longTime)
	}
	return m.at.Format(longDate)
}

// period is a calendar period. Months and days have no fixed length; the clock
// part has.
type period struct {
	months, days, workdays int
	clock                  time.Duration
}

const (
	mostMonths = 12 * 9999
	mostDays   = 366 * 9999
)

// readPeriod parses "P1Y2M3DT4H5M" (ISO 8601-1, 5.5.2.2) and "3 weeks 2 days",
// either with a sign in front.
func readPeriod(s string) (period, error) {
	text := strings.ToLower(strings.TrimSpace(s))
	sign := 1
	switch {
	case strings.HasPrefix(text, "-"), strings.HasPrefix(text, "−"):
		sign = -1
		text = strings.TrimLeft(text, "-− ")
	case strings.HasPrefix(text, "+"):
		text = strings.TrimLeft(text, "+ ")
	}
	var p period
	var err error
	if rest, ok := strings.CutPrefix(text, "p"); ok {
		p, err = isoPeriod(rest)
	} else {
		p, err = wordPeriod(text)
	}
	if err != nil {
		return period{}, err
	}
	return period{sign * p.months, sign * p.days, sign * p.workdays, time.Duration(sign) * p.clock}, nil
}

func badPeriod() error {
	return wrong("I can't read that length of time. Please write it as \"1 year 2 months 10 days\", \"90 minutes\", \"10 working days\" or P1Y2M10D.")
}

func isoPeriod(s string) (period, error) {
	days, clock, _ := strings.Cut(s, "t")
	var p period
	n, err := p.addAll(days, regexp.MustCompile(`^(\d+)([ymwd])`), map[string]string{"y": "year", "m": "month", "w": "week", "d": "day"})
	if err != nil {
		return period{}, err
	}
	k, err := p.addAll(clock, regexp.MustCompile(`^(\d+)([hms])`), map[string]string{"h": "hour", "m": "minute", "s": "second"})
	if err == nil && n+k == 0 {
		err = badPeriod()
	}
	return p, err
}

func wordPeriod(s string) (period, error) {
	var p period
	one := regexp.MustCompile(`^(\d+) ?(years?|y|months?|mo|weeks?|w|working ?days?|workdays?|business ?days?|weekdays?|days?|d|hours?|h|minutes?|min|seconds?|s)(?:[ ,]+(?:and )?|$)`)
	n, err := p.addAll(s, one, map[string]string{"y": "year", "mo": "month", "w": "week", "d": "day", "h": "hour", "min": "minute", "s": "second"})
	if err == nil && n == 0 {
		err = badPeriod()
	}
	return p, err
}

// addAll parses all parts and returns how many there were.
func (p *period) addAll(s string, part *regexp.Regexp, names map[string]string) (count int, err error) {
	for s = strings.TrimSpace(s); s != ""; count++ {
		m := part.FindStringSubmatch(s)
		if m == nil {
			return count, badPeriod()
		}
		n, err := strconv.Atoi(m[1])
		if err != nil || n > 1_000_000_000 {
			return count, wrong("That length of time is too long.")
		}
		name, known := names[m[2]]
		if !known {
			name = strings.TrimSuffix(m[2], "s")
		}
		if err := p.add(n, name); err != nil {
			return count, err
		}
		s = s[len(m[0]):]
	}
	return count, nil
}

func (p *period) add(n int, name string) error {
	switch name {
	case "year":
		p.months += 12 * n
	case "month":
		p.months += n
	case "week":
		p.days += 7 * n
	case "day":
		p.days += n
	case "hour":
		p.clock += time.Duration(min(n, 2_000_000)) * time.Hour // more is too long, and would overflow
	case "minute":
		p.clock += time.Duration(min(n, 120_000_000)) * time.Minute
	case "second":
		p.clock += time.Duration(n) * time.Second
	default:
		p.workdays += n
	}
	if p.months > mostMonths || p.days > mostDays || p.workdays > mostDays || p.clock < 0 || p.clock > 200*365*24*time.Hour {
		return wrong("That length of time is too long.")
	}
	return nil
}

// shift adds a period: months first, then days, then working days, then hours.
// A day that doesn't exist in a month becomes its last day.
func (m moment) shift(p period) (moment, error) {
	if !m.clock && p.clock != 0 {
		m.clock = true
		m.note = "A bare date begins at midnight UTC."
	}
	wall := time.Date(m.at.Year(), m.at.Month(), m.at.Day(), m.at.Hour(), m.at.Minute(), m.at.Second(), 0, time.UTC)
	if p.months != 0 {
		first := time.Date(wall.Year(), wall.Month(), 1, wall.Hour(), wall.Minute(), wall.Second(), 0, time.UTC).AddDate(0, p.months, 0)
		last := first.AddDate(0, 1, -1).Day()
		if wall.Day() > last {
			m.note = fmt.Sprintf("%s has no day %d; its last day was taken.", first.Format("January 2006"), wall.Day())
		}
		wall = first.AddDate(0, 0, min(wall.Day(), last)-1)
	}
	wall = wall.AddDate(0, 0, p.days)
	if err := inRange(wall); err != nil {
		return m, err
	}
	wall = addWorkdays(wall, p.workdays)
	if m.clock {
		moved := clockIn(wall, m.at.Location())
		m.at = moved.at.Add(p.clock)
		if moved.note != "" {
			m.note = moved.note
		}
	} else {
		m.at = wall
	}
	return m, inRange(m.at)
}

func isWorkday(t time.Time) bool { return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday }

// addWorkdays adds Mondays to Fridays, whole weeks at a time. A weekend counts
// as the working day on the side it is left from.
func addWorkdays(t time.Time, n int) time.Time {
	if n == 0 {
		return t
	}
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for !isWorkday(t) {
		t = t.AddDate(0, 0, -step)
	}
	t = t.AddDate(0, 0, step*7*(n/5))
	for n %= 5; n > 0; {
		if t = t.AddDate(0, 0, step); isWorkday(t) {
			n--
		}
	}
	return t
}

// between returns how far b is from a, in every way in which people count.
func between(a, b moment) string {
	if a.clock || b.clock {
		return betweenClocks(a.at, b.at)
	}
	sign := ""
	from, to := a.at, b.at
	if to.Before(from) {
		sign, from, to = "-", to, from
	}
	days := int((to.Unix() - from.Unix()) / 86400) // a Duration is limited to 292 years
	out := fmt.Sprintf("%s%d days", sign, days)
	if days >= 7 {
		out += fmt.Sprintf(" = %s%d weeks and %d days", sign, days/7, days%7)
	}
	if y, m, d := calendar(from, to); y+m > 0 {
		out += fmt.Sprintf(" = %s%d years, %d months and %d days", sign, y, m, d)
	}
	return out + fmt.Sprintf("; %d of them are Mondays to Fridays (the later date not counted)", workdays(from, days))
}

// workdays returns the number of Mondays to Fridays in a number of days from a
// date on.
func workdays(from time.Time, days int) int {
	n := days / 7 * 5
	for i := range days % 7 {
		if isWorkday(from.AddDate(0, 0, i)) {
			n++
		}
	}
	return n
}

// calendar returns whole years, whole months, and the remaining days.
func calendar(from, to time.Time) (years, months, days int) {
	n := (to.Year()-from.Year())*12 + int(to.Month()) - int(from.Month())
	start, err := moment{at: from}.shift(period{months: n})
	if err != nil || start.at.After(to) {
		n--
		if start, err = (moment{at: from}).shift(period{months: n}); err != nil {
			return 0, 0, 0
		}
	}
	return n / 12, n % 12, int(to.Sub(start.at).Hours()) / 24
}

func betweenClocks(a, b time.Time) string {
	seconds := b.Unix() - a.Unix()
	sign := ""
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	out := fmt.Sprintf("%s%d days, %d hours, %d minutes and %d seconds", sign, seconds/86400, seconds/3600%24, seconds/60%60, seconds%60)
	return out + fmt.Sprintf(" = %s%s hours = %s%d seconds", sign, exact(ratio(fmt.Sprintf("%d/3600", seconds))).text(10), sign, seconds)
}

// zone looks up a time zone: an IANA name, UTC, an offset, or a city in an IANA
// name. It never uses this machine's zone.
func zone(name string) (*time.Location, error) {
	unknown := wrong("I don't know the time zone %q. Please write its IANA name, such as Europe/Berlin, or an offset such as +02:00.", ahead(name))
	name = strings.Join(strings.Fields(name), "_")
	if len(name) > 60 || !regexp.MustCompile(`^[A-Za-z0-9_+:/-]+$`).MatchString(name) || strings.EqualFold(name, "local") {
		return nil, unknown
	}
	if m := regexp.MustCompile(`^(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?$`).FindStringSubmatch(strings.ToUpper(name)); m != nil {
		return offset(m[1], m[2], m[3])
	}
	if strings.EqualFold(name, "utc") || strings.EqualFold(name, "z") || strings.EqualFold(name, "gmt") {
		return time.UTC, nil
	}
	if loc, err := time.LoadLocation(name); err == nil {
		return loc, nil
	}
	city := titled(name)
	for _, region := range []string{"", "Europe/", "America/", "Asia/", "Africa/", "Australia/", "Pacific/", "Atlantic/", "Indian/"} {
		if loc, err := time.LoadLocation(region + city); err == nil {
			return loc, nil
		}
	}
	return nil, unknown
}

// titled capitalises each word: new_york becomes New_York.
func titled(s string) string {
	b := []byte(strings.ToLower(s))
	for i := range b {
		if (i == 0 || b[i-1] == '_' || b[i-1] == '/' || b[i-1] == '-') && b[i] >= 'a' && b[i] <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

func offset(sign, hours, minutes string) (*time.Location, error) {
	h, _ := strconv.Atoi(hours)
	m, _ := strconv.Atoi(minutes)
	if h > 14 || m > 59 {
		return nil, wrong("Offsets go from -14:00 to +14:00.")
	}
	seconds := h*3600 + m*60
	if sign == "-" {
		seconds = -seconds
	}
	if seconds == 0 {
		return time.UTC, nil
	}
	return time.FixedZone(fmt.Sprintf("UTC%s%02d:%02d", sign, h, m), seconds), nil
}
