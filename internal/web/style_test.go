package web

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Every pair of colours that stands on another meets WCAG 2.2 AA: 4.5:1 for
// text (1.4.3), 3:1 for the borders of controls (1.4.11), in both schemes.
func TestContrast(t *testing.T) {
	t.Parallel()
	css, err := staticFiles.ReadFile("static/app.css")
	must(t, err)
	light, rest, _ := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	dark, _, _ := strings.Cut(rest, "\n}\n")
	token := regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`)
	for name, part := range map[string]string{"light": light, "dark": dark} {
		c := map[string]string{}
		for _, m := range token.FindAllStringSubmatch(part, -1) {
			c[m[1]] = m[2]
		}
		for _, pair := range []struct {
			fore, back string
			least      float64
		}{
			{"ink", "paper", 7}, {"ink", "card", 7}, {"ink", "sunk", 7}, {"soft", "paper", 4.5}, {"soft", "card", 4.5}, {"soft", "sunk", 4.5},
			{"accent", "paper", 4.5}, {"accent", "card", 4.5}, {"accent", "accent-wash", 4.5}, {"accent-strong", "accent-wash", 4.5},
			{"accent-ink", "accent", 4.5}, {"accent-ink", "accent-strong", 4.5}, {"ink", "accent-wash", 4.5}, {"soft", "accent-wash", 4.5},
			{"good", "good-wash", 4.5}, {"warn", "warn-wash", 4.5}, {"bad", "bad-wash", 4.5}, {"edge", "card", 3},
			{"plot-a", "card", 3}, {"plot-b", "card", 3}, {"plot-c", "card", 3}, {"plot-d", "card", 3}, {"plot-e", "card", 3}, {"plot-f", "card", 3}, {"edge", "paper", 3},
		} {
			if c[pair.fore] == "" || c[pair.back] == "" {
				t.Fatalf("%s: no token %s or %s", name, pair.fore, pair.back)
			}
			if got := contrast(t, c[pair.fore], c[pair.back]); got < pair.least {
				t.Errorf("%s: %s on %s is %.2f:1, less than %.1f:1", name, pair.fore, pair.back, got, pair.least)
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + .05) / (min(x, y) + .05)
}

// luminance is WCAG's relative luminance.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{.2126, .7152, .0722} {
		n, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		must(t, err)
		v := float64(n) / 255
		if v <= .04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}

// What a page names in class="" is in the style sheet, and the reverse: neither
// rots.
func TestClasses(t *testing.T) {
	t.Parallel()
	css, err := staticFiles.ReadFile("static/app.css")
	must(t, err)
	used := map[string]bool{}
	files, err := templateFiles.ReadDir("templates")
	must(t, err)
	class := regexp.MustCompile(`class="([^"]*)"`)
	action := regexp.MustCompile(`\{\{[^}]*\}\}`)
	for _, f := range files {
		b, err := templateFiles.ReadFile("templates/" + f.Name())
		must(t, err)
		for _, m := range class.FindAllStringSubmatch(string(b), -1) {
			for c := range strings.FieldsSeq(action.ReplaceAllString(m[1], " ")) {
				used[c] = true
			}
		}
	}
	for c := range strings.FieldsSeq("good warn bad wait plain") { // from phaseWords
		used[c] = true
	}
	for i := range mostTones + 1 { // from toneClass
		used[toneClass(i)] = true
	}
	defined := map[string]bool{}
	for _, m := range regexp.MustCompile(`\.([a-z][a-z-]*)`).FindAllStringSubmatch(regexp.MustCompile(`(?s)/\*.*?\*/|\{[^{}]*\}`).ReplaceAllString(string(css), "{}"), -1) {
		defined[m[1]] = true
	}
	for c := range used {
		if !defined[c] {
			t.Errorf("the class %q has no style", c)
		}
	}
	for c := range defined {
		if !used[c] {
			t.Errorf("the style of %q is used nowhere", c)
		}
	}
}
