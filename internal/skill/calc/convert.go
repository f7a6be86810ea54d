package calc

import (
	"fmt"
	"slices"
	"strings"
)

// units looks up units by the names that people use.
type units struct {
	exact map[string][]unit // "MB", "Mb"
	loose map[string][]unit // "mb": ignoring case
}

func newUnits() units {
	u := units{map[string][]unit{}, map[string][]unit{}}
	for _, m := range measures() {
		for _, k := range append([]string{m.symbol, m.name}, m.keys...) {
			k = plainUnit(k)
			add(u.exact, k, m)
			add(u.loose, strings.ToLower(k), m)
		}
	}
	return u
}

func add(to map[string][]unit, key string, m unit) {
	if !slices.ContainsFunc(to[key], func(n unit) bool { return n.same(m) }) {
		to[key] = append(to[key], m)
	}
}

// same reports whether two entries measure the same thing in the same size.
func (u unit) same(v unit) bool {
	return u.kind == v.kind && u.factor.x.Cmp(v.factor.x) == 0 && u.offset.Cmp(v.offset) == 0 && u.inverse == v.inverse
}

// plainUnit normalises the spelling of a unit.
func plainUnit(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	s = strings.NewReplacer(
		"²", "2", "³", "3", "^2", "2", "^3", "3", "metre", "meter", "litre", "liter", "Litre", "Liter",
		" per ", "/", "sq. ", "sq ", "cu. ", "cu ", "μ", "µ", "kilometers/hour", "km/h", "miles/hour", "mph",
	).Replace(s)
	return strings.TrimSuffix(s, ".")
}

// find lists what a name can mean, by a table.
func find(table map[string][]unit, name string) []unit {
	for _, try := range []string{name, strings.TrimSuffix(name, "s"), strings.TrimSuffix(name, "es"), firstPlural(name)} {
		if found := table[try]; found != nil {
			return found
		}
	}
	return nil
}

// firstPlural removes the plural of the word before the slash: meters/second.
func firstPlural(name string) string {
	above, below, ok := strings.Cut(name, "/")
	if !ok {
		return name
	}
	return strings.TrimSuffix(above, "s") + "/" + below
}

// pair returns the two units of a conversion: "oz" is an ounce next to grams
// and a fluid ounce next to liters, and "c" is Celsius next to "f".
func (u units) pair(from, to string) (a, b unit, err error) {
	var names [2][]unit
	for i, name := range []string{from, to} {
		plain := plainUnit(name)
		if names[i] = find(u.exact, plain); names[i] == nil {
			names[i] = find(u.loose, strings.ToLower(plain))
		}
		if names[i] == nil {
			return a, b, unknownUnit(name)
		}
	}
	pairs := alike(names[0], names[1])
	if len(pairs) == 0 {
		pairs = alike(find(u.loose, strings.ToLower(plainUnit(from))), find(u.loose, strings.ToLower(plainUnit(to))))
	}
	switch len(pairs) {
	case 0:
		a, b = names[0][0], names[1][0]
		return a, b, wrong("%s is a unit of %s and %s one of %s; they can't be converted into each other.", a.name, a.kind, b.name, b.kind)
	case 1:
		return pairs[0][0], pairs[0][1], nil
	}
	if plainUnit(from) == plainUnit(to) { // whatever it is, the value stays the same
		return pairs[0][0], pairs[0][0], nil
	}
	var options []string
	for _, p := range pairs {
		options = append(options, fmt.Sprintf("%s (%s) to %s (%s)", p[0].symbol, p[0].name, p[1].symbol, p[1].name))
	}
	return a, b, wrong("That can mean several things: %s. Please write the symbols with their capitals.", strings.Join(options, "; "))
}

// alike returns the pairs of units that measure the same thing.
func alike(as, bs []unit) [][2]unit {
	var pairs [][2]unit
	for _, a := range as {
		for _, b := range bs {
			if a.kind == b.kind {
				pairs = append(pairs, [2]unit{a, b})
			}
		}
	}
	return pairs
}

func unknownUnit(name string) error {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "ton", "tons":
		return wrong("A ton can be a tonne (t), a short ton or a long ton. Please say which.")
	case "eur", "usd", "gbp", "jpy", "chf", "dollar", "dollars", "euro", "euros", "€", "$", "£":
		return wrong("I convert units, not currencies: exchange rates change, and I know none.")
	case "mach":
		return wrong("Mach depends on the medium. Please convert with m/s or km/h.")
	}
	return wrong("I don't know the unit %q. Please write its usual symbol or its English name, such as km, lb, kWh or square feet.", ahead(name))
}

// convert converts from one unit to another through their base unit.
func convert(n number, from, to unit) (number, error) {
	base, err := toBase(n, from)
	if err != nil {
		return number{}, err
	}
	if from.kind == "temperature" && base.x.Sign() < 0 {
		return number{}, wrong("That is below absolute zero.")
	}
	if to.inverse {
		return to.factor.over(base)
	}
	if base, err = base.minus(exact(to.offset)); err != nil {
		return number{}, err
	}
	return base.over(to.factor)
}

func toBase(n number, u unit) (number, error) {
	if u.inverse {
		return u.factor.over(n)
	}
	n, err := n.times(u.factor)
	if err != nil {
		return number{}, err
	}
	return n.plus(exact(u.offset))
}
