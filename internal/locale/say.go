package locale

import (
	"cmp"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Say gives a sentence of the product in the voice's language. The sentence is
// a message of the catalogue, or was made of one by fmt.Sprintf: then it is
// recognised by the words around the values. Of several sentences in a row, as
// many at once are said as are one message. What is not recognised stays as it
// is.
func (v *Voice) Say(sentence string) string {
	if v.heard != nil && sentence != "" {
		v.heard(sentence)
	}
	if v.po == nil {
		if v.pseudo && strings.ContainsFunc(sentence, unicode.IsLetter) {
			return v.message(sentence)
		}
		return sentence
	}
	said, _ := v.say(sentence, 0)
	return said
}

// Recognises says whether Say surely has words for the whole sentence.
func (v *Voice) Recognises(sentence string) bool {
	if v.po == nil {
		return true
	}
	_, ok := v.say(sentence, 0)
	return ok
}

// What is longer or deeper than this was made by no code of ours.
const (
	longest   = 2000 // bytes
	mostInRow = 5    // sentences
	deepest   = 2    // values in values
)

func (v *Voice) say(sentence string, depth int) (string, bool) {
	if strings.TrimSpace(sentence) == "" {
		return sentence, true
	}
	if len(sentence) > longest || depth > deepest {
		return sentence, false
	}
	said, ok := v.one(sentence, depth)
	if ok {
		return said, true
	}
	row, whole := v.row(sentence, depth)
	if whole || said == sentence {
		return row, whole
	}
	return said, false
}

// one says what is one message. A value of several sentences that are not
// known may be just a name with a full stop in it, or mean that a message was
// taken for another: then it is not sure.
func (v *Voice) one(sentence string, depth int) (said string, sure bool) {
	if v.Knows(sentence) {
		return v.message(sentence), true
	}
	if list, ok := v.list(sentence); ok {
		return list, true
	}
	if day, err := time.Parse(dayAndMonth, sentence); err == nil && v.Knows(dayAndMonth) {
		return v.Date(dayAndMonth, day), true
	}
	said = sentence
	for f, values := range v.formats.matches(sentence) {
		sure = true
		for i, value := range values {
			if strings.Contains(value, " ") {
				told, ok := v.say(value, depth+1)
				values[i] = told
				sure = sure && (ok || len(sentences(value)) == 1)
			}
		}
		if sure {
			return f.fill(values), true
		}
		if said == sentence {
			said = f.fill(values)
		}
	}
	return said, false
}

// row says sentences that stand behind each other, the longest run that is one
// message first.
func (v *Voice) row(text string, depth int) (string, bool) {
	parts := sentences(text)
	if len(parts) < 2 {
		return text, false
	}
	var b strings.Builder
	all := true
	for len(parts) > 0 {
		for n := min(len(parts), mostInRow); n > 0; n-- {
			run := strings.Join(parts[:n], "")
			bare := strings.TrimRight(run, " ")
			said, ok := v.one(bare, depth)
			if !ok && n > 1 {
				continue
			}
			b.WriteString(said + run[len(bare):])
			parts, all = parts[n:], all && ok
			break
		}
	}
	return b.String(), all
}

// dayAndMonth is how a sentence of the product names a day.
const dayAndMonth = "2 January"

// both joins the end of a list in English.
const both = "%s and %s"

// list says what is joined by commas and "and", if all of it is messages.
func (v *Voice) list(text string) (string, bool) {
	before, last, ok := strings.Cut(text, " and ")
	if !ok || !v.Knows(both) {
		return text, false
	}
	items := append(strings.Split(before, ", "), last)
	for i, item := range items {
		if !v.Knows(item) {
			return text, false
		}
		items[i] = v.message(item)
	}
	n := len(items) - 1
	return fmt.Sprintf(v.message(both), strings.Join(items[:n], ", "), items[n]), true
}

// sentences cuts a text behind each full stop that a space and a capital
// follow.
func sentences(text string) (parts []string) {
	start := 0
	for i := 0; i+2 < len(text); i++ {
		if strings.IndexByte(".!?", text[i]) >= 0 && text[i+1] == ' ' && !unicode.IsLower(rune(text[i+2])) {
			parts = append(parts, text[start:i+2])
			start = i + 2
		}
	}
	return append(parts, text[start:])
}

// formats are the messages with values in them.
type formats struct{ all []*format }

// format is a message for fmt.Sprintf, cut at its values.
type format struct {
	pieces []string // of the source, one more than there are values
	verbs  []byte   // of the source
	parts  []part   // of the translation
}

// part is a piece of a translation: text, or the value of that number.
type part struct {
	text  string
	value int // from 0; -1 = none
}

var verb = regexp.MustCompile(`%(?:\[(\d+)\])?[-+# 0]*\d*(?:\.\d+)?[a-zA-Z]|%%`)

// cut takes a format apart. A verb may say which value it means: %[2]s.
func cut(text string) (pieces []string, values []int, verbs []byte) {
	last, next := 0, 0
	piece := ""
	for _, at := range verb.FindAllStringSubmatchIndex(text, -1) {
		piece += text[last:at[0]]
		last = at[1]
		if text[at[0]:at[1]] == "%%" {
			piece += "%"
			continue
		}
		if at[2] >= 0 {
			if n, err := strconv.Atoi(text[at[2]:at[3]]); err == nil {
				next = n - 1
			}
		}
		pieces, values, verbs = append(pieces, piece), append(values, next), append(verbs, text[at[1]-1])
		piece = ""
		next++
	}
	return append(pieces, piece+text[last:]), values, verbs
}

// leastWords keeps formats that are nearly all value, such as "%s: %s", from
// taking every sentence for theirs.
const leastWords = 4 // letters

func (fs *formats) add(source, translation string) {
	pieces, values, verbs := cut(source)
	letters := 0
	for _, p := range pieces {
		for _, r := range p {
			if unicode.IsLetter(r) {
				letters++
			}
		}
	}
	if len(values) == 0 || letters < leastWords {
		return
	}
	f := &format{pieces: pieces, verbs: verbs}
	texts, order, _ := cut(translation)
	for i, text := range texts {
		f.parts = append(f.parts, part{text, -1})
		if i < len(order) && order[i] < len(values) {
			f.parts = append(f.parts, part{"", order[i]})
		}
	}
	fs.all = append(fs.all, f)
}

// order puts those first that say most, so that the closest one is found.
func (fs *formats) order() {
	size := func(f *format) int { return len(strings.Join(f.pieces, "")) }
	slices.SortFunc(fs.all, func(a, b *format) int {
		return cmp.Or(cmp.Compare(size(b), size(a)), cmp.Compare(strings.Join(a.pieces, "%"), strings.Join(b.pieces, "%")))
	})
}

// matches gives every format that makes the sentence, with the values.
func (fs *formats) matches(sentence string) iter.Seq2[*format, []string] {
	return func(yield func(*format, []string) bool) {
		for _, f := range fs.all {
			if values, ok := f.match(sentence); ok && !yield(f, values) {
				return
			}
		}
	}
}

// match gives the values with which the format makes this sentence.
func (f *format) match(sentence string) (values []string, ok bool) {
	rest, ok := strings.CutPrefix(sentence, f.pieces[0])
	if !ok {
		return nil, false
	}
	last := len(f.pieces) - 1
	rest, ok = strings.CutSuffix(rest, f.pieces[last])
	if !ok {
		return nil, false
	}
	for i, piece := range f.pieces[1:last] {
		value, after, found := strings.Cut(rest, piece)
		if !found || piece == "" || !may(f.verbs[i], value) {
			return nil, false
		}
		values, rest = append(values, value), after
	}
	return append(values, rest), may(f.verbs[last-1], rest)
}

// may says whether a verb writes such a value.
func may(verb byte, value string) bool {
	switch verb {
	case 'd':
		_, err := strconv.Atoi(value)
		return err == nil
	case 'q':
		_, err := strconv.Unquote(value)
		return err == nil
	}
	return true
}

func (f *format) fill(values []string) string {
	var b strings.Builder
	for _, p := range f.parts {
		if p.value >= 0 {
			b.WriteString(values[p.value])
		} else {
			b.WriteString(p.text)
		}
	}
	return b.String()
}
