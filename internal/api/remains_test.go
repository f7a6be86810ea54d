package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// trace is what an operation leaves behind. TestNothingOutlivesItsMaker covers
// what works without its maker, or the trace names the test that does.
type trace string

const (
	// It reads or removes.
	leavesNothing trace = "nothing"
	// It changes something of the server, a team or the caller's account: a
	// setting, a limit, a mate, a workspace, a profile. It grants nobody
	// access, its admins see it, and the audit log names who did it.
	leavesAThing trace = "a thing"
	// A role or an account: its owner's from then on, and made in person alone.
	leavesARight trace = "a right"
	// Something that works without its maker. It is walked below.
	leavesARemain trace = "a remain"
	// What waits to be finished by the same person; the tests of package account
	// end it (TestWhatWaitsEndsWithANewPassword, TestAHalfSignInEnds).
	leavesWaiting trace = "something that waits"
	// A proof that somebody receives mail at an address: for a single invite,
	// or for a new password until the address changes.
	leavesAProof trace = "a proof"
)

// traces classifies every operation. One that isn't listed fails the test:
// state what it leaves behind and, if that works without its maker, call
// policy.Remain for it and add a case below.
func traces() map[string]trace {
	of := map[trace][]string{
		leavesNothing: {
			"list-teams", "list-apps", "get-me", "get-privacy", "list-my-mates", "list-links", "list-my-usage", "list-my-limits", "list-tokens", "export-me",
			"list-sessions", "get-email", "get-protection", "list-passkeys", "login", "get-team", "list-installations", "get-installation", "list-users", "get-user",
			"get-team-limits", "list-team-apps", "get-team-usage", "list-team-audit", "list-invites", "list-team-tokens", "get-user-limits", "list-listeners",
			"get-server-limits", "get-mate-limits", "list-mates", "get-mate", "list-mate-versions", "get-mate-version", "list-provider-kinds", "list-providers",
			"get-provider", "get-provider-impact", "get-defaults", "list-bots", "get-bot", "get-findings", "get-status", "get-settings", "get-mail", "get-usage",
			"list-troubles", "list-audit", "look-at-invite", "sign-out", "list-people", "list-all-teams", "list-workspaces",
			"unlink", "revoke-token", "end-session", "end-sessions", "remove-authenticator", "remove-passkey", "leave-server", "delete-team", "disconnect", "remove-mate",
			"remove-user", "revoke-invite", "revoke-team-token", "revoke-listener", "delete-mate", "delete-provider", "delete-mail", "drop-mate-privacy",
			"delete-person", "delete-any-team", "untie-workspace", "delete-bot",
		},
		leavesAThing: {
			"change-me", "put-privacy", "put-mate-privacy", "test-mate", "process-message", "change-team", "put-team-limits", "put-user-limits", "put-server-limits",
			"put-mate-limits", "add-mate", "change-mate", "duplicate-mate", "restore-mate-version", "try-mate", "add-provider", "change-provider", "check-provider",
			"change-models", "add-model", "free-models", "try-model", "put-defaults", "put-bot", "pause-bot", "resume-bot", "restart-bot", "dress-bot", "put-permissions",
			"change-settings", "check-address", "put-mail", "confirm-email", "change-password", "reset-password", "renew-recovery", "ask-passkey",
		},
		leavesARight:  {"set-up", "join", "add-team", "change-user", "change-person", "connect", "finish-link-code", "confirm-authenticator", "add-passkey"},
		leavesARemain: {"add-invite", "add-token", "add-team-token", "add-listener", "begin-link-code", "begin-connect", "sign-in", "second-step", "add-reset-link"},
		leavesWaiting: {"begin-authenticator", "begin-passkey", "put-email"},
		leavesAProof:  {"prove-address", "ask-reset"},
	}
	all := map[string]trace{}
	for t, ids := range of {
		for _, id := range ids {
			all[id] = t
		}
	}
	return all
}

func TestEveryOperationSaysWhatItLeavesBehind(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	known, walked := traces(), map[string]bool{}
	for _, r := range remains() {
		walked[r.operation] = true
	}
	for _, o := range h.operations() {
		kind, ok := known[o.id]
		switch {
		case !ok:
			t.Errorf("%s (%s %s): say in traces what it leaves behind that works without its maker", o.id, o.method, o.path)
		case o.method == http.MethodGet && kind != leavesNothing:
			t.Errorf("%s reads, and leaves %s behind", o.id, kind)
		case kind == leavesARemain && !walked[o.id]:
			t.Errorf("%s leaves something behind that nobody takes the right away from: add it to remains", o.id)
		}
		// A right that lasts is given in person: no token is as good as that.
		if byToken := matrix()[o.id].need; kind == leavesARight && o.id != "join" && o.id != "add-team" && o.id != "connect" &&
			!slices.Contains([]need{needNobody, needPerson, needAdminIP, needServerIP}, byToken) {
			t.Errorf("%s leaves a right behind, and %s may do it", o.id, byToken)
		}
	}
}

// maker is cleo, an admin of harbour, and zoe, who runs the server, with all
// that they have left behind.
type maker struct {
	*house
	session, other, keeper string // cleo's
	zoe                    string
	token                  string // of cleo's, with all scopes
	tokenID                string
	recovery               string // a code of cleo's
	team                   string // harbour's ID
	newcomers, guilds      int
}

// remain is something left behind. make creates it and returns whether it
// works; ends lists what revokes it.
type remain struct {
	operation, name string
	make            func(m *maker) (works func() bool)
	ends            []string
}

// Ways to lose a right.
const (
	nothing  = "nothing happens"
	demoted  = "no admin of the team any more"
	removed  = "taken out of the team"
	left     = "left the team"
	deleted  = "deleted the account"
	password = "a new password"
	outside  = "signed out everywhere else"
	outHere  = "that one session ended"
	revoked  = "the token revoked"
	stripped = "no admin of the server any more"
)

func remains() []remain {
	inTeam, everywhere := []string{demoted, removed, left, deleted}, []string{deleted, password, outside}
	return []remain{
		{"add-invite", "an invite for members", inviteBy("session", `{"uses":0,"days":365}`), inTeam},
		{"add-invite", "an invite for admins", inviteBy("session", `{"role":"admin","uses":0,"days":365}`), with(inTeam, password, outside)},
		{"add-invite", "an invite by a token", inviteBy("token", `{"uses":0,"days":365}`), with(inTeam, password, outside, revoked)},
		{"add-invite", "the answer under a key", (*maker).answer, everywhere},
		{"add-token", "a token", (*maker).ownToken, with(inTeam, password, outside)},
		{"add-team-token", "a team's token", (*maker).teamToken, with(inTeam, password, outside)},
		{"add-listener", "a listener's credential", (*maker).listener, with(everywhere, stripped)},
		{"begin-link-code", "a code to send to a mate", (*maker).linkCode, with(everywhere, outHere)},
		{"begin-connect", "a consent to add a mate", installBy("session"), with(everywhere, removed, left, outHere)},
		{"begin-connect", "a consent by a token", installBy("token"), with(everywhere, removed, left, revoked)},
		{"begin-connect", "a consent to link an account", (*maker).link, with(everywhere, removed, left, outHere)},
		{"sign-in", "a session", (*maker).signedIn, everywhere},
		{"second-step", "a half sign-in", (*maker).half, everywhere},
		{"add-reset-link", "a link to a new password", (*maker).resetLink, with(everywhere, stripped)},
	}
}

func with(ends []string, more ...string) []string { return append(slices.Clone(ends), more...) }

func inviteBy(by, body string) func(*maker) func() bool {
	return func(m *maker) func() bool { return m.invite(by, body) }
}

func installBy(by string) func(*maker) func() bool {
	return func(m *maker) func() bool { return m.install(by) }
}

func (m *maker) who(by string) string {
	if by == "token" {
		return m.token
	}
	return m.session
}

// made makes sure that something was, and returns the answer.
func (m *maker) made(who, path, body string, header ...string) map[string]any {
	m.t.Helper()
	resp, v := m.do(who, "POST", path, body, header...)
	if resp.StatusCode >= 300 {
		m.t.Fatalf("%s %s: %d %v", path, body, resp.StatusCode, v)
	}
	return v
}

func (m *maker) invite(by, body string) func() bool {
	code := m.made(m.who(by), "/harbour/invites", body)["code"]
	return func() bool {
		m.newcomers++
		resp, _ := m.do("", "POST", "/auth/join", fmt.Sprintf(`{"code":%q,"account":{"username":"new%d","name":"New","password":%q}}`, code, m.newcomers, bensPassword))
		return resp.StatusCode == http.StatusOK
	}
}

func (m *maker) answer() func() bool {
	const body = `{"note":"once"}`
	m.made(m.session, "/harbour/invites", body, IdempotencyKey, "once")
	return func() bool {
		resp, _ := m.do(m.other, "POST", "/harbour/invites", body, IdempotencyKey, "once")
		return resp.Header.Get(Replayed) == "true"
	}
}

// asAdmin reports whether a token does what only an admin of harbour may.
func (m *maker) asAdmin(token any) func() bool {
	return func() bool {
		resp, _ := m.do(fmt.Sprint("Bearer ", token), "GET", "/harbour/invites", "")
		return resp.StatusCode == http.StatusOK
	}
}

func (m *maker) ownToken() func() bool {
	return m.asAdmin(m.made(m.session, "/me/tokens", `{"name":"x","scopes":["admin"],"days":366}`)["token"])
}

func (m *maker) teamToken() func() bool {
	return m.asAdmin(m.made(m.session, "/harbour/tokens", `{"name":"x","scopes":["admin"],"days":366}`)["token"])
}

func (m *maker) listener() func() bool {
	token := m.made(m.zoe, "/server/listeners", `{"name":"x"}`)["token"]
	return func() bool {
		resp, _ := m.do(fmt.Sprint("Bearer ", token), "POST", "/login", `{"discord_guilde_id":"G0","discord_user_id":"U0"}`)
		return resp.StatusCode == http.StatusNotFound // nobody connected that
	}
}

func (m *maker) resetLink() func() bool {
	link := m.made(m.zoe, "/server/reset-links", `{"username":"dan","password":"`+bensPassword+`"}`)["url"].(string)
	_, code, _ := strings.Cut(link, "code=")
	return func() bool {
		resp, _ := m.do("", "POST", "/auth/reset", fmt.Sprintf(`{"code":%q,"password":"tundra mosaic kayak 8"}`, code))
		return resp.StatusCode < 300
	}
}

func (m *maker) linkCode() func() bool {
	code := m.made(m.session, "/me/link-codes", `{"network":"testnet"}`)["code"].(string)
	return func() bool {
		_, err := m.connect.FinishByChat(m.t.Context(), m.connect.CodeHash(openmates.Secret(code)), "testnet", messenger.Account{ID: "thief", Name: "Thief"})
		return err == nil
	}
}

func (m *maker) install(by string) func() bool {
	m.guilds++
	guild, who := fmt.Sprint("G", m.guilds), m.who(by)
	page := m.made(who, "/harbour/apps/messages/begin", `{"kind":"install","network":"discord","mate":"sophia"}`)["url"].(string)
	return func() bool {
		q, err := m.net.Install(page, messenger.Workspace{ID: openmates.WorkspaceID(guild), Name: "Guild"})
		must(m.t, err)
		resp, _ := m.do(who, "POST", "/harbour/apps/messages/connect", fmt.Sprintf(`{"discord_guilde_id":%q,"openmates_team_id":%q,"state":%q,"code":%q}`, guild, m.team, q.Get("state"), q.Get("code")))
		return resp.StatusCode == http.StatusOK
	}
}

func (m *maker) link() func() bool {
	page := m.made(m.session, "/harbour/apps/messages/begin", `{"kind":"link","network":"discord"}`)["url"].(string)
	return func() bool {
		q, err := m.net.Link(page, messenger.Account{ID: "U9", Name: "thief"})
		must(m.t, err)
		resp, _ := m.do(m.session, "POST", "/harbour/apps/messages/connect", fmt.Sprintf(`{"discord_auth_code":%q,"state":%q}`, q.Get("code"), q.Get("state")))
		return resp.StatusCode == http.StatusOK
	}
}

func (m *maker) signedIn() func() bool {
	return func() bool {
		resp, _ := m.do(m.other, "GET", "/me", "")
		return resp.StatusCode == http.StatusOK
	}
}

func (m *maker) half() func() bool {
	resp, v := m.do("", "POST", "/auth/sign-in", fmt.Sprintf(`{"username":"cleo","password":%q}`, bensPassword))
	if v["reason"] != "second_step" {
		m.t.Fatalf("the password alone: %d %v", resp.StatusCode, v)
	}
	half := cookieOf(resp)
	return func() bool {
		resp, _ := m.do(half, "POST", "/auth/second-step", fmt.Sprintf(`{"code":%q}`, m.recovery))
		return resp.StatusCode == http.StatusOK
	}
}

// cookieOf is the session that an answer begins.
func cookieOf(resp *http.Response) string {
	for _, c := range resp.Cookies() {
		if strings.Contains(c.Name, "session") {
			return c.Name + "=" + c.Value
		}
	}
	return ""
}

func newMaker(t *testing.T) *maker {
	t.Helper()
	h := newHouse(t, withPassword)
	ctx := t.Context()
	m := &maker{house: h, team: h.team.ID.String(), recovery: "ABCDEFGHIJKLMNOP"}
	phc, err := h.db.Password(ctx, h.people["ben"].ID)
	must(t, err)
	must(t, h.db.SetRole(ctx, h.team.ID, h.people["ben"].ID, openmates.RoleAdmin))
	must(t, h.db.SetServerAdmin(ctx, h.people["eve"].ID, true))
	signIn := func(name string) string {
		resp, v := h.do("", "POST", "/auth/sign-in", fmt.Sprintf(`{"username":%q,"password":%q}`, name, bensPassword))
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("sign in as %s: %d %v", name, resp.StatusCode, v)
		}
		return cookieOf(resp)
	}
	for _, name := range []string{"cleo", "zoe"} {
		must(t, h.db.SetPassword(ctx, h.people[name].ID, phc))
	}
	m.session, m.other, m.keeper, m.zoe = signIn("cleo"), signIn("cleo"), signIn("cleo"), signIn("zoe")
	v := m.made(m.session, "/me/tokens", `{"name":"all","scopes":["admin"]}`)
	m.token, m.tokenID = "Bearer "+v["token"].(string), v["id"].(string)

	cleo := h.people["cleo"].ID
	sum := sha256.Sum256([]byte(cleo.String() + ":" + m.recovery))
	must(t, h.db.BeginAuthenticator(ctx, cleo, "JBSWY3DPEHPK3PXP"))
	must(t, h.db.ConfirmAuthenticator(ctx, cleo, time.Now().Unix()/30, []string{hex.EncodeToString(sum[:])}))
	return m
}

// take removes a right, as the person or an admin would.
func (m *maker) take(what string) {
	m.t.Helper()
	must := func(who, method, path, body string) {
		m.t.Helper()
		if resp, v := m.do(who, method, path, body); resp.StatusCode >= 300 {
			m.t.Fatalf("%s: %d %v", what, resp.StatusCode, v)
		}
	}
	ben := m.as("ben")
	both := func(method, path, body string) {
		must(m.keeper, method, path, strings.ReplaceAll(body, "NAME", "cleo"))
		must(m.zoe, method, path, strings.ReplaceAll(body, "NAME", "zoe"))
	}
	switch what {
	case demoted:
		must(ben, "PATCH", "/harbour/users/cleo", `{"role":"member"}`)
	case removed:
		must(ben, "DELETE", "/harbour/users/cleo", "")
	case left:
		must(m.keeper, "DELETE", "/harbour/users/cleo", "")
	case deleted:
		both("POST", "/me/leave", `{"username":"NAME","password":"`+bensPassword+`"}`)
	case password:
		both("POST", "/me/password", `{"old":"`+bensPassword+`","new":"tundra mosaic kayak 7"}`)
	case outside:
		both("DELETE", "/me/sessions", "")
	case outHere:
		must(m.session, "POST", "/auth/sign-out", "")
	case revoked:
		must(m.keeper, "DELETE", "/me/tokens/"+m.tokenID, "")
	case stripped:
		must(m.as("eve"), "PATCH", "/server/people/zoe", `{"server_admin":false}`)
	}
}

// All that can be left behind is left behind, then a right is taken away, and
// what needed it does nothing any more. Where nothing was taken away, all of it
// works, and what needs another right goes on.
func TestNothingOutlivesItsMaker(t *testing.T) {
	t.Parallel()
	for _, taking := range []string{nothing, demoted, removed, left, deleted, password, outside, outHere, revoked, stripped} {
		t.Run(taking, func(t *testing.T) {
			t.Parallel()
			m := newMaker(t)
			var all []func() bool
			for _, r := range remains() {
				all = append(all, r.make(m))
			}
			m.take(taking)
			for i, r := range remains() {
				if works, ends := all[i](), slices.Contains(r.ends, taking); works == ends {
					t.Errorf("%s: %s works: %v, want %v", taking, r.name, works, !ends)
				}
			}
		})
	}
}

// Becoming an admin again does not revive what has ended.
func TestWhatEndedStaysEnded(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	invite, token := m.invite("session", `{"uses":0,"days":365}`), m.teamToken()
	m.take(demoted)
	if resp, v := m.do(m.as("ben"), "PATCH", "/harbour/users/cleo", `{"role":"admin"}`); resp.StatusCode >= 300 {
		t.Fatalf("%d %v", resp.StatusCode, v)
	}
	if invite() || token() {
		t.Error("what had ended works again")
	}
}

// What lasts longer than any token can't be made by one.
func TestATokenMakesNothingThatLasts(t *testing.T) {
	t.Parallel()
	m := newMaker(t)
	teamToken := "Bearer " + m.made(m.session, "/harbour/tokens", `{"name":"x","scopes":["admin"]}`)["token"].(string)
	before := m.changes()
	for _, who := range []string{m.token, teamToken} {
		for _, tc := range []struct{ method, path, body string }{
			{"POST", "/harbour/invites", `{"role":"admin"}`}, {"PATCH", "/harbour/users/dan", `{"role":"admin"}`}, {"POST", "/harbour/tokens", `{"name":"x","scopes":["read"]}`},
			{"POST", "/me/tokens", `{"name":"x","scopes":["read"]}`}, {"POST", "/me/link-codes", `{"network":"testnet"}`}, {"POST", "/me/link-codes/finish", `{"code":"x"}`},
			{"POST", "/harbour/apps/messages/begin", `{"kind":"link","network":"discord"}`},
			{"POST", "/harbour/apps/messages/connect", `{"discord_auth_code":"x","state":"` + strings.Repeat("x", 43) + `"}`},
		} {
			if resp, v := m.do(who, tc.method, tc.path, tc.body); resp.StatusCode != http.StatusForbidden {
				t.Errorf("%s %s %s: %d %v", tc.method, tc.path, tc.body, resp.StatusCode, v)
			}
		}
	}
	if after := m.changes(); after != before {
		t.Errorf("something was changed: %v", m.lines()[:after-before])
	}
}

// Tokens that others rely on can be kept when nothing was stolen.
func TestSharedTokensCanBeKept(t *testing.T) {
	t.Parallel()
	for name, keep := range map[string]func(m *maker, who string){
		"new password": func(m *maker, who string) {
			m.made(who, "/me/password", `{"old":"`+bensPassword+`","new":"tundra mosaic kayak 7","keep_shared_tokens":true}`)
		},
		"signed out everywhere else": func(m *maker, who string) {
			if resp, v := m.do(who, "DELETE", "/me/sessions?keep_shared_tokens=true", ""); resp.StatusCode >= 300 {
				m.t.Fatalf("%d %v", resp.StatusCode, v)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMaker(t)
			own, team, ears := m.ownToken(), m.teamToken(), m.listener()
			keep(m, m.keeper)
			keep(m, m.zoe)
			if own() || !team() || !ears() {
				t.Errorf("works: own %v, want false; the team's %v, the listener's %v, want true", own(), team(), ears())
			}
		})
	}
}
