package locale_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/leonelquinteros/gotext"

	"openmates/internal/locale"
)

// A sentence is taken for the format that it was made of, and for no other one.
func TestFormatsAreNotConfused(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("po/*.po")
	if err != nil || len(files) == 0 {
		t.Fatalf("no catalogue: %v", err)
	}
	book, err := locale.Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			voice := book.Voice(strings.TrimSuffix(filepath.Base(path), ".po"))
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			po := gotext.NewPo()
			po.Parse(text)
			tried := 0
			for id, tr := range po.GetDomain().GetTranslations() {
				if !tr.IsTranslated() || strings.Contains(id, "{1}") || !tellable(id) {
					continue
				}
				for _, word := range []string{"Sophia", "The green ones", "“Harbour”"} {
					values := ordinary(id, word)
					if len(values) == 0 {
						continue
					}
					tried++
					sentence, want := fmt.Sprintf(id, values...), fmt.Sprintf(tr.Get(), values...)
					if got := voice.Say(sentence); got != want {
						t.Errorf("%q is said as\n\t%q, want\n\t%q", sentence, got, want)
					}
				}
			}
			if tried < 100 {
				t.Errorf("only %d sentences were tried", tried)
			}
		})
	}
}

// Where code joins two sentences, each is said as it is alone.
func TestJoinedSentences(t *testing.T) {
	t.Parallel()
	book, err := locale.Open()
	if err != nil {
		t.Fatal(err)
	}
	v := book.Voice("de")
	text, err := os.ReadFile("po/de.po")
	if err != nil {
		t.Fatal(err)
	}
	po := gotext.NewPo()
	po.Parse(text)
	before, after := "Sophia could not write there.", "The bot tries again by itself."
	for id, tr := range po.GetDomain().GetTranslations() {
		if !tr.IsTranslated() || strings.ContainsAny(id, "{<") || !strings.HasSuffix(id, ".") || !unicode.IsUpper([]rune(id)[0]) {
			continue
		}
		sentence := fmt.Sprintf(id, ordinary(id, "Sophia")...)
		want := strings.Join([]string{v.Say(before), v.Say(sentence), v.Say(after)}, " ")
		if got := v.Say(strings.Join([]string{before, sentence, after}, " ")); got != want {
			t.Errorf("between two others, %q is said as\n\t%q, want\n\t%q", sentence, got, want)
		}
	}
}

// ordinary are values that a format can have.
func ordinary(format, word string) (values []any) {
	for _, m := range verbs.FindAllStringSubmatch(format, -1) {
		switch m[1] {
		case "":
		case "d":
			values = append(values, 3+len(values))
		default:
			values = append(values, word)
		}
	}
	return values
}

// tellable says whether a format has words enough to be told by.
func tellable(format string) bool {
	n := 0
	for _, r := range verbs.ReplaceAllString(format, "") {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n > 3
}
