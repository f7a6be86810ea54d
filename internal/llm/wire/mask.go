package wire

import (
	"errors"
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"openmates/internal/llm"
)

const (
	// hiddenRun is how many consecutive characters must occur both in an error
	// and in something private for the error to lose them.
	hiddenRun = 8
	// A key shorter than shortKey is only hidden if it is a separate word, and
	// one shorter than noKey not at all: it could be guessed, and the gaps in
	// the text would reveal it.
	shortKey = 8
	noKey    = 4

	mask = "•••"
)

// hide removes from an error what servers repeat: the key, what people and the
// mate said in the request, and the model's answer so far. The rest is for the
// log.
func (s *Stream) hide(err error) error {
	if err == nil {
		return nil
	}
	was := err.Error()
	text := hideKey(was, s.client.key)
	private := append(texts(s.asked), s.said.String())
	if len(s.client.key) >= shortKey {
		private = append(private, s.client.key)
	}
	text = hideRuns(text, private)
	if text == was {
		return err
	}
	// Field names that show how a request has to be written differently.
	for _, field := range s.client.fields {
		if strings.Contains(was, field) && !strings.Contains(text, field) {
			text += " [" + field + "]"
		}
	}
	return errors.New(text)
}

// texts returns a request's texts by people and models.
func texts(r llm.Request) []string {
	all := []string{r.System}
	for _, m := range r.Messages {
		all = append(all, m.Text)
		for _, c := range m.Calls {
			all = append(all, c.Arguments)
		}
	}
	return all
}

func hideKey(text, key string) string {
	switch {
	case len(key) < noKey:
		return text
	case len(key) >= shortKey:
		return strings.ReplaceAll(text, key, mask)
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, key)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		last, _ := utf8.DecodeLastRuneInString(before)
		next, _ := utf8.DecodeRuneInString(after)
		if inWord(last) || inWord(next) {
			b.WriteString(key)
		} else {
			b.WriteString(mask)
		}
		text = after
	}
}

func inWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// hideRuns masks each run of hiddenRun or more characters in text that also
// occurs in one of the private texts, however either is escaped.
func hideRuns(text string, private []string) string {
	var all []letter
	index := map[window][]int{}
	var w window
	for l := range letters(text) {
		all = append(all, l)
		if w.push(l.r); len(all) >= hiddenRun {
			index[w] = append(index[w], len(all)-hiddenRun)
		}
	}
	if len(index) == 0 {
		return text
	}
	hit := make([]bool, len(all))
	found := false
	for _, p := range private {
		var w window
		n := 0
		for l := range letters(p) {
			w.push(l.r)
			if n++; n < hiddenRun {
				continue
			}
			for _, at := range index[w] {
				found = true
				for i := range hiddenRun {
					hit[at+i] = true
				}
			}
		}
	}
	if !found {
		return text
	}
	return masked(text, all, hit)
}

func masked(text string, all []letter, hit []bool) string {
	var b strings.Builder
	done := 0
	for i, l := range all {
		switch {
		case !hit[i]:
			b.WriteString(text[done:l.to])
		case i == 0 || !hit[i-1]:
			b.WriteString(text[done:l.from] + mask)
		}
		done = l.to
	}
	return b.String() + text[done:]
}

// window contains the last characters.
type window [hiddenRun]rune

func (w *window) push(r rune) {
	copy(w[:], w[1:])
	w[hiddenRun-1] = r
}

// letter is one unescaped character, and its position in the text.
type letter struct {
	r        rune
	from, to int
}

// letters yields the characters of a text, ignoring case, the amount of space,
// and escaping for JSON (even repeated), Python, URLs or HTML.
func letters(s string) func(func(letter) bool) {
	return func(yield func(letter) bool) {
		blank := false
		for i := 0; i < len(s); {
			r, n := meant(s[i:])
			l := letter{unicode.ToLower(r), i, i + n}
			i += n
			if unicode.IsSpace(r) {
				l.r = ' '
			}
			if r == dropped || l.r == ' ' && blank {
				continue
			}
			blank = l.r == ' '
			if !yield(l) {
				return
			}
		}
	}
}

// dropped is a character without meaning.
const dropped = -1

// meant returns the first unescaped character of a non-empty text, and its
// length.
func meant(s string) (rune, int) {
	switch s[0] {
	case '\\':
		return backslashed(s)
	case '%':
		if r, n, ok := percent(s); ok {
			return r, n
		}
	case '&':
		if end := strings.IndexByte(s[:min(len(s), 10)], ';'); end > 0 {
			if plain := html.UnescapeString(s[:end+1]); utf8.RuneCountInString(plain) == 1 {
				r, _ := utf8.DecodeRuneInString(plain)
				return r, end + 1
			}
		}
	}
	return utf8.DecodeRuneInString(s)
}

func backslashed(s string) (rune, int) {
	n := 0
	for n < len(s) && s[n] == '\\' {
		n++
	}
	if n == len(s) {
		return dropped, n
	}
	switch s[n] {
	case 'n', 'r', 't', 'N', 'R', 'T': // capitals aren't escapes, but case is ignored
		return ' ', n + 1
	case '"', '\'', '/':
		return rune(s[n]), n + 1
	case 'x', 'X':
		if r, ok := hexadecimal(s[n+1:], 2); ok {
			return r, n + 3
		}
	case 'u', 'U':
		return unicoded(s, n)
	}
	return dropped, n
}

// unicoded decodes \uXXXX, of which two can be one character. n backslashes
// precede the u.
func unicoded(s string, n int) (rune, int) {
	r, ok := hexadecimal(s[n+1:], 4)
	if !ok {
		return dropped, n
	}
	end := n + 5
	rest := strings.TrimLeft(s[end:], `\`)
	if skipped := len(s) - end - len(rest); r >= 0xD800 && r < 0xDC00 && skipped > 0 && strings.HasPrefix(rest, "u") {
		if low, ok := hexadecimal(rest[1:], 4); ok && low >= 0xDC00 && low < 0xE000 {
			return (r-0xD800)<<10 | (low - 0xDC00) + 0x10000, end + skipped + 5
		}
	}
	return r, end
}

// percent decodes a character in URL encoding: %C3%A9.
func percent(s string) (r rune, n int, ok bool) {
	var b []byte
	for len(b) < utf8.UTFMax && strings.HasPrefix(s[n:], "%") {
		c, ok := hexadecimal(s[n+1:], 2)
		if !ok {
			break
		}
		b, n = append(b, byte(c)), n+3
		if utf8.FullRune(b) {
			r, _ = utf8.DecodeRune(b)
			return r, n, true
		}
	}
	return 0, 0, false
}

func hexadecimal(s string, digits int) (rune, bool) {
	if len(s) < digits {
		return 0, false
	}
	v, err := strconv.ParseUint(s[:digits], 16, 32)
	return rune(v), err == nil
}
