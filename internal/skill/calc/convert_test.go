package calc_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestConversions(t *testing.T) {
	t.Parallel()
	r := registry(t)
	for _, c := range []struct{ value, from, to, want string }{
		{"5", "miles", "km", "5 mi = 8.04672 km"},
		{"1", "inch", "cm", "1 in = 2.54 cm"},
		{"6 + 2/12", "feet", "m", "= 1.8796 m"},
		{"100", "°C", "°F", "100 °C = 212 °F"},
		{"-40", "f", "c", "-40 °F = -40 °C"},
		{"32", "Fahrenheit", "Celsius", "32 °F = 0 °C"},
		{"0", "K", "degrees Celsius", "0 K = -273.15 °C"},
		{"0", "celsius", "rankine", "0 °C = 491.67 °R"},
		{"1", "lb", "kg", "1 lb = 0.45359237 kg"},
		{"8", "oz", "g", "8 oz = 226.796185 g"},
		{"8", "oz", "ml", "8 fl oz = 236.5882365 mL"},
		{"1.1", "oz", "oz", "1.1 oz = 1.1 oz"},
		{"1", "gallon", "litres", "1 gal = 3.785411784 L"},
		{"1", "imperial gallon", "L", "1 imp gal = 4.54609 L"},
		{"1", "sq ft", "m^2", "1 ft² = 0.09290304 m²"},
		{"1", "square miles", "acres", "1 mi² = 640 ac"},
		{"1", "hectare", "m2", "1 ha = 10000 m²"},
		{"1", "m³", "liters", "1 m³ = 1000 L"},
		{"90", "km/h", "m/s", "90 km/h = 25 m/s"},
		{"60", "miles per hour", "kilometers per hour", "60 mph = 96.56064 km/h"},
		{"10", "meters/second", "kph", "10 m/s = 36 km/h"},
		{"1", "knot", "km/h", "1 kn = 1.852 km/h"},
		{"1", "GB", "MiB", "1 GB = 953.67431640625 MiB"},
		{"1", "MiB", "bytes", "1 MiB = 1048576 B"},
		{"100", "Mbps", "MB/s", "100 Mbit/s = 12.5 MB/s"},
		{"1", "kWh", "MJ", "1 kWh = 3.6 MJ"},
		{"1", "kcal", "kJ", "1 kcal = 4.184 kJ"},
		{"1", "eV", "J", "1 eV = 0.0000000000000000001602176634 J"},
		{"1", "atm", "hPa", "1 atm = 1013.25 hPa"},
		{"1", "psi", "bar", "1 psi = 0.068947572931683613367 (exactly"},
		{"760", "torr", "atm", "760 Torr = 1 atm"},
		{"1", "hp", "W", "1 hp = 745.69987158227022 W"},
		{"100", "PS", "kW", "100 PS = 73.549875 kW"},
		{"8", "L/100km", "km/L", "8 L/100km = 12.5 km/L"},
		{"30", "mpg", "l/100 km", "30 mpg = 7.840486111"},
		{"1", "year", "days", "1 yr = 365.2425 d"},
		{"2", "weeks", "hours", "2 wk = 336 h"},
		{"90", "min", "h", "90 min = 1.5 h"},
		{"180", "degrees", "radians", "180 ° = 3.1415926535897932385 (to 20 significant digits) rad"},
		{"1", "turn", "grad", "1 turn = 400 gon"},
		{"3000", "rpm", "Hz", "3000 rpm = 50 Hz"},
		{"5", "µm", "nm", "5 µm = 5000 nm"},
		{"5", "um", "mm", "5 µm = 0.005 mm"},
		{"1", "ly", "au", "1 ly = 63241.0770"},
	} {
		got := use(t, r, "convert", map[string]any{"value": c.value, "from": c.from, "to": c.to})
		if !strings.Contains(got, c.want) || strings.HasPrefix(got, "refused") {
			t.Errorf("%s %s to %s: %s, want %s", c.value, c.from, c.to, got, c.want)
		}
	}
}

func TestConversionsThatAreRefused(t *testing.T) {
	t.Parallel()
	r := registry(t)
	for _, c := range []struct{ value, from, to, want string }{
		{"1", "km", "kg", "unit of length and kilogram one of mass"},
		{"1", "tons", "kg", "short ton or a long ton"},
		{"1", "EUR", "USD", "not currencies"},
		{"1", "parsnip", "km", "don't know the unit"},
		{"1", "km", "", "fewer than 1"},
		{"-1", "K", "°C", "below absolute zero"},
		{"-500", "F", "K", "below absolute zero"},
		{"0", "L/100km", "mpg", "divided by zero"},
		{"1/0", "km", "m", "divided by zero"},
		{"5", "mW", "mw", "several things"},
		{"five", "km", "m", "don't know \"five\""},
	} {
		got := use(t, r, "convert", map[string]any{"value": c.value, "from": c.from, "to": c.to})
		if !strings.HasPrefix(got, "refused: ") || !strings.Contains(got, c.want) {
			t.Errorf("%s %s to %s: %s, want %q", c.value, c.from, c.to, got, c.want)
		}
	}
}

// Back and forth is where one started.
func TestConversionsCanBeUndone(t *testing.T) {
	t.Parallel()
	r := registry(t)
	kinds := [][]string{
		{"km", "mi", "ft", "in", "nmi", "au", "mil"}, {"kg", "lb", "oz", "st", "ct", "gr"}, {"°C", "°F", "K", "°R"},
		{"L", "gal", "imp pt", "ft³", "tsp", "bbl"}, {"kB", "MiB", "Gbit", "KB"}, {"m/s", "mph", "kn", "km/h"},
		{"J", "kWh", "BTU", "kcal"}, {"Pa", "psi", "mmHg", "bar"}, {"L/100km", "mpg", "km/L"}, {"ha", "ac", "yd²"},
	}
	rapid.Check(t, func(rt *rapid.T) {
		kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
		a, b := rapid.SampledFrom(kind).Draw(rt, "from"), rapid.SampledFrom(kind).Draw(rt, "to")
		value := fmt.Sprintf("%d.%d", rapid.IntRange(1, 9999).Draw(rt, "whole"), rapid.IntRange(1, 9).Draw(rt, "tenths"))
		there := use(t, r, "convert", map[string]any{"value": value, "from": a, "to": b})
		_, there, _ = strings.Cut(there, " = ")
		if _, fraction, ok := strings.Cut(there, "(exactly "); ok {
			there, _, _ = strings.Cut(fraction, ")")
		} else if strings.Contains(there, "significant digits") {
			return // the fraction is too long to be shown
		}
		there, _, _ = strings.Cut(there, " ")
		back := use(t, r, "convert", map[string]any{"value": there, "from": b, "to": a})
		if !strings.Contains(back, " = "+value+" "+a) {
			rt.Fatalf("%s %s is %s %s, and that is %s", value, a, there, b, back)
		}
	})
}
