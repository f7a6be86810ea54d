// Package localetest helps to test that everything the product says is
// translated.
package localetest

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing/fstest"

	"openmates/internal/locale"
)

// Tag is the language of Brackets.
const Tag = "de"

// Brackets returns a book with a language that puts every message of the
// catalogue in brackets, so that a test can find words that aren't messages.
func Brackets() (*locale.Book, error) {
	text, err := fs.ReadFile(locale.Files(), "po/"+Tag+".po")
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	head, entries, _ := strings.Cut(string(text), "\n\n")
	entries = entry.ReplaceAllStringFunc(entries, func(all string) string {
		m := entry.FindStringSubmatch(all)
		if m[2] == "" {
			return fmt.Sprintf("msgid \"%s\"\nmsgstr \"⟦%s⟧\"\n", m[1], m[1])
		}
		return fmt.Sprintf("msgid \"%s\"\nmsgid_plural \"%s\"\nmsgstr[0] \"⟦%s⟧\"\nmsgstr[1] \"⟦%s⟧\"\n", m[1], m[2], m[1], m[2])
	})
	book, err := locale.OpenIn(fstest.MapFS{"po/" + Tag + ".po": {Data: []byte(head + "\n\n" + entries)}})
	if err != nil {
		return nil, fmt.Errorf("open the catalogue: %w", err)
	}
	return book, nil
}

// entry is a message of a catalogue with its translations.
var entry = regexp.MustCompile(`(?m)^msgid "((?:[^"\\]|\\.)+)"\n(?:msgid_plural "((?:[^"\\]|\\.)+)"\n)?(?:msgstr(?:\[\d\])? "(?:[^"\\]|\\.)*"\n?)+`)
