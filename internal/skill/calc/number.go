package calc

import (
	"math/big"

	"openmates"
)

// number is a rational with an error bound: the true value is within x ± e. An
// exact number has e = 0. All arithmetic keeps the bound, so that only known
// digits are shown.
type number struct{ x, e *big.Rat }

const (
	// maxBits limits numerators and denominators: about 12,000 digits.
	maxBits = 40_000
	// ballBits is the precision of inexact numbers.
	ballBits = 512
)

func exact(x *big.Rat) number        { return number{x, new(big.Rat)} }
func whole(n int64) number           { return exact(new(big.Rat).SetInt64(n)) }
func (n number) isExact() bool       { return n.e.Sign() == 0 }
func (n number) isWhole() bool       { return n.isExact() && n.x.IsInt() }
func wrong(s string, a ...any) error { return openmates.Errorf(openmates.EInvalid, s, a...) }

func tooLarge() error {
	return wrong("That number gets too large: I calculate with up to about 12,000 digits.")
}

func tooVague(what string) error {
	return wrong("The number in %s is not known exactly enough to go on.", what)
}

// settle keeps a number within the limits. An inexact number is rounded, which
// adds to its error.
func settle(x, e *big.Rat) (number, error) {
	if bits(x) > maxBits && (e.Sign() == 0 || size(x) > maxBits || size(x) < -maxBits) {
		return number{}, tooLarge()
	}
	if e.Sign() == 0 {
		return number{x, e}, nil
	}
	near, _ := new(big.Float).SetPrec(ballBits).SetRat(x).Rat(nil)
	lost := new(big.Rat).Sub(x, near)
	e = new(big.Rat).Add(e, lost.Abs(lost))
	if size(e) > maxBits {
		return number{}, tooLarge()
	}
	if size(e) < -maxBits {
		e = twoTo(-maxBits)
	}
	e, _ = new(big.Float).SetPrec(64).SetMode(big.ToPositiveInf).SetRat(e).Rat(nil)
	return number{near, e}, nil
}

func bits(x *big.Rat) int { return max(x.Num().BitLen(), x.Denom().BitLen()) }

// size returns roughly the base-2 logarithm of |x|; for zero it is small.
func size(x *big.Rat) int {
	if x.Sign() == 0 {
		return -1
	}
	return x.Num().BitLen() - x.Denom().BitLen()
}

func twoTo(k int) *big.Rat {
	n := new(big.Int).Lsh(big.NewInt(1), uint(max(k, -k)))
	if k < 0 {
		return new(big.Rat).SetFrac(big.NewInt(1), n)
	}
	return new(big.Rat).SetInt(n)
}

func abs(x *big.Rat) *big.Rat { return new(big.Rat).Abs(x) }

func mul(a, b *big.Rat) *big.Rat { return new(big.Rat).Mul(a, b) }

func (n number) neg() number { return number{new(big.Rat).Neg(n.x), n.e} }

func (n number) plus(m number) (number, error) {
	return settle(new(big.Rat).Add(n.x, m.x), new(big.Rat).Add(n.e, m.e))
}

func (n number) minus(m number) (number, error) { return n.plus(m.neg()) }

func (n number) times(m number) (number, error) {
	e := new(big.Rat)
	if !n.isExact() || !m.isExact() {
		e.Add(mul(abs(n.x), m.e), mul(abs(m.x), n.e))
		e.Add(e, mul(n.e, m.e))
	}
	return settle(mul(n.x, m.x), e)
}

func (n number) over(m number) (number, error) {
	if m.isExact() && m.x.Sign() == 0 {
		return number{}, wrong("Nothing can be divided by zero.")
	}
	least := new(big.Rat).Sub(abs(m.x), m.e)
	if least.Sign() <= 0 {
		return number{}, tooVague("a division by what may be zero")
	}
	e := new(big.Rat)
	if !n.isExact() || !m.isExact() {
		e.Add(mul(abs(n.x), m.e), mul(abs(m.x), n.e))
		e.Quo(e, mul(abs(m.x), least))
	}
	return settle(new(big.Rat).Quo(n.x, m.x), e)
}

// power raises to an integer power, by squaring.
func (n number) power(k int64) (number, error) {
	if n.isExact() && (n.x.Sign() == 0 || n.x.Cmp(big.NewRat(1, 1)) == 0 || n.x.Cmp(big.NewRat(-1, 1)) == 0) {
		return trivialPower(n, k)
	}
	if k < 0 {
		p, err := n.power(-k)
		if err != nil {
			return number{}, err
		}
		return whole(1).over(p)
	}
	// Refuse it before it costs anything, because the size of the result is
	// known.
	if n.isExact() && int64(bits(n.x)-1) > int64(maxBits)/max(k, 1) || k > 1<<40 {
		return number{}, tooLarge()
	}
	p := whole(1)
	var err error
	for square := n; ; {
		if k&1 == 1 {
			if p, err = p.times(square); err != nil {
				return number{}, err
			}
		}
		if k >>= 1; k == 0 {
			return p, nil
		}
		if square, err = square.times(square); err != nil {
			return number{}, err
		}
	}
}

// trivialPower returns a power of 0, 1 or -1.
func trivialPower(n number, k int64) (number, error) {
	switch {
	case n.x.Sign() == 0 && k == 0:
		return number{}, wrong("0^0 is not defined.")
	case n.x.Sign() == 0 && k < 0:
		return number{}, wrong("Nothing can be divided by zero.")
	case n.x.Sign() < 0 && k%2 == 0:
		return whole(1), nil
	}
	return n, nil
}

// raise returns n^m for any m.
func (n number) raise(m number) (number, error) {
	if m.isWhole() {
		if m.x.Num().IsInt64() {
			return n.power(m.x.Num().Int64())
		}
		if !n.isExact() || n.x.Sign() != 0 && abs(n.x).Cmp(big.NewRat(1, 1)) != 0 {
			return number{}, tooLarge()
		}
		k := int64(2 * m.x.Sign()) // 0, 1 and -1 only need sign and parity
		if m.x.Num().Bit(0) == 1 {
			k--
		}
		return n.power(k)
	}
	if n.x.Sign() < 0 {
		return number{}, wrong("A negative number has no real power with a fraction in the exponent. root(x, n) gives odd roots of negative numbers.")
	}
	if n.isExact() && n.x.Sign() == 0 {
		if m.x.Sign() < 0 {
			return number{}, wrong("Nothing can be divided by zero.")
		}
		return n, nil
	}
	if q := m.x.Denom(); m.isExact() && n.isExact() && q.IsInt64() && q.Int64() <= 64 && m.x.Num().IsInt64() {
		if r, ok := exactRoot(n.x, int(q.Int64())); ok {
			return exact(r).power(m.x.Num().Int64())
		}
	}
	l, err := ln(n)
	if err != nil {
		return number{}, err
	}
	if l, err = l.times(m); err != nil {
		return number{}, err
	}
	return exp(l)
}

// exactRoot returns the k-th root of x ≥ 0 if it is rational.
func exactRoot(x *big.Rat, k int) (*big.Rat, bool) {
	p, ok := wholeRoot(x.Num(), k)
	if !ok {
		return nil, false
	}
	q, ok := wholeRoot(x.Denom(), k)
	if !ok {
		return nil, false
	}
	return new(big.Rat).SetFrac(p, q), true
}

// wholeRoot returns the k-th root of n ≥ 0 if it is an integer, by Newton's
// method from above.
func wholeRoot(n *big.Int, k int) (*big.Int, bool) {
	if n.BitLen() <= 1 || k == 1 {
		return n, true
	}
	exponent := big.NewInt(int64(k))
	r := new(big.Int).Lsh(big.NewInt(1), uint(n.BitLen()/k+1))
	for {
		p := new(big.Int).Exp(r, big.NewInt(int64(k-1)), nil)
		next := new(big.Int).Mul(r, big.NewInt(int64(k-1)))
		next.Add(next, p.Quo(n, p)).Quo(next, exponent)
		if next.Cmp(r) >= 0 {
			break
		}
		r = next
	}
	return r, new(big.Int).Exp(r, exponent, nil).Cmp(n) == 0
}

// part rounds to an integer with a function, if both ends of n's range give the
// same result.
func (n number) part(round func(*big.Rat) *big.Int) (number, error) {
	low := round(new(big.Rat).Sub(n.x, n.e))
	if !n.isExact() && low.Cmp(round(new(big.Rat).Add(n.x, n.e))) != 0 {
		return number{}, tooVague("a rounding")
	}
	return exact(new(big.Rat).SetInt(low)), nil
}

func floor(x *big.Rat) *big.Int { // big.Int's Div is Euclidean, and denominators are positive
	return new(big.Int).Div(x.Num(), x.Denom())
}

func ceil(x *big.Rat) *big.Int {
	n := floor(new(big.Rat).Neg(x))
	return n.Neg(n)
}

func trunc(x *big.Rat) *big.Int { return new(big.Int).Quo(x.Num(), x.Denom()) }

// nearest rounds halves away from zero.
func nearest(x *big.Rat) *big.Int {
	half := big.NewRat(1, 2)
	if x.Sign() < 0 {
		return ceil(new(big.Rat).Sub(x, half))
	}
	return floor(new(big.Rat).Add(x, half))
}
