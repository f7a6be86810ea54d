// Package locale translates what the product says into people's languages.
//
// English is the source: templates and the formats of openmates.T are written
// in English, where they are used. Every other language is a gettext file in
// the folder po (for the format see
// https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html). To add
// a language, add a file there; no code changes.
//
// What a language lacks is shown in English, never as a key or as nothing. A
// translation can't change what a page does: the tags, addresses and values of
// a message come from the source. Only what the type openmates.Text marks as a
// text of the product is translated, so what people wrote is shown unchanged,
// whatever it says. docs/adr/0008-languages.md and
// docs/adr/0017-text-is-a-value.md have the reasons.
package locale

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/leonelquinteros/gotext"
	"golang.org/x/text/language"

	"openmates"
)

//go:embed po
var files embed.FS

// English is the tag of the source.
const English = "en"

// Book contains the languages of the pages.
type Book struct {
	files   fs.FS
	names   []Language
	matcher language.Matcher
	mu      sync.Mutex
	voices  map[string]*Voice // those used so far
}

// Language is a language of the pages.
type Language struct {
	Tag  string // BCP 47, such as "de"
	Name string // in the language itself
}

// Open lists the languages of the program. A language's file is read when it is
// first used.
func Open() (*Book, error) { return OpenIn(Files()) }

// Files returns the embedded catalogues, in the folder po.
func Files() fs.FS { return files }

// OpenIn is Open for other catalogues.
func OpenIn(files fs.FS) (*Book, error) {
	b := &Book{files: files, names: []Language{{English, "English"}}, voices: map[string]*Voice{English: {Language: Language{English, "English"}}}}
	entries, err := fs.ReadDir(files, "po")
	if err != nil {
		return nil, fmt.Errorf("locale: %w", err)
	}
	tags := []language.Tag{language.English}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".po")
		if !ok {
			continue
		}
		tag, err := language.Parse(name)
		if err != nil {
			return nil, fmt.Errorf("locale: po/%s is not named after a language: %w", e.Name(), err)
		}
		head, err := header(files, name)
		if err != nil {
			return nil, err
		}
		tags = append(tags, tag)
		b.names = append(b.names, Language{name, head})
	}
	b.matcher = language.NewMatcher(tags)
	return b, nil
}

// header reads a language's own name without reading its messages.
func header(files fs.FS, tag string) (string, error) {
	text, err := fs.ReadFile(files, path.Join("po", tag+".po"))
	if err != nil {
		return "", fmt.Errorf("locale: %w", err)
	}
	_, after, ok := strings.Cut(string(text), "\"X-Language-Name: ")
	name, _, ended := strings.Cut(after, "\\n\"")
	if !ok || !ended || name == "" {
		return "", fmt.Errorf("locale: po/%s.po does not say X-Language-Name", tag)
	}
	return name, nil
}

// Languages returns all languages, the source first.
func (b *Book) Languages() []Language { return slices.Clone(b.names) }

// Has reports whether there is a language with exactly this tag.
func (b *Book) Has(tag string) bool {
	return slices.ContainsFunc(b.names, func(l Language) bool { return l.Tag == tag })
}

// Match returns the tag of the best language. Each wish is a tag or an
// Accept-Language header (RFC 9110 12.5.4); the first one that matches wins.
func (b *Book) Match(wishes ...string) string {
	for _, wish := range wishes {
		if len(wish) > 200 { // longer than any honest header
			continue
		}
		tags, _, err := language.ParseAcceptLanguage(wish)
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, i, sure := b.matcher.Match(tags...); sure != language.No {
			return b.names[i].Tag
		}
	}
	return English
}

// Voice returns the voice of a language, or English if there is no such
// language.
func (b *Book) Voice(tag string) *Voice {
	b.mu.Lock()
	defer b.mu.Unlock()
	if v := b.voices[tag]; v != nil {
		return v
	}
	for _, l := range b.names {
		if l.Tag == tag {
			v := read(b.files, l)
			b.voices[tag] = v
			return v
		}
	}
	return b.voices[English]
}

// Say returns a text in the first of the languages that there is, each a tag or
// "", else in English.
func (b *Book) Say(t openmates.Text, languages ...string) string {
	return b.Voice(b.Match(languages...)).Say(t)
}

// Voice says things in one language. It is safe for concurrent use.
type Voice struct {
	Language
	po    *gotext.Po        // nil = the source itself
	texts map[string]string // of po, by message, because po's own lookup copies them all
}

func read(files fs.FS, l Language) *Voice {
	text, err := fs.ReadFile(files, path.Join("po", l.Tag+".po"))
	if err != nil {
		return &Voice{Language: l} // it existed when the book was opened
	}
	return parse(l, text)
}

func parse(l Language, text []byte) *Voice {
	po := gotext.NewPo()
	po.Parse(text)
	v := &Voice{Language: l, po: po, texts: map[string]string{}}
	for id, t := range po.GetDomain().GetTranslations() {
		if id != "" && t.IsTranslated() {
			v.texts[id] = t.Get()
		}
	}
	return v
}

// message returns a translation from the catalogue, with its placeholders.
func (v *Voice) message(id string) string {
	if text := v.texts[id]; text != "" {
		return text
	}
	return id
}

// Say returns a text in the voice's language. A format that isn't in the
// catalogue, such as one stored by an older version, is returned in English.
// What a person typed is returned unchanged.
func (v *Voice) Say(t openmates.Text) string {
	return t.In(v.message, v.value)
}

// value formats an argument of a text in the language.
func (v *Voice) value(a any) any {
	switch a := a.(type) {
	case openmates.Day:
		return v.Date(a.Layout, a.Time)
	case openmates.Money:
		return v.Money(a)
	case openmates.Quantity:
		return v.Count(a.N, a.One, a.Many)
	}
	return a
}

// Count formats a number of things: one and many are messages with one %d, and
// the language chooses its plural form.
func (v *Voice) Count(n int, one, many string) string {
	if v.po == nil {
		if n == 1 {
			return fmt.Sprintf(one, n)
		}
		return fmt.Sprintf(many, n)
	}
	return v.po.GetN(one, many, n, n)
}

// Date formats a time with a layout of package time. The layout is a message,
// so that a language can order its parts. Names of months and days are
// messages, too.
func (v *Voice) Date(layout string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if v.po == nil {
		return t.Format(layout)
	}
	text := t.Format(v.message(layout))
	for _, name := range []string{t.Month().String(), t.Weekday().String()} {
		if !strings.Contains(text, name) {
			name = name[:3]
		}
		text = strings.Replace(text, name, v.message(name), 1)
	}
	return text
}

// Money writes an amount as the language does.
func (v *Voice) Money(m openmates.Money) string {
	return strings.TrimSpace(v.Decimal(m.Amount.Shown()) + " " + m.Currency)
}

// Decimal formats a number with the language's decimal sign.
func (v *Voice) Decimal(number string) string {
	if v.po == nil {
		return number
	}
	return strings.Replace(number, ".", v.po.GetC(".", "decimal point"), 1)
}
