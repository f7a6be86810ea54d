package web

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/mate"
)

// mateSamples are the pages of this file with all that they can show and with
// as little as they can.
func mateSamples(sh, bare shell) map[string][]any {
	m := openmates.Mate{ID: 1, Handle: "sophia", Name: `So"<b>phia`, Field: "code", Description: "d", Prompt: "p", Model: "a/b", Class: "deep", Enabled: true, Version: 2}
	off := openmates.Mate{Handle: "mark", Name: "Mark", Archived: true}
	group := mate.Group{Name: "web", Label: openmates.T("Web"), Description: openmates.T("Reads."), Parts: []mate.Part{{Name: "web.read", Label: openmates.T("Read")}}}
	lines := []mate.Line{{Group: group, Choice: openmates.Choice{Name: "web", By: openmates.T("the server")}, Parts: []mate.PartLine{
		{Part: group.Parts[0], Choice: openmates.Choice{Name: "web.read", By: openmates.T("the server")}}, {Choice: openmates.Choice{Name: "x", Checked: true}},
		{Choice: openmates.Choice{Name: "y"}}, {Choice: openmates.Choice{Name: "z", Checked: true, Allowed: true}}}}}
	sheet := sheetForm{Who: "Sophia", Action: "/x", PerMinute: "1", PerMonth: "2", Spent: 3, Currency: "EUR", Percent: 4, Error: openmates.T("e"),
		Sheet: mate.Sheet{Apps: lines, Providers: lines, Effective: openmates.Limits{PerMinute: 1, PerMonth: 2}, RateBy: openmates.T("the server"), MoneyBy: openmates.T("the server")}}
	fields := mateForm{Draft: mate.Draft{Name: "n", Class: "quick", Model: "gone/x"}, Providers: []mate.Group{group}, Gone: true, Error: openmates.T("e")}
	old := openmates.MateVersion{Mate: m, Actor: 5, At: time.Now().Add(-time.Hour)}
	return map[string][]any{
		"mates":     {matesPage{shell: bare}, matesPage{shell: sh, Mates: []mateCard{{Mate: m, Answers: "a/b"}, {Mate: off}}, Archived: []openmates.Mate{off}}},
		"newmate":   {newMatePage{shell: bare}, newMatePage{shell: sh, Handle: "h", Form: fields}},
		"matesetup": {&mateSetupPage{shell: bare, Mate: off}, &mateSetupPage{shell: sh, Mate: m, Form: fields, Answers: "a/b", Opened: 2, Versions: []openmates.MateVersion{old, {Mate: off}}, Sheet: sheet, CopyError: openmates.T("e"), Trial: trialForm{Team: openmates.Team{ID: 3, Name: "T"}, Error: openmates.T("e"), Past: []said{{Question: "q", Answer: "a", HTML: "<p>a</p>", Usage: openmates.Usage{Model: "a/b", Cost: 1}}, {Usage: openmates.Usage{Model: "x"}}}}}},
		"version":   {versionPage{shell: bare, Newest: true}, versionPage{shell: sh, Mate: off, Old: old, Changes: []change{{openmates.T("Name"), "a", "b"}}, Prompt: []mate.DiffLine{{Op: "=", Text: "a"}, {Op: "-", Text: "<b>"}, {Op: "+", Text: "c"}}}},
		"limits":    {&limitsPage{shell: bare}, &limitsPage{shell: sh, Sheet: sheet, Mates: []limitedMate{{mateCard{Mate: m}, sheet.Sheet}, {mateCard{Mate: off}, mate.Sheet{}}}}},
	}
}

func mateValues(change ...string) url.Values {
	v := url.Values{"name": {"Sophia"}, "field": {"code"}, "description": {"Writes code."}, "prompt": {"You are Sophia."}, "class": {"deep"}, "model": {""}, "version": {"1"}}
	for i := 0; i < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return v
}

// The way of an admin through the pages of a mate, without JavaScript.
func TestTheLifeOfAMate(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	page := ada.get("/server/mates")
	wants(t, page, 200, "Sophia", "Lisa", "Switch off", "3 of 3 skills")
	checkPage(t, "mates", page.body)
	wants(t, ada.get("/server/mates/new"), 200, `id="prompt"`)
	wants(t, ada.follow("/server/mates", mateValues("name", "Nora Büro", "model", "openai/gpt-5")), 200, "Nora Büro is ready", "Version 1", "by Ada Lovelace", "Answers with openai/gpt-5")
	at := "/server/mates/nora-buero"
	wants(t, ada.post("/server/mates", mateValues("name", "Nora", "handle", "nora-buero")), 409, "already has the handle &#34;nora-buero&#34;", `value="Nora"`)

	wants(t, ada.follow(at, mateValues("name", "Nora", "prompt", "You are Nora.\r\nYou <b>count</b>.")), 200, "saved as version 2", "You are Nora.\nYou &lt;b&gt;count&lt;/b&gt;.")
	wants(t, ada.post(at, mateValues("name", "Late", "version", "1")), 409, "version 2 is now the newest", `value="Late"`)
	old := ada.get(at + "/versions/1")
	wants(t, old, 200, "Version 1 of Nora", "<del>You are Sophia.</del>", "<ins>You are Nora.</ins>", "Restore version 1", "<dt>Name</dt>")
	checkPage(t, "version", old.body)
	wants(t, ada.follow(at+"/versions/1", url.Values{}), 200, "Nora Büro is restored to version 1", "saved as version 3")
	for _, bad := range []string{"9", "0", "-1", "x", "99999999999999999999"} {
		wants(t, ada.get(at+"/versions/"+bad), 404)
		wants(t, ada.post(at+"/versions/"+bad, url.Values{}), 404)
	}

	wants(t, ada.confirms(at+"/switch", url.Values{"on": {"0"}}), 200, "is switched off: it won’t answer anyone", "Switch on")
	wants(t, ada.follow(at+"/switch", url.Values{"on": {"1"}, "from": {"list"}}), 200, "is switched on", "<h1>Mates</h1>")
	wants(t, ada.post(at+"/duplicate", url.Values{"name": {"Sophia"}}), 409, "already has the handle &#34;sophia&#34;", `id="copy-name" name="name" value="Sophia"`)
	wants(t, ada.follow(at+"/duplicate", url.Values{"name": {"Otto"}, "handle": {"otto"}}), 200, "Otto is a copy of Nora Büro", "You are Sophia.")
	wants(t, ada.confirms("/server/mates/otto/archive", url.Values{"archived": {"1"}}), 200, "Otto is archived", "Archived mates (1)")
	wants(t, ada.post("/server/mates", mateValues("name", "Otto")), 409, "archived mate Otto")
	wants(t, ada.get("/server/mates/otto"), 200, "Restore", "Archived")
	wants(t, ada.post("/server/mates/otto/try", url.Values{"text": {"hello"}}), 409, "is archived")
	wants(t, ada.follow("/server/mates/otto/archive", url.Values{"archived": {"0"}}), 200, "Otto is restored")
	wants(t, ada.get("/server/mates/nobody"), 404)

	// Somebody of a team doesn't meet a mate that is off.
	ben := h.as("ben")
	wants(t, ben.get("/mates/sophia"), 200)
	wants(t, ada.confirms("/server/mates/sophia/switch", url.Values{"on": {"0"}}), 200)
	wants(t, ben.get("/mates/sophia"), 404)
	if got := ben.get("/teams/harbour"); strings.Contains(got.body, "Sophia") {
		t.Error("the team still has a mate that is off")
	}
	lines, err := h.db.Audit(t.Context(), 0, 0, 100)
	must(t, err)
	seen := map[string]bool{}
	for _, l := range lines {
		seen[l.Action] = true
		if strings.HasPrefix(l.Action, "mate.") && (l.Actor == 0 || !strings.HasPrefix(l.Target, "mate ")) {
			t.Errorf("the record has %+v", l)
		}
	}
	for _, action := range []string{"mate.add", "mate.change", "mate.restore", "mate.enable", "mate.disable", "mate.duplicate", "mate.archive", "mate.unarchive"} {
		if !seen[action] {
			t.Errorf("the record lacks %s", action)
		}
	}
}

// What is typed wrong comes back with a sentence, and nothing of it gets out of
// its field.
func TestBadMates(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	long := strings.Repeat("x", 33)
	script := `"><script>alert(1)</script>`
	for n, tc := range []struct{ field, value, want string }{
		{"name", "", "Enter the name"}, {"name", "   ", "Enter the name"}, {"name", "\u200d", "Enter the name"},
		{"name", long, "at most 32 characters; it has 33"}, {"name", strings.Repeat("ü", 33), "it has 33"}, {"name", "So\nphia", "U+000A"},
		{"name", "So\x00phia", "U+0000"}, {"name", "So\x1bphia", "U+001B"}, {"name", "So\x7fphia", "U+007F"}, {"name", "So\u202ephia", "U+202E"},
		{"name", "So\u2066phia", "U+2066"}, {"name", "So\ufeffphia", "U+FEFF"}, {"name", "So\xffphia", "broken"}, {"name", "So\u2028phia", "U+2028"},
		{"name", "So\u0085phia", "U+0085"}, {"name", "So\U000e0041phia", "U+E0041"},
		{"field", strings.Repeat("x", 81), "at most 80"}, {"field", "a\tb", "U+0009"}, {"field", "a\u202db", "U+202D"}, {"field", "\xc3\x28", "broken"}, {"field", "a\rb", "U+000D"},
		{"description", strings.Repeat("x", 301), "at most 300"}, {"description", "a\nb", "U+000A"}, {"description", "a\u2067b", "U+2067"}, {"description", "a\x01b", "U+0001"},
		{"description", script + strings.Repeat("x", 300), "at most 300"}, {"description", "\xff", "broken"},
		{"prompt", "", "what the mate is told before every conversation"}, {"prompt", " \r\n\t ", "what the mate is told before every conversation"}, {"prompt", strings.Repeat("x", 20_001), "at most 20000 characters; it has 20001"},
		{"prompt", strings.Repeat("語", 20_001), "it has 20001"}, {"prompt", "a\x00b", "U+0000"}, {"prompt", "a\x08b", "U+0008"}, {"prompt", "a\u202eb", "U+202E"},
		{"prompt", "a\U000e0061b", "U+E0061"}, {"prompt", "a\u2069b", "U+2069"}, {"prompt", "\xed\xa0\x80", "broken"}, {"prompt", "a\x1b[31mb", "U+001B"}, {"prompt", script + "\x00", "U+0000"},
		{"class", "clever", "no model class with that name"}, {"class", script, "no model class with that name"}, {"class", "Deep", "no model class with that name"},
		{"model", "openai/none", "you can add models under Providers"}, {"model", script, "you can add models under Providers"}, {"model", "gpt-5", "you can add models under Providers"}, {"model", strings.Repeat("m", 500), "you can add models under Providers"},
	} {
		bad := mateValues(tc.field, tc.value)
		for _, path := range []string{"/server/mates", "/server/mates/mark"} {
			got := ada.post(path, bad)
			if got.status != 422 || !strings.Contains(html.UnescapeString(got.body), tc.want) {
				t.Errorf("%d: %s %q at %s: %d, want %q", n, tc.field, clipped(tc.value), path, got.status, tc.want)
			}
			if strings.Contains(got.body, "<script>alert") {
				t.Errorf("%d: %s %q gets out of its field", n, tc.field, clipped(tc.value))
			}
		}
	}
	for _, tc := range []struct{ handle, want string }{
		{"a", "has 1"}, {long, "has 33"}, {"Sophia", "a–z"}, {"new", "taken for something else"}, {"everyone", "taken for something else"},
		{"a b", "a–z"}, {"../x", "a–z"}, {script, "a–z"}, {"-a", "a–z"}, {"a\x00b", "a–z"}, {"sophiä", "a–z"}, {"1a", "and starts with a letter"},
	} {
		got := ada.post("/server/mates", mateValues("handle", tc.handle))
		if got.status != 422 || !strings.Contains(got.body, tc.want) || strings.Contains(got.body, "<script>alert") {
			t.Errorf("handle %q: %d, want %q", tc.handle, got.status, tc.want)
		}
	}
	wants(t, ada.post("/server/mates", mateValues("name", "日本")), 422, "derive one from the name")
	for _, v := range []string{"", "0", "-1", "x", "1.5"} {
		wants(t, ada.post("/server/mates/mark", mateValues("version", v)), 422, "Reload the page")
	}
	all, err := h.db.Mates(t.Context())
	must(t, err)
	if len(all) != 3 {
		t.Errorf("a bad form made a mate: %d", len(all))
	}
	m, err := h.db.MateByHandle(t.Context(), "mark")
	must(t, err)
	if m.Version != 1 {
		t.Errorf("a bad form changed a mate: version %d", m.Version)
	}
	// What is allowed though it looks odd, and is shown as it was typed.
	odd := mateValues("name", `O'Neil & "Söhne" 👩‍💻`, "prompt", "</textarea><script>alert(1)</script>\n\tIndented {{.}} שלום", "handle", "odd")
	got := ada.follow("/server/mates", odd)
	wants(t, got, 200, "&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;", "Indented {{.}} שלום")
	checkPage(t, "odd", got.body)
	checkPage(t, "odd version", ada.get("/server/mates/odd/versions/1").body)
	checkPage(t, "odd persona", ada.get("/mates/odd").body)
	// The largest prompt that is allowed gets through, also in a script of three bytes a letter.
	wants(t, ada.follow("/server/mates", mateValues("name", "Big", "prompt", strings.Repeat("語", 20_000))), 200, "Big is ready")
}

func clipped(s string) string { return s[:min(len(s), 40)] }

func TestTryIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	var asked []chat.Ask
	h.ask = func(_ context.Context, tr chat.Ask) (openmates.Outcome, error) {
		asked = append(asked, tr)
		switch tr.Text {
		case "none":
			return openmates.Outcome{State: openmates.TurnRefused, Text: "Sophia doesn't have a model yet."}, nil
		case "slow":
			return openmates.Outcome{}, &chat.Pending{Err: openmates.Errorf(openmates.EUnavailable, "No worker is there. Please ask again.")}
		case "broken":
			return openmates.Outcome{}, fmt.Errorf("dial 10.0.0.1")
		}
		return openmates.Outcome{State: openmates.TurnAnswered, Text: "**" + tr.Text + "**, <script>alert(1)</script><img src=x>",
			Usage: openmates.Usage{Model: "openai/gpt-5", Input: 120, Output: 34, Cost: 2_500}}, nil
	}
	ada := h.as("ada")
	harbour, err := h.db.TeamBySlug(t.Context(), "harbour")
	must(t, err)
	at := "/server/mates/sophia/try"
	got := ada.follow(at, url.Values{"text": {"hello <b>"}})
	wants(t, got, 200, "<strong>hello ", "hello &lt;b&gt;", "openai/gpt-5, 120 tokens in, 34 out", "0.0025 USD", "Charged to the team Harbour")
	checkPage(t, "try", got.body)
	if strings.Contains(got.body, "<img src=x") || strings.Contains(got.body, "<script>alert") {
		t.Error("what the model wrote is not cleaned")
	}
	hidden := regexp.MustCompile(`type="hidden" name="past_(question|answer)"`)
	if n := len(hidden.FindAllString(got.body, -1)); n != 2 {
		t.Errorf("%d hidden fields after one answer", n)
	}
	past := url.Values{"text": {"and?"}}
	for i := range 9 {
		past.Add("past_question", fmt.Sprint("q", i))
		past.Add("past_answer", fmt.Sprint("<script>a</script>", i)+strings.Repeat("語", 7000))
	}
	asks := len(asked)
	ada.get("/server/mates/sophia")
	if len(asked) != asks {
		t.Error("a reload asks the mate again")
	}
	got = ada.follow(at, past)
	wants(t, got, 200)
	if inline.MatchString(got.body) {
		t.Error("what was said before gets out of its field")
	}
	last := asked[len(asked)-1]
	if len(last.Past) != 4 || last.Past[0].Question != "q5" || last.Team != harbour.ID || !last.Trial || len([]rune(last.Past[0].Answer)) != 6000 {
		t.Errorf("asked with %d exchanges for team %d", len(last.Past), last.Team)
	}
	wants(t, ada.post(at, url.Values{"text": {"none"}}), 503, "doesn&#39;t have a model yet", ">none</textarea>")
	wants(t, ada.post(at, url.Values{"text": {strings.Repeat("x", 6001)}}), 422, "at most 6000")
	if got := ada.post(at, url.Values{"text": {"broken"}}); got.status != 500 || strings.Contains(got.body, "10.0.0.1") {
		t.Errorf("a failure: %d", got.status)
	}
	// The form's ticket goes along, and stays where the same question may be asked
	// again for the same answer.
	ticket := regexp.MustCompile(`name="ticket" value="([A-Z2-7]{26})"`)
	own := ticket.FindStringSubmatch(ada.get("/server/mates/sophia").body)
	if again := ticket.FindStringSubmatch(ada.get("/server/mates/sophia").body); own == nil || again == nil || own[1] == again[1] {
		t.Fatalf("the forms have the tickets %q and %q", own, again)
	}
	for text, stays := range map[string]bool{"slow": true, "none": false} {
		got := ada.post(at, url.Values{"text": {text}, "ticket": {own[1]}})
		wants(t, got, 503, ">"+text+"</textarea>")
		if strings.Contains(got.body, own[1]) != stays || asked[len(asked)-1].Ticket != own[1] {
			t.Errorf("%s: asked with the ticket %q, and the form with it is there: %v", text, asked[len(asked)-1].Ticket, !stays)
		}
	}
	wants(t, ada.post(at, url.Values{"text": {"hello"}, "ticket": {strings.Repeat("x", 101)}}), 422, "form is broken")
	// A team that forbids the mate isn't charged for it.
	must(t, h.db.SetTeamLimits(t.Context(), harbour.ID, openmates.Limits{Mates: openmates.OnlyThese("mark")}))
	wants(t, ada.follow(at, url.Values{"text": {"hello"}}), 200, "Charged to the server")
	if asked[len(asked)-1].Team != 0 {
		t.Error("the team is charged for a mate that it forbids")
	}
}

// A model's output is harmless, whatever it contains.
func TestMarkdownIsClean(t *testing.T) {
	t.Parallel()
	m := newMarkdown()
	for _, text := range []string{
		"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![x](https://evil.example/p.png)", "![x](data:image/png;base64,AAAA)", "[x](javascript:alert(1))",
		"[x](JaVaScRiPt:alert(1))", "[x](java\tscript:alert(1))", "[x](data:text/html,<script>alert(1)</script>)", "[x](vbscript:x)", "<a href=\"javascript:alert(1)\">x</a>",
		"<iframe src=https://evil.example></iframe>", "<svg onload=alert(1)>", "<style>body{display:none}</style>", "<form action=/server><button>x</button></form>",
		"<div style=\"position:fixed\">x</div>", "<math><mi//xlink:href=\"data:x,alert(1)\">", "`<script>alert(1)</script>`", "```\n<script>alert(1)</script>\n```",
		"```html onload=alert(1)\nx\n```", "[x](/server/mates)", "[x](//evil.example)", "<base href=//evil.example>", "<meta http-equiv=refresh content=0>", "<details ontoggle=alert(1) open>",
		"[x](https://a.example \"\\\" onmouseover=alert(1)\")", "<https://a.example/\"onclick=alert(1)>", "<p id=main class=flash>x</p>", "&lt;script&gt;", "<![CDATA[<script>]]>", "<!-- x --><script>", "# <script>x</script>",
		"|a|\n|-|\n|<script>x</script>|", "\x00<scr\x00ipt>alert(1)</script>", "<input autofocus onfocus=alert(1)>", "[x]: javascript:alert(1)\n[x]", "<javascript:alert(1)>",
	} {
		got := string(m.html(text))
		if bad := regexp.MustCompile(`(?i)<(script|img|iframe|svg|style|form|button|input|base|meta|details|math|div|object|embed|link)\b|<[^>]*\s(on\w+|style|class|id|src)\s*=|(href|src)="(javascript|vbscript|data):|href="/`).FindString(got); bad != "" {
			t.Errorf("%q becomes %q, which holds %q", text, got, bad)
		}
	}
	for text, want := range map[string]string{
		"**a** _b_ `c`":           "<strong>a</strong> <em>b</em> <code>c</code>",
		"- a\n- b":                "<li>a</li>",
		"```go\nx < y\n```":       "<pre><code>x &lt; y\n</code></pre>",
		"[x](https://a.example/)": `<a href="https://a.example/" rel="nofollow noreferrer">x</a>`,
		"a\nb":                    "a<br",
		"|a|b|\n|-|-|\n|c|d|":     "<td>c</td>",
	} {
		if got := string(m.html(text)); !strings.Contains(got, want) {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{"**a**", "<script>", "[x](javascript:1)", "|a|\n|-|", "```\n<", "\xff\x00"} {
		f.Add(s)
	}
	m := newMarkdown()
	f.Fuzz(func(t *testing.T, text string) {
		got := strings.ToLower(string(m.html(text)))
		for _, bad := range []string{"<script", "<img", "<iframe", "<style", `href="javascript`, `href="data`, `href="/`} {
			if strings.Contains(got, bad) {
				t.Errorf("%q becomes %q", text, got)
			}
		}
	})
}

var stampField = regexp.MustCompile(`name="stamp" value="([0-9a-f]+)"`)

func stampOf(t *testing.T, page answer) string {
	t.Helper()
	m := stampField.FindStringSubmatch(page.body)
	if m == nil {
		t.Fatalf("no stamp in\n%s", page.body)
	}
	return m[1]
}

func TestLimitsOfTheServerAndOfAMate(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	page := ada.get("/server/limits")
	wants(t, page, 200, "3 of 3 skills", "2 of 2 models", "no request limit")
	checkPage(t, "limits", page.body)
	server := url.Values{"stamp": {stampOf(t, page)}, "app": {"calculation", "web"}, "skill": {"calculation.evaluate", "web.read"}, "provider": {"openai"},
		"model": {"openai/gpt-5", "openai/gpt-5-mini", "forged/model"}, "per_minute": {"60"}, "per_month": {"100"}}
	wants(t, ada.follow("/server/limits", server), 200, "are saved", "2 of 3 skills", "60 requests per minute", "100.00 USD")
	l, err := h.db.ServerLimits(t.Context())
	must(t, err)
	if l.Apps.Only || l.Models.Only || l.Skills.Allows("web.search") || l.PerMinute != 60 || l.PerMonth != 100_000_000 {
		t.Errorf("saved %+v", l)
	}

	page = ada.get("/server/mates/sophia")
	wants(t, page, 200, "Not allowed by the server", `id="skill-web.search" name="skill" value="web.search" disabled`, "60 requests per minute (set by the server)")
	own := url.Values{"stamp": {stampOf(t, page)}, "app": {"web"}, "skill": {"calculation.evaluate", "web.read", "web.search"}, "provider": {"openai"},
		"model": {"openai/gpt-5"}, "per_minute": {"1000"}, "per_month": {"12,50"}}
	wants(t, ada.follow("/server/mates/sophia/limits", own), 200, "Sophia may use 1 of 3 skills and 1 of 2 models", "Needs the app", "12.50 USD", "Version 2")
	m, err := h.db.MateByHandle(t.Context(), "sophia")
	must(t, err)
	if got := openmates.Effective(openmates.Layer{Limits: l}, openmates.Layer{Limits: m.Limits}); got.Allows(openmates.KindSkill, "web.search") ||
		got.PerMinute != 60 || got.PerMonth != 12_500_000 || got.Allows(openmates.KindModel, "openai/gpt-5-mini") {
		t.Errorf("in effect: %+v", got)
	}
	wants(t, ada.get("/server/limits"), 200, "1 of 3", "1 of 2", "12.50 USD")

	// What is wrong comes back as it was entered.
	for _, tc := range []struct{ field, value, want string }{
		{"per_minute", "-1", "whole number"}, {"per_minute", "1.5", "whole number"}, {"per_minute", "ten", "whole number"}, {"per_minute", "100001", "whole number"},
		{"per_minute", strings.Repeat("9", 400), "whole number"}, {"per_month", "-1", "isn&#39;t an amount"}, {"per_month", "1e9", "isn&#39;t an amount"}, {"per_month", `"><script>alert(1)</script>`, "isn&#39;t an amount"},
		{"stamp", "", "The options have changed since you opened this page"}, {"stamp", "feed", "The options have changed since you opened this page"},
	} {
		for _, path := range []string{"/server/limits", "/server/mates/sophia/limits"} {
			bad := url.Values{"stamp": {stampOf(t, ada.get(strings.TrimSuffix(path, "sophia/limits")+map[bool]string{true: "sophia"}[strings.Contains(path, "sophia")]))}}
			bad.Set(tc.field, tc.value)
			got := ada.post(path, bad)
			if got.status != 422 && got.status != http.StatusConflict || !strings.Contains(got.body, tc.want) || strings.Contains(got.body, "<script>alert") {
				t.Errorf("%s %q at %s: %d", tc.field, tc.value, path, got.status)
			}
		}
	}
	again, err := h.db.ServerLimits(t.Context())
	must(t, err)
	if again.PerMinute != 60 {
		t.Errorf("a bad form changed the limits: %+v", again)
	}
}

// All of it is the admin's alone, and no other site's.
func TestWhoMaySetUpMates(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	gets := []string{"/server/mates", "/server/mates/new", "/server/mates/sophia", "/server/mates/sophia/versions/1", "/server/limits"}
	posts := []string{"/server/mates", "/server/mates/sophia", "/server/mates/sophia/switch", "/server/mates/sophia/archive", "/server/mates/sophia/duplicate",
		"/server/mates/sophia/limits", "/server/mates/sophia/try", "/server/mates/sophia/versions/1", "/server/limits"}
	for who, want := range map[string]int{"ben": 403, "eve": 403, "": 303} {
		b := h.browser()
		if who != "" {
			b = h.as(who)
		}
		for _, path := range gets {
			if got := b.get(path); got.status != want {
				t.Errorf("GET %s as %q: %d", path, who, got.status)
			}
		}
		for _, path := range posts {
			if got := b.post(path, mateValues("on", "0", "archived", "1")); got.status != want {
				t.Errorf("POST %s as %q: %d", path, who, got.status)
			}
		}
	}
	for _, path := range posts {
		if got := ada.do("POST", path, mateValues("on", "0", "archived", "1"), http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}}); got.status != 403 {
			t.Errorf("POST %s from another site: %d", path, got.status)
		}
	}
	m, err := h.db.MateByHandle(t.Context(), "sophia")
	must(t, err)
	if m.Version != 1 || !m.Enabled || m.Archived {
		t.Errorf("somebody who may not has changed %+v", m)
	}
}
