package openmates_test

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"openmates"
)

func TestCostIsWhatPeopleCalculate(t *testing.T) {
	t.Parallel()
	p := openmates.Price{Input: 3_000_000, Cached: 300_000, Output: 15_000_000}
	for _, c := range []struct {
		price                 openmates.Price
		input, cached, output int
		want                  openmates.Micros
	}{
		{p, 1_000_000, 0, 0, 3_000_000},
		{p, 1000, 900, 100, 300 + 270 + 1500},
		{openmates.Price{Input: 1}, 1, 0, 0, 1}, // rounded up
		{p, 0, 0, 0, 0},
		// The dearest price that can be entered overflowed with so few tokens.
		{openmates.Price{Output: 1_000_000_000_000_000}, 0, 0, 9_224, 9_224_000_000_000},
		{openmates.Price{Output: 1_000_000_000_000_000}, 0, 0, math.MaxInt, openmates.MostMicros},
		{p, 5, 0, -1_000_000, 15},
		{p, -5, -9, -1, 0},
		{p, 10, 20, 0, 3}, // no more can be cached than was read
		{openmates.Price{Input: -1, Cached: -1, Output: -1}, 1000, 1000, 1000, 0},
	} {
		if got := c.price.Cost(c.input, c.cached, c.output); got != c.want {
			t.Errorf("%+v for %d, %d, %d: %d, want %d", c.price, c.input, c.cached, c.output, got, c.want)
		}
	}
}

// Whatever numbers come from outside, a cost is never below 0, never wraps
// round, and never falls when more was read or written.
func TestCostNeverFalls(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := func(name string) openmates.Micros { return openmates.Micros(rapid.Int64().Draw(t, name)) }
		p := openmates.Price{Input: amount("input price"), Output: amount("output price")}
		p.Cached = p.Input
		in, cached, out := rapid.Int().Draw(t, "input"), rapid.Int().Draw(t, "cached"), rapid.Int().Draw(t, "output")
		got := p.Cost(in, cached, out)
		if got < 0 || got > openmates.MostMicros {
			t.Fatalf("costs %d", got)
		}
		if want := exact(p, in, out); want.Cmp(big.NewInt(int64(got))) != 0 {
			t.Fatalf("costs %d, want %s", got, want)
		}
		more := rapid.IntRange(0, math.MaxInt).Draw(t, "more")
		if in <= math.MaxInt-more && p.Cost(in+more, cached, out) < got || out <= math.MaxInt-more && p.Cost(in, cached, out+more) < got {
			t.Fatalf("%d tokens more cost less", more)
		}
	})
}

// exact is the cost of what was not cached, in numbers without an end.
func exact(p openmates.Price, in, out int) *big.Int {
	product := func(price openmates.Micros, n int) *big.Int {
		return new(big.Int).Mul(big.NewInt(int64(max(price, 0))), big.NewInt(int64(max(n, 0))))
	}
	sum := new(big.Int).Add(product(p.Input, in), product(p.Output, out))
	sum.Add(sum, big.NewInt(999_999)).Quo(sum, big.NewInt(1_000_000))
	if most := big.NewInt(int64(openmates.MostMicros)); sum.Cmp(most) > 0 {
		return most
	}
	return sum
}

func TestSumsOfMoneyStayWithinBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := openmates.Micros(rapid.Int64().Draw(t, "a")), openmates.Micros(rapid.Int64().Draw(t, "b"))
		sum := a.Plus(b)
		if sum < 0 || sum > openmates.MostMicros || sum != b.Plus(a) || b >= 0 && a >= 0 && sum < min(max(a, b), openmates.MostMicros) {
			t.Fatalf("%d and %d are %d", a, b, sum)
		}
		if s := a.String(); s == "" || s == "--" {
			t.Fatalf("%d is written %q", a, s)
		}
	})
	if got := openmates.Micros(math.MinInt64).String(); got != "-1000000000000" {
		t.Errorf("the smallest number is written %q", got)
	}
}
