// Package calc is the app "calculation": arithmetic, units, dates and time
// zones, exact if the question has an exact answer.
//
// Every digit it shows is right: rationals are calculated exactly, and other
// values carry an error bound. It answers quickly whatever it is asked:
// expressions, numbers and dates are limited before they cost anything, and
// 10^10^10 is refused with a sentence.
//
// It doesn't guess: no currencies, no tons without their kind, and never the
// time zone of the machine it runs on.
package calc

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"openmates"
	"openmates/internal/skill"
)

// Config configures the app.
type Config struct {
	Clock openmates.Clock // nil = time.Now
}

// New returns the app.
func New(c Config) (skill.App, error) {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	a := app{now: c.Clock, units: sync.OnceValue(newUnits)}
	return skill.App{
		Name: "calculation", Label: openmates.T("Calculation"),
		Description: openmates.T("Exact arithmetic, units of measure, dates and time zones."),
		Skills: []skill.Skill{
			{
				Name: "evaluate", Label: openmates.T("Calculate"), Time: maxTime, Run: a.evaluate,
				Description: "Calculates an expression exactly. Use it for every calculation beyond small whole numbers. " +
					"Operators: + - * / ^ ! % mod, \"20% of 50\", parentheses; constants pi, e, tau; functions sqrt cbrt root(x,n) abs " +
					"round(x,decimals) floor ceil trunc min max sum mean median gcd lcm choose exp ln log(x,base) log2 log10, and sin cos tan " +
					"asin acos atan in radians (rad(degrees), deg(radians)). \"50 + 20%\" is 60. Decimal point, no thousands separators.",
				Parameters: json.RawMessage(`{"type":"object","additionalProperties":false,"required":["expression"],"properties":{
					"expression":{"type":"string","minLength":1,"maxLength":2000,"description":"for example (17 * 23 + 4) / 3"},
					"digits":{"type":"integer","minimum":1,"maximum":100,"description":"significant digits of results without an end; 20 if left out"}}}`),
			},
			{
				Name: "convert", Label: openmates.T("Convert units"), Time: maxTime, Run: a.convert,
				Description: "Converts units of length, mass, temperature, area, volume, time, data, data rate, speed, force, energy, power, " +
					"pressure, fuel economy, frequency and angle, by their exact definitions. No currencies.",
				Parameters: json.RawMessage(`{"type":"object","additionalProperties":false,"required":["value","from","to"],"properties":{
					"value":{"type":"string","minLength":1,"maxLength":200,"description":"a number, or an expression such as 5 + 11/12"},
					"from":{"type":"string","minLength":1,"maxLength":60,"description":"symbol or English name: mi, km/h, square feet, MiB, °F"},
					"to":{"type":"string","minLength":1,"maxLength":60,"description":"like from"}}}`),
			},
			{
				Name: "date", Label: openmates.T("Calculate with dates"), Time: maxTime, Run: a.date,
				Description: "Tells the weekday, ISO week and day of the year of a date; adds a length of time to it; or counts what lies between two dates. " +
					"It knows today in the time zone of the person who asks.",
				Parameters: json.RawMessage(`{"type":"object","additionalProperties":false,"required":["date"],"properties":{
					"date":{"type":"string","minLength":1,"maxLength":60,"description":"2026-11-23, 2026-11-23 15:04, today, tomorrow, yesterday or now"},
					"add":{"type":"string","maxLength":100,"description":"what to add: 1 year 2 months, 90 minutes, 10 working days, -3 weeks, or ISO 8601 such as P1Y2M"},
					"until":{"type":"string","maxLength":60,"description":"the other date, to count what lies between"}}}`),
			},
			{
				Name: "time", Label: openmates.T("Time zones"), Time: maxTime, Run: a.time,
				Description: "Tells what time it is now, or what a time in one time zone is in others. Daylight saving time is taken into account.",
				Parameters: json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{
					"time":{"type":"string","maxLength":60,"description":"15:04, 2026-11-23 15:04, or now if left out"},
					"from":{"type":"string","maxLength":60,"description":"the zone of time: Europe/Berlin, New York, UTC, +02:00; the person's own if left out"},
					"to":{"type":"array","maxItems":10,"items":{"type":"string","maxLength":60},"description":"zones to tell it in; the person's own if left out"}}}`),
			},
		},
	}, nil
}

// maxTime is far more than any call takes, because its parts are limited.
const maxTime = 5 * time.Second

type app struct {
	now   openmates.Clock
	units func() units // built by the first conversion; most servers rarely need it
}

func (a app) evaluate(ctx context.Context, c skill.Call) (skill.Result, error) {
	var in struct {
		Expression string
		Digits     int
	}
	if err := c.Read(&in); err != nil {
		return skill.Result{}, err
	}
	n, notes, err := evaluate(ctx, in.Expression)
	if err != nil {
		return skill.Result{}, err
	}
	if in.Digits == 0 {
		in.Digits = usualDigits
	}
	said := shown(in.Expression) + " = " + n.text(min(in.Digits, mostDigits))
	return skill.Result{Text: strings.Join(append([]string{said}, notes...), "\n")}, nil
}

// shown returns a question on one line.
func shown(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return s
}

func (a app) convert(ctx context.Context, c skill.Call) (skill.Result, error) {
	var in struct{ Value, From, To string }
	if err := c.Read(&in); err != nil {
		return skill.Result{}, err
	}
	from, to, err := a.units().pair(in.From, in.To)
	if err != nil {
		return skill.Result{}, err
	}
	n, _, err := evaluate(ctx, in.Value)
	if err != nil {
		return skill.Result{}, err
	}
	m, err := convert(n, from, to)
	if err != nil {
		return skill.Result{}, err
	}
	text := fmt.Sprintf("%s %s = %s %s\n(%s: %s is a %s, %s a %s)", n.text(usualDigits), from.symbol, m.text(usualDigits), to.symbol,
		from.kind, from.symbol, from.name, to.symbol, to.name)
	return skill.Result{Text: text}, nil
}

func (a app) date(_ context.Context, c skill.Call) (skill.Result, error) {
	var in struct{ Date, Add, Until string }
	if err := c.Read(&in); err != nil {
		return skill.Result{}, err
	}
	now := a.now().In(c.By.Zone())
	m, err := readMoment(in.Date, now)
	if err != nil {
		return skill.Result{}, err
	}
	lines := []string{describe(m, now)}
	if in.Add != "" {
		p, err := readPeriod(in.Add)
		if err != nil {
			return skill.Result{}, err
		}
		later, err := m.shift(p)
		if err != nil {
			return skill.Result{}, err
		}
		lines = append(lines, shown(in.Date)+" and "+shown(in.Add)+": "+describe(later, now))
	}
	if in.Until != "" {
		to, err := readMoment(in.Until, now)
		if err != nil {
			return skill.Result{}, err
		}
		lines = append(lines, "Until "+describe(to, now), "Between: "+between(m, to))
	}
	return skill.Result{Text: strings.Join(lines, "\n")}, nil
}

// describe describes a date.
func describe(m moment, now time.Time) string {
	year, week := m.at.ISOWeek()
	text := fmt.Sprintf("%s (ISO week %d of %d, day %d of the year)", m, week, year, m.at.YearDay())
	if !m.clock && m.at.Format(dateLayout) == now.Format(dateLayout) {
		text += ", today in the person's time zone " + now.Location().String()
	}
	if m.note != "" {
		text += ". " + m.note
	}
	return text
}

func (a app) time(_ context.Context, c skill.Call) (skill.Result, error) {
	var in struct {
		Time, From string
		To         []string
	}
	if err := c.Read(&in); err != nil {
		return skill.Result{}, err
	}
	from := c.By.Zone()
	var err error
	if in.From != "" {
		if from, err = zone(in.From); err != nil {
			return skill.Result{}, err
		}
	}
	if in.Time == "" {
		in.Time = "now"
	}
	m, err := readMoment(in.Time, a.now().In(from))
	if err != nil {
		return skill.Result{}, err
	}
	if !m.clock {
		return skill.Result{}, wrong("A date alone has no time to convert. Please write 15:04 or 2026-11-23 15:04.")
	}
	lines := []string{from.String() + ": " + m.at.Format(longTime)}
	if m.note != "" {
		lines[0] += ". " + m.note
	}
	tell := func(to *time.Location) { lines = append(lines, to.String()+": "+m.at.In(to).Format(longTime)) }
	if len(in.To) == 0 && from.String() != c.By.Zone().String() {
		tell(c.By.Zone())
	}
	for _, name := range in.To {
		to, err := zone(name)
		if err != nil {
			return skill.Result{}, err
		}
		tell(to)
	}
	return skill.Result{Text: strings.Join(lines, "\n")}, nil
}
