package web

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/connect/connecttest"
	mates "openmates/internal/mate"
	"openmates/internal/messenger"
	"openmates/internal/model"
	"openmates/internal/server"
)

var (
	inline = regexp.MustCompile(`(?i)\sstyle=|<style|<script>|<script [^>]*>[^<]|\son[a-z]+=|javascript:`)
	href   = regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)
)

// checkPage holds a page against what all pages promise.
func checkPage(t *testing.T, name, body string) {
	t.Helper()
	if len(body) > 100<<10 {
		t.Errorf("%s has %d bytes", name, len(body))
	}
	if m := inline.FindString(body); m != "" {
		t.Errorf("%s holds inline script or style: %q", name, m)
	}
	if strings.Contains(body, "<no value>") || strings.Contains(body, "ZgotmplZ") {
		t.Errorf("%s holds a value that the template could not print:\n%s", name, body)
	}
	if !strings.HasSuffix(strings.TrimSpace(body), "</html>") || !strings.Contains(body, "<h1>") {
		t.Errorf("%s is no whole page:\n%s", name, body)
	}
	for _, s := range []string{canaryToken, canarySecret, canaryPassword} {
		if strings.Contains(body, s) {
			t.Errorf("%s holds a secret", name)
		}
	}
}

// Every page, with all that it can show and with as little as it can.
func TestEveryPageRenders(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user := &openmates.User{ID: 7, Username: "ada", DisplayName: `Ada "<b>" Lovelace`, Admin: true}
	sh := shell{Title: openmates.T("T"), Path: "/", User: user, Flash: openmates.T("Done."), Model: model.Shown{Name: "scripted", Scripted: true, Cure: openmates.T("Set a key.")},
		Demo: &Demo{Discord: "http://127.0.0.1:1", People: []DemoPerson{{Username: "ada", Name: "Ada", About: openmates.T("x"), Password: canaryPassword}}}, Version: "1"}
	mate := openmates.Mate{Handle: "sophia", Name: "Sophia", Field: "code", Description: "d", Prompt: "p", Model: "m"}
	var bots []connect.Bot
	for _, p := range []messenger.Phase{messenger.Off, messenger.Starting, messenger.Connected, messenger.Reconnecting, messenger.BadCredentials, messenger.NeedsAttention} {
		bots = append(bots, connect.Bot{ID: 1, Network: "discord", Label: "Discord", AppID: "1", Name: "S", State: messenger.State{
			Phase: p, Since: time.Now().Add(-time.Hour), Reason: openmates.T("Reason."), Cure: openmates.T("Cure."), Workspaces: 2, Latency: time.Millisecond, LastEvent: time.Now()}})
	}
	network := connect.Network{Network: "discord", Label: "Discord", CanInstall: true, CanLink: true}
	place := connect.Workspace{Network: "discord", Label: "Discord", ID: "1", Name: "Guild", Mates: []string{"sophia"}}
	full := connect.Mate{Mate: mate, Bots: bots}
	team := openmates.Team{ID: 3, Slug: "harbour", Name: "Harbour"}
	tm := connect.TeamMate{Mate: full, In: []connect.Workspace{place}}
	nobody := shell{Title: openmates.T("T")}
	member := shell{Title: openmates.T("T"), User: &openmates.User{ID: 8, DisplayName: "Ben"}}
	samples := map[string][]any{
		"setup":  {setupPage{shell: nobody}, setupPage{shell: sh, Code: "c", Name: "n", Username: "u", Team: "t", Error: openmates.T("e")}},
		"signin": {signInPage{shell: nobody}, signInPage{shell: sh, Username: "u", Next: "/", Reset: true, Error: openmates.T("e")}},
		"home": {homePage{shell: member}, homePage{shell: sh, Say: "@Sophia hello",
			Teams: []teamCard{{Team: team}, {Team: team, Mates: []connect.TeamMate{tm}, Places: []connect.Workspace{place, place}}},
			Steps: []step{{Label: openmates.T("a"), Done: true}, {Label: openmates.T("b"), Hint: openmates.T("h"), Path: "/", Now: true}, {Label: openmates.T("c")}},
			Mates: &matesList{Mates: []connect.Mate{full, {Mate: openmates.Mate{Handle: "m"}}}}},
			homePage{shell: sh, Setup: &wizard{Steps: []step{{}}, Next: &step{Label: openmates.T("l"), Path: "/"}}}, homePage{shell: sh, Setup: &wizard{Done: 1, Steps: []step{{}}}},
			homePage{shell: sh, Mates: &matesList{}}},
		"mate": {&matePage{shell: member, Mate: mate}, &matePage{shell: sh, Mate: mate, Answers: "m", Admin: true, Bots: []botCard{
			{Network: network, Path: "/x"},
			{Network: network, Bot: &bots[0]},
			{Network: connect.Network{Network: "other", Label: "Other"}, Bot: &connect.Bot{Paused: true}}}}},
		"bots": {botsPage{shell: sh}, botsPage{shell: sh, Networks: []botsOf{{Network: network, Rows: []botRow{
			{Name: "Sophia", Handle: "sophia"}, {Name: "Mark", Handle: "mark", Bot: &bots[4]},
			{Name: "OpenMates", Handle: "openmates", Own: true}, {Name: "OpenMates", Handle: "openmates", Own: true, Bot: &bots[0]}}}}}},
		"bot": {&botPage{shell: sh, Setup: connect.Setup{Network: network, Mate: mate, Handle: "sophia", Name: "Sophia", Redirect: "http://x"}, At: "/x", Error: openmates.T("e"), Inputs: inputs()},
			&botPage{shell: sh, Setup: connect.Setup{Network: network, Handle: connect.Own, Name: "OpenMates", Bot: &bots[0]}, At: "/x"},
			&botPage{shell: sh, At: "/x", Wrong: 2, Findings: []messenger.Finding{
				{Check: "a", Title: openmates.T("A"), State: messenger.FindingOK, Sentence: openmates.T("S.")},
				{Check: "b", Title: openmates.T("B"), State: messenger.FindingBad, Sentence: openmates.T("S."), Cure: openmates.T("C."), CureURL: "http://p"},
				{Check: "c", Title: openmates.T("C"), State: messenger.FindingUnknown, Sentence: openmates.T("S."), Cure: openmates.T("C."), CureURL: "/server/settings"},
			}, Setup: connect.Setup{Network: network, Mate: mate, Handle: "sophia", Name: "Sophia", Bot: &bots[2], CanDress: true,
				Guide:       []messenger.Step{{Title: openmates.T("T"), Say: []openmates.Text{"S.", "T."}, Label: openmates.T("L"), URL: "http://p", Copy: "http://x"}, {Title: openmates.T("U")}},
				Permissions: []messenger.Permission{{ID: "1", Name: openmates.T("View"), Reason: openmates.T("R."), On: true}, {}}}}},
		"team": {teamPage{shell: member, Team: team}, teamPage{shell: sh, Team: team, Role: openmates.RoleAdmin, RunsIt: true,
			Mates:  []teamMateCard{{TeamMate: tm, Adds: []addButton{{Network: "discord", Label: openmates.T("Add"), Workspace: "1", First: true}, {Label: openmates.T("More")}}}, {TeamMate: connect.TeamMate{Mate: connect.Mate{Mate: mate}}}},
			Places: []connect.Workspace{place}, Members: []openmates.Member{{User: *user, Role: openmates.RoleAdmin}}}},
		"profile": {profilePage{shell: member}, profilePage{shell: sh, Allowances: []allowance{{}, {Currency: "EUR", Allowance: mates.Allowance{Team: team, Own: openmates.Limits{Mates: openmates.OnlyThese()},
			Effective: openmates.Limits{PerMinute: 3}, Budgets: []mates.Budget{{Layer: "server"}, {Layer: "team", Of: 7}, {Layer: "member", Of: 5, Spent: 9}}}}}, Links: []connect.LinkChoice{
			{Network: network}, {Network: network, ByCode: true}, {Network: network, Ready: true}, {Network: network, Ready: true, Linked: []openmates.Identity{{ID: 5, AccountID: "1", Created: time.Now().Add(-72 * time.Hour)}}}}}},
		"linkcode": {linkCodePage{shell: sh, Code: "c", From: connect.Offer{Label: "Discord", Account: messenger.Account{ID: "1"}}},
			linkCodePage{shell: sh, Code: "c", Own: &connect.OwnCode{Label: "Matrix", Expires: time.Now()}}},
		"connect": {connectPage{shell: sh, Path: "/messenger/connect", Fields: []field{{"state", `"><script>alert(1)</script>`}}}},
		"wizard": {wizardPage{shell: sh, wizard: setupState{}.wizard()}, wizardPage{shell: sh, wizard: wizard{Steps: []step{{Label: openmates.T("a"), Done: true}}, Done: 1, Say: "@Sophia hello", Mail: true}},
			wizardPage{shell: sh, wizard: setupState{Server: server.Settings{Problem: openmates.T("Nothing answers.")}}.wizard()}},
		"settings": {&settingsPage{shell: sh}, &settingsPage{shell: sh, Server: server.Settings{Name: "n", URL: "u", SignUp: server.OpenToTeams, Currency: "EUR"}, From: "setup",
			Current: "http://x", Proxy: openmates.T("p"), Error: openmates.T("e"), ErrorURL: openmates.T("wrong"), MayInsist: true, Facts: []Fact{{openmates.T("a"), openmates.T("t"), ""}, {openmates.T("a"), "", "b"}}}, &settingsPage{shell: sh, Fixed: true, ErrorURL: openmates.T("wrong")}},
		"audit": {auditPage{shell: sh, Error: openmates.T("e")}, auditPage{shell: sh, Older: "/o", Newest: "/n", CSV: "/c", JSON: "/j", Lines: []auditLine{
			{AuditLine: openmates.AuditLine{Username: "ada", Team: "t"}, Changes: []change{{openmates.T("a"), "b", "c"}, {openmates.T("a"), "", "c"}, {"", "b", ""}}}, {}, {AuditLine: openmates.AuditLine{AuditEntry: openmates.AuditEntry{Actor: 7, Target: "<x>"}}}}}},
		"overview": {overviewPage{shell: sh}, overviewPage{shell: sh, overview: overview{Mates: []connect.Mate{full, {Mate: mate}}, Currency: "USD", Mail: true, Next: &step{Label: openmates.T("l"), Wrong: openmates.T("w")},
			Problems: []Problem{{"Sophia", openmates.T("What."), openmates.T("Cure."), "/"}, {What: openmates.T("What.")}}, Troubles: []trouble{{openmates.TroubledTurn{State: openmates.TurnRefused, Person: "Ada"}, Problem{What: openmates.T("w"), Cure: openmates.T("c"), Path: "/"}}, {}},
			Spend: openmates.MonthSpend{Requests: 1, Cost: 3, Mates: []openmates.SpendLine{{}}, Models: []openmates.SpendLine{{Name: "m", Requests: 1, Cost: 3}}}}}},
		"allpeople": {allPeoplePage{directory: directory{shell: sh}}, allPeoplePage{directory: directory{shell: sh, Query: `"><b>`, First: "/f", Next: "/n"}, People: []server.AnyPerson{
			{DirectoryPerson: server.DirectoryPerson{User: *user, Teams: []string{"A", "B"}}, Seen: time.Now()}, {DirectoryPerson: server.DirectoryPerson{User: openmates.User{ID: 9, Username: "x", DisplayName: "<x>"}}}}}},
		"allteams": {allTeamsPage{directory: directory{shell: sh}}, allTeamsPage{directory: directory{shell: sh}, Currency: "EUR", All: []server.DirectoryTeam{
			{Team: team, Members: 2, Admins: []string{"ada", "ben"}, Places: 1, Mates: 1, Spent: 5}, {Team: team}}}},
		"allworkspaces": {allWorkspacesPage{directory: directory{shell: sh}}, allWorkspacesPage{directory: directory{shell: sh}, Places: []placeLine{
			{DirectoryPlace: connect.DirectoryPlace{Network: "discord", Workspace: "1", Name: "<g>", Team: team, Mates: []string{"Sophia"}}, Label: "Discord", Who: "Sophia", Path: "/x"}, {}}}},
		"ask": {askPage{shell: sh, Path: "/x"}, askPage{shell: sh, question: question{Heading: openmates.T("T."), Sentence: openmates.T("S."), Label: openmates.T("R."), Back: "/"}, Path: "/x", Fields: []field{{"a", `"><b>`}}}},
		"moved": {movedPage{shell: sh, Before: "http://a", Now: "http://b", At: "http://b/", Redirect: "http://b/r"},
			movedPage{shell: sh, Before: "http://a", Now: "http://b", At: "http://b/", Redirect: "http://b/r", Bots: 2, SignIn: true, Passkeys: "b", Error: openmates.T("e")}},
		"message": {messagePage{shell: nobody, Heading: openmates.T("H"), Sentence: openmates.T("S"), Ways: []way{{openmates.T("a"), "/"}, {openmates.T("b"), "/"}}}, messagePage{shell: sh, Heading: openmates.T("H")},
			messagePage{shell: sh, Heading: openmates.T("H"), Again: &again{Path: "/x", Kept: []keptField{{Name: "a", Value: `"><b>`}}, Ask: []keptField{{Name: "password", Label: openmates.T("Password")}}}}},
	}
	maps.Copy(samples, securitySamples(sh))
	maps.Copy(samples, providerSamples(sh))
	maps.Copy(samples, mateSamples(sh, member))
	maps.Copy(samples, teamSamples(sh, nobody, *user, mate))
	for _, name := range pageNames() {
		if len(samples[name]) == 0 {
			t.Errorf("no sample of the page %s", name)
		}
		for _, data := range samples[name] {
			w := httptest.NewRecorder()
			if err := h.web.show(w, http.StatusOK, name, data); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			checkPage(t, name, w.Body.String())
		}
	}
}

// The way of the first person, from the printed link to a mate in a place and
// a linked account, as a browser without JavaScript walks it.
func TestFirstWay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.browser()
	code, err := h.server.SetupCode(t.Context())
	must(t, err)
	wants(t, b.get("/"), 200, "Set up your server")
	wants(t, b.get("/setup?code=WRONG"), 401, "This setup link is no longer valid", `id="code"`)
	wants(t, b.get("/setup?code="+code.Reveal()), 200, `name="team"`)
	form := url.Values{"code": {code.Reveal()}, "name": {"Ada"}, "username": {"ada"}, "password": {"short"}, "team": {"Harbour"}}
	wants(t, b.post("/setup", form), 422, "at least 10", `value="Harbour"`, `value="ada"`)
	form.Set("password", canaryPassword)
	wants(t, b.follow("/setup", form), 200, "Your server is ready", "Next: Name the server", "Create a bot for a mate")
	wants(t, b.get("/"), 200, "Hello, Ada", "Next steps")
	if got := b.get("/setup"); got.status != http.StatusSeeOther {
		t.Errorf("the setup is open still: %d", got.status)
	}
	if got := h.browser().get("/"); got.header.Get("Location") != "/signin" {
		t.Errorf("a stranger gets %d %s", got.status, got.header.Get("Location"))
	}

	_, err = h.db.SaveMate(t.Context(), openmates.Mate{Handle: "sophia", Name: "Sophia", Prompt: "You are Sophia."})
	must(t, err)
	wants(t, b.get("/mates/sophia"), 200, "You are Sophia.", "/server/bots/testnet/sophia")
	wants(t, b.get("/server/bots/testnet/sophia"), 200, h.url+"/messenger/connect", "Application ID")
	at := "/server/bots/testnet/sophia"
	wants(t, b.post(at, url.Values{"app_id": {"1001"}, "token": {"nonsense"}, "secret": {canarySecret}}), 422, "refuses this token", `value="1001"`)
	wants(t, b.follow(at, url.Values{"app_id": {"1001"}, "token": {canaryToken}, "secret": {canarySecret}}), 200, "and is connecting now", "Connecting")
	m, err := h.connect.Mate(t.Context(), "sophia")
	must(t, err)
	h.states.set(m.Bots[0].ID, messenger.State{Phase: messenger.Connected, Workspaces: 1})
	wants(t, b.get(at+"/state"), 200, "Online")
	wants(t, b.get("/parts/mates"), 200, "Online")
	wants(t, b.confirms(at+"/pause", url.Values{}), 200, "is paused", "<button>Resume</button>")
	wants(t, b.follow(at+"/resume", url.Values{}), 200, "is listening again", `<button class="second">Pause</button>`)

	got := b.post("/teams/harbour/install", url.Values{"mate": {"sophia"}, "network": {"testnet"}})
	q, err := h.network.Install(got.header.Get("Location"), messenger.Workspace{ID: "55", Name: "Pier"})
	must(t, err)
	back := "/messenger/connect?" + q.Encode()
	for range 3 { // a GET changes nothing
		wants(t, b.get(back), 200, "Processing…", q.Get("code"), "Finish the connection", "data-send")
	}
	if h.network.Exchanges() != 0 {
		t.Error("a GET brought the code to the network")
	}
	wants(t, b.follow("/messenger/connect", q), 200, "Sophia has joined Pier", "@Sophia hello")
	wants(t, b.post("/messenger/connect", q), 422, "already been used")

	got = b.post("/profile/link", url.Values{"network": {"testnet"}})
	q, err = h.network.Link(got.header.Get("Location"), messenger.Account{ID: "77", Name: "ada#1"})
	must(t, err)
	wants(t, b.get("/messages/connect?"+q.Encode()), 200, "Processing…")
	wants(t, b.follow("/messages/connect", q), 200, "account ada#1 is linked", "Unlink")
	wants(t, b.get("/server/setup"), 200, "type @Sophia hello")
	u, err := h.db.UserOf(t.Context(), connecttest.Name, "77")
	must(t, err)
	ids, err := h.db.IdentitiesOf(t.Context(), u.ID)
	must(t, err)
	wants(t, b.confirms("/profile/unlink", url.Values{"identity": {ids[0].ID.String()}}), 200, "is unlinked", "Link to Testnet")
	wants(t, b.get("/server/setup"), 200, `<a href="/profile">Link your own account</a>`)
	wants(t, b.follow("/signout", url.Values{}), 200, "Sign in")
	if got := b.get("/profile"); got.header.Get("Location") != "/signin?next=%2Fprofile" {
		t.Errorf("after signing out: %d %s", got.status, got.header.Get("Location"))
	}
	for _, s := range []string{canaryToken, canarySecret, canaryPassword, q.Get("code"), q.Get("state"), code.Reveal()} {
		if strings.Contains(h.log.String(), s) {
			t.Errorf("the log holds %q", s)
		}
	}
}

// Every address as everybody; what is not named here is not served.
func TestWhoMaySeeWhat(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	nobody, ada, ben, eve := h.browser(), h.as("ada"), h.as("ben"), h.as("eve")
	bot := url.Values{"app_id": {"1002"}, "token": {"token-mark"}, "secret": {"secret-mark"}}
	install := url.Values{"mate": {"sophia"}, "network": {"testnet"}}
	for _, tc := range []struct {
		method, path          string
		form                  url.Values
		nobody, eve, ben, ada int // eve is of another team, ben a member, ada admin of team and server
	}{
		{"GET", "/", nil, 303, 200, 200, 200},
		{"GET", "/signin", nil, 200, 303, 303, 303},
		{"GET", "/profile", nil, 303, 200, 200, 200},
		{"GET", "/teams/harbour", nil, 303, 404, 200, 200},
		{"GET", "/teams/nowhere", nil, 303, 404, 404, 404},
		{"GET", "/teams/lighthouse", nil, 303, 200, 404, 404},
		{"GET", "/mates/sophia", nil, 303, 200, 200, 200},
		{"GET", "/mates/nobody", nil, 303, 404, 404, 404},
		{"GET", "/parts/mates", nil, 303, 403, 403, 200},
		{"GET", "/server/bots", nil, 303, 403, 403, 200},
		{"GET", "/server/bots/testnet/sophia", nil, 303, 403, 403, 200},
		{"GET", "/server/bots/testnet/mark", nil, 303, 403, 403, 200},
		{"GET", "/server/bots/testnet/openmates", nil, 303, 403, 403, 200},
		{"GET", "/server/bots/testnet/nobody", nil, 303, 403, 403, 404},
		{"GET", "/server/bots/testnet/sophia/state", nil, 303, 403, 403, 200},
		{"GET", "/messenger/connect?state=x", nil, 401, 200, 200, 200},
		{"GET", "/messenger/connect", nil, 401, 422, 422, 422},
		{"GET", "/nowhere", nil, 404, 404, 404, 404},
		{"POST", "/server/bots/testnet/sophia/pause", url.Values{}, 303, 403, 403, 303},
		{"POST", "/server/bots/testnet/sophia/resume", url.Values{}, 303, 403, 403, 303},
		{"POST", "/server/bots/testnet/sophia/restart", url.Values{}, 303, 403, 403, 303},
		{"POST", "/server/bots/testnet/sophia/check", url.Values{}, 303, 403, 403, 303},
		{"POST", "/server/bots/testnet/sophia/dress", url.Values{}, 303, 403, 403, 422},
		{"POST", "/server/bots/testnet/sophia/permissions", url.Values{"permission": {"1"}}, 303, 403, 403, 422},
		{"POST", "/server/bots/testnet/openmates/pause", url.Values{}, 303, 403, 403, 404},
		{"POST", "/server/bots/testnet/mark", bot, 303, 403, 403, 303},
		{"POST", "/server/bots/icq/mark", bot, 303, 403, 403, 404},
		{"POST", "/teams/harbour/install", install, 303, 404, 303, 303},
		{"POST", "/profile/link", url.Values{"network": {"testnet"}}, 303, 303, 303, 303},
		{"POST", "/profile/link", url.Values{"network": {"icq"}}, 303, 404, 404, 404},
		{"POST", "/profile/unlink", url.Values{"identity": {"12"}}, 303, 404, 404, 404},
		{"POST", "/profile/unlink", url.Values{"identity": {"'; DROP"}}, 303, 422, 422, 422},
		{"POST", "/messenger/connect", url.Values{"state": {"x"}}, 401, 422, 422, 422},
		{"POST", "/signin/demo", url.Values{"username": {"ada"}}, 404, 404, 404, 404},
		{"POST", "/setup", url.Values{}, 409, 409, 409, 409},
		{"PUT", "/profile", nil, 404, 404, 404, 404},
	} {
		for _, who := range []struct {
			name string
			b    *browser
			want int
		}{{"nobody", nobody, tc.nobody}, {"eve", eve, tc.eve}, {"ben", ben, tc.ben}, {"ada", ada, tc.ada}} {
			got := who.b.do(tc.method, tc.path, tc.form, http.Header{"Sec-Fetch-Site": {"same-origin"}})
			if got.status != who.want {
				t.Errorf("%s %s as %s: %d, want %d", tc.method, tc.path, who.name, got.status, who.want)
			}
			if tc.form != nil && who.name == "nobody" && got.status == 303 && !strings.HasPrefix(got.header.Get("Location"), "/signin") {
				t.Errorf("%s as nobody leads to %s", tc.path, got.header.Get("Location"))
			}
			if got.status >= 400 {
				checkPage(t, tc.path, got.body)
				if who.name != "ada" && strings.Contains(got.body, "Harbour") {
					t.Errorf("%s tells %s of a team", tc.path, who.name)
				}
			}
		}
	}
	if got := nobody.do("GET", "/parts/mates", nil, http.Header{"X-Requested-With": {"fetch"}}); got.status != 401 {
		t.Errorf("a part for nobody: %d", got.status)
	}
}

// A form that another site sends does nothing, whatever it is.
func TestFormsOfOtherSites(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	for _, path := range []string{"/signin", "/signout", "/setup", "/signin/demo", "/server/bots/testnet/sophia", "/server/bots/testnet/sophia/pause",
		"/server/bots/testnet/sophia/resume", "/teams/harbour/install", "/profile/link", "/profile/unlink", "/messenger/connect", "/messages/connect"} {
		for name, header := range map[string]http.Header{
			"cross-site":             {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}},
			"another port":           {"Sec-Fetch-Site": {"same-site"}, "Origin": {"http://127.0.0.1:1"}},
			"old browser":            {"Origin": {"https://evil.example"}},
			"old browser, no origin": {"Origin": {"null"}},
		} {
			got := ada.do("POST", path, url.Values{"network": {"testnet"}, "mate": {"sophia"}, "username": {"eve"}, "password": {canaryPassword}}, header)
			if got.status != http.StatusForbidden || len(got.header["Set-Cookie"]) > 0 {
				t.Errorf("%s, %s: %d", path, name, got.status)
			}
		}
	}
	wants(t, ada.get("/profile"), 200, "Ada Lovelace") // still signed in, as herself
	m, err := h.connect.Mate(t.Context(), "sophia")
	must(t, err)
	if m.Bots[0].Paused {
		t.Error("a foreign form paused a bot")
	}
	if got := ada.do("POST", "/profile/link", url.Values{"network": {"testnet"}}, http.Header{"Origin": {h.url}}); got.status != 303 {
		t.Errorf("our own form from an old browser: %d", got.status)
	}
}

func TestOpenRedirect(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	for next, want := range map[string]string{
		"/teams/harbour?x=1": "/teams/harbour?x=1", "": "/", "/": "/", "teams": "/",
		"https://evil.example": "/", "//evil.example": "/", `/\evil.example`: "/", `\\evil.example`: "/", "///evil.example": "/",
		"javascript:alert(1)": "/", "/%2f/evil.example": "/", "/\t/evil.example": "/", "/\r\nSet-Cookie: a=b": "/", "http:evil.example": "/",
		"/..//evil.example": "/..//evil.example",
	} {
		if got := localPath(next); got != want {
			t.Errorf("localPath(%q) = %q, want %q", next, got, want)
		}
	}
	for next, want := range map[string]string{"//evil.example": "/", "/teams/harbour": "/teams/harbour"} {
		got := h.browser().post("/signin", url.Values{"username": {"ada"}, "password": {canaryPassword}, "next": {next}})
		if got.status != 303 || got.header.Get("Location") != want {
			t.Errorf("next %q leads to %d %s", next, got.status, got.header.Get("Location"))
		}
		if got = h.browser().get("/signin?next=" + url.QueryEscape(next)); !strings.Contains(got.body, `name="next" value="`+want+`"`) {
			t.Errorf("next %q: %s", next, got.body)
		}
	}
}

// A redirect that was stolen on its way works in no other browser.
func TestStolenRedirect(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada, again, eve := h.as("ada"), h.as("ada"), h.as("eve")
	for name, thief := range map[string]*browser{"another person": eve, "the same person elsewhere": again, "nobody": h.browser()} {
		got := ada.post("/profile/link", url.Values{"network": {"testnet"}})
		q, err := h.network.Link(got.header.Get("Location"), messenger.Account{ID: "1"})
		must(t, err)
		if got := thief.post("/messenger/connect", q); got.status != 403 && got.status != 401 {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	if h.network.Exchanges() != 0 {
		t.Error("a stolen code was brought to the network")
	}
}

func TestConnectPageBounds(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	many := url.Values{"state": {"x"}}
	for i := range 30 {
		many.Add("a", strings.Repeat("b", i))
	}
	wants(t, ada.get("/messenger/connect?"+many.Encode()), 422, "on its own it doesn’t connect anything")
	wants(t, ada.get("/messenger/connect?state="+strings.Repeat("x", 5000)), 422)
	got := ada.get(`/messenger/connect?state=x&%22%3E%3Cscript%3E=%3C/form%3E`)
	wants(t, got, 200)
	checkPage(t, "connect", got.body)
	if got := ada.post("/messenger/connect", url.Values{"state": {strings.Repeat("x", 70<<10)}}); got.status != 422 {
		t.Errorf("a huge form: %d", got.status)
	}
}

func TestHeadersAndAssets(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	b := h.as("ada")
	seen := map[string]bool{}
	for _, page := range []string{"/", "/profile", "/teams/harbour", "/mates/sophia", "/nowhere"} {
		got := b.get(page)
		checkPage(t, page, got.body)
		policy := got.header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'self'", "form-action 'self' " + connecttest.Origin, "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %q", page, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") || got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("Cache-Control") != "no-store" ||
			got.header.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s: headers %v", page, got.header)
		}
		for _, m := range href.FindAllStringSubmatch(got.body, -1) {
			if strings.HasPrefix(m[1], "/static/") || strings.HasPrefix(m[1], "/portraits/") {
				seen[m[1]] = true
			}
		}
	}
	if len(seen) < 6 {
		t.Errorf("pages name only %v", seen)
	}
	for at := range seen {
		got := h.browser().get(at)
		if got.status != 200 || !strings.Contains(got.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", at, got.status, got.header)
		}
	}
	for _, bad := range []string{"/static/000000000000/app.css", "/static/x/nothing.css", "/portraits/x/..svg", "/portraits/x/%3Cscript%3E.svg", "/portraits/x/sophia.png"} {
		if got := h.browser().get(bad); got.status != 404 {
			t.Errorf("%s: %d", bad, got.status)
		}
	}
	if got := h.browser().get("/favicon.ico"); !seen[got.header.Get("Location")] {
		t.Errorf("favicon leads to %s", got.header.Get("Location"))
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.browser()
	wants(t, b.get("/healthz"), 200, "ok")
	wants(t, b.get("/readyz"), 200, "ready")
	h.ready = openmates.Errorf(openmates.EUnavailable, "The database isn't responding.")
	wants(t, b.get("/readyz"), 503, "The database isn't responding.")
	h.ready = errors.New("dsn with a password")
	if got := b.get("/readyz"); got.status != 503 || strings.Contains(got.body, "password") {
		t.Errorf("%d %s", got.status, got.body)
	}
	wants(t, b.get("/healthz"), 200)
}

func TestDemo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *Config) {
		c.Demo = &Demo{Discord: "http://127.0.0.1:7777", People: []DemoPerson{{Username: "ben", Name: "Ben", About: openmates.T("asks"), Password: canaryPassword}}}
	}).furnish()
	h.model = model.Shown{Name: "scripted", Scripted: true}
	b := h.browser()
	page := b.get("/signin")
	wants(t, page, 200, "Demo model (offline, no real AI)", "http://127.0.0.1:7777", "Ben")
	checkPage(t, "signin", page.body)
	wants(t, b.follow("/signin/demo", url.Values{"username": {"ben"}, "next": {"/profile"}}), 200, "Ben Bitdiddle")
	wants(t, b.post("/signin/demo", url.Values{"username": {"ada"}}), 404) // not one of the demo's people
}

func TestNoModel(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	h.model = model.Shown{Cure: openmates.T("Set a key and start again.")}
	wants(t, h.as("ada").get("/"), 200, "No model is set up", "Set a key and start again.", "No model")
	if got := h.as("ben").get("/"); strings.Contains(got.body, "Set a key") {
		t.Error("a member is told what only an admin can do")
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	s := &Server{proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	for _, tc := range []struct{ peer, forwarded, want string }{
		{"192.0.2.1:5", "", "192.0.2.1"},
		{"192.0.2.1:5", "198.51.100.9", "192.0.2.1"}, // no proxy of ours
		{"10.0.0.1:5", "198.51.100.9", "198.51.100.9"},
		{"10.0.0.1:5", "1.1.1.1, 198.51.100.9, 10.0.0.2", "198.51.100.9"}, // what stands before was invented
		{"10.0.0.1:5", "nonsense", "10.0.0.1"},
		{"[::ffff:10.0.0.1]:5", "2001:db8::7", "2001:db8::7"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tc.peer
		if tc.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tc.forwarded)
		}
		if got := s.address(r).String(); got != tc.want {
			t.Errorf("%s via %q: %s, want %s", tc.peer, tc.forwarded, got, tc.want)
		}
	}
}

func TestOtherLoopback(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ public, host, want string }{
		{"http://127.0.0.1:80", "localhost:80", "http://127.0.0.1:80/teams/x?y=1"},
		{"http://localhost:80", "[::1]:80", "http://localhost:80/teams/x?y=1"},
		{"http://127.0.0.1:80", "127.0.0.1:80", ""},
		{"http://127.0.0.1:80", "localhost:81", ""},
		{"https://mates.example", "localhost:80", ""}, // a proxy of ours asks
		{"http://127.0.0.1:80", "evil.example:80", ""},
	} {
		public, err := url.Parse(tc.public)
		must(t, err)
		r := httptest.NewRequest("GET", "/teams/x?y=1", nil)
		r.Host = tc.host
		if got := otherLoopback(r, public); got != tc.want {
			t.Errorf("%s as %s: %q, want %q", tc.public, tc.host, got, tc.want)
		}
	}
}

func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/", "//x", `/\x`, "/a?b#c", "http://x", "/%0a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := localPath(s)
		if !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\\\r\n\t") {
			t.Errorf("localPath(%q) = %q", s, got)
		}
	})
}

// pageNames are the templates of whole pages.
func pageNames() []string {
	return []string{"setup", "signin", "home", "mate", "bots", "bot", "team", "profile", "connect", "linkcode", "message",
		"mates", "newmate", "matesetup", "version", "limits", "overview", "wizard", "settings", "audit",
		"found", "join", "people", "memberlimits", "teamlimits", "invites", "usage", "preferences", "privacy", "teamconnect", "guest",
		"providers", "provider", "provider-new", "provider-remove",
		"ask", "allpeople", "allteams", "allworkspaces", "tokens", "security", "authenticator", "recovery", "second", "data", "address", "moved", "mail",
		"forgot", "reset", "resetlink"}
}

// inputs are a bot's form with each kind of field in each state.
func inputs() (all []botInput) {
	for _, kind := range []messenger.FieldKind{messenger.TextField, messenger.ApplicationField, messenger.TickField} {
		for _, f := range []messenger.Field{{Name: "a", Label: openmates.T("A")}, {Name: "b", Label: openmates.T("B"), Hint: openmates.T("S.")}} {
			f.Kind = kind
			all = append(all, botInput{Field: connect.Field{Field: f}}, botInput{Field: connect.Field{Field: f, Value: "true"}, Set: true})
		}
	}
	secret := messenger.Field{Name: "s", Label: openmates.T("S"), Kind: messenger.SecretField, Hint: openmates.T("S."), Warning: openmates.T("S.")}
	for _, in := range []botInput{{}, {Held: true}, {Set: true}} {
		for _, f := range []connect.Field{{}, {Stored: true}, {Lost: true}} {
			f.Field = secret
			in.Field = f
			all = append(all, in)
		}
	}
	return all
}
