package openmates_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"openmates"
)

func TestParseIDReadsWhatStringWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := openmates.ID(rapid.Int64Min(1).Draw(t, "id"))
		got, err := openmates.ParseID(id.String())
		if err != nil || got != id {
			t.Fatalf("ParseID(%q) = %v, %v", id.String(), got, err)
		}
	})
}

func TestParseIDRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "0", "-1", "+1", "01", "1 ", " 1", "1.0", "1e3", "0x10", "1_000", "９", "NaN",
		"9223372036854775808", strings.Repeat("9", 1000),
	} {
		id, err := openmates.ParseID(s)
		if openmates.CodeOf(err) != openmates.EInvalid || id != 0 {
			t.Errorf("ParseID(%q) = %v, %v, want EInvalid", s, id, err)
		}
	}
}

func TestAnIDIsAStringInJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type row struct{ Mate, Bot openmates.ID }
		in := row{Mate: openmates.ID(rapid.Int64Min(0).Draw(t, "mate")), Bot: 1<<53 + 1}
		b, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(b), `"9007199254740993"`) {
			t.Fatalf("not a string: %s", b)
		}
		var out row
		if err := json.Unmarshal(b, &out); err != nil || out != in {
			t.Fatalf("%s became %v, %v", b, out, err)
		}
	})
}

func TestAnUnreadableIDChangesNothing(t *testing.T) {
	t.Parallel()
	id := openmates.ID(7)
	if err := id.UnmarshalText([]byte("seven")); openmates.CodeOf(err) != openmates.EInvalid {
		t.Errorf("err = %v, want EInvalid", err)
	}
	if id != 7 {
		t.Errorf("id = %v, want 7 as before", id)
	}
}

func FuzzParseID(f *testing.F) {
	for _, s := range []string{"1", "0", "-1", "+7", "007", "9223372036854775807", strings.Repeat("ü", 30), "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := openmates.ParseID(s)
		if err == nil && (id <= 0 || id.String() != s) {
			t.Errorf("ParseID(%q) = %v, which is written differently", s, id)
		}
		if err != nil {
			if m := openmates.MessageOf(err); !utf8.ValidString(m) || len(m) > 250 {
				t.Errorf("the sentence for %q is %q", s, m)
			}
			if utf8.ValidString(s) && strings.Contains(err.Error(), `\x`) && !strings.Contains(s, `\x`) && !hasControl(s) {
				t.Errorf("a character of %q was cut: %v", s, err)
			}
		}
	})
}

// hasControl reports whether %q writes parts of s as \x….
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
