package messenger_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"

	"openmates/internal/messenger"
)

func utf16Len(s string) int { return len(utf16.Encode([]rune(s))) }

func parts(text string, limit int) []string {
	var out []string
	for text != "" {
		var p string
		p, text = messenger.Cut(text, limit, utf16Len)
		out = append(out, p)
	}
	return out
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		limit      int
		want       []string
	}{
		{"fits", "hello", 10, []string{"hello"}},
		{"between words", "hello big world", 11, []string{"hello big", "world"}},
		{"between paragraphs", "one two\n\nthree four five", 14, []string{"one two", "three four", "five"}},
		{"one long word", "abcdefghij", 4, []string{"abcd", "efgh", "ij"}},
		{"surrogate pairs stay whole", "😀😀😀", 3, []string{"😀", "😀", "😀"}},
		{"families and flags stay whole", "👨‍👩‍👧‍👦👨‍👩‍👧‍👦🇩🇪🇫🇷é́x", 14, []string{"👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦", "🇩🇪🇫🇷é́x"}},
		{"a space keeps its accent", "abcdef \u0301ghij", 8, []string{"abcdef \u0301", "ghij"}},
		{"a cluster longer than the limit", "a" + strings.Repeat("\u0301", 9), 4, []string{"a\u0301\u0301\u0301", "\u0301\u0301\u0301\u0301", "\u0301\u0301"}},
		{"code block is reopened", "```go\naaaa\nbbbb\ncccc\n```", 20,
			[]string{"```go\naaaa\nbbbb\n```", "```go\ncccc\n```"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := parts(c.text, c.limit)
			if strings.Join(got, "|") != strings.Join(c.want, "|") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	if got := messenger.Closed("see\n```go\nx := 1"); got != "see\n```go\nx := 1\n```" {
		t.Errorf("open block: %q", got)
	}
	if got := messenger.Closed("```\na\n```\nb"); got != "```\na\n```\nb" {
		t.Errorf("closed block: %q", got)
	}
}

func TestCutKeepsItsPromises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOf(rapid.SampledFrom([]string{
			"word ", "a", "\n", "\n\n", "\n```go\n", "\n```\n", "`x` ", "😀", "long-long-long-long ",
		})).Draw(t, "pieces")
		text := strings.Join(pieces, "")
		limit := rapid.IntRange(24, 80).Draw(t, "limit")
		got := parts(text, limit)
		for _, p := range got {
			if n := utf16Len(p); n > limit {
				t.Fatalf("part of %d units over the limit of %d: %q", n, limit, p)
			}
			if !utf8.ValidString(p) {
				t.Fatalf("cut inside a character: %q", p)
			}
		}
		for _, w := range []string{"word", "long-long-long-long", "😀"} {
			if strings.Count(text, w) < strings.Count(strings.Join(got, ""), w) {
				t.Fatalf("%q was doubled in %q", w, got)
			}
		}
		bare := func(s string) int {
			s = strings.NewReplacer("```go", "", "```", "", "\n", "", " ", "").Replace(s)
			return len(s)
		}
		if a, b := bare(text), bare(strings.Join(got, "\n")); a != b {
			t.Fatalf("%d characters became %d: %q → %q", a, b, text, got)
		}
	})
}

// What a reader sees as one character is in one part, whatever stands around it.
func TestCutSplitsNoCharacterThatAReaderSees(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seen := []string{"👨‍👩‍👧‍👦", "🇩🇪", "🇺🇸", "👍🏽", "é́", "한", "क्ष", "a", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"}
		pieces := rapid.SliceOf(rapid.SampledFrom(append(seen, " ", "\n", "\n\n", "word "))).Draw(t, "pieces")
		limit := rapid.IntRange(16, 60).Draw(t, "limit")
		text := strings.Join(pieces, "")
		want, got := clusters(text), []string{}
		for _, p := range parts(text, limit) {
			if n := utf16Len(p); n > limit {
				t.Fatalf("part of %d units over the limit of %d: %q", n, limit, p)
			}
			got = append(got, clusters(p)...)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q became %q", want, got)
		}
	})
}

// clusters are the grapheme clusters of a text that leave ink.
func clusters(text string) []string {
	var out []string
	for g := uniseg.NewGraphemes(text); g.Next(); {
		if c := g.Str(); strings.TrimSpace(c) != "" {
			out = append(out, c)
		}
	}
	return out
}

func TestCutOfAGrowingTextIsStable(t *testing.T) {
	t.Parallel()
	whole := strings.Repeat("Some words 👨‍👩‍👧‍👦 in a 🇩🇪🇫🇷 line.\n```go\ncode()\n```\n", 20)
	want, _ := messenger.Cut(whole, 100, utf16Len)
	for n := range whole {
		if utf16Len(whole[:n]) <= 100 {
			continue
		}
		if got, _ := messenger.Cut(whole[:n], 100, utf16Len); got != want {
			t.Fatalf("after %d bytes the first part became %q, want %q", n, got, want)
		}
	}
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}

func FuzzCut(f *testing.F) {
	f.Add("```go\nfunc main() {}\n```", 30)
	f.Add("a\n\nb c", 20)
	f.Add(strings.Repeat("👨‍👩‍👧‍👦🇩🇪", 20), 3)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = 24 + abs(limit)%4000
		if len(text) > 20000 {
			return
		}
		for n := 0; text != ""; n++ {
			if n > 40000 {
				t.Fatal("cutting does not end")
			}
			var p string
			p, text = messenger.Cut(text, limit, utf16Len)
			if utf16Len(p) > limit {
				t.Fatalf("part over the limit: %d > %d", utf16Len(p), limit)
			}
		}
	})
}
