package web

import (
	"net/url"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"

	"openmates/internal/locale/localetest"
)

// In a language that puts brackets around every message, no word stands
// outside of them, but for what people wrote and for names.
func TestEveryWordIsAMessage(t *testing.T) {
	t.Parallel()
	book, err := localetest.Brackets()
	must(t, err)
	a := newPages(t, localetest.Tag, func(c *Config) { c.Book = book })
	seen := map[string]bool{}
	for _, p := range a.pages {
		for _, text := range unsaid(t, p.body) {
			if !seen[text] {
				seen[text] = true
				t.Errorf("%s: %q is no message", p.name, text)
			}
		}
	}
}

// unsaid returns the texts of a page that stand outside of brackets.
func unsaid(t *testing.T, page string) (texts []string) {
	t.Helper()
	doc, err := html.ParseWithOptions(strings.NewReader(page), html.ParseOptionEnableScripting(false))
	must(t, err)
	depth := 0
	text := func(s string) {
		var outside strings.Builder
		for _, r := range s {
			switch {
			case r == '⟦':
				depth++
			case r == '⟧':
				depth--
			case depth == 0:
				outside.WriteRune(r)
			}
		}
		if s := strings.TrimSpace(outside.String()); strings.ContainsFunc(s, unicode.IsLetter) && !givenName(s) {
			texts = append(texts, s)
		}
	}
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		switch n.Data {
		case "script", "style", "pre", "code", "textarea":
			if n.Type == html.ElementNode {
				return
			}
		}
		for _, a := range n.Attr {
			switch a.Key {
			case "translate":
				return
			case "placeholder", "title", "alt", "aria-label":
				text(a.Val)
			}
		}
		if n.Type == html.TextNode {
			text(n.Data)
		}
		for c := range n.ChildNodes() {
			walk(c)
		}
	}
	walk(doc)
	return texts
}

// givenName reports whether a text is made of what people of the tests typed, of
// what somebody else is called, and of amounts.
func givenName(s string) bool {
	for _, given := range []string{
		"Marketing", "You are Sophia.", "You write code, and tests first.", "You write code.", "Writes, reads and explains code.", "Writes code.", "Software development",
		"for <b>Nora</b>", "for Nora", "You said: Hello", "Hello", "Laptop", "Ada Lovelace", "Ben Bitdiddle", "Lighthouse", "Harbour", "#general",
		"house/gpt-5-mini", "gpt-5-mini", "gpt-5", "OpenAI", "Ours", "Pier", "Eve Outside", "Sophia", "Mark", "Lisa", "Ada", "Ann", "sophia", "ada", "ben", "House", "house", "small", "code",
		"Life coaching & psychology",
		"OpenMates", "Testnet", "Discord", "USD",
	} {
		s = strings.ReplaceAll(s, given, "")
	}
	if _, err := url.Parse(s); err == nil && strings.HasPrefix(s, "http://") {
		return true
	}
	return !strings.ContainsFunc(s, unicode.IsLetter) || len(s) == 1 // an initial
}
