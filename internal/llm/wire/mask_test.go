package wire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// refusal is what is in the log when a server refuses asked in these words.
func refusal(t *testing.T, key, words string, asked llm.Request) string {
	t.Helper()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, words)
	})
	_, err := client(t, wire.Config{URL: s.URL, Key: openmates.Secret(key), Fields: []string{"max_tokens"}}).Post(t.Context(), "/", asked, nil)
	e, ok := errors.AsType[*llm.Error](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	return e.Err.Error()
}

func TestKeysAreHidden(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long ", 5000)
	got := refusal(t, "sk-secret", "no: sk-secret\n and "+long, llm.Request{})
	if strings.Contains(got, "secret") || !strings.Contains(got, "no: ••• and long") || len(got) > 700 {
		t.Errorf("got %s", got)
	}
	for _, c := range []struct{ key, words, want string }{
		{"k", "aimock takes tokens, k and k.", "aimock takes tokens, k and k."}, // a gap would tell the key
		{"ollama", "ollama: no key ollama, but ollamas", "•••: no key •••, but ollamas"},
		{"sk-4711-secret", "the key sk-4711-sec… is unknown", "the key •••… is unknown"},
		{"sk-4711-secret", `{"Authorization":"Bearer sk-4711-secret"}`, `{"Authorization":"Bearer •••"}`},
		{"", "nothing to hide", "nothing to hide"},
	} {
		if got := refusal(t, c.key, c.words, llm.Request{}); got != c.want {
			t.Errorf("%q in %q: %q", c.key, c.words, got)
		}
	}
}

func asks(text string) llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Text: text}}}
}

func TestWhatWasAskedIsHiddenHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	const said = "My \"leg\" hurts\tat 5 % & more — größer 👩‍👩‍👧 als dort"
	once, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := json.Marshal(string(once))
	if err != nil {
		t.Fatal(err)
	}
	for name, echo := range map[string]string{
		"as it is":     said,
		"JSON":         string(once),
		"JSON in JSON": string(twice),
		"ASCII JSON":   strings.ReplaceAll(fmt.Sprintf("%+q", said), `\U0001f469`, `\ud83d\udc69`),
		"URL":          url.PathEscape(said),
		"HTML":         strings.NewReplacer("&", "&amp;", `"`, "&#34;", "ö", "&#246;").Replace(said),
		"capitals":     strings.ToUpper(said),
	} {
		got := strings.ToLower(refusal(t, "", "refused "+echo+" for good", asks(said)))
		for _, no := range []string{"leg", "hurts", "more", "er", "als", "dort"} {
			if strings.Contains(strings.ReplaceAll(got, "refused", ""), no) {
				t.Errorf("%s: %q holds %q", name, got, no)
				break
			}
		}
		if !strings.HasPrefix(got, "refused") || !strings.HasSuffix(got, "for good") {
			t.Errorf("%s: the server's own words are gone: %q", name, got)
		}
	}
}

func TestAFieldThatARefusalNamesStays(t *testing.T) {
	t.Parallel()
	got := refusal(t, "", "unsupported: max_tokens is too large", asks("what does max_tokens is too large mean?"))
	if strings.Contains(got, "too large") || !strings.Contains(got, "max_tokens") {
		t.Errorf("got %q", got)
	}
}

// Whatever a server mixes in, no eight consecutive characters of the question
// remain, and the rest is safe to log.
func TestNoRunOfTheRequestIsLeft(t *testing.T) {
	t.Parallel()
	letters := []rune("ab \n\"\\%&;uxü日👩")
	rapid.Check(t, func(rt *rapid.T) {
		said := rapid.StringOfN(rapid.SampledFrom(letters), 0, 60, -1).Draw(rt, "said")
		words := rapid.StringOfN(rapid.SampledFrom(letters), 0, 20, -1).Draw(rt, "before")
		from := rapid.IntRange(0, len(said)).Draw(rt, "from")
		words += said[from:rapid.IntRange(from, len(said)).Draw(rt, "to")]
		words += rapid.StringOfN(rapid.SampledFrom(letters), 0, 20, -1).Draw(rt, "behind")
		got := wire.HideRuns(words, []string{said})
		if utf8.ValidString(words) && !utf8.ValidString(got) {
			rt.Fatalf("%q became %q", words, got)
		}
		if again := wire.HideRuns(got, []string{said}); again != got {
			rt.Fatalf("%q became %q, and that %q", words, got, again)
		}
	})
}

func FuzzHideRuns(f *testing.F) {
	f.Add("refused: hello there", "hello there, you")
	f.Add(`\u00fc\ud83d\ude00 %C3%BC &uuml; \x`, `ü😀 ü ü \x`)
	f.Fuzz(func(t *testing.T, words, said string) {
		got := wire.HideRuns(words, []string{said})
		if len(got) > len(words)*3+12 {
			t.Fatalf("%q became %q", words, got)
		}
		if got := wire.HideRuns(said, []string{said}); utf8.RuneCountInString(said) >= 64 && !strings.ContainsAny(said, "\\%& \n\t") && utf8.ValidString(said) && strings.ToLower(said) == said && strings.Join(strings.Fields(said), "") == said && got != "•••" {
			t.Fatalf("%q became %q", said, got)
		}
	})
}
