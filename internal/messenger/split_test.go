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
			"word ", "a", "\n", "\n\n", "\n```77\n", "\n```\n", "`x` ", "😀", "long-long-long-long ", "- ", "> ", "1. ", "Use ```88\n",
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
			s = strings.NewReplacer("`", "", "7", "", "8", "", "\n", "", " ", "").Replace(s)
			return len(s)
		}
		if a, b := bare(text), bare(strings.Join(got, "\n")); a != b {
			t.Fatalf("%d characters became %d: %q → %q", a, b, text, got)
		}
	})
}

// fences is how many times networks that read them anywhere see a block of code
// begin or end.
func fences(text string) int { return strings.Count(text, "```") }

// Fences are recognised wherever Markdown allows them, and each part has both
// ends of each.
func TestFencesAreWholeInEachPart(t *testing.T) {
	t.Parallel()
	prose := strings.Repeat("These are the words of a long paragraph, which go on. ", 80)
	for name, c := range map[string]struct{ text, code, words string }{
		"in a list":            {"- ```sh\n  " + strings.Repeat("ls -la\n  ", 300) + "```\n\n" + prose, "ls -la", "paragraph"},
		"short in a list":      {"- ```sh\n  ls\n  ```\n\n" + prose, "ls", "paragraph"},
		"in a quote":           {"> ```\n> " + strings.Repeat("x := 1\n> ", 300) + "```\n\n" + prose, "x := 1", "paragraph"},
		"behind words":         {"Use ```js\n" + strings.Repeat("let x\n", 400) + "``` now.\n\n" + prose, "let x", "paragraph"},
		"four backticks":       {"````markdown\n```js\n1\n```\n" + strings.Repeat("a line of it\n", 300) + "````\n" + prose, "a line of it", "paragraph"},
		"tildes are no fence":  {"~~~\n" + prose + "\n~~~", "", "paragraph"},
		"one in another":       {"```markdown\n```js\n1\n```\n" + strings.Repeat("a line\n", 400) + "```\n", "", ""},
		"never closed":         {"```go\n" + strings.Repeat("x := 1\n", 400), "x := 1", ""},
		"several":              {strings.Repeat("Text.\n```go\ncode()\n```\n", 300), "code()", "Text"},
		"in a list in a quote": {"> 1. ```sh\n>    " + strings.Repeat("ls\n>    ", 500) + "```\n" + prose, "", "paragraph"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n, p := range parts(messenger.Adapt(c.text, messenger.Markdown{}), 2000) {
				whole := messenger.Closed(p)
				if fences(whole)%2 != 0 || name != "never closed" && name != "one in another" && whole != p {
					t.Errorf("part %d has %d fences: %q", n, fences(p), p)
				}
				for i, piece := range strings.Split(whole, "```") {
					if i%2 == 0 && c.code != "" && strings.Contains(piece, c.code) || i%2 == 1 && c.words != "" && strings.Contains(piece, c.words) {
						t.Errorf("part %d: code and words have changed places in %q", n, piece)
					}
				}
			}
			// While it grows, no part ever shows half a block.
			for n := 0; n < len(c.text); n += 97 {
				all := parts(messenger.Adapt(c.text[:n], messenger.Markdown{}), 2000)
				for i, p := range all {
					if i == len(all)-1 {
						p = messenger.Closed(p)
					}
					if fences(p)%2 != 0 {
						t.Fatalf("after %d bytes part %d is %q", n, i, p)
					}
				}
			}
		})
	}
}

func TestWhatMeansNothingInHalvesStaysWhole(t *testing.T) {
	t.Parallel()
	address := "https://example.org/" + strings.Repeat("a-long-path/", 108)
	link := "[the whole story of it](https://example.org/" + strings.Repeat("path/", 60) + ")"
	for name, c := range map[string]struct {
		text  string
		whole []string
	}{
		"an address in the first half":  {strings.Repeat("word ", 180) + address + " and on", []string{address}},
		"a link":                        {strings.Repeat("word ", 370) + link + strings.Repeat(" word", 300), []string{link}},
		"a mention":                     {strings.Repeat("x", 1990) + "<@123456789012345678> and on", []string{"<@123456789012345678>"}},
		"a family":                      {strings.Repeat("x", 1995) + "👨‍👩‍👧‍👦" + strings.Repeat("y", 100), []string{"👨‍👩‍👧‍👦"}},
		"an accent":                     {strings.Repeat("x", 1999) + "e\u0301" + strings.Repeat("y", 100), []string{"e\u0301"}},
		"a short span of code":          {strings.Repeat("word ", 398) + "`x := f(a, b)` " + strings.Repeat("word ", 100), []string{"`x := f(a, b)`"}},
		"a link in the middle of words": {strings.Repeat("x", 1500) + link + strings.Repeat("y", 1500), []string{link}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := parts(c.text, 2000)
			for _, w := range c.whole {
				if !slices.ContainsFunc(got, func(p string) bool { return strings.Contains(p, w) }) {
					t.Errorf("%q is cut: %q", w, got)
				}
			}
			if strings.ReplaceAll(strings.Join(got, ""), " ", "") != strings.ReplaceAll(c.text, " ", "") {
				t.Errorf("the parts are not the text: %q", got)
			}
		})
	}
}

func TestMarksAreClosedAndOpenedAgain(t *testing.T) {
	t.Parallel()
	for _, m := range []string{"**", "*", "__", "~~", "||", "***"} {
		text := "Well: " + m + strings.TrimSpace(strings.Repeat("loud words ", 40)) + m + " and " + strings.TrimSpace(strings.Repeat("quiet words ", 40))
		got := parts(text, 300)
		loud := 0
		for _, p := range got {
			if strings.Count(p, m)%2 != 0 {
				t.Errorf("%s: %q", m, p)
			}
			for i, piece := range strings.Split(p, m) {
				if strings.Contains(piece, "loud") != (i%2 == 1) && strings.Contains(piece, "words") {
					t.Errorf("%s: the marks have changed places in %q", m, p)
				}
				loud += strings.Count(piece, "loud")
			}
		}
		if loud != 40 {
			t.Errorf("%s: %d of 40 words", m, loud)
		}
	}
	for _, text := range []string{"2 * 3 * 4 = 24 and a_b_c " + strings.Repeat("word ", 100), "a | b || c " + strings.Repeat("word ", 100), "* a\n* b\n" + strings.Repeat("* word\n", 100)} {
		if got := strings.Join(parts(text, 100), " "); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(text), " ") {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestTablesBecomeWhatTheNetworkShows(t *testing.T) {
	t.Parallel()
	table := "See:\n\n| Name | Price |\n|---|---:|\n| Apple | **1** |\n| 日本 | 20 |\n\nThat is all."
	want := "See:\n\n```\nName   Price\n─────  ─────\nApple  1\n日本   20\n```\n\nThat is all."
	if got := messenger.Adapt(table, messenger.Markdown{}); got != want {
		t.Errorf("got %q", got)
	}
	if got := messenger.Adapt(table, messenger.Markdown{Tables: true}); got != table {
		t.Errorf("a network with tables gets %q", got)
	}
	wide := "| Name | What it is | Where it is from |\n|---|---|---|\n| Apple | a fruit that grows on trees in gardens | Kazakhstan, a long time ago |\n"
	if got, want := messenger.Adapt(wide, messenger.Markdown{}), "- **Apple**\n  - What it is: a fruit that grows on trees in gardens\n  - Where it is from: Kazakhstan, a long time ago"; got != want {
		t.Errorf("got %q", got)
	}
	for _, text := range []string{"a | b\nc | d", "```\n| a |\n|---|\n| b |\n```", "||secret||", "| a | b |", "a || b\n--|--"} {
		if got := messenger.Adapt(text, messenger.Markdown{}); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
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

// FuzzAdapt rewrites whatever a model may write: it ends, and what networks that
// read fences anywhere see is balanced in each part.
func FuzzAdapt(f *testing.F) {
	f.Add("- ```sh\n  ls\n  ```\n\nwords **bold", 40)
	f.Add("````markdown\n```js\n1\n```\n````", 30)
	f.Add("| a | b |\n|---|---|\n| 1 | `2|3` |", 50)
	f.Add("Use ```js\nx\n``` now ```", 25)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if len(text) > 5000 || !utf8.ValidString(text) {
			return
		}
		limit = 60 + abs(limit)%2000
		for _, p := range parts(messenger.Closed(messenger.Adapt(text, messenger.Markdown{})), limit) {
			if fences(p)%2 != 0 && !strings.Contains(text, "\\") {
				t.Fatalf("%q: a part has %d fences: %q", text, fences(p), p)
			}
		}
	})
}
