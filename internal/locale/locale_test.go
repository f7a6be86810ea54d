package locale

import (
	"slices"
	"strings"
	"testing"
	"time"
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

func TestSay(t *testing.T) {
	t.Parallel()
	v := voice(t, entry("%s allows no more.", "%s erlaubt nicht mehr.")+entry("The server", "Der Server")+entry("this server", "dieser Server")+
		entry("%s has %d of %q.", "Von %[3]q hat %[1]s %[2]d.")+entry("Try again.", "Versuche es noch einmal.")+entry("%s: %s", "%s – %s")+
		entry("The team %s is gone.", "Das Team %s ist weg.")+entry("The team %s is gone. Ask %s.", "Das Team %s ist weg. Frag %s.")+entry("100%% done by %s", "100 %% von %s")+
		entry("It is away. Look there.", "Es ist weg. Sieh dort nach.")+entry("%s Nothing was stored.", "%s Nichts wurde gespeichert.")+
		entry("%s and %s", "%s und %s")+entry("the name", "der Name")+entry("the face", "das Gesicht")+entry("%s can't change.", "%s ändert sich nicht.")+
		entry("There are %d ways.", "Es gibt %d Wege.")+entry("There are only %d ways.", "Es gibt nur %d Wege.")+entry("It begins on %s.", "Es beginnt am %s.")+entry("2 January", "2. January")+entry("March", "März")+entry("There are %s of it.", "Es gibt %s davon."))
	for sentence, want := range map[string]string{
		"Try again.":                                    "Versuche es noch einmal.",
		"Harbour allows no more.":                       "Harbour erlaubt nicht mehr.",
		"this server allows no more.":                   "dieser Server erlaubt nicht mehr.",
		`Ada has 3 of "x y".`:                           `Von "x y" hat Ada 3.`,
		"The team A is gone. Ask Ada.":                  "Das Team A ist weg. Frag Ada.",
		"The team A is gone. Try again.":                "Das Team A ist weg. Versuche es noch einmal.",
		"Try again. The team A is gone. Ask Ada. No.":   "Versuche es noch einmal. Das Team A ist weg. Frag Ada. No.",
		"The team St. Pauli is gone.":                   "Das Team St. Pauli ist weg.",
		"Try again. It is away. Look there.":            "Versuche es noch einmal. Es ist weg. Sieh dort nach.",
		"It is away. Look there. Try again.":            "Es ist weg. Sieh dort nach. Versuche es noch einmal.",
		"It is away. Look there. Nothing was stored.":   "Es ist weg. Sieh dort nach. Nichts wurde gespeichert.",
		"Ada allows no more. Nothing was stored.":       "Ada erlaubt nicht mehr. Nichts wurde gespeichert.",
		"Unheard of. It is away. Look there.":           "Unheard of. Es ist weg. Sieh dort nach.",
		"the name, the face and the name can't change.": "der Name, das Gesicht und der Name ändert sich nicht.",
		"the name and Ada can't change.":                "the name and Ada ändert sich nicht.",
		"It begins on 4 March.":                         "Es beginnt am 4. März.",
		"There are 3 ways.":                             "Es gibt 3 Wege.",
		"There are only 3 ways.":                        "Es gibt nur 3 Wege.",
		"There are some ways.":                          "There are some ways.",
		"100% done by it":                               "100 % von it",
		"What people wrote: stays as it is.":            "What people wrote: stays as it is.",
		"":                                              "",
	} {
		if got := v.Say(sentence); got != want {
			t.Errorf("%q became %q, want %q", sentence, got, want)
		}
	}
	for _, unknown := range []string{"Something else.", "Something else. Try again.", "Something else. And more. Nothing was stored.", strings.Repeat("Try again. ", 1000)} {
		if v.Recognises(unknown) {
			t.Errorf("it recognises %.40q", unknown)
		}
	}
	if !v.Recognises("Try again. Harbour allows no more.") {
		t.Error("it recognises the wrong ones")
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
		v.Say("3 places"): "3 Orte", v.Say("1 place"): "1 Ort",
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

func FuzzSay(f *testing.F) {
	v := parse(Language{"de", "Deutsch"}, []byte(entry("%s of %s.", "%[2]s: %[1]s.")+entry("a %d b %q c", "%[2]q %d")))
	f.Add("a 3 b \"x\" c")
	f.Add("x of y. Z of.")
	f.Fuzz(func(_ *testing.T, sentence string) { v.Say(sentence) })
}
