package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/messenger"
)

// The workflow: a consent connects a guild to its team and an account to its
// person; then a listener finds out who wrote a message and asks the mate on
// their behalf.
func TestTheWorkflow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	listener, cleo, ben := h.token("zoe", false), h.as("cleo"), h.as("ben")
	team, self := h.team.ID.String(), h.people["ben"].ID.String()
	const who = `{"discord_guilde_id":"G1","discord_user_id":"U1"}`
	ask := func(code int, sentence, reason string) map[string]any {
		t.Helper()
		resp, v := h.do(listener, "POST", "/login", who)
		if resp.StatusCode != code || sentence != "" && (v["detail"] != sentence || v["reason"] != reason) {
			t.Errorf("login: %d %v", resp.StatusCode, v)
		}
		return v
	}
	ask(404, "Please connect first the Discord guilde with your team.", "workspace_not_connected")

	// An ID alone proves nothing.
	claim := func(guild, state, code string) string {
		return fmt.Sprintf(`{"discord_guilde_id":%q,"openmates_team_id":%q,"state":%q,"code":%q}`, guild, team, state, code)
	}
	if resp, v := h.do(cleo, "POST", "/harbour/apps/messages/connect", `{"discord_guilde_id":"G1","openmates_team_id":"`+team+`"}`); resp.StatusCode != 403 || v["reason"] != "proof_missing" {
		t.Errorf("a bare ID: %d %v", resp.StatusCode, v)
	}
	begin := func(cookie, team, body string) string {
		t.Helper()
		resp, v := h.do(cookie, "POST", "/"+team+"/apps/messages/begin", body)
		if resp.StatusCode != 200 {
			t.Fatalf("begin: %d %v", resp.StatusCode, v)
		}
		return v["url"].(string)
	}
	const install = `{"kind":"install","network":"discord","mate":"sophia"}`
	q, err := h.net.Install(begin(cleo, team, install), messenger.Workspace{ID: "G1", Name: "Guild"})
	must(t, err)
	if resp, v := h.do(h.as("eve"), "POST", "/lighthouse/apps/messages/connect", strings.Replace(claim("G1", q.Get("state"), q.Get("code")), team, h.other.ID.String(), 1)); resp.StatusCode < 400 {
		t.Errorf("a stolen proof: %d %v", resp.StatusCode, v)
	}
	q, err = h.net.Install(begin(cleo, "harbour", install), messenger.Workspace{ID: "G1", Name: "Guild"})
	must(t, err)
	resp, v := h.do(cleo, "POST", "/"+team+"/apps/messages/connect", claim("G1", q.Get("state"), q.Get("code")))
	if resp.StatusCode != 200 || v["workspace"].(map[string]any)["id"] != "G1" || v["mate"] != "sophia" {
		t.Fatalf("connect: %d %v", resp.StatusCode, v)
	}
	if resp, _ := h.do(cleo, "POST", "/harbour/apps/messages/connect", claim("G1", q.Get("state"), q.Get("code"))); resp.StatusCode != 422 {
		t.Errorf("the same proof again: %d", resp.StatusCode)
	}
	// What a consent has connected is confirmed without one, by either name.
	if resp, v := h.do(ben, "POST", "/harbour/apps/messages/connect", `{"discord_guild_id":"G1","openmates_team_id":"`+team+`"}`); resp.StatusCode != 200 {
		t.Errorf("confirm: %d %v", resp.StatusCode, v)
	}
	ask(404, "Please connect first your Discord account with your OpenMates account", "account_not_linked")

	q, err = h.net.Link(begin(ben, "harbour", `{"kind":"link","network":"discord"}`), messenger.Account{ID: "U1", Name: "ben#1", Avatar: "https://cdn.example/U1.png"})
	must(t, err)
	link := fmt.Sprintf(`{"openmates_user_id":%q,"discord_auth_code":%q,"state":%q}`, self, q.Get("code"), q.Get("state"))
	if resp, v := h.do(ben, "POST", "/harbour/apps/messages/connect", strings.Replace(link, self, h.people["cleo"].ID.String(), 1)); resp.StatusCode != 403 {
		t.Errorf("for somebody else: %d %v", resp.StatusCode, v)
	}
	if resp, v := h.do(ben, "POST", "/harbour/apps/messages/connect", fmt.Sprintf(`{"openmates_user_id":%q,"discord_auth_code":"x"}`, self)); resp.StatusCode != 403 || v["reason"] != "proof_missing" {
		t.Errorf("without a state: %d %v", resp.StatusCode, v)
	}
	if resp, v := h.do(ben, "POST", "/"+team+"/apps/messages/connect", link); resp.StatusCode != 200 || v["account"].(map[string]any)["account_id"] != "U1" {
		t.Fatalf("link: %d %v", resp.StatusCode, v)
	}
	v = ask(200, "", "")
	if v["team_slug"] != "harbour" || v["user_id"] != self || v["team_id"] != team || fmt.Sprint(v["mates"]) != "[sophia]" {
		t.Errorf("login: %v", v)
	}
	for _, other := range []string{ben, cleo, h.as("zoe"), "", h.token("zoe", false)[:20]} {
		if resp, _ := h.do(other, "POST", "/login", who); resp.StatusCode != 401 {
			t.Errorf("somebody else asks: %d", resp.StatusCode)
		}
	}
	resp, v = h.do(listener, "POST", "/"+team+"/apps/messages/process", fmt.Sprintf(`{"mate":"sophia","text":"hello","user_id":%q}`, self))
	if resp.StatusCode != 200 || v["text"] != "Hello Ben" || h.asked[0].User != h.people["ben"].ID {
		t.Errorf("process: %d %v", resp.StatusCode, v)
	}
	// Somebody who is linked but no longer in the team is told so: linking
	// again would not help.
	must(t, h.db.RemoveMember(t.Context(), h.team.ID, h.people["ben"].ID))
	ask(404, "Your Discord account is linked, but you aren't a member of the team Harbour that this guild belongs to. Ask one of its admins to invite you.", "not_a_member")
	must(t, h.db.AddMember(t.Context(), openmates.Membership{TeamID: h.team.ID, UserID: h.people["ben"].ID, Role: openmates.RoleMember}))
	// Unlinking counts with the very next message.
	_, v = h.do(ben, "GET", "/me/links", "")
	linked := v["items"].([]any)[0].(map[string]any)["accounts"].([]any)[0].(map[string]any)
	id := linked["id"].(string)
	if linked["avatar"] != "https://cdn.example/U1.png" {
		t.Errorf("the linked account is told as %v", linked)
	}
	if resp, _ := h.do(ben, "DELETE", "/me/links/"+id, ""); resp.StatusCode != 204 {
		t.Errorf("unlink: %d", resp.StatusCode)
	}
	ask(404, "Please connect first your Discord account with your OpenMates account", "account_not_linked")
	if resp, v := h.do(cleo, "DELETE", "/harbour/installations/discord/G1", ""); resp.StatusCode != 200 {
		t.Errorf("disconnect: %d %v", resp.StatusCode, v)
	}
	ask(404, "Please connect first the Discord guilde with your team.", "workspace_not_connected")
}

// An answer comes as it grows; what was said is replaced where the model took
// it back; the end is the whole.
func TestAnswersGrow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.says = []string{"One", " two\n", "three"}
	read := func(fail error) (events []string) {
		t.Helper()
		h.fail = fail
		req, err := http.NewRequest("POST", h.url+Prefix+"/harbour/apps/messages/process", strings.NewReader(say))
		must(t, err)
		req.Header.Set("Cookie", h.as("ben"))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "text/event-stream")
		req.Header.Set(IdempotencyKey, "is-not-for-streams")
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		defer resp.Body.Close()
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%d %v", resp.StatusCode, resp.Header)
		}
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				events = append(events, data)
			}
		}
		return events
	}
	got := read(nil)
	if len(got) != 4 || got[0] != `{"text":"One"}` || got[1] != `{"text":" two\n"}` || !strings.Contains(got[3], `"text":"One two\nthree"`) {
		t.Errorf("%q", got)
	}
	got = read(errBroken)
	var p Problem
	if err := json.Unmarshal([]byte(got[len(got)-1]), &p); err != nil || p.Status != 500 || strings.Contains(strings.Join(got, ""), "canary") {
		t.Errorf("%q", got)
	}
}

func TestInvitesAndAccounts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, i := h.do(h.as("cleo"), "POST", "/harbour/invites", `{"note":"for Finn","uses":1}`)
	code, _ := i["code"].(string)
	if len(code) != 26 || !strings.HasSuffix(i["url"].(string), "/join/"+code) {
		t.Fatalf("%v", i)
	}
	if _, w := h.do("", "POST", "/auth/invite", `{"code":"`+code+`"}`); w["team"] != "Harbour" || w["slug"] != nil {
		t.Errorf("%v", w)
	}
	join := `{"code":"` + code + `","account":{"username":"finn","name":"Finn","password":"` + bensPassword + `"}}`
	resp, v := h.do("", "POST", "/auth/join", join)
	if resp.StatusCode != 200 || v["slug"] != "harbour" || resp.Header.Get("Set-Cookie") == "" {
		t.Fatalf("%d %v", resp.StatusCode, v)
	}
	cookie, _, _ := strings.Cut(resp.Header.Get("Set-Cookie"), ";")
	if _, me := h.do(cookie, "GET", "/me", ""); me["username"] != "finn" || me["server_admin"] != false {
		t.Errorf("%v", me)
	}
	if resp, _ := h.do("", "POST", "/auth/join", strings.Replace(join, "finn", "gwen", 1)); resp.StatusCode != 409 {
		t.Errorf("the last use again: %d", resp.StatusCode)
	}
	resp, v = h.do("", "POST", "/auth/sign-in", `{"username":"finn","password":"`+bensPassword+`"}`)
	if resp.StatusCode != 200 || v["username"] != "finn" || resp.Header.Get("Set-Cookie") == "" {
		t.Errorf("%d %v", resp.StatusCode, v)
	}
	resp, v = h.do(cookie, "POST", "/teams", `{"name":"Finn's Boats","limits":{"mates":{"only":true,"names":["sophia"]}}}`)
	if resp.StatusCode != 201 || v["slug"] != "finn-s-boats" {
		t.Fatalf("%d %v", resp.StatusCode, v)
	}
	if resp, v := h.do("", "POST", "/teams", `{"name":"Strangers","account":{"username":"gwen","name":"Gwen","password":"`+bensPassword+`"}}`); resp.StatusCode != 403 {
		t.Errorf("a stranger where the server is closed: %d %v", resp.StatusCode, v)
	}
	if resp, _ := h.do(cookie, "DELETE", "/finn-s-boats?confirm=finn-s-boats", ""); resp.StatusCode != 204 {
		t.Errorf("delete: %d", resp.StatusCode)
	}
	if resp, _ := h.do(cookie, "GET", "/finn-s-boats", ""); resp.StatusCode != 404 {
		t.Errorf("it is still there: %d", resp.StatusCode)
	}
}

// A person's two teams are separate: a proof begun for one does not connect the
// other, and a token for one does not work for the other.
func TestTwoTeamsOfOnePerson(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	must(t, h.db.AddMember(t.Context(), openmates.Membership{TeamID: h.other.ID, UserID: h.people["cleo"].ID, Role: openmates.RoleAdmin}))
	cleo := h.as("cleo")
	_, v := h.do(cleo, "POST", "/harbour/apps/messages/begin", `{"kind":"install","network":"discord","mate":"sophia"}`)
	q, err := h.net.Install(v["url"].(string), messenger.Workspace{ID: "G1", Name: "Guild"})
	must(t, err)
	body := fmt.Sprintf(`{"discord_guilde_id":"G1","openmates_team_id":%q,"state":%q,"code":%q}`, h.other.ID, q.Get("state"), q.Get("code"))
	if resp, v := h.do(cleo, "POST", "/lighthouse/apps/messages/connect", body); resp.StatusCode != 422 {
		t.Errorf("a proof for another team: %d %v", resp.StatusCode, v)
	}
	for _, slug := range []string{"harbour", "lighthouse"} {
		if _, v := h.do(cleo, "GET", "/"+slug+"/installations", ""); len(v["items"].([]any)) != 0 {
			t.Errorf("%s is connected: %v", slug, v)
		}
	}
	token := h.token("cleo", true, openmates.ScopeAdmin)
	for _, path := range []string{"/lighthouse", "/" + h.other.ID.String(), "/lighthouse/invites"} {
		if resp, v := h.do(token, "GET", path, ""); resp.StatusCode != 404 {
			t.Errorf("a token of harbour at %s: %d %v", path, resp.StatusCode, v)
		}
	}
	if resp, _ := h.do(token, "GET", "/harbour/invites", ""); resp.StatusCode != 200 {
		t.Errorf("at its own team: %d", resp.StatusCode)
	}
}
