package locale

import (
	"regexp"
	"strings"
)

// kind is the kind of a token.
type kind int

const (
	text   kind = iota
	value       // an action that prints: {{.Name}}
	opens       // an inline tag that needs an end tag: <b>
	closes      // </b>
	lone        // an inline tag without content: <br>
	wall        // anything that ends a message: other tags, control actions, comments
)

// token is a piece of a template's source; joined in order, the tokens are the
// source.
type token struct {
	kind kind
	raw  string
	name string // of a tag
	bare bool   // a tag without attributes
}

// inline lists the elements that may appear within a sentence.
const inline = " a abbr b br cite code em i kbd mark q small span strong sub sup time var "

// verbatim lists the elements whose content is not a sentence.
const verbatim = " pre script style svg textarea "

var tagName = regexp.MustCompile(`^</?([a-zA-Z][a-zA-Z0-9]*)`)

// lex splits the source of an html/template into tokens.
func lex(source string) (tokens []token) {
	for source != "" {
		t := next(source)
		source = source[len(t.raw):]
		tokens = append(tokens, t)
		if t.kind == wall && strings.Contains(verbatim, " "+t.name+" ") && !strings.HasPrefix(t.raw, "</") || silent(t) {
			if content := until(source, t.name); content != "" {
				tokens = append(tokens, token{kind: wall, raw: content})
				source = source[len(content):]
			}
		}
	}
	return tokens
}

// silent reports whether an element asks not to be translated (HTML, the
// translate attribute).
func silent(t token) bool {
	return t.name != "" && !strings.HasPrefix(t.raw, "</") && strings.Contains(t.raw, ` translate="no"`)
}

// until returns the text before an element's end tag.
func until(source, name string) string {
	if i := strings.Index(source, "</"+name); i >= 0 {
		return source[:i]
	}
	return source
}

func next(source string) token {
	switch {
	case strings.HasPrefix(source, "{{"):
		raw := source[:action(source)]
		if prints(raw) {
			return token{kind: value, raw: raw}
		}
		return token{kind: wall, raw: raw}
	case strings.HasPrefix(source, "<!--"):
		if i := strings.Index(source, "-->"); i >= 0 {
			return token{kind: wall, raw: source[:i+3]}
		}
		return token{kind: wall, raw: source}
	case tagName.MatchString(source), strings.HasPrefix(source, "<!"):
		return tag(source[:tagEnd(source)])
	}
	end := 1
	for end < len(source) && !strings.HasPrefix(source[end:], "{{") && (source[end] != '<') {
		end++
	}
	return token{kind: text, raw: source[:end]}
}

func tag(raw string) token {
	t := token{kind: wall, raw: raw}
	m := tagName.FindStringSubmatch(raw)
	if m == nil {
		return t
	}
	t.name = strings.ToLower(m[1])
	t.bare = len(raw) == len(m[0])+1
	if !strings.Contains(inline, " "+t.name+" ") || silent(t) {
		return t
	}
	switch {
	case t.name == "br":
		t.kind = lone
	case strings.HasPrefix(raw, "</"):
		t.kind = closes
	default:
		t.kind = opens
	}
	return t
}

// action returns the length of the action at the start of source. Strings
// within it may contain braces.
func action(source string) int {
	if strings.HasPrefix(source, "{{/*") || strings.HasPrefix(source, "{{- /*") {
		if i := strings.Index(source, "*/"); i >= 0 {
			if j := strings.Index(source[i:], "}}"); j >= 0 {
				return i + j + 2
			}
		}
		return len(source)
	}
	for i := 2; i < len(source); i++ {
		switch {
		case source[i] == '"' || source[i] == '`':
			i += quoted(source[i:]) - 1
		case strings.HasPrefix(source[i:], "}}"):
			return i + 2
		}
	}
	return len(source)
}

// quoted returns the length of the Go string at the beginning of source.
func quoted(source string) int {
	for i := 1; i < len(source); i++ {
		if source[i] == '\\' && source[0] == '"' {
			i++
			continue
		}
		if source[i] == source[0] {
			return i + 1
		}
	}
	return len(source)
}

// tagEnd returns the length of the tag at the beginning of source; actions and
// the values of attributes may hold its end sign.
func tagEnd(source string) int {
	in := byte(0)
	for i := 1; i < len(source); i++ {
		switch {
		case strings.HasPrefix(source[i:], "{{"):
			i += action(source[i:]) - 1
		case in != 0:
			if source[i] == in {
				in = 0
			}
		case source[i] == '"' || source[i] == '\'':
			in = source[i]
		case source[i] == '>':
			return i + 1
		}
	}
	return len(source)
}

var control = regexp.MustCompile(`^\{\{-?\s*(?:/\*|(?:if|else|end|range|with|template|define|block|break|continue)\b|\$\w+\s*(?:,\s*\$\w+\s*)?:?=)`)

// prints reports whether an action stands for a piece of text.
func prints(raw string) bool { return !control.MatchString(raw) }
