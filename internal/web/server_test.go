package web

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/locale"
	"openmates/internal/messenger"
	"openmates/internal/model"
	"openmates/internal/queue"
	"openmates/internal/server"
)

// Each step as it is in each state of the server.
func TestStepsOfTheSetUp(t *testing.T) {
	t.Parallel()
	bot := func(p messenger.Phase, cure openmates.Text) []connect.Mate {
		return []connect.Mate{{Mate: openmates.Mate{Handle: "sophia", Name: "Sophia", Enabled: true},
			Bots: []connect.Bot{{Network: "discord", State: messenger.State{Phase: p, Reason: openmates.T("Reason."), Cure: cure}, Check: connect.Inspection{At: time.Now()}}}}}
	}
	found := func(f ...messenger.Finding) []connect.Mate {
		all := bot(messenger.Connected, "")
		all[0].Bots[0].Check.Findings = f
		return all
	}
	unchecked := bot(messenger.Connected, "")
	unchecked[0].Bots[0].Check = connect.Inspection{}
	place := []connect.Workspace{{ID: "1", Name: "Pier"}}
	team := teamCard{Team: openmates.Team{Slug: "harbour"}}
	placed := teamCard{Team: team.Team, Places: place, Mates: []connect.TeamMate{{Mate: bot("", "")[0], In: place}}}
	for _, c := range []struct {
		name string
		st   setupState
		n    int // of the step
		done bool
		has  string // what it contains, or where it redirects
	}{
		{"nothing is set", setupState{}, 0, false, "/server/settings"},
		{"named, no address", setupState{Server: server.Settings{Name: "A"}}, 0, false, "reaches this server"},
		{"named, address", setupState{Server: server.Settings{Name: "A", URL: "http://x"}}, 0, true, ""},
		{"named, address of the settings", setupState{Server: server.Settings{Name: "A"}, Fixed: true}, 0, true, ""},
		{"address leads elsewhere", setupState{Server: server.Settings{Name: "A", URL: "http://x", Problem: openmates.T("Nothing answers.")}}, 0, false, "Nothing answers."},
		{"no policy", setupState{}, 1, false, "#sign-up"},
		{"policy", setupState{Server: server.Settings{SignUp: server.InviteOnly}}, 1, true, ""},
		{"no model", setupState{Model: model.Shown{Cure: openmates.T("Set a key.")}}, 2, false, "Set a key."},
		{"model", setupState{Model: model.Shown{Name: "a/b"}}, 2, true, ""},
		{"no mate", setupState{Mates: []connect.Mate{{Mate: openmates.Mate{Handle: "x"}}}}, 3, false, "/server/mates"},
		{"a mate", setupState{Mates: bot("", "")}, 3, true, ""},
		{"no bot", setupState{Mates: []connect.Mate{{}}}, 4, false, "/server/bots"},
		{"a bot", setupState{Mates: bot("", "")}, 4, true, ""},
		{"a bot with a wrong redirect", setupState{Mates: found(messenger.Finding{State: messenger.FindingBad, Sentence: openmates.T("Not registered."), Cure: openmates.T("Add it.")})}, 4, false, "Not registered. Add it. Sophia /server/bots/discord/sophia"},
		{"a bot with a hint", setupState{Mates: found(messenger.Finding{State: messenger.FindingWarn})}, 4, true, ""},
		{"a wrong bot and a good one", setupState{Mates: append(found(messenger.Finding{State: messenger.FindingBad, Sentence: openmates.T("X.")}), bot("", "")...)}, 4, true, ""},
		{"a bot that nobody has checked", setupState{Mates: unchecked}, 4, false, "being checked"},
		{"connection lost", setupState{Mates: bot(messenger.Reconnecting, openmates.T("Wait."))}, 5, false, "Reason. Wait. Sophia"},
		{"listener starts", setupState{Mates: bot(messenger.Starting, "")}, 5, false, "It connects by itself as soon as its bot is saved"},
		{"listener is up", setupState{Mates: bot(messenger.Connected, "")}, 5, true, ""},
		{"token refused", setupState{Mates: bot(messenger.BadCredentials, openmates.T("Reset it."))}, 5, false, "Reason. Reset it. Sophia"},
		{"intent denied", setupState{Mates: bot(messenger.NeedsAttention, openmates.T("Switch it on."))}, 5, false, "/server/bots/discord/sophia"},
		{"paused", setupState{Mates: bot(messenger.Off, openmates.T("Resume it."))}, 5, false, "Resume it."},
		{"one of two is up", setupState{Mates: append(bot(messenger.BadCredentials, ""), bot(messenger.Connected, "")...)}, 5, true, ""},
		{"no team", setupState{}, 6, false, "not in a team yet"},
		{"team without a place", setupState{Teams: []teamCard{team}}, 6, false, "/teams/harbour"},
		{"team with a place", setupState{Teams: []teamCard{placed}}, 6, true, ""},
		{"not linked", setupState{Links: []connect.LinkChoice{{}}}, 7, false, "/profile"},
		{"linked", setupState{Links: []connect.LinkChoice{{Linked: []openmates.Identity{{ID: 1}}}}}, 7, true, ""},
		{"not asked", setupState{Teams: []teamCard{placed}}, 8, false, "@Sophia hello"},
		{"answered", setupState{Answered: true}, 8, true, ""},
	} {
		s := c.st.steps()[c.n]
		if s.Done != c.done || !strings.Contains(strings.Join([]string{s.Hint.String(), s.Wrong.String(), s.Who, s.Path}, " "), c.has) {
			t.Errorf("%s: %+v", c.name, s)
		}
		if s.Done && s.Wrong != "" {
			t.Errorf("%s: done and wrong at once", c.name)
		}
	}
	if w := (setupState{}).wizard(); w.Done != 0 || w.Next == nil || len(w.Steps) != 9 {
		t.Errorf("at first: %+v", w)
	}
	all := setupState{Server: server.Settings{Name: "A", URL: "u", SignUp: server.InviteOnly}, Model: model.Shown{Name: "m"}, Mates: bot(messenger.Connected, ""),
		Teams: []teamCard{placed}, Links: []connect.LinkChoice{{Linked: []openmates.Identity{{ID: 1}}}}, Answered: true}
	if w := all.wizard(); w.Done != 9 || w.Next != nil {
		t.Errorf("in the end: %+v", w)
	}
}

// The setup wizard: errors keep the input, completed steps are done, and people
// can leave and return.
func TestWizard(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	page := ada.get("/server/setup")
	done, err := strconv.Atoi(regexpFind(t, page.body, `(\d) of 9 steps are done`))
	must(t, err)
	now := func(more int) string { return fmt.Sprintf("%d of 9 steps", done+more) }
	wants(t, page, 200, "Next: Name the server", "/server/settings?from=setup", `data-refresh="/server/setup/part"`)
	checkPage(t, "wizard", page.body)
	wants(t, ada.get("/server/settings?from=setup"), 200, `value="`+h.url+`"`, `value="OpenMates"`, "Check and save")

	form := url.Values{"from": {"setup"}, "name": {"Harbour"}, "url": {"http://127.0.0.1:1"}, "sign_up": {"open"}, "currency": {"eur"}}
	wants(t, ada.post("/server/settings", form), 422, "Nothing answers at 127.0.0.1 port 1", `value="Harbour"`, `value="http://127.0.0.1:1"`, `name="anyway"`, `value="open" required checked`)
	if s, err := h.server.Settings(t.Context()); err != nil || s.Name != "" || s.URL != "" {
		t.Errorf("something was saved: %+v %v", s, err)
	}
	form.Set("url", "mates")
	got := ada.post("/server/settings", form)
	wants(t, got, 422, "such as https://")
	if strings.Contains(got.body, `name="anyway"`) {
		t.Error("nonsense may be used anyway")
	}
	form.Set("url", h.url+"/")
	wants(t, ada.follow("/server/settings", form), 200, now(2), "Saved.", "Next: ")
	if h.connect.PublicURL() != h.url {
		t.Errorf("the address is %s", h.connect.PublicURL())
	}
	wants(t, ada.get("/"), 200, "Next steps", now(2))
	if got := ada.get("/teams/nobodys"); got.status != http.StatusNotFound || strings.Contains(got.body, "steps done") {
		t.Errorf("a page that failed reads the whole set-up: %d", got.status)
	}
	wants(t, ada.follow("/server/settings/check", url.Values{}), 200, "reaches this server.")
	u, err := h.db.UserByName(t.Context(), "ada")
	must(t, err)
	_, err = h.db.AddJob(t.Context(), queue.Job{Key: "k", Lane: "l", Body: []byte("{}")})
	must(t, err)
	must(t, h.db.Settle(t.Context(), openmates.Outcome{Key: "k", State: openmates.TurnAnswered, UserID: u.ID}))
	wants(t, ada.get("/server/setup/part"), 200, now(3))
}

// An address that did not lead here stays wrong until it does.
func TestWrongAddressIsShownEverywhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	form := url.Values{"name": {"Harbour"}, "url": {"http://127.0.0.1:1"}, "anyway": {"yes"}, "sign_up": {"invite"}, "currency": {"USD"}}
	got := ada.post("/server/settings", form)
	wants(t, got, http.StatusOK, "The address has changed")
	if h.connect.Redirect() != "http://127.0.0.1:1/messenger/connect" {
		t.Errorf("the redirect is %s", h.connect.Redirect())
	}
	must(t, h.address.Move(h.url)) // as an admin who comes by the other address
	for path, want := range map[string]string{"/server/setup": "Fix it", "/server": "Needs attention", "/server/settings": "Nothing answers", "/": "Fix it"} {
		wants(t, ada.get(path), 200, want, "Nothing answers at 127.0.0.1 port 1")
	}
	must(t, h.address.Move("http://127.0.0.1:1"))
}

func TestFixedAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *Config) {
		c.FixedURL = true
		c.Facts = []Fact{{Label: openmates.T("Data"), Text: openmates.T("SQLite in /data")}}
	}).furnish()
	ada := h.as("ada")
	wants(t, ada.get("/server/settings"), 200, "OPENMATES_URL", "readonly", h.url, "SQLite in /data")
	form := url.Values{"name": {"Harbour"}, "url": {"http://evil.example"}, "sign_up": {"invite"}, "currency": {"USD"}}
	wants(t, ada.follow("/server/settings", form), 200, "Saved.")
	if s, err := h.server.Settings(t.Context()); err != nil || s.URL != "" || s.Name != "Harbour" {
		t.Errorf("%+v %v", s, err)
	}
	wants(t, ada.post("/server/settings", url.Values{"name": {""}, "sign_up": {"invite"}, "currency": {"USD"}}), 422, "Enter the server")
}

// What a proxy says counts only if the proxy is ours.
func TestProposedAddress(t *testing.T) {
	t.Parallel()
	said := http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"mates.example.org"}, "X-Forwarded-For": {"192.0.2.1"}}
	trusting := newHouse(t, func(c *Config) { c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }).furnish()
	must(t, trusting.db.SetSetting(t.Context(), "server.set_up_host", "mates.example.org"))
	wants(t, trusting.as("ada").do("GET", "/server/settings", nil, said), 200, `value="https://mates.example.org"`)
	wary := newHouse(t).furnish()
	got := wary.as("ada").do("GET", "/server/settings", nil, said)
	wants(t, got, 200, `value="`+wary.url+`"`, "OPENMATES_PROXIES=127.0.0.1")
	bad := http.Header{"X-Forwarded-Proto": {"javascript"}, "X-Forwarded-Host": {`x"><script>/..`}}
	wants(t, trusting.as("ada").do("GET", "/server/settings", nil, bad), 421)
	bad.Del("X-Forwarded-Host")
	got = trusting.as("ada").do("GET", "/server/settings", nil, bad)
	wants(t, got, 200)
	checkPage(t, "settings", got.body)
}

func TestOverview(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada, ctx := h.as("ada"), t.Context()
	wants(t, ada.get("/server"), 200, "Next: Name the server", "0<small>of 1 connected", "Nothing yet this month", "never what was said")
	m, err := h.connect.Mate(ctx, "sophia")
	must(t, err)
	h.states.set(m.Bots[0].ID, messenger.State{Phase: messenger.BadCredentials, Reason: openmates.T("The token is refused."), Cure: openmates.T("Reset it.")})
	u, err := h.db.UserByName(ctx, "ada")
	must(t, err)
	teams, err := h.db.TeamsOf(ctx, u.ID)
	must(t, err)
	for i, why := range []openmates.Trouble{openmates.TroubleMoney, openmates.TroubleKey, openmates.TroubleWorkspace} {
		key := fmt.Sprint(i)
		_, err := h.db.AddJob(ctx, queue.Job{Key: key, Lane: "l", Body: []byte("canary of a question")})
		must(t, err)
		o := openmates.Outcome{Key: key, State: openmates.TurnRefused, Why: why, Text: "canary of an answer", Question: "canary of a question"}
		if i < 2 {
			o.TeamID, o.MateID, o.UserID = teams[0].ID, m.ID, u.ID
		}
		must(t, h.db.Settle(ctx, o))
	}
	must(t, h.db.Reserve(ctx, "u", openmates.Usage{MateID: m.ID, TeamID: teams[0].ID, UserID: u.ID, Model: "openai/gpt", Cost: 12_345, At: time.Now()}, nil))
	for _, at := range []string{"/server", "/server/part"} {
		got := ada.get(at)
		wants(t, got, 200, "The token is refused. <b>Reset it.", "/server/bots/testnet/sophia", "This month’s budget is used up", "The provider doesn’t accept its key",
			"The workspace isn’t connected to a team", "asked by Ada Lovelace", "team Harbour", "0.0123 USD", "openai/gpt", "/server/limits")
		if strings.Contains(got.body, "canary") {
			t.Errorf("%s shows what was said", at)
		}
	}
}

// Every trouble that a turn can have has a cure of its own.
func TestEveryTroubleHasItsCure(t *testing.T) {
	t.Parallel()
	seen := map[string]openmates.Trouble{}
	for _, why := range []openmates.Trouble{openmates.TroubleWorkspace, openmates.TroubleAccount, openmates.TroubleNotMember, openmates.TroubleNoAccess, openmates.TroubleMateOff, openmates.TroubleTeam, openmates.TroubleText,
		openmates.TroubleNotAllowed, openmates.TroubleRate, openmates.TroubleMoney, openmates.TroubleNoModel, openmates.TroubleKey, openmates.TroubleSettingsKey, openmates.TroubleCredit,
		openmates.TroubleModelGone, openmates.TroubleTooLong, openmates.TroubleFiltered, openmates.TroubleBusy, openmates.TroubleInvalid,
		openmates.TroubleUnreachable, openmates.TroubleNoPrice, openmates.TroubleNoWords, openmates.TroubleThought, openmates.TroubleBarred, openmates.TroubleNotPosted, openmates.TroubleGivenUp} {
		p := cureOf(openmates.TroubledTurn{Why: why, Mate: "sophia"}, nil)
		if !strings.HasSuffix(p.What.String(), ".") || !strings.HasSuffix(p.Cure.String(), ".") {
			t.Errorf("%s: %+v", why, p)
		}
		if was, ok := seen[p.What.String()]; ok {
			t.Errorf("%s and %s say the same", was, why)
		}
		seen[p.What.String()] = why
	}
}

func TestAuditPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada, ctx := h.as("ada"), t.Context()
	u, err := h.db.UserByName(ctx, "ada")
	must(t, err)
	must(t, h.server.Rename(ctx, u.ID, "One"))
	must(t, h.server.Rename(ctx, u.ID, "Two <b>"))
	evil := `=HYPERLINK("http://evil.example")`
	must(t, h.db.AddAuditAlone(ctx, openmates.AuditEntry{Action: "provider.problem", Target: evil, Before: "plain", After: `{"a":[1,2],"key":"•••"}`}))
	for i := range auditPageSize {
		must(t, h.db.AddAuditAlone(ctx, openmates.AuditEntry{Actor: u.ID, Action: "mate.edit", Target: fmt.Sprint("mate", i)}))
	}
	got := ada.get("/server/audit")
	wants(t, got, 200, "mate49", "Older", `<code class="soft small" translate="no">mate.edit</code>`)
	older := strings.ReplaceAll(regexpFind(t, got.body, `href="([^"]*before=[^"]*)"`), "&amp;", "&")
	got = ada.get(older)
	wants(t, got, 200, `<del translate="no">One</del> → <ins translate="no">Two &lt;b&gt;</ins>`, "the server", "Newest", "renamed this server", ">Name</dt>")
	if strings.Contains(got.body, "[1,2]") || strings.Contains(got.body, "{&#34;") {
		t.Error("the page shows JSON")
	}
	checkPage(t, "audit", got.body)
	got = ada.get("/server/audit?actor=ada&action=server.&text=two")
	wants(t, got, 200, "Two &lt;b&gt;", `value="two"`)
	if strings.Contains(got.body, "mate.edit") || strings.Contains(got.body, "Older") {
		t.Error("the search finds too much")
	}
	wants(t, ada.get("/server/audit?text=nothing-of-it"), 200, "No results")
	wants(t, ada.get("/server/audit?from=yesterday"), 422, "2026-11-23", `value="yesterday"`)
	wants(t, ada.get("/server/audit?before=x"), 422)
	tomorrow := time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	wants(t, ada.get("/server/audit?from="+tomorrow), 200, "No results")
	wants(t, ada.get("/server/audit?to="+time.Now().UTC().Format(time.DateOnly)), 200, "mate49")

	file := ada.get("/server/audit/export.csv")
	wants(t, file, 200)
	if !strings.Contains(file.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("headers %v", file.header)
	}
	rows, err := csv.NewReader(strings.NewReader(file.body)).ReadAll()
	must(t, err)
	if len(rows) != 1+auditPageSize+3 || rows[len(rows)-3][4] != "'"+evil || rows[0][3] != "action" {
		t.Errorf("%d rows, the third from the end is %q", len(rows), rows[len(rows)-3])
	}
	var list []map[string]any
	must(t, json.Unmarshal([]byte(ada.get("/server/audit/export.json").body), &list))
	if len(list) != auditPageSize+3 || list[auditPageSize]["target"] != evil || list[auditPageSize]["before"] != "plain" {
		t.Errorf("%d lines, %v", len(list), list[auditPageSize])
	}
	must(t, json.Unmarshal([]byte(ada.get("/server/audit/export.json?text=nothing-of-it").body), &list))
	if len(list) != 0 {
		t.Errorf("%d lines of nothing", len(list))
	}
	wants(t, ada.get("/server/audit/export.xml"), 404)
}

// An export longer than one reading is whole.
func TestLongExport(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	n := exportSize + 7
	for range n {
		must(t, h.db.AddAuditAlone(t.Context(), openmates.AuditEntry{Action: "a"}))
	}
	var list []any
	must(t, json.Unmarshal([]byte(h.as("ada").get("/server/audit/export.json").body), &list))
	if len(list) != n {
		t.Errorf("%d lines, want %d", len(list), n)
	}
}

func regexpFind(t *testing.T, text, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in %s", pattern, text)
	}
	return m[1]
}

func TestHarmlessCells(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "sophia": "sophia", "=1+1": "'=1+1", "+49": "'+49", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "＝1": "'＝1", " =1": " '=1",
		"a;=1": "a;'=1", "a,-1": "a,'-1", "a\t@x": "a\t'@x", `a"=1"`: `a"'=1"`, "a\n+1": "a\n'+1", "1-2": "1-2", "a@b.example": "a@b.example", "x; =1": "x; '=1",
	} {
		if got := harmless(in); got != want {
			t.Errorf("harmless(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, after string
		want          []change
	}{
		{"", "", nil},
		{`{"a":1,"b":"x"}`, `{"a":1,"b":"y"}`, []change{{openmates.T("b"), "x", "y"}}},
		{"", `{"b":"y","a":true}`, []change{{openmates.T("a"), "", "yes"}, {openmates.T("b"), "", "y"}}},
		{`{"a":[1]}`, "", []change{{openmates.T("a"), "1", ""}}},
		{`{"a":[]}`, `{"a":["x","y"]}`, []change{{openmates.T("a"), "nothing", "x, y"}}},
		{"was", "is", []change{{"", "was", "is"}}},
		{"null", `{"a":1}`, []change{{"", "", "a: 1"}}},
		{`{"per_month":0}`, `{"per_month":20000000,"mates":{"only":true,"names":["lisa","mark"]}}`,
			[]change{{openmates.T("Mates"), "", "lisa, mark"}, {openmates.T("Money per month"), "0.00 EUR", "20.00 EUR"}}},
		{`{"name":"A","limits":{"apps":{},"per_minute":3}}`, `{"name":"A","limits":{"apps":{"only":true},"per_minute":3}}`, []change{{openmates.T("Apps"), "everything", "nothing"}}},
		{`{"a":"` + strings.Repeat("ä", 200) + `"}`, "", []change{{openmates.T("a"), strings.Repeat("ä", longestValue) + "…", ""}}},
	} {
		if got := changes(&locale.Voice{}, "EUR", c.before, c.after); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s → %s: %v, want %v", c.before, c.after, got, c.want)
		}
	}
}

func FuzzChanges(f *testing.F) {
	f.Add(`{"a":1}`, `{"a":{"b":null}}`)
	f.Add("", "[]")
	f.Add(`{"a":"\ud800"}`, `x`)
	f.Fuzz(func(_ *testing.T, before, after string) { changes(&locale.Voice{}, "EUR", before, after) })
}

func TestMoney(t *testing.T) {
	t.Parallel()
	for m, want := range map[openmates.Micros]string{0: "0.00 USD", 1_500_000: "1.50 USD", 12_345: "0.0123 USD", 99_999: "0.1000 USD", 100_000: "0.10 USD"} {
		if got := money(&locale.Voice{}, m, "USD"); got != want {
			t.Errorf("%d: %s, want %s", m, got, want)
		}
	}
}

// Only an admin of the server gets behind /server, whatever the page.
func TestOnlyAdminsRunTheServer(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ben, nobody := h.as("ben"), h.browser()
	for _, at := range []string{"GET /server", "GET /server/part", "GET /server/setup", "GET /server/setup/part", "GET /server/settings", "POST /server/settings",
		"POST /server/settings/check", "GET /server/audit", "GET /server/audit/export.csv", "GET /server/audit/export.json"} {
		method, path, _ := strings.Cut(at, " ")
		var form url.Values
		if method == "POST" {
			form = url.Values{"name": {"x"}}
		}
		header := http.Header{"Sec-Fetch-Site": {"same-origin"}}
		if got := ben.do(method, path, form, header); got.status != http.StatusForbidden || strings.Contains(got.body, `class="places"`) {
			t.Errorf("%s as a member: %d", at, got.status)
		}
		if got := nobody.do(method, path, form, header); !strings.HasPrefix(got.header.Get("Location"), "/signin") {
			t.Errorf("%s as nobody: %d", at, got.status)
		}
		if form != nil {
			if got := h.as("ada").do(method, path, form, http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}}); got.status != http.StatusForbidden {
				t.Errorf("%s from another site: %d", at, got.status)
			}
		}
	}
	wants(t, h.as("ada").get("/server"), 200, `class="places"`, `href="/server" aria-current="page"`)
	if got := h.as("ada").get("/"); strings.Contains(got.body, `class="places"`) {
		t.Error("the places of the admin stand on the home page")
	}
}
