package locale

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// A message in a template is a run of words without a block element or control
// action. In the catalogue its values are {1}, {2} …; an inline element without
// attributes is kept (<b>), one with attributes is numbered (<a1>the
// simulator</a1>). Attributes that are shown or read out are separate messages.

// Template returns the source of an html/template in the voice's language.
func (v *Voice) Template(source string) (string, error) {
	if v.po == nil {
		return source, nil
	}
	var b strings.Builder
	var failed error
	walk(lex(source), func(raw string) { b.WriteString(raw) }, func(m message) {
		said, err := m.in(v.message(m.id), func(raw string) string { return attributes(raw, v.attribute) })
		if err != nil && failed == nil {
			failed = fmt.Errorf("locale: po/%s.po: %q: %w", v.Tag, m.id, err)
		}
		b.WriteString(said)
	}, v.attribute)
	return b.String(), failed
}

// attribute returns the value of an attribute in the voice's language.
func (v *Voice) attribute(value string) string {
	var b strings.Builder
	walk(plainText(value), func(raw string) { b.WriteString(raw) }, func(m message) {
		said, err := m.in(v.message(m.id), func(raw string) string { return raw })
		if err != nil || strings.Contains(said, `"`) {
			said = m.raw
		}
		b.WriteString(said)
	}, nil)
	return b.String()
}

// plainText splits a text that contains actions but no tags.
func plainText(source string) (tokens []token) {
	for source != "" {
		t := token{kind: text, raw: source}
		if i := strings.Index(source, "{{"); i > 0 {
			t.raw = source[:i]
		} else if i == 0 {
			t = next(source)
		}
		tokens, source = append(tokens, t), source[len(t.raw):]
	}
	return tokens
}

// message is a run of tokens that is translated as one.
type message struct {
	id     string
	raw    string   // its source
	values []string // the actions
	tags   []pair
}

// pair is an inline element of a message.
type pair struct{ label, open, close string }

// walk passes on the tokens: those of a message to say, all others to keep.
// attr gets the values of attributes that contain words.
func walk(tokens []token, keep func(raw string), say func(message), attr func(string) string) {
	if attr == nil {
		attr = func(s string) string { return s }
	}
	plain := func(ts []token) {
		for _, t := range ts {
			if t.name != "" {
				t.raw = attributes(t.raw, attr)
			}
			keep(t.raw)
		}
	}
	run := func(ts []token) {
		for _, part := range balanced(ts) {
			first, last := core(part)
			plain(part[:first])
			if m, before, after := newMessage(part[first:last]); m.id != "" {
				keep(before)
				say(m)
				keep(after)
			} else {
				plain(part[first:last])
			}
			plain(part[last:])
		}
	}
	start := 0
	for i, t := range tokens {
		if t.kind == wall {
			run(tokens[start:i])
			plain(tokens[i : i+1])
			start = i + 1
		}
	}
	run(tokens[start:])
}

// partners returns for each tag the index of its matching tag, or -1.
func partners(ts []token) []int {
	mate := make([]int, len(ts))
	var open []int
	for i, t := range ts {
		mate[i] = -1
		switch t.kind {
		case opens:
			open = append(open, i)
		case closes:
			if n := len(open); n > 0 && ts[open[n-1]].name == t.name {
				mate[i], mate[open[n-1]] = open[n-1], i
				open = open[:n-1]
			} else {
				open = nil
			}
		}
	}
	return mate
}

// balanced splits a run at tags whose matching tag is outside of it.
func balanced(ts []token) (parts [][]token) {
	start := 0
	mate := partners(ts)
	for i, t := range ts {
		if (t.kind == opens || t.kind == closes) && mate[i] < 0 {
			parts = append(parts, ts[start:i], ts[i:i+1])
			start = i + 1
		}
	}
	return append(parts, ts[start:])
}

// core leaves out what surrounds the words: space, and elements around all of
// them.
func core(ts []token) (first, last int) {
	mate := partners(ts)
	first, last = 0, len(ts)
	for first < last {
		switch {
		case blank(ts[first]) || ts[first].kind == lone:
			first++
		case blank(ts[last-1]) || ts[last-1].kind == lone:
			last--
		case ts[first].kind == opens && mate[first] == last-1:
			first, last = first+1, last-1
		case ts[first].kind == opens && mate[first] >= 0 && !letters(ts[first:mate[first]+1]):
			first = mate[first] + 1
		case ts[last-1].kind == closes && mate[last-1] >= 0 && !letters(ts[mate[last-1]:last]):
			last = mate[last-1]
		default:
			return first, last
		}
	}
	return first, last
}

func blank(t token) bool { return t.kind == text && strings.TrimSpace(t.raw) == "" }

// letters reports whether the tokens contain words; numbers and punctuation
// need no translation.
func letters(ts []token) bool {
	for _, t := range ts {
		if t.kind == text && strings.ContainsFunc(entity.ReplaceAllString(t.raw, ""), unicode.IsLetter) {
			return true
		}
	}
	return false
}

var (
	entity = regexp.MustCompile(`&#?\w+;`)
	spaces = regexp.MustCompile(`\s+`)
)

// newMessage makes a message of a run, and returns the space around it. A run
// without words makes an empty message.
func newMessage(ts []token) (m message, before, after string) {
	if !letters(ts) {
		return m, "", ""
	}
	mate := partners(ts)
	labels := make([]string, len(ts))
	var id strings.Builder
	trim := false // the last action trims the space after it
	for i, t := range ts {
		m.raw += t.raw
		switch t.kind {
		case text:
			if i+1 < len(ts) && ts[i+1].kind == value && strings.HasPrefix(ts[i+1].raw, "{{- ") {
				t.raw = strings.TrimRightFunc(t.raw, unicode.IsSpace)
			}
			if trim {
				t.raw = strings.TrimLeftFunc(t.raw, unicode.IsSpace)
			}
			id.WriteString(t.raw)
		case value:
			m.values = append(m.values, untrimmed(t.raw))
			id.WriteString("{" + strconv.Itoa(len(m.values)) + "}")
		case opens:
			labels[i] = t.name
			if !t.bare {
				labels[i] += strconv.Itoa(len(m.tags) + 1)
			}
			labels[mate[i]] = labels[i]
			m.tags = append(m.tags, pair{labels[i], t.raw, ts[mate[i]].raw})
			id.WriteString("<" + labels[i] + ">")
		case closes:
			id.WriteString("</" + labels[i] + ">")
		default:
			id.WriteString(t.raw)
		}
		trim = t.kind == value && strings.HasSuffix(t.raw, " -}}")
	}
	whole := id.String()
	m.id = spaces.ReplaceAllString(strings.TrimSpace(whole), " ")
	if len(strings.TrimLeftFunc(whole, unicode.IsSpace)) < len(whole) {
		before = " "
	}
	if len(strings.TrimRightFunc(whole, unicode.IsSpace)) < len(whole) {
		after = " "
	}
	return m, before, after
}

func untrimmed(action string) string {
	if strings.HasPrefix(action, "{{- ") {
		action = "{{" + action[4:]
	}
	if before, ok := strings.CutSuffix(action, " -}}"); ok {
		action = before + "}}"
	}
	return action
}

var placeholder = regexp.MustCompile(`\{(\d+)\}|<(/?)([a-z]+)(\d*)>`)

// in puts the message's values and tags into a translation. Each must appear
// exactly once: a translation can reorder them, but not add or lose any.
func (m message) in(translation string, tag func(raw string) string) (string, error) {
	used := map[string]int{}
	var b strings.Builder
	rest := func(text string) error {
		if strings.ContainsAny(text, "<>") || strings.Contains(text, "{{") {
			return fmt.Errorf("“%s” holds signs that are not of the source", text)
		}
		b.WriteString(text)
		return nil
	}
	last := 0
	for _, at := range placeholder.FindAllStringSubmatchIndex(translation, -1) {
		if err := rest(translation[last:at[0]]); err != nil {
			return m.raw, err
		}
		last = at[1]
		sign := translation[at[0]:at[1]]
		used[sign]++
		raw, ok := m.raws(sign)
		if !ok {
			return m.raw, fmt.Errorf("%s is not in the source", sign)
		}
		b.WriteString(tag(raw))
	}
	if err := rest(translation[last:]); err != nil {
		return m.raw, err
	}
	for _, sign := range placeholder.FindAllString(m.id, -1) {
		if used[sign] != strings.Count(m.id, sign) {
			return m.raw, fmt.Errorf("%s stands there %d times, in the source %d times", sign, used[sign], strings.Count(m.id, sign))
		}
	}
	return b.String(), nil
}

// raws returns the source of a placeholder.
func (m message) raws(sign string) (string, bool) {
	p := placeholder.FindStringSubmatch(sign)
	if p[1] != "" {
		n, err := strconv.Atoi(p[1])
		if err != nil || n < 1 || n > len(m.values) {
			return "", false
		}
		return m.values[n-1], true
	}
	if sign == "<br>" {
		return sign, strings.Contains(m.id, sign)
	}
	for _, t := range m.tags {
		if t.label == p[3]+p[4] {
			if p[2] != "" {
				return t.close, true
			}
			return t.open, true
		}
	}
	return "", false
}

var wordy = regexp.MustCompile(`\s(?:placeholder|aria-label|title|alt|data-say-[a-z-]+)=$`)

// attributes calls f for the tag's attributes that contain words, and returns
// the tag with the results.
func attributes(raw string, f func(value string) string) string {
	var b strings.Builder
	for i := 0; i < len(raw); {
		switch {
		case strings.HasPrefix(raw[i:], "{{"):
			n := action(raw[i:])
			b.WriteString(raw[i : i+n])
			i += n
		case raw[i] == '"':
			n := attributeEnd(raw[i:])
			if whole := raw[i : i+n]; n > 1 && whole[n-1] == '"' && wordy.MatchString(raw[:i]) {
				b.WriteString(`"` + f(whole[1:n-1]) + `"`)
			} else {
				b.WriteString(whole)
			}
			i += n
		default:
			b.WriteByte(raw[i])
			i++
		}
	}
	return b.String()
}

// attributeEnd returns the length of the quoted value at the start of source.
func attributeEnd(source string) int {
	for i := 1; i < len(source); i++ {
		if strings.HasPrefix(source[i:], "{{") {
			i += action(source[i:]) - 1
		} else if source[i] == '"' {
			return i + 1
		}
	}
	return len(source)
}
