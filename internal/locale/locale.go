// Package locale lets the pages speak a person's language.
//
// English is the source: templates and sentences are written in it, where they
// are made. Every other language is one gettext file in the folder po (for the
// format see https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html);
// who adds a language adds a file there and touches no code.
//
// It promises that what a language lacks is shown in English, never as a key or
// as nothing, and that a translation can't change what a page does: the tags,
// addresses and values of a message are those of the source. It does not guess
// at words that come from people; what they wrote is shown as they wrote it.
// docs/adr/0008-languages.md gives the reasons.
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
)

//go:embed po
var files embed.FS

// English is the tag of the source.
const English = "en"

// Book holds every language that the pages speak.
type Book struct {
	names   []Language
	matcher language.Matcher
	mu      sync.Mutex
	voices  map[string]*Voice // those that were asked for
	heard   func(sentence string)
}

// Language is one that the pages speak.
type Language struct {
	Tag  string // BCP 47, such as "de"
	Name string // as its speakers call it
}

// Open lists the languages; the file of one is read when somebody first wants
// it.
func Open() (*Book, error) {
	b := &Book{names: []Language{{English, "English"}}, voices: map[string]*Voice{English: {Language: Language{English, "English"}}}}
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
		head, err := header(name)
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
func header(tag string) (string, error) {
	text, err := files.ReadFile(path.Join("po", tag+".po"))
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

// Languages are all there are, the source first.
func (b *Book) Languages() []Language { return slices.Clone(b.names) }

// Has says whether there is a language of this very tag.
func (b *Book) Has(tag string) bool {
	return slices.ContainsFunc(b.names, func(l Language) bool { return l.Tag == tag })
}

// Match gives the tag of the language that suits best: each wish is a tag or an
// Accept-Language header (RFC 9110 12.5.4), the first one that suits counts.
func (b *Book) Match(wishes ...string) string {
	for _, wish := range wishes {
		if len(wish) > 200 { // nobody speaks so many
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

// Voice gives the voice of a language; of one that there is not, English.
func (b *Book) Voice(tag string) *Voice {
	b.mu.Lock()
	defer b.mu.Unlock()
	if v := b.voices[tag]; v != nil {
		return v
	}
	for _, l := range b.names {
		if l.Tag == tag {
			v := read(l)
			v.heard = b.heard
			b.voices[tag] = v
			return v
		}
	}
	return b.voices[English]
}

// Hear calls f with every sentence that is said from now on, in any language:
// so a test finds out what the catalogue lacks.
func (b *Book) Hear(f func(sentence string)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard = f
	for _, v := range b.voices {
		v.heard = f
	}
}

// Voice says things in one language. It is safe for concurrent use.
type Voice struct {
	Language
	po      *gotext.Po        // nil = the source itself
	texts   map[string]string // of po, by message: its own lookup copies them all
	formats *formats
	heard   func(sentence string)
	pseudo  bool
}

// Pseudo is a book with one language, in which every message stands between
// brackets: so a test sees the words of a page that are no message.
func Pseudo() *Book {
	l := Language{"en-XA", "⟦English⟧"}
	return &Book{
		names: []Language{l}, matcher: language.NewMatcher([]language.Tag{language.English}),
		voices: map[string]*Voice{l.Tag: {Language: l, pseudo: true}, English: {Language: l, pseudo: true}},
	}
}

func (v *Voice) source() bool { return v.po == nil && !v.pseudo }

func read(l Language) *Voice {
	text, err := files.ReadFile(path.Join("po", l.Tag+".po"))
	if err != nil {
		return &Voice{Language: l} // it was there when the book was opened
	}
	return parse(l, text)
}

func parse(l Language, text []byte) *Voice {
	po := gotext.NewPo()
	po.Parse(text)
	v := &Voice{Language: l, po: po, texts: map[string]string{}, formats: &formats{}}
	for id, t := range po.GetDomain().GetTranslations() {
		if id != "" && t.IsTranslated() {
			v.texts[id] = t.Get()
			v.formats.add(id, t.Get())
			// Code that was handed the English sentence can't say how many there are.
			if t.PluralID != "" && t.PluralID != id && t.Trs[1] != "" {
				v.formats.add(t.PluralID, t.Trs[1])
			}
		}
	}
	v.formats.order()
	return v
}

// Knows says whether the language has its own words for a message of the
// catalogue, or needs none.
func (v *Voice) Knows(message string) bool {
	return v.po == nil || message == "" || v.texts[message] != ""
}

// message gives a translation as it stands in the catalogue, with its
// placeholders.
func (v *Voice) message(id string) string {
	if v.pseudo {
		return "⟦" + id + "⟧"
	}
	if text := v.texts[id]; text != "" {
		return text
	}
	return id
}

// Count says how many there are of something: one and many are messages with
// one %d, of which the language chooses its own form.
func (v *Voice) Count(n int, one, many string) string {
	if v.po == nil {
		if n == 1 {
			return v.message(fmt.Sprintf(one, n))
		}
		return v.message(fmt.Sprintf(many, n))
	}
	return v.po.GetN(one, many, n, n)
}

// Date writes a time by a layout of package time, which is a message: a
// language orders it as it is used to. Names of months and days are messages,
// too.
func (v *Voice) Date(layout string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if v.po == nil {
		return v.message(t.Format(layout))
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

// Decimal writes a number that has a point in English with the sign that the
// language puts there.
func (v *Voice) Decimal(number string) string {
	if v.po == nil {
		return number
	}
	return strings.Replace(number, ".", v.po.GetC(".", "decimal point"), 1)
}
