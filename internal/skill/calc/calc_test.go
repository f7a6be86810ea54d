package calc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"openmates"
	"openmates/internal/skill"
	"openmates/internal/skill/calc"
	"openmates/internal/skill/skilltest"
)

func now() time.Time { return time.Date(2026, 11, 23, 14, 30, 0, 0, time.UTC) }

func app(t testing.TB) skill.App {
	t.Helper()
	a, err := calc.New(calc.Config{Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func registry(t testing.TB) *skill.Registry {
	t.Helper()
	r, err := skill.New(app(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func berlin(t testing.TB) skill.Person {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return skill.Person{Name: "Ada", Location: loc}
}

// use calls a skill and returns its result or error message.
func use(t testing.TB, r *skill.Registry, name string, args map[string]any) string {
	t.Helper()
	text, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.Run(context.Background(), "calculation_"+name, skill.Call{Turn: "t", By: berlin(t), Arguments: text})
	if openmates.CodeOf(err) == openmates.EInternal {
		t.Fatalf("%s: %v", text, err)
	}
	if err != nil {
		return "refused: " + openmates.MessageOf(err)
	}
	return res.Text
}

func evaluate(t testing.TB, r *skill.Registry, expression string) string {
	t.Helper()
	return strings.TrimPrefix(use(t, r, "evaluate", map[string]any{"expression": expression}), expression+" = ")
}

func TestTheAppKeepsTheContract(t *testing.T) {
	t.Parallel()
	skilltest.Exercise(t, app(t), []skilltest.Sample{
		{Skill: "calculation.evaluate", Arguments: `{"expression":"17 * 23","digits":5}`, Want: "17 * 23 = 391"},
		{Skill: "calculation.convert", Arguments: `{"value":"5","from":"miles","to":"km"}`, Want: "5 mi = 8.04672 km"},
		{Skill: "calculation.date", Arguments: `{"date":"2024-01-31","add":"1 month","until":"2024-03-01"}`, Want: "2024-02-29"},
		{Skill: "calculation.time", Arguments: `{"time":"12:00","from":"UTC","to":["Asia/Tokyo"]}`, Want: "21:00"},
	})
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	r := registry(t)
	for expression, want := range map[string]string{
		"17 * 23":                                "391",
		"0.1 + 0.2":                              "0.3",
		"1/3 + 1/6":                              "0.5",
		"1/3":                                    "0.33333333333333333333 (exactly 1/3)",
		"-2^2":                                   "-4",
		"2^3^2":                                  "512",
		"2^-3":                                   "0.125",
		"(1 + 2) * (3 - 4) / -5":                 "0.6",
		"7 mod 3":                                "1",
		"-7 mod 3":                               "2",
		"mod(7.5, 2)":                            "1.5",
		"20% of 50":                              "10",
		"5!":                                     "120",
		"3!!":                                    "720",
		"10%":                                    "0.1",
		"sqrt(16)":                               "4",
		"√(2.25)":                                "1.5",
		"8^(1/3)":                                "2",
		"4^-0.5":                                 "0.5",
		"cbrt(-27)":                              "-3",
		"root(81, 4)":                            "3",
		"log(1000)":                              "3",
		"log2(1024)":                             "10",
		"log(1/8, 2)":                            "-3",
		"max(1, 5, 3) - min(2, 7)":               "3",
		"round(2.5) + round(-2.5)":               "0",
		"round(3.14159, 2)":                      "3.14",
		"round(1234, -2)":                        "1200",
		"floor(-1.5) + ceil(-1.5) + trunc(-1.5)": "-4",
		"gcd(12, 18) + lcm(4, 6)":                "18",
		"choose(49, 6)":                          "13983816",
		"mean(1, 2, 3, 4)":                       "2.5",
		"median(5, 1, 3)":                        "3",
		"sum(1, 2, 3)":                           "6",
		"1e3 + 1_000 + .5":                       "2000.5",
		"6 × 7 ÷ 2 − 1":                          "20",
		"12 ** 2 + 3²":                           "153",
		"2^200":                                  "1606938044258990275541962092341162602522202993782792835301376",
		"1^99999999999999999999":                 "1",
		"(-1)^99999999999999999999":              "-1",
		"0 * 5":                                  "0",
		"123456789012345678901234567890 + 1":     "123456789012345678901234567891",
		"sin(0) + cos(0) + atan(0) + exp(0)":     "2",
	} {
		if got := evaluate(t, r, expression); got != want {
			t.Errorf("%s = %s, want %s", expression, got, want)
		}
	}
}

// The reference digits are from OEIS: A000796, A001113, A002193, A002162, A049469.
func TestDigitsOfWhatHasNoEnd(t *testing.T) {
	t.Parallel()
	r := registry(t)
	for expression, want := range map[string]string{
		"pi":             "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706",
		"e":              "2.71828182845904523536028747135266249775724709369995957496696762772407663035354759457138217852516642",
		"sqrt(2)":        "1.41421356237309504880168872420969807856967187537694807317667973799073247846210703885038753432764157",
		"ln(2)":          "0.69314718055994530941723212145817656807550013436025525412068000949339362196969471560586332699641868",
		"sin(1)":         "0.84147098480789650665250232163029899962256306079837106567275170999191040439123966894863974354305269",
		"4 * atan(1)":    "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706",
		"2 * asin(1)":    "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706",
		"acos(-1)":       "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706",
		"exp(ln(7)/2)^2": "7",
		"ln(exp(1))":     "1",
		"rad(180)":       "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706",
		"deg(pi)":        "180",
		"cos(pi / 3)":    "0.5",
		"tan(pi / 4)":    "1",
		"1e50 * sqrt(2)": "1.41421356237309504880168872420969807856967187537694807317667973799073247846210703885038753432764157",
	} {
		got := use(t, r, "evaluate", map[string]any{"expression": expression, "digits": 99})
		digits, rest, _ := strings.Cut(strings.TrimPrefix(got, expression+" = "), " ")
		digits, _, _ = strings.Cut(digits, "e")
		if expression == "1e50 * sqrt(2)" {
			want = strings.Replace(want, ".", "", 1)
			digits = strings.Replace(digits, ".", "", 1)
		}
		if diff := len(want) - len(digits); digits != want && (diff > 1 || diff < -1 || !strings.HasPrefix(want, digits[:len(digits)-1])) {
			t.Errorf("%s = %s, want %s", expression, digits, want)
		}
		if !strings.Contains(rest, "significant digits") {
			t.Errorf("%s does not say how exact it is: %s", expression, got)
		}
	}
	if got := evaluate(t, r, "sin(pi)"); !strings.HasPrefix(got, "0 (to within ") {
		t.Errorf("sin(pi) = %s", got)
	}
	if got := evaluate(t, r, "(1 + 1e-150 * sqrt(2) - 1) * 1e150"); !strings.HasPrefix(got, "1.4") || strings.Contains(got, "20 significant") {
		t.Errorf("digits that cancelled out are shown: %s", got)
	}
}

func TestAPercentageThatIsAddedIsExplained(t *testing.T) {
	t.Parallel()
	r := registry(t)
	for expression, want := range map[string]string{
		"50 + 20%":        "60\nA percentage after + is taken",
		"119 - 19%":       "96.39\nA percentage after - is taken",
		"100 - 20% + 10%": "88\nA",
	} {
		if got := evaluate(t, r, expression); !strings.HasPrefix(got, want) {
			t.Errorf("%s = %s", expression, got)
		}
	}
	for expression, want := range map[string]string{"50 + (20%)": "50.2", "50 + 20% * 2": "50.4", "1 + -5%": "0.95"} {
		if got := evaluate(t, r, expression); got != want {
			t.Errorf("%s = %s, want %s", expression, got, want)
		}
	}
}

func TestWhatIsRefusedIsSaid(t *testing.T) {
	t.Parallel()
	r := registry(t)
	for expression, want := range map[string]string{
		"10^10^10":                          "gets too large",
		"9^9^9^9":                           "gets too large",
		"(sqrt(2))^1e30":                    "gets too large",
		"3001!":                             "gets too large",
		"99999999999999999999!":             "gets too large",
		"1e99999999999":                     "gets too large",
		"exp(1e9)":                          "gets too large",
		"1/0":                               "divided by zero",
		"1 mod 0":                           "divided by zero",
		"0^-1":                              "divided by zero",
		"0^0":                               "not defined",
		"1/sin(pi)":                         "not known exactly enough",
		"floor(sqrt(2)^2)":                  "not known exactly enough",
		"sqrt(-1)":                          "no real square root",
		"(-8)^(1/3)":                        "no real power",
		"ln(0)":                             "above zero",
		"asin(2)":                           "from -1 to 1",
		"sin(1e30)":                         "too large",
		"1,234 + 1":                         "without thousands separators",
		"2(3)":                              "An operator is missing",
		"2 pi":                              "An operator is missing",
		"17 % 5":                            "mod for remainders",
		"1 +":                               "ends too early",
		"(1 + 2":                            "parenthesis is missing",
		"1)":                                "did not expect",
		"nonsense":                          "I don't know \"nonsense\"",
		"foo(1)":                            "There is no function \"foo\"",
		"sqrt(1, 2)":                        "takes 1 to 1 arguments, not 2",
		"$5 + 1":                            "did not expect",
		"import os":                         "I don't know",
		"..5":                               "without digits",
		"2.5!":                              "Only whole numbers",
		"choose(5, 6)":                      "choose(n, k)",
		"--------------1":                   "more than ten signs",
		"\u0000":                            "can't be read",
		strings.Repeat("(", 500) + "1":      "nested more than",
		strings.Repeat("2^", 900) + "2":     "nested more than",
		strings.Repeat("9", 1000) + "^1000": "gets too large",
	} {
		if got := evaluate(t, r, expression); !strings.HasPrefix(got, "refused: ") || !strings.Contains(got, want) {
			t.Errorf("%.40s: %s, want %q", expression, got, want)
		}
	}
}

func TestLongNumbersAreShownInPart(t *testing.T) {
	t.Parallel()
	got := evaluate(t, registry(t), "3000!")
	if !strings.Contains(got, "a number of 9131 digits") || !strings.HasPrefix(got, "4.14935960343785408") || len(got) > 200 {
		t.Errorf("3000! = %s", got)
	}
}

// Sums, products and quotients of rationals are those of math/big, whatever
// the parentheses.
func TestArithmeticIsExact(t *testing.T) {
	t.Parallel()
	r := registry(t)
	rapid.Check(t, func(rt *rapid.T) {
		text, want := draw(rt, 4)
		got := evaluate(t, r, text)
		if want == nil {
			if !strings.Contains(got, "divided by zero") {
				rt.Fatalf("%s = %s, want a refusal", text, got)
			}
			return
		}
		digits, rest, _ := strings.Cut(got, " ")
		if exactly, ok := strings.CutPrefix(rest, "(exactly "); ok {
			digits = strings.TrimSuffix(exactly, ")")
		} else if rest != "" {
			return // more than can be shown
		}
		if n, ok := new(big.Rat).SetString(digits); !ok || n.Cmp(want) != 0 {
			rt.Fatalf("%s = %s, want %s", text, got, want.RatString())
		}
	})
}

// draw makes an expression and its value, nil if it divides by zero.
func draw(rt *rapid.T, depth int) (string, *big.Rat) {
	op := "n"
	if depth > 0 {
		op = rapid.SampledFrom([]string{"n", "+", "-", "*", "/", "neg"}).Draw(rt, "op")
	}
	if op == "n" {
		a, b := rapid.IntRange(0, 9999).Draw(rt, "whole"), rapid.IntRange(0, 999).Draw(rt, "decimals")
		text := fmt.Sprintf("%d.%03d", a, b)
		n, _ := new(big.Rat).SetString(text)
		return text, n
	}
	text, a := draw(rt, depth-1)
	if op == "neg" {
		if a != nil {
			a = new(big.Rat).Neg(a)
		}
		return "(-" + text + ")", a
	}
	right, b := draw(rt, depth-1)
	text = "(" + text + " " + op + " " + right + ")"
	if a == nil || b == nil || op == "/" && b.Sign() == 0 {
		return text, nil
	}
	switch op {
	case "+":
		return text, new(big.Rat).Add(a, b)
	case "-":
		return text, new(big.Rat).Sub(a, b)
	case "*":
		return text, new(big.Rat).Mul(a, b)
	}
	return text, new(big.Rat).Quo(a, b)
}

// What is shown as known holds the truth: a function and its inverse meet.
func TestBoundsOfErrorsHold(t *testing.T) {
	t.Parallel()
	r := registry(t)
	rapid.Check(t, func(rt *rapid.T) {
		x := fmt.Sprintf("%d.%06d", rapid.IntRange(0, 50).Draw(rt, "whole"), rapid.IntRange(1, 999999).Draw(rt, "decimals"))
		f := rapid.SampledFrom([]string{
			"exp(ln(%s)) - %s", "ln(exp(%s)) - %s", "sqrt(%s)^2 - %s", "tan(atan(%s)) - %s", "root(%s, 7)^7 - %s",
			"deg(rad(%s)) - %s", "10^(log10(%s)) - %s", "sin(%s)^2 - 1 + cos(%s)^2",
		}).Draw(rt, "f")
		text := fmt.Sprintf(f, x, x)
		if got := evaluate(t, r, text); !strings.HasPrefix(got, "0 (to within ") && got != "0" {
			rt.Fatalf("%s = %s, want zero within its bound", text, got)
		}
	})
}

func FuzzEvaluate(f *testing.F) {
	for _, s := range []string{
		"17 * 23", "10^10^10", "1/3%", "sqrt(2)^0.5", "max(1,2,3)!", "sin(1e19)", "2^-39999", "1e-9999*1e9999", "ln(1e-5000)", "((((",
		"0.5 mod 1e-3000", "round(pi, 50)", "choose(5000,2500)", "exp(-20000)", "√π²", "5%%!", "1e", "--1", "of", "root(2,1000)", "e^pi - pi^e",
	} {
		f.Add(s)
	}
	r := registry(f)
	f.Fuzz(func(t *testing.T, expression string) {
		begin := time.Now()
		use(t, r, "evaluate", map[string]any{"expression": expression})
		if d := time.Since(begin); d > 4*time.Second {
			t.Errorf("%q took %v", expression, d)
		}
	})
}
