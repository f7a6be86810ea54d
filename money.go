package openmates

import (
	"fmt"
	"strconv"
	"strings"
)

// Micros is money in millionths of the server's currency unit.
type Micros int64

// MostMicros is the largest amount, a trillion units of the currency. Two of
// them can be added without overflow.
const MostMicros Micros = 1_000_000_000_000_000_000

// Plus returns the sum of two amounts, limited to 0 to MostMicros.
func (m Micros) Plus(n Micros) Micros {
	m, n = min(max(m, -MostMicros), MostMicros), min(max(n, -MostMicros), MostMicros)
	return min(max(m+n, 0), MostMicros)
}

// String formats an amount as ParseMoney reads it: "12", "2.50", "0.000031".
func (m Micros) String() string {
	if m < 0 {
		return "-" + (-max(m, -MostMicros)).String()
	}
	whole, decimals := m/1_000_000, strings.TrimRight(fmt.Sprintf("%06d", int64(m%1_000_000)), "0")
	switch len(decimals) {
	case 0:
		return strconv.FormatInt(int64(whole), 10)
	case 1:
		decimals += "0"
	}
	return strconv.FormatInt(int64(whole), 10) + "." + decimals
}

// Shown formats an amount for people: with two decimals, or four if two would
// hide a few cents.
func (m Micros) Shown() string {
	digits := 2
	if m != 0 && m < 100_000 && m > -100_000 {
		digits = 4
	}
	return strconv.FormatFloat(float64(m)/1_000_000, 'f', digits, 64)
}

// ParseMoney parses an amount from 0 to 1,000,000,000 as people write it, with
// a point or a comma and at most six decimals; "" is 0.
func ParseMoney(s string) (Micros, error) {
	text := strings.TrimSpace(s)
	if text == "" {
		return 0, nil
	}
	whole, decimals, _ := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
	digits := whole + decimals
	if digits == "" || len(decimals) > 6 || len(whole) > 10 || strings.Trim(digits, "0123456789") != "" {
		return 0, badMoney(text)
	}
	n, err := strconv.ParseInt(digits+strings.Repeat("0", 6-len(decimals)), 10, 64)
	if err != nil || n > 1_000_000_000_000_000 {
		return 0, badMoney(text)
	}
	return Micros(n), nil
}

func badMoney(text string) error {
	return Errorf(EInvalid, "%q isn't an amount. Write it like 12 or 2.50, without a sign or spaces.", clip(text, 40))
}
