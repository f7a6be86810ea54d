package openmates_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"openmates"
)

func TestValidSlug(t *testing.T) {
	t.Parallel()
	for slug, want := range map[string]string{ // want: a part of the sentence, "" = valid
		"acme":                   "",
		"a1":                     "",
		"a-b-c":                  "",
		"42":                     "",
		strings.Repeat("a", 40):  "",
		"":                       "has 0",
		"a":                      "has 1",
		"ü":                      "has 1",
		strings.Repeat("a", 41):  "has 41",
		strings.Repeat("ü", 41):  "has 41",
		strings.Repeat("ü", 30):  "a–z",
		"Acme":                   "a–z",
		"-acme":                  "a–z",
		"acme-":                  "a–z",
		"ac--me":                 "a–z",
		"ac me":                  "a–z",
		"acme/x":                 "a–z",
		"acme\n":                 "a–z",
		"ac\x00me":               "a–z",
		"ac\xffme":               "a–z",
		"login":                  "used by the server",
		"setup":                  "used by the server",
		"v1":                     "used by the server",
		"messenger":              "used by the server",
		"../../etc/passwd":       "a–z",
		strings.Repeat("a-", 20): "a–z",
	} {
		err := openmates.ValidSlug(slug)
		if want == "" {
			if err != nil {
				t.Errorf("ValidSlug(%q) = %v", slug, err)
			}
			continue
		}
		if openmates.CodeOf(err) != openmates.EInvalid || !strings.Contains(openmates.MessageOf(err), want) {
			t.Errorf("ValidSlug(%q) = %v, want EInvalid with %q", slug, err, want)
		}
	}
}

func TestSlugFrom(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Acme":                         "acme",
		" Acme  GmbH & Co.":            "acme-gmbh-co",
		"R2–D2":                        "r2-d2",
		"Équipe":                       "quipe",
		"日本":                           "",
		"":                             "",
		"---":                          "",
		"Login":                        "login-team",
		"X":                            "x-team",
		strings.Repeat("ab", 30):       strings.Repeat("ab", 20),
		strings.Repeat("a", 39) + "!b": strings.Repeat("a", 39),
	} {
		if got := openmates.SlugFrom(name); got != want {
			t.Errorf("SlugFrom(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestAValidSlugIsItsOwnProposal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		slug := rapid.StringMatching(`[a-z0-9]{1,9}(-[a-z0-9]{1,9}){0,3}`).Draw(t, "slug")
		if openmates.ValidSlug(slug) != nil {
			t.Skip("a single character or a reserved word")
		}
		if got := openmates.SlugFrom(slug); got != slug {
			t.Fatalf("SlugFrom(%q) = %q", slug, got)
		}
	})
}

func FuzzSlugFrom(f *testing.F) {
	for _, s := range []string{"Acme", "", "Login", "İstanbul", "K", "a", strings.Repeat("a-", 40), "\xff\xfe", "日本 2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		slug := openmates.SlugFrom(name)
		if slug == "" {
			return
		}
		if err := openmates.ValidSlug(slug); err != nil {
			t.Errorf("SlugFrom(%q) = %q: %v", name, slug, err)
		}
	})
}

func FuzzValidSlug(f *testing.F) {
	for _, s := range []string{"acme", "", "a", "-a", "login", "ü", "a--b", "a\x00b", strings.Repeat("a", 41)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, slug string) {
		err := openmates.ValidSlug(slug)
		if err != nil {
			if openmates.CodeOf(err) != openmates.EInvalid || !utf8.ValidString(openmates.MessageOf(err)) {
				t.Errorf("ValidSlug(%q) = %v", slug, err)
			}
			return
		}
		// What is accepted stands in a path as it is.
		if strings.Trim(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Contains(slug, "--") ||
			strings.HasPrefix(slug, "-") || strings.HasSuffix(slug, "-") || len(slug) < 2 || len(slug) > 40 {
			t.Errorf("ValidSlug(%q) accepts it", slug)
		}
	})
}
