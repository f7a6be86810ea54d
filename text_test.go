package openmates_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"openmates"
)

func TestATextIsItsFormatWithItsArguments(t *testing.T) {
	t.Parallel()
	for want, text := range map[string]openmates.Text{
		"":                            "",
		"Done.":                       openmates.T("Done."),
		"100% of it":                  openmates.T("100%% of it"),
		`["`:                          openmates.T(`["`),
		"Ada has 3 of 7.5, true.":     openmates.T("%s has %d of %v, %t.", "Ada", 3, 7.5, true),
		"It is not there (any more).": openmates.T("%s (any more).", openmates.T("It is not there")),
		"Failed: Nothing is there.":   openmates.T("Failed: %v", openmates.Errorf(openmates.ENotFound, "Nothing is there.")),
		"4 March":                     openmates.T("%s", openmates.Day{Layout: "2 January", Time: time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)}),
		"a, b and c":                  openmates.And([]string{"a", "b", "c"}),
		"Again.":                      openmates.T("%s", openmates.T("Again.")),
		"a":                           openmates.And([]string{"a"}),
		"a, %d":                       openmates.List([]string{"a", "%d"}),
		"One. Two.":                   openmates.Sentences("", openmates.T("One."), "", openmates.T("Two.")),
	} {
		if got := text.String(); got != want {
			t.Errorf("%q is %q, want %q", string(text), got, want)
		}
	}
}

// Whatever somebody types is shown unchanged, even after it was stored, and
// never translated.
func TestWhatWasTypedIsNoMessage(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		typed := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"Not ready", "%s", "{1}", `["%s"]`, `["Not ready"]`, "100%", "\u202eabc", "<b>"})).
			Filter(func(s string) bool { return len(s) < 2000 && strings.ToValidUTF8(s, "") == s }).Draw(t, "typed")
		kept, err := json.Marshal(openmates.T("%s has left %s.", openmates.T("%s", typed), typed))
		if err != nil {
			t.Fatal(err)
		}
		var text openmates.Text
		if err := json.Unmarshal(kept, &text); err != nil {
			t.Fatal(err)
		}
		asked := func(message string) string {
			if message != "%s has left %s." && message != "%s" {
				t.Fatalf("a translation of %q is asked for", message)
			}
			return message
		}
		if got := text.In(asked, func(a any) any { return a }); got != typed+" has left "+typed+"." {
			t.Fatalf("%q became %q", typed, got)
		}
	})
}

// A text that another version stored is read as far as that is possible.
func FuzzText(f *testing.F) {
	for _, s := range []string{"An old sentence, 100%.", `["%s",1`, `["%d %s","x"]`, `["%s",{"text":"[\"%s\"]"},{"layout":"2","time":"x"},null]`, `[]`, `["%[9]d"]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, stored string) {
		if got := openmates.Text(stored).String(); stored == "" && got != "" {
			t.Errorf("nothing became %q", got)
		}
	})
}

// What is stored is bounded, and texts within texts end somewhere.
func TestATextIsBounded(t *testing.T) {
	t.Parallel()
	if long := openmates.T("%s.", strings.Repeat("ä", 5000)).String(); len(long) > 2100 || !strings.HasSuffix(long, "ä….") {
		t.Errorf("%d bytes, which end in %q", len(long), long[len(long)-8:])
	}
	deep := openmates.T("x")
	for range 20 {
		deep = openmates.T("(%s)", deep)
	}
	if got := deep.String(); strings.Count(got, "(") > 10 {
		t.Errorf("it is as deep as %s", got)
	}
}

// Money and quantities are written at the door, and survive being stored.
func TestAmountsAreValuesOfAText(t *testing.T) {
	t.Parallel()
	text := openmates.T("%s for %s, of %s", openmates.Money{Amount: 1_500_000, Currency: "EUR"}, openmates.Quantity{N: 1, One: "%d request", Many: "%d requests"}, openmates.Money{})
	if got := text.String(); got != "1.50 EUR for 1 request, of 0.00" {
		t.Errorf("in English: %q", got)
	}
	var all []any
	text.In(func(m string) string { return m }, func(v any) any { all = append(all, v); return v })
	if len(all) != 3 || all[0] != any(openmates.Money{Amount: 1_500_000, Currency: "EUR"}) || all[1] != any(openmates.Quantity{N: 1, One: "%d request", Many: "%d requests"}) || all[2] != any(openmates.Money{}) {
		t.Errorf("its values are %#v", all)
	}
	if got := openmates.T("%s", openmates.Quantity{N: 2, One: "%d is left.", Many: "%d are left."}).String(); got != "2 are left." {
		t.Errorf("a quantity alone: %q", got)
	}
}
