package catalogue

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"openmates"
)

func TestEveryMateIsComplete(t *testing.T) {
	t.Parallel()
	mates, err := Mates()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	opening := map[string]string{}
	for _, m := range mates {
		names = append(names, m.Name)
		if !strings.EqualFold(m.Name, m.Handle) || openmates.ValidHandle(m.Handle) != nil {
			t.Errorf("%s is called %s", m.Handle, m.Name)
		}
		if n := utf8.RuneCountInString(m.Prompt); n < 900 || n > 4000 {
			t.Errorf("the prompt of %s has %d characters", m.Handle, n)
		}
		if n := utf8.RuneCountInString(m.Description); n > 200 {
			t.Errorf("the description of %s has %d characters", m.Handle, n)
		}
		if !strings.HasSuffix(m.Description, ".") {
			t.Errorf("the description of %s is not finished: %q", m.Handle, m.Description)
		}
		if !strings.Contains(m.Prompt, "How you work:") || !strings.Contains(strings.ToLower(m.Prompt), "invent") {
			t.Errorf("the prompt of %s does not say how it works and what it never invents", m.Handle)
		}
		if !m.Limits.Apps.Only || !m.Enabled {
			t.Errorf("%s: %+v", m.Handle, m)
		}
		first, _, _ := strings.Cut(m.Prompt, "\n")
		if other, ok := opening[first]; ok {
			t.Errorf("%s and %s begin alike", m.Handle, other)
		}
		opening[first] = m.Handle
	}
	want := []string{"Burton", "Elton", "Finn", "Grace", "Leon", "Lisa", "Makani", "Mark", "Melvin", "Monika", "Priscilla", "Selma", "Sophia"}
	if !slices.Equal(names, want) {
		t.Errorf("the mates are %v, want %v", names, want)
	}
}

// Mates whose advice affects health, rights or money state its limits.
func TestMatesOfHealthLawAndFinanceStateTheirLimits(t *testing.T) {
	t.Parallel()
	mates, err := Mates()
	if err != nil {
		t.Fatal(err)
	}
	for handle, words := range map[string][]string{
		"melvin": {"no physician", "112", "911", "no diagnosis", "emergency"},
		"lisa":   {"not a therapist", "112", "988"},
		"leon":   {"no lawyer", "general legal information", "deadline"},
		"finn":   {"not personal investment, tax or accounting advice", "no licence"},
		"elton":  {"qualified", "mains"},
	} {
		i := slices.IndexFunc(mates, func(m openmates.Mate) bool { return m.Handle == handle })
		if i < 0 {
			t.Fatalf("there is no %s", handle)
		}
		for _, w := range append(words, "Your limits, which you name when they matter") {
			if !strings.Contains(mates[i].Prompt, w) {
				t.Errorf("%s does not say %q", handle, w)
			}
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	const head = "name: X\nfield: y\ndescription: z\nclass: quick\napps: web, calculation"
	m, err := parse("x", head+"\n---\n\nprompt\n")
	if err != nil || m.Prompt != "prompt" || m.Class != openmates.ClassQuick || !slices.Equal(m.Limits.Apps.Names, []string{"calculation", "web"}) {
		t.Errorf("%+v, %v", m, err)
	}
	for name, text := range map[string]string{
		"no rule":       head + "\nprompt",
		"unknown line":  head + "\nfoo: y\n---\nprompt",
		"no field":      strings.Replace(head, "field: y\n", "", 1) + "\n---\nprompt",
		"no apps":       strings.Replace(head, "\napps: web, calculation", "", 1) + "\n---\nprompt",
		"no such class": strings.Replace(head, "quick", "clever", 1) + "\n---\nprompt",
		"no prompt":     head + "\n---\n",
	} {
		if _, err := parse("x", text); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Texts in the catalogue are messages; the same words for another mate, and any
// other words, are what somebody typed.
func TestOnlyTheCataloguesOwnWordsAreMessages(t *testing.T) {
	t.Parallel()
	if got := Field("finn", "finance"); got != openmates.T("finance") {
		t.Errorf("the field of Finn is %q", string(got))
	}
	for _, typed := range [][2]string{{"finn", "Usage"}, {"sophia", "finance"}, {"nobody", "finance"}, {"../mates/finn", "finance"}, {"", "%d"}} {
		if got := Field(typed[0], typed[1]); got != openmates.T("%s", typed[1]) || got.String() != typed[1] {
			t.Errorf("the field %q of %s is %q", typed[1], typed[0], string(got))
		}
	}
	if Field("finn", "") != "" || Description("finn", "") != "" {
		t.Error("nothing is something")
	}
	mates, err := Mates()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mates {
		if got := Description(m.Handle, m.Description); got != openmates.Text(m.Description) {
			t.Errorf("the description of %s is %q", m.Handle, string(got))
		}
	}
}
