package locale_test

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/leonelquinteros/gotext"

	"openmates/internal/catalogue"
	"openmates/internal/locale"
)

var update = flag.Bool("update", false, "write the messages of the source into every catalogue; what has no translation yet gets an empty one")

const root = "../.."

// words returns messages that no format contains: the parts of dates.
func words() []string {
	var all []string
	for day := range time.Weekday(7) {
		all = append(all, day.String(), day.String()[:3])
	}
	for month := time.January; month <= time.December; month++ {
		all = append(all, month.String(), month.String()[:3])
	}
	return all
}

// source is what the code and the templates say.
type source struct {
	messages map[string]string // where each was found first
	plurals  map[string]string // the many of a one
}

func (s *source) add(id, where string) {
	words := verbs.ReplaceAllString(id, "") // quotes differ, too
	if strings.ContainsFunc(words, func(c rune) bool { return unicode.IsLetter(c) || c == '“' }) && s.messages[id] == "" {
		s.messages[id] = where
	}
}

func read(t *testing.T) *source {
	t.Helper()
	s := &source{messages: map[string]string{}, plurals: map[string]string{}}
	templates, err := filepath.Glob(root + "/internal/web/templates/*.html")
	if err != nil || len(templates) < 10 {
		t.Fatalf("found %d templates, %v", len(templates), err)
	}
	for _, path := range templates {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		where := "internal/web/templates/" + filepath.Base(path)
		for _, id := range locale.Messages(string(text)) {
			s.add(id, where)
		}
		s.arguments(string(text), where)
	}
	mates, err := catalogue.Mates()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mates {
		where := "internal/catalogue/mates/" + m.Handle + ".md"
		s.add(m.Field, where)
		s.add(m.Description, where)
	}
	for _, complaint := range s.code(t) {
		t.Error(complaint)
	}
	for _, word := range words() {
		s.add(word, "words")
	}
	return s
}

var (
	counted = regexp.MustCompile(`\bcount [^"{}]*"([^"]*)" "([^"]*)"`)
	dated   = regexp.MustCompile(`\bdate "([^"]*)"`)
	said    = regexp.MustCompile(`\b(?:say|spend|grants) "([^"]*)"`)
)

// arguments finds the messages that actions of a template name.
func (s *source) arguments(text, where string) {
	for _, m := range counted.FindAllStringSubmatch(text, -1) {
		s.add(m[1], where)
		s.plurals[m[1]] = m[2]
	}
	for _, m := range slices.Concat(dated.FindAllStringSubmatch(text, -1), said.FindAllStringSubmatch(text, -1)) {
		s.add(m[1], where)
	}
}

// Every language has words for every message of the source, and no others.
func TestCataloguesAreWhole(t *testing.T) {
	t.Parallel()
	src := read(t)
	if len(src.messages) < 300 {
		t.Fatalf("the source has only %d messages", len(src.messages))
	}
	entries, err := fs.Glob(os.DirFS("po"), "*.po")
	if err != nil || len(entries) == 0 {
		t.Fatalf("no catalogue: %v", err)
	}
	for _, file := range entries {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("po", file)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			po := gotext.NewPo()
			po.Parse(text)
			if *update {
				if err := os.WriteFile(path, write(string(text), po, src), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			for id, where := range src.messages {
				if !po.IsTranslated(id) {
					t.Errorf("%s: there are no words for %q; go test ./internal/locale -update makes room for them", where, id)
				}
			}
			held := po.GetDomain().GetTranslations()
			for id, tr := range held {
				if id == "" {
					continue
				}
				if src.messages[id] == "" {
					t.Errorf("%q is said nowhere any more", id)
				}
				fits(t, id, tr)
			}
		})
	}
}

var verbs = regexp.MustCompile(`%(?:\[\d+\])?[-+# 0]*\d*(?:\.\d+)?([a-zA-Z])|%%`)

// fits holds a translation against its source: the same values, the same tags.
func fits(t *testing.T, id string, tr *gotext.Translation) {
	t.Helper()
	for _, text := range tr.Trs {
		if text == "" {
			continue
		}
		if err := locale.Fits(id, text); err != nil {
			t.Errorf("%q: %v", id, err)
		}
		count := func(s string) map[string]int {
			n := map[string]int{}
			for _, m := range verbs.FindAllStringSubmatch(s, -1) {
				n[m[1]]++
			}
			return n
		}
		if want, got := count(id), count(text); !maps.Equal(want, got) {
			t.Errorf("%q has the values %v, its translation %q has %v", id, want, text, got)
		}
	}
}

// write returns the text of a catalogue: its header, then the messages by
// position.
func write(text string, po *gotext.Po, src *source) []byte {
	head, _, _ := strings.Cut(text, "\n\n")
	var b strings.Builder
	b.WriteString(head + "\n\nmsgctxt \"decimal point\"\nmsgid \".\"\nmsgstr " + strconv.Quote(po.GetC(".", "decimal point")) + "\n")
	ids := maps.Clone(src.messages)
	sorted := slices.SortedFunc(maps.Keys(ids), func(a, c string) int {
		return strings.Compare(ids[a]+"\x00"+a, ids[c]+"\x00"+c)
	})
	held := po.GetDomain().GetTranslations()
	for _, id := range sorted {
		fmt.Fprintf(&b, "\n#: %s\nmsgid %s\n", ids[id], quote(id))
		get := func(n int) string {
			if t := held[id]; t != nil {
				return t.Trs[n]
			}
			return ""
		}
		if many, ok := src.plurals[id]; ok {
			fmt.Fprintf(&b, "msgid_plural %s\nmsgstr[0] %s\nmsgstr[1] %s\n", quote(many), quote(get(0)), quote(get(1)))
			continue
		}
		fmt.Fprintf(&b, "msgstr %s\n", quote(get(0)))
	}
	return []byte(b.String())
}

// quote writes a string as gettext does: letters of other alphabets stay.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}
