package locale

import (
	"slices"
	"strings"
	"testing"
	"time"

	"openmates"
)

// voice is one of a small catalogue.
func voice(t *testing.T, messages string) *Voice {
	t.Helper()
	head := `msgid ""
msgstr ""
"Language: de\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

`
	return parse(Language{"de", "Deutsch"}, []byte(head+messages))
}

func entry(id, text string) string {
	return "msgid \"" + strings.ReplaceAll(id, `"`, `\"`) + "\"\nmsgstr \"" + strings.ReplaceAll(text, `"`, `\"`) + "\"\n\n"
}

func TestMessages(t *testing.T) {
	t.Parallel()
	for source, want := range map[string][]string{
		`<p>Hello</p>`: {"Hello"},
		`<p>{{.In}} of {{len .All}} mates are in</p>`:                                      {"{1} of {2} mates are in"},
		`<p>Discord is <a href="{{.URL}}">the simulator</a>.</p>`:                          {"Discord is <a1>the simulator</a1>."},
		`<p>Say <code>@{{.Name}} hello</code> <b>there</b>.</p>`:                           {"Say <code>@{1} hello</code> <b>there</b>."},
		`<p>{{if .A}}One.{{else}}Two.{{end}} Three.</p>`:                                   {"One.", "Two.", "Three."},
		`<label>Name <input placeholder="Your {{.What}}" title="x {{f "a>b"}} y"></label>`: {"Name", "Your {1}", "x {1} y"},
		`<p><b>All of it</b></p>`:                                                          {"All of it"},
		`<p>{{.Only}} · {{.Values}} 12 &nbsp;</p>`:                                         nil,
		"<p>\n  Two\n  lines\n</p>":                                                        {"Two lines"},
		`<p>One {{- .X -}} two</p>`:                                                        {"One{1}two"},
		`<pre>code here</pre><script>var a</script>`:                                       nil,
		`<p translate="no">OpenMates</p><p>x</p>`:                                          {"x"},
		`<b>{{range .A}}open{{end}}</b>`:                                                   {"open"},
		`{{/* a remark */}}<!-- another --><i>y</i>`:                                       {"y"},
		`<p><span class="a">{{.N}}</span> left</p>`:                                        {"left"},
		`<option{{if .On}} selected{{end}}>Any</option>`:                                   {"Any"},
	} {
		if got := Messages(source); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	v := voice(t, entry("{1} of {2} mates are in", "Von {2} sind {1} da")+entry("Discord is <a1>the simulator</a1>.", "<a1>Der Simulator</a1> ist Discord.")+
		entry("Hello", "Hallo")+entry("Your {1}", "Dein {1}")+entry("One{1}two", "Eins{1}zwei")+entry("Bad <b>one</b>", "Schlecht"))
	for source, want := range map[string]string{
		`<p>Hello</p> <p>Unknown</p>`:                                           `<p>Hallo</p> <p>Unknown</p>`,
		`<p> {{.In}} of {{len .All}} mates are in </p>`:                         `<p> Von {{len .All}} sind {{.In}} da </p>`,
		`<p>Discord is <a href="{{.URL}}" title="Hello">the simulator</a>.</p>`: `<p><a href="{{.URL}}" title="Hallo">Der Simulator</a> ist Discord.</p>`,
		`<input placeholder="Your {{.What}}" value="Hello">`:                    `<input placeholder="Dein {{.What}}" value="Hello">`,
		`<p>One {{- .X -}} two</p>`:                                             `<p>Eins{{.X}}zwei</p>`,
		`{{define "x"}}{{if .A}}Hello{{end}}{{end}}`:                            `{{define "x"}}{{if .A}}Hallo{{end}}{{end}}`,
	} {
		got, err := v.Template(source)
		if err != nil || got != want {
			t.Errorf("%s became %s, want %s; %v", source, got, want, err)
		}
	}
	if got, err := v.Template(`<p>Bad <b>one</b></p>`); err == nil || got != `<p>Bad <b>one</b></p>` {
		t.Errorf("a translation that loses a tag: %s, %v", got, err)
	}
}

// A translation can't smuggle in what its source does not hold.
func TestFits(t *testing.T) {
	t.Parallel()
	const id = "Say <a1>{1}</a1> to <b>all</b>"
	for text, fits := range map[string]bool{
		"Sag <b>allen</b> <a1>{1}</a1>":                     true,
		"Sag allen <a1>{1}</a1>":                            false,
		"Sag <b>allen</b> <a1>{2}</a1>":                     false,
		"Sag <b>allen</b> <a1>{1}{1}</a1>":                  false,
		"Sag <b>allen</b> <a1>{1}</a1><script1>x</script1>": false,
		"Sag <b>allen</b> <a1>{1}</a1> {{.Secret}}":         false,
		"Sag <b onclick=x>allen</b> <a1>{1}</a1>":           false,
	} {
		if err := Fits(id, text); (err == nil) != fits {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Formats and their text arguments are translated, but never what somebody
// typed.
func TestSayTranslatesFormatsAndNothingThatWasTyped(t *testing.T) {
	t.Parallel()
	v := voice(t, entry("%s allows no more.", "%s erlaubt nicht mehr.")+entry("the server", "der Server")+entry("%s has %d of %q.", "Von %[3]q hat %[1]s %[2]d.")+
		entry("Not ready", "Nicht bereit")+entry("%s and %s", "%s und %s")+entry("100%% done by %s", "100 %% von %s")+
		entry("It begins on %s.", "Es beginnt am %s.")+entry("2 January", "2. January")+entry("March", "März"))
	for want, text := range map[string]openmates.Text{
		"Nicht bereit":                    openmates.T("Not ready"),
		"Not ready erlaubt nicht mehr.":   openmates.T("%s allows no more.", "Not ready"),
		"der Server erlaubt nicht mehr.":  openmates.T("%s allows no more.", openmates.T("the server")),
		"the server":                      openmates.T("%s", "the server"),
		`Von "%s" hat {1} 3.`:             openmates.T("%s has %d of %q.", "{1}", 3, "%s"),
		"a, der Server und %d":            openmates.And([]openmates.Text{openmates.T("%s", "a"), openmates.T("the server"), openmates.T("%s", "%d")}),
		"100 % von it":                    openmates.T("100%% done by %s", "it"),
		"Es beginnt am 4. März.":          openmates.T("It begins on %s.", openmates.Day{Layout: "2 January", Time: time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)}),
		"A format of an older server, 3.": openmates.T("A format of an older server, %d.", 3),
		"Stored as it was said, 100%.":    openmates.Text("Stored as it was said, 100%."),
		"":                                openmates.Text(""),
	} {
		if got := v.Say(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestCountDateDecimal(t *testing.T) {
	t.Parallel()
	v := voice(t, "msgid \"%d place\"\nmsgid_plural \"%d places\"\nmsgstr[0] \"%d Ort\"\nmsgstr[1] \"%d Orte\"\n\n"+
		"msgctxt \"decimal point\"\nmsgid \".\"\nmsgstr \",\"\n\n"+entry("2 January 2006", "2. January 2006")+entry("March", "März")+
		entry("Wednesday", "Mittwoch")+entry("Wed", "Mi")+entry("Monday", "Montag")+entry("Mon", "Mo"))
	day := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for got, want := range map[string]string{
		v.Count(1, "%d place", "%d places"): "1 Ort", v.Count(0, "%d place", "%d places"): "0 Orte", v.Count(1000, "%d place", "%d places"): "1000 Orte",
		v.Date("2 January 2006", day): "4. März 2026", v.Date("Monday 2", day.AddDate(0, 0, -2)): "Montag 2", v.Date("Mon 2", day): "Mi 4", v.Date("2 January 2006", time.Time{}): "", v.Decimal("1.50"): "1,50",
		(&Voice{}).Count(1, "%d place", "%d places"): "1 place", (&Voice{}).Date("2 January 2006", day): "4 March 2026", (&Voice{}).Decimal("1.50"): "1.50",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Whatever a template holds, its tokens are the whole of it, and an empty
// catalogue changes nothing but space.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"", "<p>a {{.B}} c</p>", "{{", "<", "<a", `<a title="{{"}}"}}">x</a>`, "{{/*", "<!--", "<b>x</i></b>", "{{- 1 -}} y", "<pre>", "a < b", "<br><br>z", `<i translate="no">`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		var whole strings.Builder
		for _, tok := range lex(source) {
			if tok.raw == "" {
				t.Fatal("a token without anything")
			}
			whole.WriteString(tok.raw)
		}
		if whole.String() != source {
			t.Fatalf("%q became %q", source, whole.String())
		}
		Messages(source)
		_, _ = voice(t, "").Template(source)
	})
}

// Whatever was stored as a text can be said.
func FuzzSay(f *testing.F) {
	v := parse(Language{"de", "Deutsch"}, []byte(entry("%s of %s.", "%[2]s: %[1]s.")+entry("a %d b %q c", "%[2]q %d")))
	f.Add(string(openmates.T("a %d b %q c", 3, "x")))
	f.Add(`["%s of %s.",{"text":"[\"%s of %s.\"]"}]`)
	f.Fuzz(func(_ *testing.T, stored string) { v.Say(openmates.Text(stored)) })
}
