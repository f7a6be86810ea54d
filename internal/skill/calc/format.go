package calc

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

const (
	usualDigits = 20
	mostDigits  = 100
	longInteger = 1_000 // digits; longer ones are only shown in part
	longDecimal = 60    // decimals that are shown in full
)

// text formats a number as exactly as it is known, with at most digits
// significant digits if it has no end.
func (n number) text(digits int) string {
	if !n.isExact() {
		return n.about(digits)
	}
	if n.x.IsInt() {
		s := n.x.Num().String()
		if len(s) > longInteger {
			return fmt.Sprintf("%s (a number of %d digits, exactly known but shown in part)",
				significant(n.x, digits), len(strings.TrimPrefix(s, "-")))
		}
		return s
	}
	if places, ok := decimals(n.x.Denom()); ok && places <= longDecimal {
		return n.x.FloatString(places)
	}
	about := significant(n.x, digits)
	if f := n.x.RatString(); len(f) <= 80 {
		return fmt.Sprintf("%s (exactly %s)", about, f)
	}
	return fmt.Sprintf("%s (to %d significant digits)", about, digits)
}

// about formats an inexact number with only the digits that are known.
func (n number) about(digits int) string {
	if abs(n.x).Cmp(n.e) <= 0 {
		return "0 (to within " + significant(n.e, 2) + ")"
	}
	ratio := new(big.Rat).Quo(abs(n.x), n.e)
	known := len(floor(ratio).String()) - 1 // the power of ten below the ratio
	if known < 1 {
		return significant(n.x, 1) + " (not even the first digit is certain)"
	}
	digits = min(digits, known)
	return fmt.Sprintf("%s (to %d significant digits)", significant(n.x, digits), digits)
}

// decimals returns how many decimals a fraction with this denominator has, if
// it is finite.
func decimals(d *big.Int) (int, bool) {
	twos := int(d.TrailingZeroBits())
	rest := new(big.Int).Rsh(d, uint(twos))
	fives, five, r := 0, big.NewInt(5), new(big.Int)
	for fives <= longDecimal {
		q, _ := new(big.Int).QuoRem(rest, five, r)
		if r.Sign() != 0 {
			break
		}
		rest = q
		fives++
	}
	return max(twos, fives), rest.IsInt64() && rest.Int64() == 1
}

// significant rounds to a number of digits. Very large and very small numbers
// get a power of ten.
func significant(x *big.Rat, digits int) string {
	if x.Sign() == 0 {
		return "0"
	}
	// An estimate of the first digit's position from the bits, corrected below.
	at := int(float64(size(x)) * 0.30103)
	var m string
	for {
		scaled := mul(abs(x), tenTo(digits-1-at))
		m = nearest(scaled).String()
		if len(m) == digits {
			break
		}
		at += len(m) - digits
	}
	sign := ""
	if x.Sign() < 0 {
		sign = "-"
	}
	switch {
	case at >= 0 && at < max(digits, 30):
		if len(m) <= at {
			return sign + m + strings.Repeat("0", at+1-len(m))
		}
		return sign + withPoint(m[:at+1], m[at+1:])
	case at < 0 && at >= -10:
		return sign + withPoint("0", strings.Repeat("0", -at-1)+m)
	}
	return sign + withPoint(m[:1], m[1:]) + "e" + strconv.Itoa(at)
}

func withPoint(whole, part string) string {
	part = strings.TrimRight(part, "0")
	if part == "" {
		return whole
	}
	return whole + "." + part
}

func tenTo(k int) *big.Rat {
	n := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(k, -k))), nil)
	if k < 0 {
		return new(big.Rat).SetFrac(big.NewInt(1), n)
	}
	return new(big.Rat).SetInt(n)
}
