package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/connect/connecttest"
)

// need is who may call an operation, in plain words. It is repeated here
// independently, so that a mistake in the API shows.
type need string

const (
	needNobody   need = "anybody"
	needReader   need = "whoever is signed in, with any token that reads"
	needSignedIn need = "whoever is signed in"
	needPerson   need = "whoever has signed in themselves"
	needListener need = "a listener"
	needServer   need = "an admin of the server"
	needServerIP need = "an admin of the server who has signed in themselves"
	needMember   need = "a member of the team"
	needMemberRO need = "a member of the team, to look"
	needProcess  need = "a member of the team, or a listener"
	needAdmin    need = "an admin of the team"
	needAdminIP  need = "an admin of the team who has signed in themselves"
)

// row is an operation in the matrix: who may call it, with what body, and the
// expected result; 0 = success.
type row struct {
	need need
	body string
	ok   int
}

// matrix names every operation of the document.
func matrix() map[string]row {
	const pass = `{"password":"` + bensPassword + `"}`
	return map[string]row{
		"set-up":  {needNobody, `{"code":"x","username":"x","name":"X","password":"x","team":"X"}`, 409},
		"sign-in": {needNobody, `{"username":"ben","password":"x"}`, 401}, "second-step": {needNobody, `{"code":"1"}`, 401}, "sign-out": {needNobody, "", 0},
		"look-at-invite": {needNobody, `{"code":"x"}`, 404}, "prove-address": {needNobody, `{"code":"x","email":"a@example.org"}`, 404},
		"ask-reset": {needNobody, `{"who":"ben"}`, 503}, "reset-password": {needNobody, `{"code":"x","password":"three quiet lighthouses"}`, 422},
		"join": {needNobody, `{"code":"x"}`, 404}, "add-team": {needNobody, `{"name":"New"}`, 0},

		"list-teams": {need: needReader}, "list-apps": {need: needReader},
		"get-me": {need: needSignedIn}, "change-me": {needSignedIn, `{"name":"Other"}`, 0}, "get-privacy": {need: needSignedIn}, "put-privacy": {needSignedIn, `{"facts":["name"]}`, 0},
		"put-mate-privacy": {needSignedIn, `{"facts":[]}`, 0}, "drop-mate-privacy": {needSignedIn, "", 0}, "list-my-mates": {need: needSignedIn},
		"list-links": {need: needSignedIn}, "unlink": {needSignedIn, "", 404}, "begin-link-code": {needPerson, `{"network":"testnet"}`, 0},
		"finish-link-code": {needPerson, `{"code":"x"}`, 404}, "list-my-usage": {need: needSignedIn}, "list-my-limits": {need: needSignedIn},
		"list-tokens": {need: needSignedIn}, "revoke-token": {needSignedIn, "", 404},

		"add-token": {needPerson, `{"name":"x","scopes":["read"]}`, 0}, "export-me": {need: needPerson}, "list-sessions": {need: needPerson},
		"end-session": {needPerson, "", 404}, "end-sessions": {needPerson, "", 0}, "change-password": {needPerson, `{"old":"x","new":"y"}`, 403},
		"get-email": {need: needPerson}, "put-email": {needPerson, `{"address":"a@example.org","password":"` + bensPassword + `"}`, 0}, "confirm-email": {needPerson, `{"code":"x"}`, 422},
		"get-protection": {need: needPerson}, "begin-authenticator": {needPerson, pass, 0}, "confirm-authenticator": {needPerson, `{"code":"1"}`, 422},
		"remove-authenticator": {needPerson, pass, 0}, "renew-recovery": {needPerson, pass, 409}, "list-passkeys": {need: needPerson},
		"begin-passkey": {needPerson, `{"name":"x","password":"x"}`, 503}, "add-passkey": {needPerson, `{"answer":{}}`, 503},
		"remove-passkey": {needPerson, pass, 404}, "ask-passkey": {needPerson, `{"ask":true,"password":"x"}`, 403},
		"leave-server": {needPerson, `{"username":"x","password":"x"}`, 422},

		"login": {needListener, `{"discord_guilde_id":"G1","discord_user_id":"U1"}`, 404},

		"get-team": {need: needMemberRO}, "list-installations": {need: needMemberRO}, "get-installation": {need: needMemberRO}, "list-users": {need: needMemberRO},
		"get-user": {need: needMemberRO}, "get-team-limits": {need: needMemberRO}, "list-team-apps": {need: needMemberRO},
		"begin-connect": {needMember, `{"kind":"install","network":"testnet","mate":"sophia"}`, 0},
		"connect":       {needMember, `{"discord_guilde_id":"G9","openmates_team_id":"TEAM"}`, 403},
		"test-mate":     {needMember, `{}`, 404}, "process-message": {needProcess, `{"mate":"sophia","text":"hello","user_id":"SELF"}`, 0},
		"change-team": {needAdmin, `{"name":"Other"}`, 0}, "delete-team": {needAdminIP, "", 422}, "disconnect": {need: needAdmin}, "remove-mate": {need: needAdmin},
		"get-team-usage": {need: needAdmin}, "list-team-audit": {need: needAdmin}, "change-user": {needAdminIP, `{"role":"admin"}`, 0},
		"remove-user": {needAdmin, "", 0}, "list-invites": {need: needAdmin}, "add-invite": {needAdmin, `{"role":"member"}`, 0}, "revoke-invite": {needAdmin, "", 404},
		"list-team-tokens": {need: needAdmin}, "add-team-token": {needAdminIP, `{"name":"x","scopes":["read"]}`, 0}, "revoke-team-token": {needAdmin, "", 404},
		"put-team-limits": {needAdmin, `{"per_minute":5}`, 0}, "get-user-limits": {need: needAdmin}, "put-user-limits": {needAdmin, `{"per_minute":5}`, 0},

		"list-listeners": {need: needServer}, "add-listener": {needServerIP, `{"name":"x"}`, 0}, "revoke-listener": {needServer, "", 404},
		"get-server-limits": {need: needServer}, "put-server-limits": {needServer, `{"per_minute":5}`, 0}, "get-mate-limits": {need: needServer}, "put-mate-limits": {needServer, `{"per_minute":5}`, 0},
		"list-mates": {need: needServer}, "add-mate": {needServer, `{"name":"Nova","prompt":"You are Nova."}`, 0}, "get-mate": {need: needServer},
		"change-mate": {needServer, `{"field":"ships"}`, 0}, "delete-mate": {need: needServer}, "duplicate-mate": {needServer, `{"name":"Twin"}`, 0},
		"list-mate-versions": {need: needServer}, "get-mate-version": {need: needServer}, "restore-mate-version": {needServer, "", 0}, "try-mate": {needServer, `{"text":"hello"}`, 0},
		"list-provider-kinds": {need: needServer}, "list-providers": {need: needServer}, "add-provider": {needServer, `{"kind":"scripted","label":"More"}`, 0},
		"get-provider": {need: needServer}, "change-provider": {needServer, `{"label":"Other"}`, 0}, "delete-provider": {need: needServer}, "get-provider-impact": {need: needServer},
		"check-provider": {needServer, "", 0}, "change-models": {needServer, `{"models":[{"model":"scripted","enabled":false}]}`, 0}, "add-model": {needServer, `{"model":"another"}`, 0},
		"free-models": {needServer, "", 0}, "try-model": {needServer, `{"model":"scripted"}`, 0}, "get-defaults": {need: needServer}, "put-defaults": {needServer, `{"any":"demo/scripted"}`, 0},
		"list-bots": {need: needServer}, "get-bot": {need: needServer}, "put-bot": {needServer, `{"content":true}`, 0}, "get-findings": {need: needServer},
		"pause-bot": {needServer, "", 0}, "resume-bot": {needServer, "", 0}, "restart-bot": {needServer, "", 0}, "dress-bot": {needServer, "", 422}, "put-permissions": {needServer, `{"bits":[1]}`, 422},
		"get-status": {need: needServer}, "get-settings": {need: needServer}, "change-settings": {needServer, `{"name":"Quay"}`, 0}, "check-address": {needServer, "", 0},
		"get-mail": {need: needServer}, "put-mail": {needServer, `{"host":"x","port":25,"security":"tls","from":"a@example.org","test_to":"a@example.org"}`, 503}, "delete-mail": {need: needServer},
		"add-reset-link": {needServerIP, `{"username":"ben","password":"x"}`, 403},
		"list-people":    {need: needServer}, "change-person": {needServerIP, `{"server_admin":true}`, 0}, "delete-person": {needServerIP, "", 422},
		"list-all-teams": {need: needServer}, "delete-any-team": {needServerIP, "", 422}, "list-workspaces": {need: needServer}, "untie-workspace": {need: needServer},
		"get-usage": {need: needServer}, "list-troubles": {need: needServer}, "list-audit": {need: needServer},
	}
}

// expected returns the status somebody gets, or 0 if they are allowed.
func expected(n need, who string, get bool) int {
	token := strings.Contains(who, "-")
	switch {
	case n == needNobody:
		return 0
	case n == needListener:
		if who == "listener" {
			return 0
		}
		return 401
	case who == "" || who == "listener" && n != needProcess:
		return 401
	}
	scope := who[strings.IndexByte(who, '-')+1:] // or the person
	switch n {
	case needReader:
		return 0
	case needSignedIn:
		if strings.HasSuffix(who, "-team") || scope == "read" && !get {
			return 403
		}
		return 0
	case needPerson:
		if token {
			return 403
		}
		return 0
	case needServer, needServerIP:
		if who == "zoe" || who == "zoe-admin" && n == needServer {
			return 0
		}
		return 403
	}
	person, _, _ := strings.Cut(who, "-")
	switch {
	case who == "listener": // of a process
		return 0
	case person == "eve" || person == "zoe":
		return 404
	case n == needMemberRO:
		return 0
	case n == needMember || n == needProcess:
		if scope == "read" {
			return 403
		}
		return 0
	case person == "ben" || scope == "write" || n == needAdminIP && token:
		return 403
	}
	return 0
}

// path fills in what a pattern leaves open.
func (h *house) path(o operationAt) string {
	path := strings.NewReplacer("{team_slug}", "harbour", "{team}", "harbour", "{username}", "ben", "{id}", "12", "{handle}", "sophia", "{network}", "testnet", "{workspace}", "W1",
		"{provider}", "demo", "{version}", "1").Replace(o.path)
	if o.id == "remove-user" {
		return "/harbour/users/dan"
	}
	if o.id == "delete-team" || o.id == "delete-any-team" || o.id == "delete-person" {
		path += "?confirm=nothing"
	}
	return path
}

func (h *house) body(r row, who string) string {
	person, _, _ := strings.Cut(who, "-")
	self := h.people[person].ID
	if self == 0 {
		self = h.people["ben"].ID
	}
	return strings.NewReplacer("TEAM", h.team.ID.String(), "SELF", self.String()).Replace(r.body)
}

// install puts sophia into a workspace of harbour.
func (h *house) install() *house {
	h.t.Helper()
	ctx := context.Background()
	m, err := h.db.MateByHandle(ctx, "sophia")
	must(h.t, err)
	b, err := h.db.BotOf(ctx, m.ID, connecttest.Name)
	must(h.t, err)
	_, err = h.db.AddInstallation(ctx, openmates.Installation{BotID: b.ID, TeamID: h.team.ID, Workspace: "W1", Name: "Quay"})
	must(h.t, err)
	return h
}

// callers are all who may ask.
func (h *house) callers() map[string]string {
	return map[string]string{
		"": "", "ben": h.as("ben"), "cleo": h.as("cleo"), "eve": h.as("eve"), "zoe": h.as("zoe"), "listener": h.token("zoe", false),
		"ben-read": h.token("ben", false, openmates.ScopeRead), "ben-write": h.token("ben", false, openmates.ScopeWrite),
		"cleo-write": h.token("cleo", false, openmates.ScopeWrite), "cleo-admin": h.token("cleo", false, openmates.ScopeAdmin),
		"cleo-team": h.token("cleo", true, openmates.ScopeAdmin), "eve-team": h.token("eve", true, openmates.ScopeAdmin),
		"zoe-read": h.token("zoe", false, openmates.ScopeRead), "zoe-admin": h.token("zoe", false, openmates.ScopeAdmin),
	}
}

// Every operation refuses callers without the right, and nothing changes. An
// operation that isn't listed fails, so that none is added without a decision.
func TestEveryOperationRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t).install()
	rows, callers := matrix(), h.callers()
	before := h.changes()
	for _, o := range h.operations() {
		r, ok := rows[o.id]
		if !ok {
			t.Errorf("%s (%s %s) stands in no row of the matrix: say who may do it", o.id, o.method, o.path)
			continue
		}
		h.later.Add(int64(time.Second)) // a person has many credentials here, and their calls are counted together
		for who, credential := range callers {
			want := expected(r.need, who, o.method == http.MethodGet)
			if want == 0 {
				continue
			}
			resp, v := h.do(credential, o.method, h.path(o), h.body(r, who))
			if resp.StatusCode != want {
				t.Errorf("%s as %q: %d %v, want %d", o.id, who, resp.StatusCode, v, want)
			}
		}
	}
	for id := range rows {
		if h.byID(id) == nil {
			t.Errorf("the matrix knows %s, the document does not", id)
		}
	}
	if after := h.changes(); after != before || len(h.asked) > 0 {
		t.Errorf("what was refused changed something: %d lines of the record before, %d after", before, after)
	}
}

func (h *house) byID(id string) *operationAt {
	for _, o := range h.operations() {
		if o.id == id {
			return &o
		}
	}
	return nil
}

// destroys reports whether an operation removes what other tests need.
func destroys(id string) bool {
	for _, word := range []string{"delete-", "disconnect", "remove-mate", "end-sessions", "put-server-limits", "put-mate-limits", "put-team-limits", "put-user-limits", "leave-", "change-models", "untie-", "change-person"} {
		if strings.HasPrefix(id, word) {
			return true
		}
	}
	return false
}

// Every operation serves callers with the right. Operations that remove
// something run on a server of their own.
func TestEveryOperationServes(t *testing.T) {
	t.Parallel()
	shared := newHouse(t, withPassword).install()
	callers, rows := shared.callers(), matrix()
	all := shared.operations()
	for _, o := range all {
		shared.later.Add(int64(time.Second))
		for who, credential := range callers {
			if o.method != http.MethodGet || expected(rows[o.id].need, who, true) != 0 {
				continue
			}
			resp, v := shared.do(credential, o.method, shared.path(o), "")
			if resp.StatusCode != http.StatusOK || resp.Header.Get("ETag") == "" {
				t.Errorf("%s as %q: %d %v", o.id, who, resp.StatusCode, v)
			}
		}
	}
	for _, o := range all {
		r := rows[o.id]
		switch {
		case o.method == http.MethodGet || r.need == needNobody:
		case destroys(o.id):
			t.Run(o.id, func(t *testing.T) {
				t.Parallel()
				newHouse(t).install().serves(t, o, r)
			})
		default:
			shared.serves(t, o, r)
		}
	}
}

func (h *house) serves(t *testing.T, o operationAt, r row) {
	who := map[need]string{needSignedIn: "ben", needPerson: "ben", needListener: "listener", needServer: "zoe", needServerIP: "zoe",
		needMember: "ben", needProcess: "ben", needAdmin: "cleo", needAdminIP: "cleo"}[r.need]
	credential := h.as(strings.TrimPrefix(who, "listener"))
	if who == "listener" {
		credential = h.token("zoe", false)
	}
	resp, v := h.do(credential, o.method, h.path(o), h.body(r, who))
	if r.ok != 0 && resp.StatusCode != r.ok || r.ok == 0 && resp.StatusCode >= 300 {
		t.Errorf("%s as %s: %d %v, want %d", o.id, who, resp.StatusCode, v, r.ok)
	}
}
