package locale

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Say gives a sentence of the product in the voice's language. The sentence is
// a message of the catalogue, or was made of one by fmt.Sprintf: then it is
// recognised by the words around the values. Several sentences in a row are
// said one by one. What is not recognised stays as it is.
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
	said, _ := v.say(sentence)
	return said
}

// Recognises says whether Say has words for the whole sentence.
func (v *Voice) Recognises(sentence string) bool {
	if v.po == nil {
		return true
	}
	_, ok := v.say(sentence)
	return ok
}

func (v *Voice) say(sentence string) (string, bool) {
	if strings.TrimSpace(sentence) == "" {
		return sentence, true
	}
	if said, ok := v.known(sentence); ok {
		return said, true
	}
	parts := sentences(sentence)
	if len(parts) < 2 {
		return sentence, false
	}
	var b strings.Builder
	all := true
	for len(parts) > 0 {
		n, said := v.begin(parts)
		if all = all && n > 0; n == 0 {
			n = 1
		}
		b.WriteString(said)
		parts = parts[n:]
	}
	return b.String(), all
}

// begin says as many of the sentences as one message holds, and how many these
// are; 0 where the first of them belongs to none.
func (v *Voice) begin(parts []string) (n int, said string) {
	for n = len(parts); n > 0; n-- {
		run := strings.Join(parts[:n], "")
		text := strings.TrimRight(run, " ")
		if said, ok := v.known(text); ok {
			return n, said + run[len(text):]
		}
	}
	return 0, parts[0]
}

// known says what is one message.
func (v *Voice) known(sentence string) (string, bool) {
	if v.po.IsTranslated(sentence) {
		return v.message(sentence), true
	}
	f, values := v.formats.recognise(sentence)
	if f == nil {
		return "", false
	}
	for i, value := range values {
		if strings.Contains(value, " ") {
			values[i], _ = v.say(value)
		}
	}
	return f.fill(values), true
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
	parts  []part   // of the translation
}

// part is a piece of a translation: text, or the value of that number.
type part struct {
	text  string
	value int // from 0; -1 = none
}

var verb = regexp.MustCompile(`%(?:\[(\d+)\])?[-+# 0]*\d*(?:\.\d+)?[a-zA-Z]|%%`)

// cut takes a format apart. A verb may say which value it means: %[2]s.
func cut(text string) (pieces []string, values []int) {
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
		pieces, values = append(pieces, piece), append(values, next)
		piece = ""
		next++
	}
	return append(pieces, piece+text[last:]), values
}

// leastWords keeps formats that are nearly all value, such as "%s: %s", from
// taking every sentence for theirs.
const leastWords = 4 // letters

func (fs *formats) add(source, translation string) {
	pieces, values := cut(source)
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
	f := &format{pieces: pieces}
	texts, order := cut(translation)
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

func (fs *formats) recognise(sentence string) (*format, []string) {
	for _, f := range fs.all {
		if values, ok := f.match(sentence); ok {
			return f, values
		}
	}
	return nil, nil
}

// match gives the values with which the format makes this sentence.
func (f *format) match(sentence string) (values []string, ok bool) {
	rest, ok := strings.CutPrefix(sentence, f.pieces[0])
	if !ok {
		return nil, false
	}
	last := len(f.pieces) - 1
	for _, piece := range f.pieces[1:last] {
		value, after, found := strings.Cut(rest, piece)
		if !found || piece == "" {
			return nil, false
		}
		values, rest = append(values, value), after
	}
	value, ok := strings.CutSuffix(rest, f.pieces[last])
	return append(values, value), ok
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
