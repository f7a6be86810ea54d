package calc

import (
	"context"
	"math/big"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The grammar; what binds tighter is lower.
//
//	sum     = product { ("+" | "-") product }
//	product = signed { ("*" | "/" | "of" | "mod") signed }
//	signed  = { "-" | "+" } power ;
//	power   = postfix [ "^" signed ]              2^3^2 is 2^9, -2^2 is -4
//	postfix = primary { "!" | "%" }
//	primary = number | constant | name "(" sum { "," sum } ")" | "(" sum ")"
//
// A percentage that is added or taken away is one of what comes before it, as
// people and pocket calculators mean it: 50 + 20% is 60.
type parser struct {
	ctx   context.Context
	rest  string
	depth int
	notes []string
}

const (
	maxExpression = 2_000 // bytes
	maxDepth      = 150
)

// evaluate evaluates an expression, and returns remarks on how it was read.
func evaluate(ctx context.Context, expression string) (number, []string, error) {
	if len(expression) > maxExpression {
		return number{}, nil, wrong("That expression is longer than %d characters.", maxExpression)
	}
	p := &parser{ctx: ctx, rest: plainSigns(expression)}
	n, err := p.sum()
	if err != nil {
		return number{}, nil, err
	}
	if p.space(); p.rest != "" {
		return number{}, nil, p.unexpected()
	}
	return n, p.notes, nil
}

// plainSigns replaces mathematical signs with keyboard characters.
func plainSigns(s string) string {
	return strings.NewReplacer(
		"×", "*", "·", "*", "⋅", "*", "÷", "/", "−", "-", "–", "-", "**", "^",
		"²", "^2", "³", "^3", "π", "pi", "√", "sqrt", "\u00a0", " ", "\u202f", " ",
	).Replace(s)
}

func (p *parser) space() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

// take consumes one of these signs.
func (p *parser) take(signs string) (byte, bool) {
	p.space()
	if p.rest == "" || strings.IndexByte(signs, p.rest[0]) < 0 {
		return 0, false
	}
	c := p.rest[0]
	p.rest = p.rest[1:]
	return c, true
}

// word consumes a name.
func (p *parser) word() string {
	p.space()
	n := strings.IndexFunc(p.rest, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' })
	if n < 0 {
		n = len(p.rest)
	}
	w := p.rest[:n]
	p.rest = p.rest[n:]
	return strings.ToLower(w)
}

// keyword consumes a word if it is one of these.
func (p *parser) keyword(words ...string) string {
	before := p.rest
	w := p.word()
	if slices.Contains(words, w) {
		return w
	}
	p.rest = before
	return ""
}

func (p *parser) unexpected() error {
	p.space()
	if p.rest == "" {
		return wrong("The expression ends too early.")
	}
	r, _ := utf8.DecodeRuneInString(p.rest)
	switch {
	case r == ',':
		return wrong("A comma separates the arguments of a function. Please write numbers without thousands separators and with a decimal point.")
	case r == utf8.RuneError || !unicode.IsPrint(r):
		return wrong("There is a sign in the expression that can't be read.")
	case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '(':
		return wrong("An operator is missing before %q. Please write * for products and mod for remainders.", ahead(p.rest))
	}
	return wrong("I did not expect %q there.", ahead(p.rest))
}

// ahead returns the start of what couldn't be parsed.
func ahead(s string) string {
	if r := []rune(s); len(r) > 20 {
		return string(r[:20]) + "…"
	}
	return s
}

// deeper limits the nesting of parentheses.
func (p *parser) deeper() (func(), error) {
	if p.depth++; p.depth > maxDepth {
		return nil, wrong("That expression is nested more than %d levels deep.", maxDepth)
	}
	return func() { p.depth-- }, p.ctx.Err()
}

func (p *parser) sum() (number, error) {
	up, err := p.deeper()
	if err != nil {
		return number{}, err
	}
	defer up()
	sum, _, err := p.product()
	for err == nil {
		op, ok := p.take("+-")
		if !ok {
			return sum, nil
		}
		var next number
		var percentage bool
		if next, percentage, err = p.product(); err != nil {
			break
		}
		if percentage {
			p.note("A percentage after " + string(op) + " is taken of what stands before it; put it in parentheses to add the plain fraction.")
			if next, err = next.times(sum); err != nil {
				break
			}
		}
		if op == '-' {
			next = next.neg()
		}
		sum, err = sum.plus(next)
	}
	return number{}, err
}

func (p *parser) note(text string) {
	if !slices.Contains(p.notes, text) {
		p.notes = append(p.notes, text)
	}
}

// product also reports whether it is a bare percentage.
func (p *parser) product() (n number, percentage bool, err error) {
	n, percentage, err = p.signed()
	for err == nil {
		op, _ := p.take("*/")
		if op == 0 {
			switch p.keyword("of", "mod") {
			case "of":
				op = '*'
			case "mod":
				op = 'm'
			default:
				return n, percentage, nil
			}
		}
		if err = p.ctx.Err(); err != nil {
			break
		}
		percentage = false
		var next number
		if next, _, err = p.signed(); err != nil {
			break
		}
		switch op {
		case '*':
			n, err = n.times(next)
		case '/':
			n, err = n.over(next)
		default:
			n, err = modulo(n, next)
		}
	}
	return number{}, false, err
}

func (p *parser) signed() (number, bool, error) {
	negative, signs := false, 0
	for {
		c, ok := p.take("+-")
		if !ok {
			break
		}
		if c == '-' {
			negative = !negative
		}
		if signs++; signs > 10 {
			return number{}, false, wrong("There are more than ten signs in a row.")
		}
	}
	n, percentage, err := p.power()
	if err == nil && negative {
		return n.neg(), false, nil
	}
	return n, percentage && signs == 0, err
}

func (p *parser) power() (number, bool, error) {
	up, err := p.deeper()
	if err != nil {
		return number{}, false, err
	}
	defer up()
	n, percentage, err := p.postfix()
	if err != nil {
		return number{}, false, err
	}
	if _, ok := p.take("^"); !ok {
		return n, percentage, nil
	}
	m, _, err := p.signed()
	if err != nil {
		return number{}, false, err
	}
	n, err = n.raise(m)
	return n, false, err
}

func (p *parser) postfix() (n number, percentage bool, err error) {
	n, err = p.primary()
	for err == nil {
		c, ok := p.take("!%")
		if !ok {
			return n, percentage, nil
		}
		percentage = c == '%'
		if percentage {
			n, err = n.over(whole(100))
		} else {
			n, err = factorial(n)
		}
	}
	return number{}, false, err
}

func (p *parser) primary() (number, error) {
	if _, ok := p.take("("); ok {
		n, err := p.sum()
		if err != nil {
			return number{}, err
		}
		return n, p.close()
	}
	p.space()
	if p.rest == "" {
		return number{}, p.unexpected()
	}
	if c := p.rest[0]; c >= '0' && c <= '9' || c == '.' {
		return p.literal()
	}
	before := p.rest
	name := p.word()
	if name == "" {
		return number{}, p.unexpected()
	}
	if _, ok := p.take("("); !ok {
		if n, known, err := constant(name); known {
			return n, err
		}
		p.rest = before
		return number{}, wrong("I don't know %q. Constants are pi, e and tau; functions need parentheses.", ahead(name))
	}
	return p.call(name)
}

func (p *parser) close() error {
	if _, ok := p.take(")"); !ok {
		if p.space(); p.rest == "" {
			return wrong("A closing parenthesis is missing.")
		}
		return p.unexpected()
	}
	return nil
}

func (p *parser) call(name string) (number, error) {
	var args []number
	for {
		n, err := p.sum()
		if err != nil {
			return number{}, err
		}
		args = append(args, n)
		if _, more := p.take(","); !more {
			break
		}
	}
	if err := p.close(); err != nil {
		return number{}, err
	}
	return apply(name, args)
}

// literal parses 12, 1.5, .5, 1_000 and 6.02e23, exactly.
func (p *parser) literal() (number, error) {
	digits := func() string {
		n := 0
		for n < len(p.rest) && (p.rest[n] >= '0' && p.rest[n] <= '9' || p.rest[n] == '_' && n > 0) {
			n++
		}
		d := p.rest[:n]
		p.rest = p.rest[n:]
		return strings.ReplaceAll(d, "_", "")
	}
	before := digits()
	after := ""
	if strings.HasPrefix(p.rest, ".") {
		p.rest = p.rest[1:]
		after = digits()
	}
	if before+after == "" {
		return number{}, wrong("A point stands there without digits.")
	}
	mantissa, ok := new(big.Int).SetString(before+after, 10)
	if !ok {
		return number{}, wrong("I can't read the number %q.", ahead(before+"."+after))
	}
	exponent, ok := p.exponent()
	if !ok {
		return number{}, tooLarge()
	}
	power, err := whole(10).power(exponent - int64(len(after)))
	if err != nil {
		return number{}, err
	}
	return exact(new(big.Rat).SetInt(mantissa)).times(power)
}

// exponent parses e23 after a number; without digits, the e is left unread.
func (p *parser) exponent() (e int64, ok bool) {
	s := p.rest
	if s == "" || s[0] != 'e' && s[0] != 'E' {
		return 0, true
	}
	s = s[1:]
	sign := int64(1)
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+") {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		if e = 10*e + int64(s[n]-'0'); e > maxBits {
			return 0, false
		}
		n++
	}
	if n > 0 {
		p.rest = s[n:]
	}
	return sign * e, true
}
