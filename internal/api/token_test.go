package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"openmates"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ben := h.as("ben")
	resp, v := h.do(ben, "POST", "/me/tokens", `{"name":"laptop","scopes":["write","read"]}`)
	secret, _ := v["token"].(string)
	if resp.StatusCode != 201 || !strings.HasPrefix(secret, "om_") || len(secret) != 29 || v["hint"] != secret[25:] || v["expires"] == nil {
		t.Fatalf("%d %v", resp.StatusCode, v)
	}
	id := v["id"].(string)
	_, b := h.raw(ben, "GET", "/me/tokens", "")
	if strings.Contains(string(b), secret) || !strings.Contains(string(b), `"laptop"`) {
		t.Errorf("the list: %s", b)
	}
	token := "Bearer " + secret
	if resp, v := h.do(token, "GET", "/me", ""); resp.StatusCode != 200 || v["username"] != "ben" {
		t.Errorf("%d %v", resp.StatusCode, v)
	}
	if _, v := h.do(ben, "GET", "/me/tokens", ""); v["items"].([]any)[0].(map[string]any)["used"] == nil {
		t.Error("that it is in use is not noted")
	}
	// A token speaks for itself, whatever cookie comes with it.
	if resp, v := h.do(token, "GET", "/me", "", "Cookie", h.as("zoe")); resp.StatusCode != 200 || v["username"] != "ben" {
		t.Errorf("with somebody else's cookie: %d %v", resp.StatusCode, v)
	}
	if resp, _ := h.do("Bearer om_"+strings.Repeat("A", 26), "GET", "/me", "", "Cookie", ben); resp.StatusCode != 401 || resp.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("a wrong token with a good cookie: %d", resp.StatusCode)
	}
	for _, bad := range []string{"Bearer ", "Bearer x", "Basic YTpi", "om_x", secret, "Bearer " + strings.ToLower(secret), "Bearer " + secret + "A", "Bearer " + strings.Repeat("om_", 5000)} {
		if resp, v := h.do("", "GET", "/me", "", "Authorization", bad); resp.StatusCode != 401 && resp.StatusCode != 429 {
			t.Errorf("%.20q: %d %v", bad, resp.StatusCode, v)
		}
	}
	// It dies with its revocation, with its person, and with time.
	if resp, _ := h.do(h.as("cleo"), "DELETE", "/me/tokens/"+id, ""); resp.StatusCode != 404 {
		t.Errorf("somebody else revokes it: %d", resp.StatusCode)
	}
	if resp, _ := h.do(token, "DELETE", "/me/tokens/"+id, ""); resp.StatusCode != 204 {
		t.Errorf("revoke: %d", resp.StatusCode)
	}
	if resp, _ := h.do(token, "GET", "/me", ""); resp.StatusCode != 401 {
		t.Errorf("a revoked token: %d", resp.StatusCode)
	}
	short := h.token("ben", false, openmates.ScopeRead)
	h.later.Add(int64(91 * 24 * time.Hour))
	if resp, _ := h.do(short, "GET", "/me", ""); resp.StatusCode != 401 {
		t.Errorf("an expired token: %d", resp.StatusCode)
	}
	// Neither the log nor the record of changes holds one.
	lines := strings.Join(h.lines(), "\n")
	for where, text := range map[string]string{"log": h.log.String(), "record": lines} {
		if strings.Contains(text, secret) || strings.Contains(text, strings.TrimPrefix(short, "Bearer ")) {
			t.Errorf("the %s holds a token", where)
		}
	}
	if !strings.Contains(lines, "token.add") || !strings.Contains(lines, "token.revoke") {
		t.Errorf("the record: %s", lines)
	}
}

// A team's token ends where its maker is no admin of the team any more, and a
// role that is taken away is taken from a person's own token.
func TestTokensFollowTheirPerson(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	team, own := h.token("cleo", true, openmates.ScopeAdmin), h.token("cleo", false, openmates.ScopeAdmin)
	if resp, v := h.do(team, "GET", "/teams", ""); resp.StatusCode != 200 || len(v["items"].([]any)) != 1 {
		t.Errorf("%d %v", resp.StatusCode, v)
	}
	must(t, h.db.AddMember(t.Context(), openmates.Membership{TeamID: h.team.ID, UserID: h.people["ben"].ID, Role: openmates.RoleAdmin}))
	must(t, h.db.SetRole(t.Context(), h.team.ID, h.people["cleo"].ID, openmates.RoleMember))
	for token, want := range map[string]int{team: 401, own: 403} {
		if resp, _ := h.do(token, "GET", "/harbour/invites", ""); resp.StatusCode != want {
			t.Errorf("no admin any more: %d, want %d", resp.StatusCode, want)
		}
	}
	must(t, h.db.DropMember(t.Context(), h.team.ID, h.people["cleo"].ID))
	for token, want := range map[string]int{team: 401, own: 404} {
		if resp, _ := h.do(token, "GET", "/harbour", ""); resp.StatusCode != want {
			t.Errorf("no member any more: %d, want %d", resp.StatusCode, want)
		}
	}
	// This also holds after they return.
	must(t, h.db.AddMember(t.Context(), openmates.Membership{TeamID: h.team.ID, UserID: h.people["cleo"].ID, Role: openmates.RoleAdmin}))
	if resp, _ := h.do(team, "GET", "/harbour", ""); resp.StatusCode != 401 {
		t.Errorf("an admin again: %d", resp.StatusCode)
	}
}

func TestCallsAreCounted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token, another := h.token("ben", false, openmates.ScopeRead), h.token("ben", false, openmates.ScopeRead)
	ears, ears2 := h.token("zoe", false), h.token("zoe", false)
	now := time.Now()
	h.still.Store(&now) // however slow the machine is
	limited := 0
	for range 400 {
		if resp, _ := h.do(token, "GET", "/me", ""); resp.StatusCode == http.StatusTooManyRequests {
			limited++
			if resp.Header.Get("Retry-After") == "" {
				t.Fatal("no Retry-After")
			}
		}
	}
	if limited == 0 {
		t.Error("400 calls at once are not limited")
	}
	if resp, _ := h.do(h.as("cleo"), "GET", "/me", ""); resp.StatusCode != 200 {
		t.Errorf("somebody else: %d", resp.StatusCode)
	}
	// All tokens of a person count as one caller.
	if resp, _ := h.do(another, "GET", "/me", ""); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("by another token of theirs: %d", resp.StatusCode)
	}
	// A listener speaks for many, so that each credential counts by itself.
	for _, l := range []string{ears, ears2} {
		if resp, _ := h.do(l, "POST", "/login", `{"discord_guilde_id":"G1","discord_user_id":"U1"}`); resp.StatusCode != 404 {
			t.Errorf("a listener: %d", resp.StatusCode)
		}
	}
}

// Of many requests under one key one makes something, and all that are answered
// are answered the same.
func TestIdempotency(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cleo, zoe := h.as("cleo"), h.as("zoe")
	const body = `{"name":"Nova","prompt":"You are Nova."}`
	var wg sync.WaitGroup
	var mu sync.Mutex
	ids := map[any]int{}
	for range 12 {
		wg.Go(func() {
			resp, v := h.do(zoe, "POST", "/server/mates", body, IdempotencyKey, "race-1")
			mu.Lock()
			defer mu.Unlock()
			switch resp.StatusCode {
			case 201:
				ids[v["id"]]++
			case 409:
			default:
				t.Errorf("%d %v", resp.StatusCode, v)
			}
		})
	}
	wg.Wait()
	resp, v := h.do(zoe, "POST", "/server/mates", body, IdempotencyKey, "race-1")
	if resp.StatusCode != 201 || resp.Header.Get(Replayed) != "true" || ids[v["id"]] == 0 || len(ids) != 1 {
		t.Errorf("%d %v, IDs %v", resp.StatusCode, v, ids)
	}
	if resp, v := h.do(zoe, "POST", "/server/mates", `{"name":"Vera","prompt":"x"}`, IdempotencyKey, "race-1"); resp.StatusCode != 409 || v["code"] != "conflict" {
		t.Errorf("another body: %d %v", resp.StatusCode, v)
	}
	// A credential that is shown once is shown again to the one who asked, and
	// is not readable in the database's table of answers.
	_, first := h.do(cleo, "POST", "/harbour/invites", `{}`, IdempotencyKey, "invite-1")
	_, again := h.do(cleo, "POST", "/harbour/invites", `{}`, IdempotencyKey, "invite-1")
	if first["code"] == nil || first["code"] != again["code"] {
		t.Errorf("%v and %v", first, again)
	}
	if _, v := h.do(cleo, "GET", "/harbour/invites", ""); len(v["items"].([]any)) != 1 {
		t.Errorf("invites %v", v)
	}
	// Keys are separate per caller, and a refused request can be retried.
	if resp, v := h.do(h.as("eve"), "POST", "/lighthouse/invites", `{}`, IdempotencyKey, "invite-1"); resp.StatusCode != 201 || v["code"] == first["code"] {
		t.Errorf("%d %v", resp.StatusCode, v)
	}
	h.fail = openmates.Errorf(openmates.EUnavailable, "The model does not answer.")
	if resp, _ := h.do(cleo, "POST", "/harbour/apps/messages/process", say, IdempotencyKey, "ask-1"); resp.StatusCode != 503 {
		t.Errorf("%d", resp.StatusCode)
	}
	h.fail = nil
	if resp, _ := h.do(cleo, "POST", "/harbour/apps/messages/process", say, IdempotencyKey, "ask-1"); resp.StatusCode != 200 || resp.Header.Get(Replayed) != "" {
		t.Errorf("%d", resp.StatusCode)
	}
	if resp, _ := h.do(cleo, "POST", "/harbour/invites", `{}`, IdempotencyKey, "a key with spaces"); resp.StatusCode != 422 {
		t.Errorf("a bad key: %d", resp.StatusCode)
	}
}

func TestETags(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	zoe, cleo := h.as("zoe"), h.as("cleo")
	for _, tc := range []struct{ who, method, path, body, other string }{
		{zoe, "PATCH", "/server/mates/sophia", `{"field":"ships"}`, `{"field":"boats"}`},
		{cleo, "PATCH", "/harbour", `{"name":"Port"}`, `{"name":"Pier"}`},
		{cleo, "PUT", "/harbour/limits", `{"per_minute":5}`, `{"per_minute":6}`},
		{zoe, "PATCH", "/server/settings", `{"name":"Quay"}`, `{"name":"Dock"}`},
		{zoe, "PUT", "/server/default-models", `{"any":"demo/scripted"}`, `{}`},
	} {
		get, _ := h.do(tc.who, "GET", tc.path, "")
		tag := get.Header.Get("ETag")
		if tag == "" {
			t.Errorf("%s has no ETag", tc.path)
		}
		if resp, b := h.raw(tc.who, "GET", tc.path, "", "If-None-Match", tag); resp.StatusCode != 304 || len(b) != 0 {
			t.Errorf("%s unchanged: %d %s", tc.path, resp.StatusCode, b)
		}
		if resp, v := h.do(tc.who, tc.method, tc.path, tc.body, "If-Match", tag); resp.StatusCode >= 300 {
			t.Errorf("%s with its ETag: %d %v", tc.path, resp.StatusCode, v)
		}
		before := h.changes()
		resp, v := h.do(tc.who, tc.method, tc.path, tc.other, "If-Match", tag)
		if resp.StatusCode != 412 || v["reason"] != "precondition_failed" || h.changes() != before {
			t.Errorf("%s with an old ETag: %d %v", tc.path, resp.StatusCode, v)
		}
	}
	// Of several concurrent changes based on the same version, one succeeds.
	get, _ := h.do(zoe, "GET", "/server/limits", "")
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for i := range 8 {
		wg.Go(func() {
			resp, v := h.do(zoe, "PUT", "/server/limits", fmt.Sprintf(`{"per_minute":%d}`, 10+i), "If-Match", get.Header.Get("ETag"))
			mu.Lock()
			defer mu.Unlock()
			if resp.StatusCode == 204 {
				done++
			} else if resp.StatusCode != 412 {
				t.Errorf("%d %v", resp.StatusCode, v)
			}
		})
	}
	wg.Wait()
	if done != 1 {
		t.Errorf("%d changes under one ETag", done)
	}
	if resp, _ := h.do(h.as("ben"), "PUT", "/harbour/limits", `{}`, "If-Match", "*"); resp.StatusCode != 403 {
		t.Errorf("who may not: %d", resp.StatusCode)
	}
	if resp, _ := h.do(h.as("eve"), "PATCH", "/harbour", `{"name":"x"}`, "If-Match", "*"); resp.StatusCode != 404 {
		t.Errorf("who is no member: %d", resp.StatusCode)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cleo := h.as("cleo")
	for i := range 7 {
		h.do(cleo, "POST", "/harbour/invites", fmt.Sprintf(`{"note":"%d"}`, i))
	}
	for _, path := range []string{"/harbour/invites", "/harbour/audit"} {
		seen, next := map[any]bool{}, ""
		for range 10 {
			address := path + "?limit=3"
			if next != "" {
				address += "&cursor=" + next
			}
			_, v := h.do(cleo, "GET", address, "")
			for _, i := range v["items"].([]any) {
				id := i.(map[string]any)["id"]
				if seen[id] {
					t.Errorf("%s repeats %v", path, id)
				}
				seen[id] = true
			}
			if next, _ = v["next"].(string); next == "" {
				break
			}
		}
		if len(seen) != 7 {
			t.Errorf("%s: %d items", path, len(seen))
		}
	}
}

// IDs of another team, in every path and body, are as good as none.
func TestForeignIDs(t *testing.T) {
	t.Parallel()
	h := newHouse(t).install()
	eve, cleo := h.as("eve"), h.as("cleo")
	add := func(path, body string) string {
		resp, v := h.do(cleo, "POST", path, body)
		if resp.StatusCode != 201 {
			t.Fatalf("%s: %d %v", path, resp.StatusCode, v)
		}
		return v["id"].(string)
	}
	invite, token, own := add("/harbour/invites", `{}`), add("/harbour/tokens", `{"name":"x","scopes":["read"]}`), add("/me/tokens", `{"name":"x","scopes":["read"]}`)
	id, err := h.db.AddIdentity(t.Context(), openmates.Identity{UserID: h.people["cleo"].ID, Network: "discord", AccountID: "U1"})
	must(t, err)
	before := h.changes()
	other := h.other.ID.String()
	for _, tc := range []struct{ method, path, body string }{
		{"GET", "/harbour", ""}, {"GET", "/" + h.team.ID.String(), ""}, {"PATCH", "/" + h.team.ID.String(), `{"name":"x"}`},
		{"GET", "/harbour/users/cleo", ""}, {"GET", "/lighthouse/users/cleo", ""}, {"PATCH", "/lighthouse/users/cleo", `{"role":"member"}`},
		{"DELETE", "/lighthouse/users/cleo", ""}, {"GET", "/lighthouse/users/cleo/limits", ""}, {"PUT", "/lighthouse/users/cleo/limits", `{}`},
		{"DELETE", "/lighthouse/invites/" + invite, ""}, {"DELETE", "/lighthouse/tokens/" + token, ""}, {"DELETE", "/me/tokens/" + own, ""}, {"DELETE", "/me/tokens/" + token, ""},
		{"DELETE", "/me/links/" + id.ID.String(), ""}, {"GET", "/lighthouse/installations/testnet/W1", ""}, {"DELETE", "/lighthouse/installations/testnet/W1", ""},
		{"DELETE", "/lighthouse/installations/testnet/W1/sophia", ""}, {"POST", "/lighthouse/installations/testnet/W1/sophia/test", `{}`},
		{"POST", "/lighthouse/apps/messages/connect", `{"discord_guilde_id":"W1","openmates_team_id":"` + h.team.ID.String() + `"}`},
		{"POST", "/lighthouse/apps/messages/begin", `{"kind":"install","network":"testnet","mate":"sophia","workspace_id":"W1"}`},
		{"POST", "/harbour/apps/messages/connect", `{"discord_guilde_id":"W1","openmates_team_id":"` + other + `"}`},
		{"DELETE", "/me/sessions/" + strings.Repeat("a", 64), ""},
	} {
		resp, v := h.do(eve, tc.method, tc.path, tc.body)
		if resp.StatusCode != 404 {
			t.Errorf("%s %s: %d %v", tc.method, tc.path, resp.StatusCode, v)
		}
		if b, _ := json.Marshal(v); strings.Contains(strings.ToLower(string(b)), "harbour ") || strings.Contains(string(b), "Harbour") {
			t.Errorf("%s %s tells of the other team: %s", tc.method, tc.path, b)
		}
	}
	// A listener asks for the people of a team, not for others.
	listener := h.token("zoe", false)
	before++
	for _, u := range []string{"eve", "zoe"} {
		if resp, v := h.do(listener, "POST", "/harbour/apps/messages/process", fmt.Sprintf(`{"mate":"sophia","text":"x","user_id":%q}`, h.people[u].ID)); resp.StatusCode != 404 {
			t.Errorf("for %s: %d %v", u, resp.StatusCode, v)
		}
	}
	if after := h.changes(); after != before {
		t.Errorf("something was changed: %v", h.lines()[:after-before])
	}
}
