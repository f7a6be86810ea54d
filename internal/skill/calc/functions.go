package calc

import (
	"math/big"
	"slices"
	"strings"
)

// constant returns π, e or τ = 2π, with more digits than are ever shown.
func constant(name string) (n number, known bool, err error) {
	switch name {
	case "pi":
		n, err = fromFixed(pi(), 0, 20, new(big.Rat))
	case "tau":
		n, err = fromFixed(pi(), 1, 20, new(big.Rat))
	case "e":
		n, err = exp(whole(1))
	default:
		return number{}, false, nil
	}
	return n, true, err
}

// function is a function that expressions can call, with its number of
// arguments.
type function struct {
	least, most int
	do          func(a []number) (number, error)
}

const manyArguments = 500

func unary(f func(number) (number, error)) function {
	return function{1, 1, func(a []number) (number, error) { return f(a[0]) }}
}

func rounding(f func(*big.Rat) *big.Int) function {
	return unary(func(n number) (number, error) { return n.part(f) })
}

func functions() map[string]function {
	return map[string]function{
		"sqrt": unary(sqrt), "exp": unary(exp), "ln": unary(ln), "fact": unary(factorial),
		"sin": unary(sin), "cos": unary(cos), "tan": unary(tan),
		"asin": unary(asin), "acos": unary(acos), "atan": unary(atan),
		"cbrt":   unary(func(n number) (number, error) { return root(n, 3) }),
		"abs":    unary(func(n number) (number, error) { return number{abs(n.x), n.e}, nil }),
		"log2":   unary(func(n number) (number, error) { return logarithm(n, whole(2)) }),
		"log10":  unary(func(n number) (number, error) { return logarithm(n, whole(10)) }),
		"rad":    unary(radians),
		"deg":    unary(degrees),
		"floor":  rounding(floor),
		"ceil":   rounding(ceil),
		"trunc":  rounding(trunc),
		"round":  {1, 2, round},
		"log":    {1, 2, func(a []number) (number, error) { return logarithm(a[0], append(a[1:], whole(10))[0]) }},
		"root":   {2, 2, func(a []number) (number, error) { return rootBy(a[0], a[1]) }},
		"pow":    {2, 2, func(a []number) (number, error) { return a[0].raise(a[1]) }},
		"mod":    {2, 2, func(a []number) (number, error) { return modulo(a[0], a[1]) }},
		"choose": {2, 2, choose},
		"gcd":    {1, manyArguments, gcd},
		"lcm":    {1, manyArguments, lcm},
		"min":    {1, manyArguments, func(a []number) (number, error) { return extreme(a, number.lessThan), nil }},
		"max": {1, manyArguments, func(a []number) (number, error) {
			return extreme(a, func(n, m number) bool { return m.lessThan(n) }), nil
		}},
		"sum":    {1, manyArguments, total},
		"avg":    {1, manyArguments, mean},
		"mean":   {1, manyArguments, mean},
		"median": {1, manyArguments, median},
	}
}

func apply(name string, args []number) (number, error) {
	f, ok := functions()[name]
	switch {
	case !ok:
		var known []string
		for n := range functions() {
			known = append(known, n)
		}
		slices.Sort(known)
		return number{}, wrong("There is no function %q. There are: %s.", ahead(name), strings.Join(known, ", "))
	case len(args) < f.least || len(args) > f.most:
		return number{}, wrong("%s takes %d to %d arguments, not %d.", name, f.least, f.most, len(args))
	}
	return f.do(args)
}

func (n number) lessThan(m number) bool { return n.x.Cmp(m.x) < 0 }

func factorial(n number) (number, error) {
	if !n.isWhole() || n.x.Sign() < 0 {
		return number{}, wrong("Only whole numbers from 0 have a factorial.")
	}
	if n.x.Cmp(big.NewRat(3000, 1)) > 0 {
		return number{}, tooLarge()
	}
	return exact(new(big.Rat).SetInt(new(big.Int).MulRange(1, n.x.Num().Int64()))), nil
}

// modulo has the sign of the divisor, as in mathematics: -7 mod 3 is 2.
func modulo(n, m number) (number, error) {
	q, err := n.over(m)
	if err != nil {
		return number{}, err
	}
	if q, err = q.part(floor); err != nil {
		return number{}, err
	}
	if q, err = q.times(m); err != nil {
		return number{}, err
	}
	return n.minus(q)
}

// logarithm is exact if the result is a whole number.
func logarithm(n, base number) (number, error) {
	a, err := ln(n)
	if err != nil {
		return number{}, err
	}
	b, err := ln(base)
	if err != nil {
		return number{}, err
	}
	q, err := a.over(b)
	if err != nil {
		return number{}, err
	}
	if k := nearest(q.x); n.isExact() && base.isExact() && k.IsInt64() {
		if p, err := base.power(k.Int64()); err == nil && p.isExact() && p.x.Cmp(n.x) == 0 {
			return whole(k.Int64()), nil
		}
	}
	return q, nil
}

func rootBy(n, degree number) (number, error) {
	if !degree.isWhole() || !degree.x.Num().IsInt64() {
		return number{}, wrong("The degree of a root is a whole number from 1 to 1000.")
	}
	return root(n, degree.x.Num().Int64())
}

// radians converts an angle from degrees.
func radians(n number) (number, error) {
	p, _, err := constant("pi")
	if err != nil {
		return number{}, err
	}
	if n, err = n.times(p); err != nil {
		return number{}, err
	}
	return n.over(whole(180))
}

// degrees converts an angle from radians.
func degrees(n number) (number, error) {
	p, _, err := constant("pi")
	if err != nil {
		return number{}, err
	}
	if n, err = n.times(whole(180)); err != nil {
		return number{}, err
	}
	return n.over(p)
}

// round rounds; its second argument is the number of decimals.
func round(a []number) (number, error) {
	places := whole(0)
	if len(a) > 1 {
		places = a[1]
	}
	if !places.isWhole() || places.x.Cmp(big.NewRat(-1000, 1)) < 0 || places.x.Cmp(big.NewRat(1000, 1)) > 0 {
		return number{}, wrong("round takes a number and from -1000 to 1000 decimals.")
	}
	scale, err := whole(10).power(places.x.Num().Int64())
	if err != nil {
		return number{}, err
	}
	n, err := a[0].times(scale)
	if err != nil {
		return number{}, err
	}
	if n, err = n.part(nearest); err != nil {
		return number{}, err
	}
	return n.over(scale)
}

func choose(a []number) (number, error) {
	n, k := a[0], a[1]
	if !n.isWhole() || !k.isWhole() || k.x.Sign() < 0 || n.x.Cmp(k.x) < 0 || n.x.Cmp(big.NewRat(5000, 1)) > 0 {
		return number{}, wrong("choose(n, k) takes whole numbers with 0 ≤ k ≤ n ≤ 5000.")
	}
	return exact(new(big.Rat).SetInt(new(big.Int).Binomial(n.x.Num().Int64(), k.x.Num().Int64()))), nil
}

func gcd(a []number) (number, error) {
	d := new(big.Int)
	for _, n := range a {
		if !n.isWhole() {
			return number{}, wrong("gcd and lcm take whole numbers.")
		}
		d.GCD(nil, nil, d, new(big.Int).Abs(n.x.Num()))
	}
	return exact(new(big.Rat).SetInt(d)), nil
}

func lcm(a []number) (number, error) {
	m := whole(1)
	for _, n := range a {
		d, err := gcd([]number{m, n})
		if err != nil || d.x.Sign() == 0 {
			return d, err
		}
		if n.x.Sign() == 0 {
			return n, nil
		}
		if m, err = m.times(number{new(big.Rat).Quo(abs(n.x), d.x), n.e}); err != nil {
			return number{}, err
		}
	}
	return m, nil
}

// extreme is right even for numbers that overlap: the result's error is the
// largest of all.
func extreme(a []number, before func(n, m number) bool) number {
	best, e := a[0], a[0].e
	for _, n := range a[1:] {
		if before(n, best) {
			best = n
		}
		if n.e.Cmp(e) > 0 {
			e = n.e
		}
	}
	return number{best.x, e}
}

func total(a []number) (number, error) {
	sum := whole(0)
	for _, n := range a {
		var err error
		if sum, err = sum.plus(n); err != nil {
			return number{}, err
		}
	}
	return sum, nil
}

func mean(a []number) (number, error) {
	sum, err := total(a)
	if err != nil {
		return number{}, err
	}
	return sum.over(whole(int64(len(a))))
}

func median(a []number) (number, error) {
	sorted := slices.SortedFunc(slices.Values(a), func(n, m number) int { return n.x.Cmp(m.x) })
	e := extreme(a, number.lessThan).e
	low, high := sorted[(len(a)-1)/2], sorted[len(a)/2]
	low.e, high.e = e, e
	return mean([]number{low, high})
}
