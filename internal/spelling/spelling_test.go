package spelling_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"openmates"
	"openmates/internal/spelling"
)

func TestANameCanBeSeenAndHasOneForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{ // want "" = refused
		"Ada Lovelace": "Ada Lovelace", "  Ada \t Lovelace ": "", "  Ada   Lovelace ": "Ada Lovelace", "Zoë 🦊": "Zoë 🦊",
		"👩\u200d💻": "👩\u200d💻", "❤️ Nora": "❤️ Nora", "1️⃣": "1️⃣", "Zoe\u0308": "Zoë", "日本": "日本", "Иван": "Иван", "Иван Smith": "Иван Smith", "क्\u200dष": "क्\u200dष",
		"نیم\u200cفاصله": "نیم\u200cفاصله", "שָׁלוֹם": "שָׁלוֹם", "Nguyễn": "Nguyễn", "O’Neill & Søn": "O’Neill & Søn", "µTorrent": "µTorrent", "R2-D2": "R2-D2", "!": "!",
		"東京タワー Tokyo": "東京タワー Tokyo", strings.Repeat("ü", 80): strings.Repeat("ü", 80), "a\u00a0b": "a b",

		"": "", "  ": "", "\u3164": "", "\u200d": "", "\u200b\u200b": "", "\u2800": "", "\u115f": "", "\uffa0": "", "\u034f": "", "\ufe0f": "", "\u0301": "",
		"a\x00b": "", "a\nb": "", "a\u2028b": "", "evil\u202etxt": "", "a\u200eb": "", "a\u2066b": "", "soft\u00adhyphen": "", "bom\ufeff": "", "a\u200db": "", "ad\u200cmin": "",
		"a\u200d": "", "\u200da": "", "a\ufe0f": "", "a \u200d b": "", "\xff": "", "\ue000": "", "tag\U000e0041": "", "\U000e0100x": "",
		"аdmin": "", "Nоra": "", "Αda": "", "Z\u0300\u0301\u0302\u0303\u0304\u0305algo": "",
		"\ufffc": "", "a\ufffcb": "", "\ufffd": "", "a\U0001d159": "", "\U00013441": "", // they leave no ink
		"𝐀dmin": "", "ℬen": "", "Ａdmin": "", "ᗩda": "", "ꓮda": "", "𐐝ofia": "", "ⵏora": "", "Α𝐝𝐚": "",
		"ＡＤＡ": "ＡＤＡ", "ᐃᓄᒃᑎᑐᑦ": "ᐃᓄᒃᑎᑐᑦ", "Ｔokyo 東京": "", "東京Ｔｏｋｙｏ": "東京Ｔｏｋｙｏ", "1ª Nora": "1ª Nora", "OpenMatesちゃん": "OpenMatesちゃん",
		strings.Repeat("ü", 81): "", strings.Repeat("a", 100_000): "",
	} {
		got, err := spelling.Name(in, openmates.T("your name"), spelling.Longest)
		if got != want || (err == nil) != (want != "") || err != nil && openmates.CodeOf(err) != openmates.EInvalid {
			t.Errorf("%+q: %+q, %v; want %+q", in, got, err, want)
		}
	}
	if got, err := spelling.Line(" ", openmates.T("the field"), 60); got != "" || err != nil {
		t.Errorf("an empty line: %q, %v", got, err)
	}
}

func TestANetworksNameIsMadeFitToShow(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Harbor HQ": "Harbor HQ", " a\n\nb ": "a b", "evil\u202etxt": "eviltxt", "\u3164": "", "\u200d": "", "\xffa": "a", "a\x00": "a", "👩\u200d💻": "👩\u200d💻",
		"abcdefghij": "abcdefghij", "abcdefghijk": "abcdefghi…", strings.Repeat("x", 200_000): "xxxxxxxxx…", "аdmin": "аdmin",
	} {
		if got := spelling.Clean(in, 10); got != want {
			t.Errorf("%+q: %+q, want %+q", in, got, want)
		}
	}
}

func TestUsernamesOfSomebodyElseAreRefused(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{ // want "" = refused
		"ada": "ada", "a-b.c_d": "a-b.c_d", "x1": "x1", "Ada": "ada", " ben ": "ben", "ali": "ali", "nora.admin": "nora.admin", strings.Repeat("a", 32): strings.Repeat("a", 32),
		"a": "", "": "", "-ab": "", "ab-": "", "a--b": "", "a b": "", "ädä": "", strings.Repeat("a", 33): "", "../etc": "", "<b>": "", "a\x00b": "", "\xff\xff": "",
		"\u212aim": "", "аdmin": "", "ａｄｍｉｎ": "",
		"admin": "", "Admin": "", "adm1n": "", "ad-min": "", "ad.m.in": "", "system": "", "sy5tem": "", "openmates": "", "open_mates": "", "0penmates": "", "openmat3s": "", "api": "", "root": "",
		"former-member": "", "a.former.member": "", "everyone": "", "support": "", "a1l": "",
	} {
		got, err := spelling.Username(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%+q: %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestUsernamesThatLookAlikeHaveOneSkeleton(t *testing.T) {
	t.Parallel()
	for a, b := range map[string]string{"ben1": "benl", "nora0": "norao", "bernd": "bemd", "a-b": "a.b", "a_b": "a.b", "vvill": "will"} {
		if openmates.Skeleton(a) != openmates.Skeleton(b) {
			t.Errorf("%s and %s look alike", a, b)
		}
	}
	for a, b := range map[string]string{"ben": "bem", "nora": "nore", "ab": "a-b", "ali": "all"} {
		if openmates.Skeleton(a) == openmates.Skeleton(b) {
			t.Errorf("%s and %s are told apart", a, b)
		}
	}
}

func TestUmlautsAreWrittenOutInPaths(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Bäckerei Müßig & Søn": "baeckerei-muessig-soen", "BÄCKEREI": "baeckerei", "Ba\u0308ckerei": "baeckerei", "Ångström": "aangstroem", "Łódź": "lodz", "Çelik Ğ": "celik-g", "İstanbul": "istanbul",
		"Acme": "acme", " Acme  GmbH & Co.": "acme-gmbh-co", "R2–D2": "r2-d2", "Équipe": "equipe", "O’Neill": "o-neill", "ﬁne": "fine",
		"日本": "", "": "", "---": "", "Login": "login-team", "X": "x-team", "2026": "2026-team", "OpenMates": "openmates-team",
		strings.Repeat("ab", 30): strings.Repeat("ab", 20), strings.Repeat("a", 39) + "!b": strings.Repeat("a", 39), strings.Repeat("7", 50): strings.Repeat("7", 35) + "-team",
	} {
		if got := spelling.Slug(name); got != want {
			t.Errorf("the slug of %q: %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"Käthe Müller": "kaethe-mueller", "Sophia": "sophia", "2B": "mate-2b", "Bot": "bot-mate", "X": "x-mate", "日本": "", "Admin": "admin-mate", strings.Repeat("ä", 40): strings.Repeat("ae", 16),
	} {
		if got := spelling.Handle(name); got != want {
			t.Errorf("the handle of %q: %q, want %q", name, got, want)
		}
	}
}

func TestAValidSlugIsItsOwnProposal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		slug := rapid.StringMatching(`[a-z0-9]{1,9}(-[a-z0-9]{1,9}){0,3}`).Draw(t, "slug")
		if openmates.ValidSlug(slug) != nil {
			t.Skip("a single character, digits alone, or a reserved word")
		}
		if got := spelling.Slug(slug); got != slug {
			t.Fatalf("the slug of %q is %q", slug, got)
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"Acme", "", "Login", "İstanbul", "K", "a", "42", "Bäckerei Müßig & Søn", strings.Repeat("a-", 40), "\xff\xfe", "日本 2", "ﬃ½"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if slug := spelling.Slug(name); slug != "" && openmates.ValidSlug(slug) != nil {
			t.Errorf("the slug of %q is %q: %v", name, slug, openmates.ValidSlug(slug))
		}
		if handle := spelling.Handle(name); handle != "" && openmates.ValidHandle(handle) != nil {
			t.Errorf("the handle of %q is %q: %v", name, handle, openmates.ValidHandle(handle))
		}
	})
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"Ada", "\u3164", "a\u200db", "👩\u200d💻", "❤️", "Zoe\u0308", "a\u2060\u0301", "\xff", "аdmin", "a\u200d\u00a0b", "a\U000e0001\u200db", "\u0344", "ᄀ\u115f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		fine := func(s string) {
			if !utf8.ValidString(s) || !spelling.Visible(s) || utf8.RuneCountInString(s) > 40 || !norm.NFC.IsNormalString(s) ||
				strings.ContainsFunc(s, unicode.IsControl) || strings.ContainsAny(s, "\u202e\u200b\u3164\u2028") {
				t.Errorf("%+q becomes %+q", in, s)
			}
		}
		if name, err := spelling.Name(in, openmates.T("your name"), 40); err == nil {
			fine(name)
			if again, err := spelling.Name(name, openmates.T("your name"), 40); err != nil || again != name {
				t.Errorf("%+q becomes %+q, then %+q, %v", in, name, again, err)
			}
		}
		if name := spelling.Clean(in, 40); name != "" {
			fine(name)
			if again := spelling.Clean(name, 40); again != name {
				t.Errorf("%+q is cleaned to %+q, then to %+q", in, name, again)
			}
		}
		if name, err := spelling.Username(in); err == nil && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-._") != "" {
			t.Errorf("the username %q", name)
		}
	})
}
