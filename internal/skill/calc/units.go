package calc

import (
	"math/big"
	"strings"
)

// unit is a unit of measure: base = value × factor + offset, or factor ÷ value
// if the unit counts the inverse (litres per 100 km).
type unit struct {
	kind    string // what is measured: "length"
	symbol  string
	name    string // singular
	factor  number
	offset  *big.Rat
	inverse bool
	keys    []string // other names besides symbol and name
}

// def defines a unit: its factor is a decimal or a quotient of decimals.
func def(kind, symbol, name, factor string, keys ...string) unit {
	return unit{kind: kind, symbol: symbol, name: name, factor: exact(ratio(factor)), offset: new(big.Rat), keys: keys}
}

// ratio parses the constants in the tables below.
func ratio(s string) *big.Rat {
	above, below, divided := strings.Cut(s, "/")
	r, ok := new(big.Rat).SetString(above)
	if !ok {
		panic("calc: bad factor " + s)
	}
	if divided {
		d, ok := new(big.Rat).SetString(below)
		if !ok || d.Sign() == 0 {
			panic("calc: bad factor " + s)
		}
		r.Quo(r, d)
	}
	return r
}

// prefix is a prefix from the SI (SI Brochure, 9th edition, table 7) or IEC
// 80000-13.
type prefix struct{ symbol, name, factor string }

func prefixes() []prefix {
	return []prefix{
		{"p", "pico", "1e-12"}, {"n", "nano", "1e-9"}, {"µ", "micro", "1e-6"}, {"m", "milli", "1e-3"},
		{"c", "centi", "1e-2"}, {"d", "deci", "1e-1"}, {"h", "hecto", "1e2"}, {"k", "kilo", "1e3"},
		{"M", "mega", "1e6"}, {"G", "giga", "1e9"}, {"T", "tera", "1e12"}, {"P", "peta", "1e15"}, {"E", "exa", "1e18"},
		{"Ki", "kibi", "1024"}, {"Mi", "mebi", "1048576"}, {"Gi", "gibi", "1073741824"},
		{"Ti", "tebi", "1099511627776"}, {"Pi", "pebi", "1125899906842624"},
	}
}

// with returns a unit, alone and with each of these prefixes. Prefixes are also
// added to the keys that can have one: "bps" makes "Mbps".
func with(symbols string, u unit) []unit {
	all := []unit{u}
	for _, p := range prefixes() {
		if !strings.Contains(" "+symbols+" ", " "+p.symbol+" ") {
			continue
		}
		v := u
		v.symbol, v.name = p.symbol+u.symbol, p.name+u.name
		v.factor = exact(mul(u.factor.x, ratio(p.factor)))
		v.keys = nil
		for _, k := range u.keys {
			v.keys = append(v.keys, p.symbol+k, p.name+k)
		}
		if p.symbol == "µ" { // three spellings: the micro sign, the Greek letter, u
			v.keys = append(v.keys, "u"+u.symbol, "μ"+u.symbol)
		}
		all = append(all, v)
	}
	return all
}

// measures lists every unit. All factors are exact by definition:
// SI Brochure, 9th edition (2019), with its table 8 of other units (h, d, ha, L,
// t, au, eV); the international yard and pound of 1959 (0.9144 m and 0.45359237
// kg), from which foot, inch, mile, acre, ounce, grain, psi and lbf follow; NIST
// Handbook 44, appendix C (US gallon = 231 in³, and its parts; barrel, stone,
// tons); the UK Units of Measurement Regulations 1995 (imperial gallon =
// 4.54609 L); NIST SP 811, appendix B (thermochemical calorie, Btu of the
// International Table, mmHg, atm, torr, horsepower = 550 ft·lbf/s); ISO 80000-3
// (knot, mean years); IAU resolution B2 of 2012 (au).
func measures() []unit {
	return joined(lengths(), masses(), areas(), volumes(), times(), data(), motion(), energies(), others())
}

func joined(lists ...[]unit) []unit {
	var all []unit
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func lengths() []unit {
	return append(with("p n µ m c d h k M G", def("length", "m", "meter", "1")),
		def("length", "in", "inch", "0.0254", "inches", `"`, "″"),
		def("length", "ft", "foot", "0.3048", "feet", "'", "′"),
		def("length", "yd", "yard", "0.9144"),
		def("length", "mi", "mile", "1609.344", "statute mile"),
		def("length", "nmi", "nautical mile", "1852", "NM", "sea mile"),
		def("length", "fathom", "fathom", "1.8288"),
		def("length", "furlong", "furlong", "201.168"),
		def("length", "mil", "thousandth of an inch", "0.0000254", "thou"),
		def("length", "Å", "ångström", "1e-10", "angstrom"),
		def("length", "au", "astronomical unit", "149597870700"),
		def("length", "ly", "light-year", "9460730472580800", "light year", "lightyear"),
	)
}

func masses() []unit {
	return append(with("n µ m c d h k M", def("mass", "g", "gram", "0.001", "gramme")),
		def("mass", "t", "tonne", "1000", "metric ton"),
		def("mass", "kt", "kilotonne", "1e6"),
		def("mass", "Mt", "megatonne", "1e9"),
		def("mass", "lb", "pound", "0.45359237", "lbs"),
		def("mass", "oz", "ounce", "0.45359237/16"),
		def("mass", "st", "stone", "6.35029318"),
		def("mass", "short ton", "short ton", "907.18474", "us ton"),
		def("mass", "long ton", "long ton", "1016.0469088", "imperial ton"),
		def("mass", "gr", "grain", "0.00006479891"),
		def("mass", "ozt", "troy ounce", "0.0311034768", "oz t"),
		def("mass", "ct", "carat", "0.0002"),
	)
}

func areas() []unit {
	return []unit{
		def("area", "mm²", "square millimeter", "1e-6"), def("area", "cm²", "square centimeter", "1e-4"),
		def("area", "dm²", "square decimeter", "1e-2"), def("area", "m²", "square meter", "1", "sqm"),
		def("area", "km²", "square kilometer", "1e6", "sqkm"),
		def("area", "a", "are", "100"), def("area", "ha", "hectare", "10000"),
		def("area", "in²", "square inch", "0.00064516", "square inches", "sq in"),
		def("area", "ft²", "square foot", "0.09290304", "square feet", "sq ft", "sqft"),
		def("area", "yd²", "square yard", "0.83612736", "sq yd"),
		def("area", "mi²", "square mile", "2589988.110336", "sq mi"),
		def("area", "ac", "acre", "4046.8564224"),
	}
}

func volumes() []unit {
	return append(with("µ m c d h", def("volume", "L", "liter", "0.001", "l")),
		def("volume", "mm³", "cubic millimeter", "1e-9"), def("volume", "cm³", "cubic centimeter", "1e-6", "cc", "ccm"),
		def("volume", "dm³", "cubic decimeter", "1e-3"), def("volume", "m³", "cubic meter", "1", "cbm"),
		def("volume", "km³", "cubic kilometer", "1e9"),
		def("volume", "in³", "cubic inch", "0.000016387064", "cubic inches", "cu in"),
		def("volume", "ft³", "cubic foot", "0.028316846592", "cubic feet", "cu ft"),
		def("volume", "yd³", "cubic yard", "0.764554857984", "cu yd"),
		def("volume", "gal", "US gallon", "0.003785411784", "gallon"),
		def("volume", "qt", "US quart", "0.000946352946", "quart"),
		def("volume", "pt", "US pint", "0.000473176473", "pint"),
		def("volume", "cup", "US cup", "0.0002365882365"),
		def("volume", "fl oz", "US fluid ounce", "0.0000295735295625", "fluid ounce", "oz", "ounce"),
		def("volume", "tbsp", "US tablespoon", "0.00001478676478125", "tablespoon"),
		def("volume", "tsp", "US teaspoon", "0.00000492892159375", "teaspoon"),
		def("volume", "imp gal", "imperial gallon", "0.00454609", "uk gallon"),
		def("volume", "imp qt", "imperial quart", "0.0011365225", "uk quart"),
		def("volume", "imp pt", "imperial pint", "0.00056826125", "uk pint"),
		def("volume", "imp fl oz", "imperial fluid ounce", "0.0000284130625", "uk fluid ounce"),
		def("volume", "bbl", "oil barrel", "0.158987294928", "barrel"),
	)
}

func times() []unit {
	return append(with("n µ m", def("time", "s", "second", "1", "sec")),
		def("time", "min", "minute", "60"), def("time", "h", "hour", "3600", "hr"),
		def("time", "d", "day", "86400"), def("time", "wk", "week", "604800"),
		def("time", "fortnight", "fortnight", "1209600"),
		def("time", "mo", "mean month (365.2425/12 days)", "2629746", "month"),
		def("time", "yr", "mean year (365.2425 days)", "31556952", "year", "a"),
		def("time", "decade", "decade", "315569520"), def("time", "century", "century", "3155695200", "centuries"),
	)
}

func data() []unit {
	return joined(
		with("k M G T P E Ki Mi Gi Ti Pi", def("data", "bit", "bit", "1", "b")),
		with("k M G T P E Ki Mi Gi Ti Pi", def("data", "B", "byte", "8")),
		[]unit{def("data", "KB", "kilobyte", "8000")},
		with("k M G T", def("data rate", "bit/s", "bit per second", "1", "bps", "b/s")),
		with("k M G T Ki Mi Gi", def("data rate", "B/s", "byte per second", "8", "Bps")),
	)
}

func motion() []unit {
	inverse := def("fuel economy", "L/100km", "liter per 100 kilometers", "1e8", "l/100 km", "liters/100km", "liters/100 km")
	inverse.inverse = true
	return joined([]unit{
		def("speed", "m/s", "meter per second", "1", "mps"), def("speed", "km/h", "kilometer per hour", "5/18", "kmh", "kph"),
		def("speed", "km/s", "kilometer per second", "1000"), def("speed", "mph", "mile per hour", "0.44704", "mi/h"),
		def("speed", "ft/s", "foot per second", "0.3048", "fps", "feet/second"),
		def("speed", "kn", "knot", "1852/3600", "kt", "kts"), def("speed", "c", "speed of light", "299792458"),
		def("force", "dyn", "dyne", "1e-5"), def("force", "kgf", "kilogram-force", "9.80665", "kp"),
		def("force", "lbf", "pound-force", "4.4482216152605"),
		inverse,
		def("fuel economy", "km/L", "kilometer per liter", "1e6", "kpl"),
		def("fuel economy", "mpg", "mile per US gallon", "1609.344/0.003785411784", "miles/gallon"),
		def("fuel economy", "imp mpg", "mile per imperial gallon", "1609.344/0.00454609", "uk mpg"),
	}, with("m k M", def("force", "N", "newton", "1")))
}

func energies() []unit {
	return joined(
		with("m k M G T", def("energy", "J", "joule", "1")),
		with("m k M G T", def("energy", "Wh", "watt-hour", "3600", "watt hour")),
		with("k", def("energy", "cal", "calorie", "4.184")),
		with("m k M G T", def("energy", "eV", "electronvolt", "1.602176634e-19")),
		[]unit{
			def("energy", "BTU", "British thermal unit", "1055.05585262", "Btu"),
			def("energy", "ft·lbf", "foot-pound", "1.3558179483314004", "ft lb", "ft-lb", "foot pound"),
		},
		with("n µ m k M G T", def("power", "W", "watt", "1")),
		[]unit{
			def("power", "hp", "mechanical horsepower", "745.69987158227022", "horsepower"),
			def("power", "PS", "metric horsepower", "735.49875"),
			def("power", "BTU/h", "British thermal unit per hour", "1055.05585262/3600", "btu/hr"),
		},
		with("h k M G", def("pressure", "Pa", "pascal", "1")),
		with("m", def("pressure", "bar", "bar", "100000")),
		[]unit{
			def("pressure", "atm", "standard atmosphere", "101325", "atmosphere"),
			def("pressure", "psi", "pound per square inch", "4.4482216152605/0.00064516", "lbf/in²"),
			def("pressure", "Torr", "torr", "101325/760"),
			def("pressure", "mmHg", "millimeter of mercury", "133.322387415"),
			def("pressure", "inHg", "inch of mercury", "3386.388640341", "inches of mercury"),
		},
	)
}

func others() []unit {
	celsius := def("temperature", "°C", "degree Celsius", "1", "C", "celsius", "degrees celsius", "centigrade")
	celsius.offset = ratio("273.15")
	fahrenheit := def("temperature", "°F", "degree Fahrenheit", "5/9", "F", "fahrenheit", "degrees fahrenheit")
	fahrenheit.offset = mul(ratio("459.67"), ratio("5/9"))
	radian := def("angle", "rad", "radian", "1")
	if n, err := degrees(whole(1)); err == nil {
		radian.factor = n
	}
	return joined([]unit{
		celsius, fahrenheit, radian,
		def("temperature", "K", "kelvin", "1"), def("temperature", "°R", "degree Rankine", "5/9", "rankine"),
		def("angle", "°", "degree", "1", "deg"), def("angle", "turn", "turn", "360", "revolution"),
		def("angle", "gon", "gradian", "0.9", "grad"),
		def("angle", "arcmin", "minute of arc", "1/60", "arcminute"), def("angle", "arcsec", "second of arc", "1/3600", "arcsecond"),
		def("frequency", "rpm", "revolution per minute", "1/60"),
	}, with("m k M G T", def("frequency", "Hz", "hertz", "1")))
}
