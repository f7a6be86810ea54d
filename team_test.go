package openmates_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"openmates"
)

func TestValidSlug(t *testing.T) {
	t.Parallel()
	for slug, want := range map[string]string{ // want: a part of the sentence, "" = valid
		"acme":                   "",
		"a1":                     "",
		"a-b-c":                  "",
		"42":                     "at least one letter",
		"007":                    "at least one letter",
		"9223372036854775807":    "at least one letter",
		"4-2":                    "",
		"42nd":                   "",
		"openmates":              "is reserved. Choose a different one.",
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
		"login":                  "is reserved. Choose a different one.",
		"setup":                  "is reserved. Choose a different one.",
		"v1":                     "is reserved. Choose a different one.",
		"messenger":              "is reserved. Choose a different one.",
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
		// An accepted slug needs no escaping in a path.
		if strings.Trim(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Contains(slug, "--") ||
			strings.HasPrefix(slug, "-") || strings.HasSuffix(slug, "-") || len(slug) < 2 || len(slug) > 40 {
			t.Errorf("ValidSlug(%q) accepts it", slug)
		}
		if id, err := openmates.ParseID(slug); err == nil {
			t.Errorf("ValidSlug(%q) accepts the ID %d", slug, id)
		}
	})
}
