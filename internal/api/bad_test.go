package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// nasty returns texts that fields reject or store harmlessly.
func nasty() map[string]string {
	return map[string]string{
		"over-long":            strings.Repeat("x", 60_000),
		"long in runes":        strings.Repeat("ж", 60_000),
		"NUL":                  "a\x00b",
		"control characters":   "a\x01\x02\x1b[31mb",
		"a line break":         "a\r\nSet-Cookie: x=y",
		"right-to-left":        "admin\u202egnp.exe",
		"zero width":           "ad\u200bmin\u2060",
		"a byte order mark":    "\ufeffadmin",
		"look-alikes":          "аdmin", // Cyrillic а
		"combining marks":      "e" + strings.Repeat("\u0301", 5000),
		"a lone surrogate":     `\ud800`,
		"private use":          "\ue000\uf8ff",
		"SQL":                  "x'; DROP TABLE users; --",
		"SQL union":            "' UNION SELECT password FROM users WHERE '1'='1",
		"HTML":                 `<script>alert(1)</script>`,
		"HTML attribute":       `"><img src=x onerror=alert(1)>`,
		"a template":           "{{.User.Password}} ${jndi:ldap://x} %s%n",
		"a path":               "../../../../etc/passwd",
		"only spaces":          "   \t ",
		"nothing":              "",
		"a formula":            "=cmd|' /C calc'!A0",
		"format string":        "%!s(MISSING)%d",
		"full width":           "ａｄｍｉｎ",
		"paragraph separators": "a\u2028b\u2029c",
	}
}

// fieldsOf returns the operations that take texts, each field in turn filled with
// what is asked for and the others as in the matrix.
func textFields(r row) (fields []string, body map[string]any) {
	if json.Unmarshal([]byte(r.body), &body) != nil {
		return nil, nil
	}
	for name, v := range body {
		if _, ok := v.(string); ok {
			fields = append(fields, name)
		}
	}
	return fields, body
}

// everywhere reports whether a text is tried in every field.
func everywhere(name string) bool {
	switch name {
	case "SQL", "HTML", "over-long", "control characters", "right-to-left":
		return true
	}
	return false
}

// Every text of every body is filled with nasty texts: a clear 4xx, or a
// good answer where the text is fine there; never a failure of the server.
func TestNastyTextsInEveryField(t *testing.T) {
	t.Parallel()
	h := newHouse(t).install()
	rows, texts := matrix(), nasty()
	names := slices.Sorted(maps.Keys(texts))
	asked, turn := 0, 0
	for _, o := range h.operations() {
		r := rows[o.id]
		if r.need == needNobody || destroys(o.id) {
			continue
		}
		who := map[need]string{needSignedIn: "ben", needPerson: "ben", needServer: "zoe", needServerIP: "zoe", needMember: "ben", needProcess: "ben", needAdmin: "cleo", needAdminIP: "cleo"}[r.need]
		r.body = h.body(r, who)
		fields, body := textFields(r)
		if _, costs := body["password"]; costs || o.id == "change-password" { // each try is hashed
			continue
		}
		for _, f := range fields {
			turn++
			for i, name := range names {
				if !everywhere(name) && (i+turn)%4 != 0 { // the others take turns
					continue
				}
				text := texts[name]
				was := body[f]
				body[f] = text
				b, err := json.Marshal(body)
				must(t, err)
				body[f] = was
				send := string(b)
				if name == "a lone surrogate" {
					send = strings.Replace(send, `\\ud800`, `\ud800`, 1)
				}
				// A person for each request, as the calls of one are counted.
				resp, v := h.do(h.as(who), o.method, h.path(o), send)
				if resp.StatusCode == http.StatusTooManyRequests {
					h.rest()
					resp, v = h.do(h.as(who), o.method, h.path(o), send)
				}
				asked++
				if resp.StatusCode >= 500 && resp.StatusCode != http.StatusServiceUnavailable {
					t.Errorf("%s: %s with %s: %d %v", o.id, f, name, resp.StatusCode, v)
				}
				if resp.StatusCode >= 400 && (v["detail"] == "" || v["detail"] == nil) {
					t.Errorf("%s: %s with %s: no sentence: %v", o.id, f, name, v)
				}
				if strings.HasPrefix(name, "over-long") && resp.StatusCode < 400 {
					t.Errorf("%s: %s takes 60,000 characters", o.id, f)
				}
			}
		}
	}
	if asked < 300 {
		t.Errorf("only %d requests were made", asked)
	}
}

// Forms that are wrong are refused with a clear 4xx, and nothing changes.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	h := newHouse(t).install()
	before := h.changes()
	ben, cleo, zoe := h.as("ben"), h.as("cleo"), h.as("zoe")
	long := strings.Repeat("x", 300)
	cases := []struct{ name, who, method, path, body string }{
		{"empty", ben, "POST", "/harbour/apps/messages/process", `{}`},
		{"no body", ben, "POST", "/harbour/apps/messages/process", ``},
		{"no text", ben, "POST", "/harbour/apps/messages/process", `{"mate":"sophia"}`},
		{"blank text", ben, "POST", "/harbour/apps/messages/process", `{"mate":"sophia","text":"  "}`},
		{"null", ben, "POST", "/harbour/apps/messages/process", `null`},
		{"array", ben, "POST", "/harbour/apps/messages/process", `[]`},
		{"a string", ben, "POST", "/harbour/apps/messages/process", `"sophia"`},
		{"a number for a text", ben, "POST", "/harbour/apps/messages/process", `{"mate":1,"text":"x"}`},
		{"null for a text", ben, "POST", "/harbour/apps/messages/process", `{"mate":null,"text":"x"}`},
		{"broken", ben, "POST", "/harbour/apps/messages/process", `{"mate":`},
		{"a tail", ben, "POST", "/harbour/apps/messages/process", say + `{"x":1}`},
		{"an extra field", ben, "POST", "/harbour/apps/messages/process", `{"mate":"sophia","text":"x","role":"admin"}`},
		{"a long text", ben, "POST", "/harbour/apps/messages/process", `{"mate":"sophia","text":"` + strings.Repeat("x", 32001) + `"}`},
		{"a huge body", ben, "POST", "/harbour/apps/messages/process", `{"text":"` + strings.Repeat("x", 300<<10) + `"}`},
		{"deep nesting", ben, "POST", "/harbour/apps/messages/process", strings.Repeat("[", 100_000)},
		{"somebody else's ID", ben, "POST", "/harbour/apps/messages/process", fmt.Sprintf(`{"mate":"sophia","text":"x","user_id":%q}`, h.people["cleo"].ID)},
		{"a bad ID", ben, "POST", "/harbour/apps/messages/process", `{"mate":"sophia","text":"x","user_id":"007"}`},
		{"a number for an ID", ben, "POST", "/harbour/apps/messages/process", `{"mate":"sophia","text":"x","user_id":7}`},
		{"a negative limit", cleo, "PUT", "/harbour/limits", `{"per_minute":-1}`},
		{"a huge limit", cleo, "PUT", "/harbour/limits", `{"per_minute":99999999999}`},
		{"a fraction", cleo, "PUT", "/harbour/limits", `{"per_minute":1.5}`},
		{"negative money", cleo, "PUT", "/harbour/limits", `{"per_month":-5}`},
		{"money beyond", cleo, "PUT", "/harbour/limits", `{"per_month":1e30}`},
		{"a text for a number", cleo, "PUT", "/harbour/limits", `{"per_minute":"5"}`},
		{"names without only", cleo, "PUT", "/harbour/limits", `{"mates":{"names":["sophia"]}}`},
		{"an unknown mate", cleo, "PUT", "/harbour/limits", `{"mates":{"only":true,"names":["nobody"]}}`},
		{"an unknown skill", cleo, "PUT", "/harbour/limits", `{"skills":{"only":true,"names":["web.x"]}}`},
		{"an unknown kind", cleo, "PUT", "/harbour/limits", `{"guns":{"only":true}}`},
		{"an unknown role", cleo, "PATCH", "/harbour/users/ben", `{"role":"owner"}`},
		{"no role", cleo, "PATCH", "/harbour/users/ben", `{}`},
		{"days below", cleo, "POST", "/harbour/invites", `{"days":-3}`},
		{"days beyond", cleo, "POST", "/harbour/invites", `{"days":4000}`},
		{"uses below", cleo, "POST", "/harbour/invites", `{"uses":-1}`},
		{"no address", cleo, "POST", "/harbour/invites", `{"only":["not an address"]}`},
		{"many addresses in one", cleo, "POST", "/harbour/invites", `{"only":["a@example.org,b@example.org"]}`},
		{"a scope nobody has", ben, "POST", "/me/tokens", `{"name":"x","scopes":["root"]}`},
		{"the listener's scope", ben, "POST", "/me/tokens", `{"name":"x","scopes":["listener"]}`},
		{"no scope", ben, "POST", "/me/tokens", `{"name":"x","scopes":[]}`},
		{"a token for ever", ben, "POST", "/me/tokens", `{"name":"x","scopes":["read"],"days":100000}`},
		{"a nameless token", ben, "POST", "/me/tokens", `{"name":"","scopes":["read"]}`},
		{"a name of signs", ben, "PATCH", "/me", `{"name":"a\u202eb"}`},
		{"a long name", ben, "PATCH", "/me", `{"name":"` + long + `"}`},
		{"a zone that is none", ben, "PATCH", "/me", `{"time_zone":"Mars/Base"}`},
		{"a zone that is a path", ben, "PATCH", "/me", `{"time_zone":"../../etc/passwd"}`},
		{"a language that is none", ben, "PATCH", "/me", `{"language":"<b>"}`},
		{"a fact that is none", ben, "PUT", "/me/privacy", `{"facts":["password"]}`},
		{"a mate that is none", ben, "PUT", "/me/privacy/nobody", `{"facts":[]}`},
		{"a reserved slug", zoe, "POST", "/teams", `{"name":"X","slug":"server"}`},
		{"a slug with a slash", zoe, "POST", "/teams", `{"name":"X","slug":"a/b"}`},
		{"a slug of look-alikes", zoe, "POST", "/teams", `{"name":"X","slug":"hаrbour"}`},
		{"a slug that is taken", zoe, "POST", "/teams", `{"name":"X","slug":"harbour"}`},
		{"a reserved handle", zoe, "POST", "/server/mates", `{"name":"X","handle":"admin","prompt":"x"}`},
		{"a handle that is taken", zoe, "POST", "/server/mates", `{"name":"X","handle":"sophia","prompt":"x"}`},
		{"no prompt", zoe, "POST", "/server/mates", `{"name":"X","prompt":" "}`},
		{"an old version", zoe, "PATCH", "/server/mates/sophia", `{"version":99,"name":"X"}`},
		{"an unknown model", zoe, "PATCH", "/server/mates/sophia", `{"model":"x/y"}`},
		{"an unknown class", zoe, "PATCH", "/server/mates/sophia", `{"class":"godlike"}`},
		{"version zero", zoe, "GET", "/server/mates/sophia/versions/0", ``},
		{"a version of letters", zoe, "GET", "/server/mates/sophia/versions/x", ``},
		{"a price below", zoe, "PATCH", "/server/providers/demo/models", `{"models":[{"model":"scripted","enabled":true,"price":{"input":"-1","cached":"","output":""}}]}`},
		{"a price of letters", zoe, "PATCH", "/server/providers/demo/models", `{"models":[{"model":"scripted","enabled":true,"price":{"input":"much","cached":"","output":""}}]}`},
		{"an unknown kind of provider", zoe, "POST", "/server/providers", `{"kind":"oracle"}`},
		{"a currency of four", zoe, "PATCH", "/server/settings", `{"currency":"EURO"}`},
		{"a policy that is none", zoe, "PATCH", "/server/settings", `{"sign_up":"maybe"}`},
		{"an address that is none", zoe, "PATCH", "/server/settings", `{"url":"javascript:alert(1)"}`},
		{"a port that is none", zoe, "PUT", "/server/mail", `{"host":"x","port":70000,"security":"tls","from":"a@example.org","test_to":"a@example.org"}`},
		{"a token that is none", zoe, "PUT", "/server/bots/testnet/sophia", `{"token":"wrong token"}`},
		{"a network that is none", zoe, "PUT", "/server/bots/icq/sophia", `{"token":"x"}`},
		{"no permissions", zoe, "PUT", "/server/bots/testnet/sophia/permissions", `{"bits":[]}`},
		{"a page size below", ben, "GET", "/harbour/users?limit=0", ``},
		{"a page size beyond", ben, "GET", "/harbour/users?limit=100000", ``},
		{"a page size of letters", ben, "GET", "/harbour/users?limit=x", ``},
		{"a cursor that is none", ben, "GET", "/harbour/users?cursor=%2500%2f", ``},
		{"an unknown parameter", ben, "GET", "/harbour/users?admin=true", ``},
		{"a month that is none", zoe, "GET", "/server/usage?month=2026-13", ``},
		{"a day that is none", zoe, "GET", "/server/audit?from=yesterday", ``},
	}
	for _, tc := range cases {
		resp, v := h.do(tc.who, tc.method, tc.path, tc.body)
		if resp.StatusCode < 400 || resp.StatusCode > 499 || v["code"] == nil || v["detail"] == nil || v["detail"] == "" {
			t.Errorf("%s: %d %v", tc.name, resp.StatusCode, v)
		}
	}
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"} {
		if resp, v := h.do(ben, "POST", "/harbour/apps/messages/process", say, "Content-Type", kind); resp.StatusCode < 400 || resp.StatusCode > 499 || v["code"] != "invalid" {
			t.Errorf("%s: %d %v", kind, resp.StatusCode, v)
		}
	}
	for _, slug := range []string{"%00", "..%2f..", "UPPER", strings.Repeat("a", 100), "%3Cscript%3E", "-a", "admin", "%e2%80%ae", "007", "999999999999999999999"} {
		if resp, v := h.do(ben, "GET", "/"+slug, ""); resp.StatusCode != 404 && resp.StatusCode != 422 {
			t.Errorf("slug %q: %d %v", slug, resp.StatusCode, v)
		}
	}
	if len(cases) < 40 {
		t.Errorf("only %d bad requests", len(cases))
	}
	if after := h.changes(); after != before || len(h.asked) > 0 {
		lines := h.lines()
		t.Errorf("a bad request changed something: %v, asked %+v", lines[:after-before], h.asked)
	}
}

// What a person must not set can't be smuggled into any body: it is refused
// aloud, and nothing is changed.
func TestMassAssignment(t *testing.T) {
	t.Parallel()
	h := newHouse(t).install()
	before := h.changes()
	rows := matrix()
	for _, o := range h.operations() {
		r := rows[o.id]
		var body map[string]any
		if json.Unmarshal([]byte(r.body), &body) != nil {
			continue
		}
		who := map[need]string{needNobody: "", needSignedIn: "ben", needPerson: "ben", needServer: "zoe", needServerIP: "zoe", needMember: "ben", needProcess: "ben",
			needAdmin: "cleo", needAdminIP: "cleo"}[r.need]
		for field, v := range map[string]any{"admin": true, "server_admin": true, "Admin": true, "team_id": "1", "balance": 1e9, "role_id": 1, "id": "12", "created": "2020-01-01T00:00:00Z", "by": "12", "used": 0, "__proto__": map[string]any{}} {
			fresh := map[string]any{}
			b := strings.NewReplacer("TEAM", h.team.ID.String(), "SELF", h.people["ben"].ID.String()).Replace(r.body)
			must(t, json.Unmarshal([]byte(b), &fresh))
			if _, about := fresh[field]; about {
				continue // it is what this operation is for
			}
			fresh[field] = v
			send, err := json.Marshal(fresh)
			must(t, err)
			resp, got := h.do(h.as(who), o.method, h.path(o), string(send))
			if resp.StatusCode == http.StatusTooManyRequests {
				h.rest()
				resp, got = h.do(h.as(who), o.method, h.path(o), string(send))
			}
			if resp.StatusCode < 400 || resp.StatusCode > 499 {
				t.Errorf("%s takes %q: %d %v", o.id, field, resp.StatusCode, got)
			}
		}
	}
	if after := h.changes(); after != before {
		t.Errorf("something was changed: %v", h.lines()[:after-before])
	}
	u, err := h.db.UserByName(t.Context(), "ben")
	must(t, err)
	if u.Admin || u.DisplayName != "Ben" {
		t.Errorf("ben is now %+v", u)
	}
}
