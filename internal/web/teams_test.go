package web

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/mate"
	"openmates/internal/server"
	"openmates/internal/team"
)

func teamSamples(sh, nobody shell, user openmates.User, m openmates.Mate) map[string][]any {
	base := inTeam{shell: sh, Team: openmates.Team{Slug: "harbour", Name: "Harbour"}, Role: openmates.RoleAdmin, Tabs: []way{{openmates.T("Overview"), "/teams/harbour"}}}
	sheet := sheetForm{Sheet: mate.Sheet{Mates: []mate.MateLine{{Mate: m, Choice: openmates.Choice{Name: "sophia", By: openmates.T("the server")}}}, RateBy: openmates.T("the server"), MoneyBy: openmates.T("the server")}, Currency: "EUR", Error: openmates.T("e")}
	full := newcomerForm{"u", "e@example.org", openmates.Self{Name: "n", Language: "xx", TimeZone: "UTC", Preferences: openmates.Preferences{About: "a"}}}
	var found []any
	for _, step := range foundSteps(openmates.Caller{}) {
		found = append(found,
			&foundPage{shell: nobody, Step: step, Steps: foundSteps(openmates.Caller{})},
			&foundPage{shell: sh, Step: step, Steps: foundSteps(openmates.Caller{User: user}), Draft: team.Draft{Name: "N", Slug: "n"}, Sheet: sheet, People: full, Error: openmates.T("e"),
				Mates: []connect.Mate{{Mate: m}}})
	}
	return map[string][]any{
		"found":  found,
		"tokens": tokenSamples(base), "memberlimits": memberLimitSamples(base, user, sheet),
		"teamconnect": connectSamples(base, m), "guest": guestSamples(base, m),
		"join": {&joinPage{shell: nobody}, &joinPage{shell: sh, Welcome: team.Welcome{Mail: true}, Sent: "x@example.org", Error: openmates.T("e")},
			&joinPage{shell: nobody, Welcome: team.Welcome{Email: "x@example.org", Invite: openmates.Invite{Role: openmates.RoleAdmin, Only: []string{"@example.org"}}}, Proof: "p", People: full}},
		"people":     {peoplePage{inTeam: base, Manages: true, Limits: true, Error: openmates.T("e"), Members: []openmates.Member{{User: user, Role: openmates.RoleAdmin}, {User: openmates.User{ID: 99, Username: "x"}}}}},
		"teamlimits": {&teamLimitsPage{inTeam: base}, &teamLimitsPage{inTeam: base, Sheet: sheet, Name: "n", Error: openmates.T("e")}},
		"invites": {&invitesPage{inTeam: base}, &invitesPage{inTeam: base, Mail: true, Link: "http://x", Mailed: "c@d.e", Unsent: []team.Delivery{{To: "a@b.c", Problem: openmates.T("No.")}}, Nobody: true, Error: openmates.T("e"), Form: team.NewInvite{Role: openmates.RoleAdmin, Mail: true}, Invites: []inviteLine{
			{State: openmates.InviteOpen, Whom: "x", InviteLine: team.InviteLine{Maker: "A", Joined: []team.Joined{{}}}}, {State: openmates.InviteUsed}, {State: openmates.InviteExpired}, {State: openmates.InviteRevoked}}}},
		"usage":       {usagePage{inTeam: base}, usagePage{inTeam: base, Month: team.Month{Requests: 1}}, usagePage{inTeam: base, Most: 5, Currency: "EUR", Legend: []tone{{"plot-a", openmates.T("Sophia")}, {"plot-b", ""}}, Days: []plotDay{{Parts: []plotPart{{}, {tone: tone{"plot-a", openmates.T("S")}, Height: 3}}}}, Month: team.Month{Requests: 1, People: []openmates.SpendLine{{Cost: 5}}}}},
		"preferences": {preferencesPage{shell: sh}, preferencesPage{shell: sh, Self: full.Self, Error: openmates.T("e")}},
		"privacy":     {privacyPage{shell: sh}, privacyPage{shell: sh, Usual: []factBox{{fact: facts()[0], Shown: true}}, Mates: []privateMate{{Mate: m, Differs: true, Boxes: []factBox{{fact: facts()[1]}}}}}},
	}
}

func newcomerFields(name string) url.Values {
	return url.Values{"username": {name}, "name": {strings.ToUpper(name)}, "password": {canaryPassword}, "tone": {"dry"}, "time_zone": {"Europe/Berlin"}, "language": {"pl"}}
}

func (h *house) policy(p server.SignUp) {
	h.t.Helper()
	ada, err := h.db.UserByName(context.Background(), "ada")
	must(h.t, err)
	must(h.t, h.server.SetSignUp(context.Background(), ada.ID, p))
}

// A stranger founds a team: settings first, the account last, and nothing is
// made in between.
func TestAStrangerFoundsATeam(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	must(t, h.db.SetServerLimits(t.Context(), openmates.Limits{Mates: openmates.OnlyThese("sophia", "mark"), PerMinute: 30}))
	b := h.browser()
	wants(t, b.get("/found"), 403, "Sign in to create a team with your account")
	h.policy(server.OpenToTeams)
	wants(t, b.get("/found"), 200, "Team name")
	wants(t, b.get("/found/nonsense"), 404)
	if got := b.get("/found/mates"); got.header.Get("Location") != "/found" {
		t.Errorf("a step before the first: %d", got.status)
	}
	for slug, said := range map[string]string{"harbour": "already taken by another team", "api": "is reserved. Choose a different one.", "a--b": "single hyphens", "x": "2 to 40", "ÄÖÜ": "a–z"} {
		wants(t, b.get("/parts/slug?name=Pier&slug="+url.QueryEscape(slug)), 200, said)
		got := b.post("/found", url.Values{"name": {"Pier"}, "slug": {slug}})
		if got.status != 422 && got.status != 409 || !strings.Contains(got.body, said) || !strings.Contains(got.body, `value="Pier"`) {
			t.Errorf("%s: %d\n%s", slug, got.status, got.body)
		}
	}
	wants(t, b.get("/parts/slug?name=Pier+7&slug="), 200, "/teams/pier-7")
	page := b.follow("/found", url.Values{"name": {"Pier <7>"}, "slug": {""}})
	wants(t, page, 200, "Which mates", "Not allowed by the server", "Pier &lt;7&gt;")
	page = b.follow("/found/mates", url.Values{"stamp": {stampOf(t, page)}, "mate": {"sophia", "lisa"}})
	wants(t, page, 200, "What can they use?")
	wants(t, b.post("/found/apps", url.Values{"stamp": {"old"}}), 409, "have changed since you opened this page")
	page = b.follow("/found/apps", url.Values{"stamp": {stampOf(t, page)}, "app": {"web"}, "provider": {"openai"}})
	wants(t, page, 200, "How much", "At most 30, the limit of the server")
	stamp := stampOf(t, page)
	wants(t, b.post("/found/money", url.Values{"stamp": {stamp}, "per_minute": {"many"}, "per_month": {"7"}}), 422, "whole number", `value="many"`, `value="7"`)
	wants(t, b.follow("/found/money", url.Values{"stamp": {stamp}, "per_minute": {"5"}, "per_month": {"20"}}), 200, "<h2>Your messenger</h2>", "your account comes first")
	wants(t, b.follow("/found/connect", url.Values{}), 200, "Your account")
	bad := newcomerFields("nora")
	bad.Set("password", "short")
	got := b.post("/found/account", bad)
	wants(t, got, 422, "at least 10", `value="nora"`, `value="dry"`)
	if _, err := h.db.TeamBySlug(t.Context(), "pier-7"); openmates.CodeOf(err) != openmates.ENotFound {
		t.Fatalf("the team is there before its founder: %v", err)
	}
	fields := newcomerFields("nora")
	fields["admin"], fields["role"] = []string{"true"}, []string{"admin"} // nobody asked
	wants(t, b.follow("/found/account", fields), 200, "Pier &lt;7&gt; is ready", "Sophia")
	team, err := h.db.TeamBySlug(t.Context(), "pier-7")
	must(t, err)
	nora, err := h.db.UserByName(t.Context(), "nora")
	must(t, err)
	role, err := h.db.Role(t.Context(), team.ID, nora.ID)
	must(t, err)
	if role != openmates.RoleAdmin || nora.Admin || nora.Language != "pl" || nora.Preferences.Tone != "dry" {
		t.Errorf("%q %+v", role, nora)
	}
	l := team.Limits
	if !l.Mates.Allows("sophia") || l.Mates.Allows("mark") || l.PerMinute != 5 || l.PerMonth != 20_000_000 {
		t.Errorf("%+v", l)
	}
	if narrowed := l.Narrow(openmates.Limits{Mates: openmates.OnlyThese("sophia", "mark")}); narrowed.Mates.Allows("lisa") {
		t.Error("a team allows itself what the server forbids")
	}
	if got := b.get("/found/mates"); got.header.Get("Location") != "/found" {
		t.Error("the draft is left over")
	}
	wants(t, b.get("/found"), 200, "Five short steps") // and another one, with the account
	b.follow("/found", url.Values{"name": {"Second"}})
	wants(t, b.follow("/found/connect", url.Values{}), 200, "Second is ready", `aria-label="Your teams"`, "/teams/pier-7")
}

// Who finds out at the end that there is an account already loses nothing.
func TestADraftOutlivesASignIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	h.policy(server.OpenToTeams)
	b := h.browser()
	wants(t, b.follow("/found", url.Values{"name": {"Quay"}}), 200, "Which mates")
	b.post("/signin", url.Values{"username": {"ben"}, "password": {canaryPassword}, "next": {"/found/connect"}})
	wants(t, b.follow("/found/connect", url.Values{}), 200, "Quay is ready")
	wants(t, b.follow("/signout", url.Values{}), 200)
	if got := b.get("/found/mates"); got.header.Get("Location") != "/found" {
		t.Error("the draft outlives the sign-out")
	}
}

var joinLink = regexp.MustCompile(`/join/([A-Z2-7]{26})`)

func (h *house) inviteBy(b *browser, team string, change url.Values) string {
	h.t.Helper()
	f := url.Values{"role": {"member"}, "uses": {"1"}, "days": {"7"}, "note": {"for <b>Nora</b>"}}
	maps.Copy(f, change)
	got := b.follow("/teams/"+team+"/invites", f)
	wants(h.t, got, 200, "won’t be shown again")
	m := joinLink.FindStringSubmatch(got.body)
	if m == nil {
		h.t.Fatalf("no link:\n%s", got.body)
	}
	return m[1]
}

func TestAnInvite(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada, b := h.as("ada"), h.browser()
	code := h.inviteBy(ada, "harbour", nil)
	list := ada.get("/teams/harbour/invites")
	wants(t, list, 200, "for &lt;b&gt;Nora&lt;/b&gt;", "used 0 of 1", "by Ada Lovelace")
	if strings.Contains(list.body, code) {
		t.Error("the code is shown again")
	}
	for range 3 { // a GET changes nothing
		wants(t, b.get("/join/"+code), 200, "Join Harbour", "Ada Lovelace invited you", "Create account and join")
	}
	wants(t, b.get("/join/"+strings.ToLower(code)), 200)
	wants(t, b.get("/join/AAAAAAAAAAAAAAAAAAAAAAAAAA"), 404, "This invite link doesn&#39;t work")
	bad := newcomerFields("nora")
	bad.Set("time_zone", "Mars/Base")
	wants(t, b.post("/join/"+code, bad), 422, "Write it like Europe/Berlin or America/New_York", "Mars/Base", `value="nora"`)
	fields := newcomerFields("nora")
	fields["role"], fields["admin"], fields["team"] = []string{"admin"}, []string{"true"}, []string{"lighthouse"}
	wants(t, b.follow("/join/"+code, fields), 200, "Welcome to Harbour", "Link")
	team, err := h.db.TeamBySlug(t.Context(), "harbour")
	must(t, err)
	nora, err := h.db.UserByName(t.Context(), "nora")
	must(t, err)
	if role, _ := h.db.Role(t.Context(), team.ID, nora.ID); role != openmates.RoleMember || nora.Admin {
		t.Errorf("role %q, admin %v", role, nora.Admin)
	}
	wants(t, b.get("/join/"+code), 200, "already a member of the team")
	wants(t, h.browser().get("/join/"+code), 409, "has been used up", "Ask Ada Lovelace")
	wants(t, ada.get("/teams/harbour/invites"), 200, "Used", "NORA (nora")
	wants(t, h.browser().post("/join/"+code, newcomerFields("late")), 409)
	if _, err := h.db.UserByName(t.Context(), "late"); openmates.CodeOf(err) != openmates.ENotFound {
		t.Error("who came too late has an account")
	}

	again := h.inviteBy(ada, "harbour", url.Values{"role": {"admin"}, "uses": {"0"}})
	eve := h.as("eve") // somebody with an account
	wants(t, eve.get("/join/"+again), 200, "signed in as", "You’ll join as a team admin")
	wants(t, eve.follow("/join/"+again, url.Values{}), 200, "Welcome to Harbour")
	ids := regexp.MustCompile(`/invites/(\d+)/revoke`).FindStringSubmatch(ada.get("/teams/harbour/invites").body)
	wants(t, h.as("eve").post("/teams/lighthouse/invites/"+ids[1]+"/revoke", url.Values{}), 404)
	wants(t, ada.confirms("/teams/harbour/invites/"+ids[1]+"/revoke", url.Values{}), 200, "is revoked", "Revoked")
	wants(t, h.browser().get("/join/"+again), 409, "has been revoked", "Ask Ada Lovelace")
	if strings.Contains(h.log.String(), code) || strings.Contains(h.log.String(), again) {
		t.Error("the log holds a code")
	}
}

func TestAnInviteForCertainAddresses(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	code := h.inviteBy(ada, "harbour", url.Values{"only": {"Nora@Example.org, example.com"}, "uses": {"0"}})
	b := h.browser()
	wants(t, b.get("/join/"+code), 200, "doesn’t send mail", `name="email"`)
	f := newcomerFields("nora")
	wants(t, b.post("/join/"+code, f), 422, "This invite is limited to certain email addresses")
	f.Set("email", "nora@elsewhere.org")
	wants(t, b.post("/join/"+code, f), 403, "for nora@elsewhere.org", "ask Ada Lovelace", `value="nora@elsewhere.org"`)
	f.Set("email", "nora@sub.example.com")
	wants(t, b.post("/join/"+code, f), 403)
	f.Set("email", "NORA@example.org")
	wants(t, b.follow("/join/"+code, f), 200, "Welcome to Harbour")
	nora, err := h.db.UserByName(t.Context(), "nora")
	must(t, err)
	if !strings.EqualFold(nora.Email, "nora@example.org") {
		t.Errorf("%+v", nora)
	}
	for _, only := range []string{"ada", "@", "ada@", "ada@x", "a b@c", "<script>@example.org"} {
		wants(t, ada.post("/teams/harbour/invites", url.Values{"role": {"member"}, "uses": {"1"}, "days": {"1"}, "only": {only}}), 422, "neither an email address nor a domain")
	}
}

func TestPeopleOfATeam(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada, ben := h.as("ada"), h.as("ben")
	at := "/teams/harbour/people"
	wants(t, ada.confirms(at+"/ada/role", url.Values{"role": {"member"}}), 409, "last admin")
	wants(t, ada.confirms(at+"/ada/remove", url.Values{}), 409, "last admin")
	wants(t, ada.confirms("/teams/harbour/leave", url.Values{}), 409, "last admin")
	for _, role := range []string{"", "owner", "server admin", "ADMIN"} {
		wants(t, ada.post(at+"/ben/role", url.Values{"role": {role}}), 422, "Choose a role")
	}
	wants(t, ada.post(at+"/eve/role", url.Values{"role": {"member"}}), 404) // of another team
	wants(t, ada.post(at+"/eve/remove", url.Values{}), 404)
	wants(t, ada.follow(at+"/ben/role", url.Values{"role": {"admin"}}), 200, "ben’s role is changed", "Make member")
	wants(t, ben.get("/teams/harbour/usage"), 200)
	wants(t, ben.confirms(at+"/ada/role", url.Values{"role": {"member"}}), 200)
	wants(t, ada.get("/teams/harbour/usage"), 403) // at once, in the session that she has
	wants(t, ben.confirms(at+"/ada/remove", url.Values{}), 200, "was removed from")
	wants(t, ada.get("/teams/harbour"), 404)
	lines, err := h.db.Audit(t.Context(), teamID(t, h, "harbour"), 0, 20)
	must(t, err)
	var actions []string
	for _, l := range lines {
		actions = append(actions, l.Action)
	}
	if got := strings.Join(actions, " "); got != "team.remove team.role team.role" {
		t.Errorf("recorded: %s", got)
	}
}

func teamID(t *testing.T, h *house, slug string) openmates.ID {
	t.Helper()
	team, err := h.db.TeamBySlug(t.Context(), slug)
	must(t, err)
	return team.ID
}

func TestLimitsOfATeam(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	page := ada.get("/teams/harbour/limits")
	stamp := stampOf(t, page)
	f := url.Values{"stamp": {stamp}, "mate": {"mark"}, "app": {"web"}, "per_minute": {"9"}, "per_month": {"-5"}, "slug": {"stolen"}, "balance": {"99"}}
	wants(t, ada.post("/teams/harbour/limits", f), 422, `value="9"`, `value="-5"`)
	f.Set("per_month", "12.50")
	wants(t, ada.follow("/teams/harbour/limits", f), 200, "apply from the next question")
	team, err := h.db.TeamBySlug(t.Context(), "harbour")
	must(t, err)
	if team.Limits.PerMinute != 9 || team.Limits.PerMonth != 12_500_000 || team.Limits.Mates.Allows("sophia") || !team.Limits.Mates.Allows("mark") {
		t.Errorf("%+v", team.Limits)
	}
	if got := h.as("ben").get("/mates/sophia"); got.status != 404 {
		t.Errorf("a mate that the team does not use: %d", got.status)
	}
	wants(t, ada.follow("/teams/harbour/name", url.Values{"name": {`Pier "<7>"`}}), 200, "Pier &#34;&lt;7&gt;&#34;")
	wants(t, ada.post("/teams/harbour/name", url.Values{"name": {"  "}}), 422, "Enter the team")
	wants(t, ada.get("/teams/harbour/usage"), 200, "Nothing spent yet this month")
}

func TestPreferencesAndPrivacy(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ben := h.as("ben")
	f := url.Values{"name": {"Ben <i>B</i>"}, "about": {"line one\r\nline two"}, "goals": {`"><script>alert(1)</script>`}, "admin": {"true"}, "username": {"root"}, "email": {"x@example.org"}, "role": {"admin"}}
	got := ben.follow("/profile/preferences", f)
	wants(t, got, 200, "Saved", "Ben &lt;i&gt;B&lt;/i&gt;", "&lt;script&gt;")
	checkPage(t, "preferences", got.body)
	u, err := h.db.UserByName(t.Context(), "ben")
	must(t, err)
	if u.Admin || u.Email != "" || u.Preferences.About != "line one\nline two" {
		t.Errorf("%+v", u)
	}
	f.Set("goals", strings.Repeat("x", 1001))
	wants(t, ben.post("/profile/preferences", f), 422, "Shorten your goals", "xxxxx")
	wants(t, ben.get("/profile/privacy"), 200, "Recent topics", "mate-sophia")
	wants(t, ben.follow("/profile/privacy", url.Values{"fact": {"name", "topics"}}), 200, "Saved")
	wants(t, ben.follow("/profile/privacy", url.Values{"mate": {"sophia"}, "fact": {"goals"}}), 200, "differs")
	p, err := h.db.Privacy(t.Context(), u.ID)
	must(t, err)
	if !p.Usually(openmates.FactTopics) || p.Usually(openmates.FactGoals) || !p.Shows("sophia", openmates.FactGoals) || p.Shows("sophia", openmates.FactName) || !p.Shows("mark", openmates.FactName) {
		t.Errorf("%+v", p)
	}
	wants(t, ben.follow("/profile/privacy", url.Values{"mate": {"sophia"}, "differs": {"no"}}), 200)
	if p, _ = h.db.Privacy(t.Context(), u.ID); len(p.Mates) != 0 {
		t.Errorf("%+v", p)
	}
	wants(t, ben.post("/profile/privacy", url.Values{"mate": {"nobody"}}), 404)
	wants(t, ben.post("/profile/privacy", url.Values{"fact": {"password"}}), 422)
}

// Whatever is typed into whichever form: a clear refusal, a whole page, and
// nothing of it acts.
func TestBadInput(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	code := h.inviteBy(ada, "harbour", url.Values{"uses": {"0"}})
	nasty := map[string]string{
		"long": strings.Repeat("a", 5000), "nul": "a\x00b", "bell": "a\x07b", "turned": "a\u202eb", "broken": "a\xffb", "zero width": "a\u200bb",
		"newline": "a\nb\rc", "feed": "a\x0cb", "bom": "a\ufeffb", "tag": "a\U000e0041b",
	}
	before := h.counts(t)
	for name, v := range nasty {
		for at, f := range map[string]url.Values{
			"/found":                 {"name": {v}},
			"/teams/harbour/name":    {"name": {v}},
			"/profile/preferences":   {"name": {v}},
			"/join/" + code:          {"name": {v}, "username": {"x1"}, "password": {canaryPassword}},
			"/teams/harbour/invites": {"note": {"x" + v + strings.Repeat("\x01", 1)}, "role": {"member"}, "uses": {"1"}, "days": {"1"}},
			"/teams/harbour/limits":  {"stamp": {stampOf(t, ada.get("/teams/harbour/limits"))}, "per_minute": {v}},
		} {
			who := ada
			if strings.HasPrefix(at, "/join") {
				who = h.browser()
			}
			got := who.post(at, f)
			if got.status < 400 || got.status > 499 {
				t.Errorf("%s with a %s value: %d", at, name, got.status)
			}
			if got.status != 429 {
				checkPage(t, at, got.body)
			}
		}
	}
	for at, f := range map[string]url.Values{
		"uses -1": {"uses": {"-1"}}, "uses 1e9": {"uses": {"1e9"}}, "days 0": {"days": {"0"}}, "days many": {"days": {"99999999999999999999"}}, "role": {"role": {"root"}}, "only": {"only": {"' OR 1=1"}},
	} {
		g := url.Values{"role": {"member"}, "uses": {"1"}, "days": {"1"}}
		maps.Copy(g, f)
		if got := ada.post("/teams/harbour/invites", g); got.status != 422 {
			t.Errorf("%s: %d", at, got.status)
		}
	}
	for _, id := range []string{"0", "-1", "x", "999999999999999999999", "1%00", "..%2f1"} {
		if got := ada.post("/teams/harbour/invites/"+id+"/revoke", url.Values{}); got.status != 404 {
			t.Errorf("invite %s: %d", id, got.status)
		}
	}
	if after := h.counts(t); after != before {
		t.Errorf("before %+v, after %+v", before, after)
	}
	wants(t, ada.post("/profile/preferences", url.Values{"name": {"A"}, "about": {strings.Repeat("a", 70<<10)}}), 422)
	got := ada.do(http.MethodPost, "/teams/harbour/name", nil, http.Header{"Sec-Fetch-Site": {"same-origin"}, "Content-Type": {"application/json"}})
	if got.status != 422 {
		t.Errorf("a form that is none: %d", got.status)
	}
}

type counted struct {
	openmates.Counts
	name    string
	invites int
}

func (h *house) counts(t *testing.T) counted {
	t.Helper()
	n, err := h.db.Count(t.Context())
	must(t, err)
	team, err := h.db.TeamBySlug(t.Context(), "harbour")
	must(t, err)
	all, err := h.db.Invites(t.Context(), team.ID)
	must(t, err)
	return counted{n, team.Name, len(all)}
}
