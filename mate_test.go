package openmates_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"openmates"
)

func TestValidHandle(t *testing.T) {
	t.Parallel()
	for handle, want := range map[string]string{ // want: a part of the sentence, "" = valid
		"sophia": "", "r2-d2": "", "ab": "", "a1": "", strings.Repeat("a", 32): "",
		"": "has 0", "a": "has 1", strings.Repeat("a", 33): "has 33", strings.Repeat("ü", 33): "has 33",
		"Sophia": "a–z", "2d": "and starts with a letter", "-a": "a–z", "a-": "a–z", "a--b": "a–z", "so phia": "a–z", "sophia\n": "a–z",
		"so/phia": "a–z", "s\u202eophia": "a–z", "sophiä": "a–z", "../x": "a–z", "s_a": "a–z", "ѕophia": "a–z",
		"new": "taken for something else", "everyone": "taken for something else", "server": "taken for something else",
	} {
		err := openmates.ValidHandle(handle)
		if want == "" && err != nil || want != "" && (openmates.CodeOf(err) != openmates.EInvalid || !strings.Contains(openmates.MessageOf(err), want)) {
			t.Errorf("ValidHandle(%q) = %v, want %q", handle, err, want)
		}
	}
}

func TestAMateWorksWhileItIsOnAndNotArchived(t *testing.T) {
	t.Parallel()
	for _, m := range []openmates.Mate{{}, {Enabled: true, Archived: true}, {Archived: true}} {
		if m.Works() {
			t.Errorf("%+v works", m)
		}
	}
	if !(openmates.Mate{Enabled: true}).Works() {
		t.Error("a mate that is on does not work")
	}
}

func FuzzValidHandle(f *testing.F) {
	for _, s := range []string{"sophia", "", "a", "-a", "new", "ü", "a--b", "a\x00b", strings.Repeat("a", 33)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, handle string) {
		err := openmates.ValidHandle(handle)
		if err != nil {
			if openmates.CodeOf(err) != openmates.EInvalid || !utf8.ValidString(openmates.MessageOf(err)) {
				t.Errorf("ValidHandle(%q) = %v", handle, err)
			}
			return
		}
		if strings.Trim(handle, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Contains(handle, "--") || len(handle) > 32 {
			t.Errorf("ValidHandle(%q) accepts it", handle)
		}
	})
}
