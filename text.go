package openmates

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Text is a sentence for people, or a part of one, that every reader gets in
// their own language: the format that T was given, and its arguments. The zero
// Text says nothing.
//
// It is a string so that it can be compared, stored and sent as it is, and so
// that a template sees whether there is one. A format without arguments stands
// for itself; a format with arguments is the JSON array of both. Only T makes
// one, and only String and Parts read one: a Text is never put together with +
// and never converted from or to a string.
type Text string

// T returns a sentence from a format of package fmt and its arguments. The
// format is English and a message in the catalogue, so it must be a constant.
//
// A string argument is a name or something that somebody typed, and is shown
// unchanged. A Text is shown in the reader's language, and so are numbers, a
// Day and the sentence of an *Error.
func T(format string, args ...any) Text {
	if false {
		_ = fmt.Sprintf(format, args...) // makes go vet check calls of T like those of Sprintf
	}
	if len(args) == 0 && !strings.Contains(format, "%") && !strings.HasPrefix(format, textStart) {
		return Text(format)
	}
	if format == "%s" && len(args) == 1 {
		switch only := textArgument(args[0]).(type) {
		case json.RawMessage:
			return Text(only)
		case textObject:
			if only.Text != "" {
				return only.Text
			}
		case string:
			if only == "" {
				return ""
			}
		}
	}
	parts := make([]any, 1, 1+len(args))
	parts[0] = format
	for _, a := range args {
		parts = append(parts, textArgument(a))
	}
	encoded, err := json.Marshal(parts)
	if err != nil {
		return Text(format) // a number that JSON can't represent
	}
	return Text(encoded)
}

// And returns the items as a list: "a, b and c".
func And[S ~string](items []S) Text {
	last := len(items) - 1
	if last <= 0 {
		return List(items)
	}
	return T("%s and %s", List(items[:last]), items[last])
}

// List returns the items separated by commas.
func List[S ~string](items []S) Text {
	if len(items) == 0 {
		return ""
	}
	all := make([]any, len(items))
	for i, item := range items {
		all[i] = item
	}
	return T(strings.TrimSuffix(strings.Repeat("%s, ", len(all)), ", "), all...)
}

// Sentences joins sentences with spaces, leaving out empty ones.
func Sentences(all ...Text) Text {
	var text Text
	for _, s := range all {
		switch {
		case text == "":
			text = s
		case s != "":
			text = T("%s %s", text, s)
		}
	}
	return text
}

// Day is a date in a Text, formatted with a layout of package time such as "2
// January".
type Day struct {
	Layout string
	Time   time.Time
}

// String returns the date in English.
func (d Day) String() string { return d.Time.Format(d.Layout) }

// Money is an amount that a Text shows as the reader's language writes it.
type Money struct {
	Amount   Micros
	Currency string // "" = it is clear from what is around it
}

// String is the amount in English.
func (m Money) String() string { return strings.TrimSpace(m.Amount.Shown() + " " + m.Currency) }

// Quantity says how many there are of something, in the form that the reader's
// language has for that number. One and Many are messages with one %d.
type Quantity struct {
	N         int
	One, Many string
}

// String is the quantity in English.
func (q Quantity) String() string {
	if q.N == 1 {
		return fmt.Sprintf(q.One, q.N)
	}
	return fmt.Sprintf(q.Many, q.N)
}

const (
	textStart    = `["`
	textArgBytes = 2000 // per string argument
	textDepth    = 8    // nesting of texts
)

// textArgument returns an argument as it is encoded: a string, a number, a
// bool, or an object that says which kind of value it is.
func textArgument(a any) any {
	switch a := a.(type) {
	case nil:
		return nil
	case Text:
		return encodedText(a)
	case Day:
		return textObject{Layout: a.Layout, Time: a.Time}
	case Money:
		return textObject{Money: &a.Amount, Currency: a.Currency}
	case Quantity:
		return textObject{One: a.One, Many: a.Many, N: a.N}
	case error:
		if t, ok := textOf(a); ok {
			return encodedText(t)
		}
		return cutArgument(a.Error())
	case fmt.Stringer:
		return cutArgument(a.String())
	}
	switch v := reflect.ValueOf(a); {
	case v.Kind() == reflect.String:
		return cutArgument(v.String())
	case v.Kind() == reflect.Bool, v.CanInt(), v.CanUint(), v.CanFloat():
		return a
	}
	return cutArgument(fmt.Sprint(a))
}

// encodedText returns a text within a text: the array that it is, or an object
// for a text without arguments.
func encodedText(t Text) any {
	if strings.HasPrefix(string(t), textStart) && json.Valid([]byte(t)) {
		return json.RawMessage(t)
	}
	return textObject{Text: t}
}

type textObject struct {
	Text     Text      `json:"text,omitempty"`
	Layout   string    `json:"layout,omitempty"`
	Time     time.Time `json:"time,omitzero"`
	Money    *Micros   `json:"money,omitempty"`
	Currency string    `json:"currency,omitempty"`
	One      string    `json:"one,omitempty"`
	Many     string    `json:"many,omitempty"`
	N        int       `json:"n,omitempty"`
}

func cutArgument(s string) string {
	if len(s) <= textArgBytes {
		return s
	}
	s = s[:textArgBytes]
	for len(s) > 0 && !utf8.ValidString(s[max(0, len(s)-utf8.UTFMax):]) {
		s = s[:len(s)-1]
	}
	return s + "…"
}

// Parts returns the format and its arguments: strings, numbers, bools, Texts,
// Days, Money and Quantities. For a text without arguments, or one that T
// didn't make (such as a sentence stored by an older version), ok is false and
// format is the whole text, not a format of package fmt.
func (t Text) Parts() (format string, args []any, ok bool) {
	if !strings.HasPrefix(string(t), textStart) {
		return string(t), nil, false
	}
	var parts []json.RawMessage
	if json.Unmarshal([]byte(t), &parts) != nil || json.Unmarshal(parts[0], &format) != nil {
		return string(t), nil, false
	}
	for _, p := range parts[1:] {
		args = append(args, argumentOf(p))
	}
	return format, args, true
}

func argumentOf(p json.RawMessage) any {
	switch p[0] {
	case '[':
		return Text(p)
	case '{':
		var o textObject
		switch err := json.Unmarshal(p, &o); {
		case err != nil:
			return Text("")
		case o.Layout != "":
			return Day{o.Layout, o.Time}
		case o.Money != nil:
			return Money{*o.Money, o.Currency}
		case o.Many != "":
			return Quantity{o.N, o.One, o.Many}
		}
		return o.Text
	case '"', 't', 'f', 'n':
		var v any
		_ = json.Unmarshal(p, &v) // has already been parsed once
		return v
	}
	if n, err := strconv.ParseInt(string(p), 10, 64); err == nil {
		return n
	}
	f, _ := strconv.ParseFloat(string(p), 64)
	return f
}

// String returns the text in English.
func (t Text) String() string {
	return t.In(func(message string) string { return message }, func(value any) any { return value })
}

// In returns the text in a language: message translates a format, and value
// formats an argument that is neither a string nor a Text.
func (t Text) In(message func(string) string, value func(any) any) string {
	return t.in(message, value, 0)
}

func (t Text) in(message func(string) string, value func(any) any, depth int) string {
	format, args, ok := t.Parts()
	if !ok {
		if format == "" {
			return ""
		}
		return message(format)
	}
	for i, a := range args {
		switch a := a.(type) {
		case string:
		case Text:
			if args[i] = ""; depth < textDepth {
				args[i] = a.in(message, value, depth+1)
			}
		default:
			args[i] = value(a)
		}
	}
	return fmt.Sprintf(message(format), args...)
}
