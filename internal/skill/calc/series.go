package calc

import "math/big"

// Functions without exact values are computed in fixed point: integers that
// count units of 2^-fixed. Each step is off by at most a few units; the error
// bounds below are far above their sum.
const fixed = 448

func toFixed(x *big.Rat) *big.Int {
	n := new(big.Int).Lsh(x.Num(), fixed)
	return n.Div(n, x.Denom())
}

// fromFixed returns n units times 2^k, with an error of 2^lost units times 2^k
// plus e.
func fromFixed(n *big.Int, k, lost int, e *big.Rat) (number, error) {
	x := mul(new(big.Rat).SetInt(n), twoTo(k-fixed))
	return settle(x, new(big.Rat).Add(e, twoTo(k-fixed+lost)))
}

func one() *big.Int { return new(big.Int).Lsh(big.NewInt(1), fixed) }

// product multiplies two fixed-point numbers.
func product(a, b *big.Int) *big.Int {
	p := new(big.Int).Mul(a, b)
	return p.Rsh(p, fixed)
}

func quotient(a, b *big.Int) *big.Int {
	q := new(big.Int).Lsh(a, fixed)
	return q.Quo(q, b)
}

// odd sums z - z³/3 + z⁵/5 … (arctangent) or, with sign 1, the same with plus
// (inverse hyperbolic tangent). |z| is at most 1/3.
func odd(z *big.Int, sign int) *big.Int {
	square := product(z, z)
	sum, power := new(big.Int).Set(z), new(big.Int).Set(z)
	for n := int64(3); power.BitLen() > 0; n += 2 {
		power = product(power, square)
		if sign < 0 {
			power.Neg(power)
		}
		if power.Sign() < 0 && power.IsInt64() && power.Int64() == -1 {
			break // shifting right rounds down, so -1 would never end
		}
		sum.Add(sum, new(big.Int).Quo(power, big.NewInt(n)))
	}
	return sum
}

// pi uses Machin's formula: π/4 = 4 atan(1/5) - atan(1/239).
func pi() *big.Int {
	a := odd(new(big.Int).Quo(one(), big.NewInt(5)), -1)
	b := odd(new(big.Int).Quo(one(), big.NewInt(239)), -1)
	a.Mul(a, big.NewInt(16))
	return a.Sub(a, b.Mul(b, big.NewInt(4)))
}

// ln2 returns 2 atanh(1/3).
func ln2() *big.Int {
	z := odd(new(big.Int).Quo(one(), big.NewInt(3)), 1)
	return z.Lsh(z, 1)
}

// exp: e^x = 2^k e^r with |r| ≤ ln 2 / 2.
func exp(n number) (number, error) {
	if abs(n.x).Cmp(big.NewRat(maxBits/2, 1)) > 0 {
		return number{}, tooLarge()
	}
	if n.e.Cmp(big.NewRat(1, 1)) > 0 {
		return number{}, tooVague("an exponent")
	}
	if n.isExact() && n.x.Sign() == 0 {
		return whole(1), nil
	}
	x, l := toFixed(n.x), ln2()
	k := nearest(new(big.Rat).SetFrac(x, l))
	r := new(big.Int).Sub(x, new(big.Int).Mul(k, l))
	sum, term := one(), one()
	for i := int64(1); term.BitLen() > 1; i++ {
		term = product(term, r)
		term.Quo(term, big.NewInt(i))
		sum.Add(sum, term)
	}
	// e^(x±e) is within e^x (1 ± 2e) for e ≤ 1.
	power := int(k.Int64())
	e := mul(mul(new(big.Rat).SetInt(sum), twoTo(power-fixed+1)), n.e)
	return fromFixed(sum, power, 28, e)
}

// ln: x = m 2^k with m between 1/2 and 2, and ln m = 2 atanh((m-1)/(m+1)).
func ln(n number) (number, error) {
	least := new(big.Rat).Sub(n.x, n.e)
	if n.isExact() && n.x.Sign() <= 0 {
		return number{}, wrong("Only numbers above zero have a real logarithm.")
	}
	if least.Sign() <= 0 {
		return number{}, tooVague("a logarithm")
	}
	if n.isExact() && n.x.Cmp(big.NewRat(1, 1)) == 0 {
		return whole(0), nil
	}
	k := size(n.x)
	m := toFixed(mul(n.x, twoTo(-k)))
	z := quotient(new(big.Int).Sub(m, one()), new(big.Int).Add(m, one()))
	sum := odd(z, 1)
	sum.Lsh(sum, 1).Add(sum, new(big.Int).Mul(big.NewInt(int64(k)), ln2()))
	return fromFixed(sum, 0, 28, new(big.Rat).Quo(n.e, least))
}

// sqrt is exact if the result is rational.
func sqrt(n number) (number, error) {
	if n.isExact() {
		if n.x.Sign() < 0 {
			return number{}, wrong("A negative number has no real square root.")
		}
		if r, ok := exactRoot(n.x, 2); ok {
			return exact(r), nil
		}
	}
	if new(big.Rat).Add(n.e, n.e).Cmp(n.x) >= 0 {
		return number{}, tooVague("a square root")
	}
	s := fixed + max(0, -size(n.x))
	v := new(big.Int).Lsh(n.x.Num(), uint(2*s))
	v.Sqrt(v.Quo(v, n.x.Denom()))
	x := mul(new(big.Rat).SetInt(v), twoTo(-s))
	// The slope is at most 1/√x if the error is at most half of x.
	e := new(big.Rat).Quo(n.e, x)
	return settle(x, e.Add(e, twoTo(1-s)))
}

// root returns the real k-th root.
func root(n number, k int64) (number, error) {
	switch {
	case k < 1 || k > 1000:
		return number{}, wrong("The degree of a root is a whole number from 1 to 1000.")
	case k == 2:
		return sqrt(n)
	case n.x.Sign() < 0 && k%2 == 0:
		return number{}, wrong("A negative number has no real root of even degree.")
	case n.x.Sign() < 0:
		r, err := root(n.neg(), k)
		if err != nil {
			return number{}, err
		}
		return r.neg(), nil
	}
	return n.raise(exact(big.NewRat(1, k)))
}

// turn reduces an angle to at most π/4 and returns the number of quarter turns
// removed.
func turn(n number) (r *big.Int, quarter int, err error) {
	if size(n.x) > 64 {
		return nil, 0, wrong("That angle is too large: I take up to 10^19 radians.")
	}
	half := pi()
	half.Rsh(half, 1)
	x := toFixed(n.x)
	k := nearest(new(big.Rat).SetFrac(x, half))
	r = x.Sub(x, new(big.Int).Mul(k, half))
	return r, int(new(big.Int).And(k, big.NewInt(3)).Int64()), nil
}

func sin(n number) (number, error) { return wave(n, 0) }

func cos(n number) (number, error) { return wave(n, 1) }

// wave returns the sine of an angle plus some quarter turns.
func wave(n number, quarters int) (number, error) {
	if n.isExact() && n.x.Sign() == 0 {
		return whole(int64(quarters)), nil
	}
	r, q, err := turn(n)
	if err != nil {
		return number{}, err
	}
	q = (q + quarters) % 4
	// Sine: r - r³/3! …; cosine: 1 - r²/2! …
	term, i := new(big.Int).Set(r), int64(1)
	if q%2 == 1 {
		term, i = one(), 0
	}
	sum := new(big.Int).Set(term)
	square := product(r, r)
	for term.BitLen() > 1 {
		term = product(term, square)
		term.Quo(term, big.NewInt(-(i+1)*(i+2)))
		sum.Add(sum, term)
		i += 2
	}
	if q >= 2 {
		sum.Neg(sum)
	}
	return fromFixed(sum, 0, 80, n.e)
}

func tan(n number) (number, error) {
	s, err := sin(n)
	if err != nil {
		return number{}, err
	}
	c, err := cos(n)
	if err != nil {
		return number{}, err
	}
	return s.over(c)
}

// atan halves the angle three times: atan t = 2 atan(t / (1 + √(1+t²))).
func atan(n number) (number, error) {
	if n.isExact() && n.x.Sign() == 0 {
		return whole(0), nil
	}
	x, inverse := abs(n.x), false
	if x.Cmp(big.NewRat(1, 1)) > 0 {
		x, inverse = new(big.Rat).Inv(x), true
	}
	t := toFixed(x)
	for range 3 {
		h := new(big.Int).Mul(t, t)
		h.Add(h, new(big.Int).Lsh(one(), fixed)).Sqrt(h)
		t = quotient(t, h.Add(h, one()))
	}
	a := odd(t, -1)
	a.Lsh(a, 3)
	if inverse {
		half := pi()
		a.Sub(half.Rsh(half, 1), a)
	}
	if n.x.Sign() < 0 {
		a.Neg(a)
	}
	return fromFixed(a, 0, 24, n.e)
}

// asin returns atan(x / √(1-x²)).
func asin(n number) (number, error) {
	unit := big.NewRat(1, 1)
	if abs(n.x).Cmp(new(big.Rat).Add(unit, n.e)) > 0 {
		return number{}, wrong("Arc sine and arc cosine take numbers from -1 to 1.")
	}
	if n.isExact() && abs(n.x).Cmp(unit) == 0 {
		half := pi()
		return fromFixed(half.Mul(half, big.NewInt(int64(n.x.Sign()))), -1, 20, new(big.Rat))
	}
	square, err := n.times(n)
	if err != nil {
		return number{}, err
	}
	rest, err := whole(1).minus(square)
	if err != nil {
		return number{}, err
	}
	if rest, err = sqrt(rest); err != nil {
		return number{}, err
	}
	t, err := n.over(rest)
	if err != nil {
		return number{}, err
	}
	return atan(t)
}

func acos(n number) (number, error) {
	if n.isExact() && n.x.Cmp(big.NewRat(1, 1)) == 0 {
		return whole(0), nil
	}
	a, err := asin(n)
	if err != nil {
		return number{}, err
	}
	half, err := fromFixed(pi(), -1, 20, new(big.Rat))
	if err != nil {
		return number{}, err
	}
	return half.minus(a)
}
