package web

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"openmates"
)

func tokenSamples(base inTeam) []any {
	lines := []tokenLine{
		{AccessToken: openmates.AccessToken{ID: 5, Name: "n", Hint: "abcd", Scopes: []openmates.Scope{"read", "write"}, Expires: time.Now(), Used: time.Now()}, Maker: "Ada"},
		{AccessToken: openmates.AccessToken{ID: 6}, Expired: true},
		{AccessToken: openmates.AccessToken{ID: 7, UserID: 1, TeamID: 2, Scopes: []openmates.Scope{"admin"}}, Team: "Harbour"},
		{AccessToken: openmates.AccessToken{ID: 8, UserID: 1, TeamID: 3}}, {AccessToken: openmates.AccessToken{ID: 9, Scopes: []openmates.Scope{"listener"}}},
	}
	return []any{
		&tokensPage{inTeam: base}, &tokensPage{inTeam: base, Tokens: lines, Form: newTokenForm(`"<b>`, "x", "read")},
		&tokensPage{inTeam: inTeam{shell: base.shell}, Own: true, At: tokensPath, Tokens: lines, Made: "om_x", Error: openmates.T("e")},
		&tokensPage{inTeam: inTeam{shell: base.shell}, Own: true, At: tokensPath, Tokens: lines, Ask: true},
	}
}

// speaks reports whether a token is worth anything.
func (h *house) speaks(token string) bool {
	_, err := h.identity.Bearer(h.t.Context(), netip.MustParseAddr("192.0.2.9"), openmates.Secret(token))
	return err == nil
}

// A token is made, shown once, used, listed and revoked, as a browser without
// JavaScript does it: a person's own, and a team's.
func TestTokens(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	for at, who := range map[string]string{"/profile/tokens": "ben", "/teams/harbour/tokens": "ada"} {
		b := h.as(who)
		wants(t, b.get(at), 200, "Create one to let a program use the API", `value="90"`, "can never do more than you can")
		made := b.follow(at, url.Values{"name": {`Night "<b>`}, "scope": {"read", "write"}, "days": {"30"}, "user_id": {"1"}, "team_id": {"1"}})
		wants(t, made, 200, "It won’t be shown again", "Night &#34;&lt;b&gt;", "read, write", "never used")
		token := regexp.MustCompile(`om_[A-Z2-7]{26}`).FindString(made.body)
		if token == "" || !h.speaks(token) {
			t.Fatalf("%s: the token %q is worth nothing", at, token)
		}
		list := b.get(at)
		wants(t, list, 200, "last used just now", time.Now().UTC().AddDate(0, 0, 30).Format("2 Jan 2006"), "…"+token[len(token)-4:])
		if strings.Contains(list.body, token) {
			t.Errorf("%s shows the token twice", at)
		}
		m := regexp.MustCompile(at + `/(\d+)/revoke`).FindStringSubmatch(list.body)
		if m == nil {
			t.Fatalf("%s: no way to revoke it", at)
		}
		wants(t, h.as("eve").post(at+"/"+m[1]+"/revoke", url.Values{}), 404) // hers is none of it
		if !h.speaks(token) {
			t.Error("somebody else revoked the token")
		}
		wants(t, b.confirms(at+"/"+m[1]+"/revoke", url.Values{}), 200, "The token is revoked", "Create one to let a program use the API")
		if h.speaks(token) {
			t.Errorf("%s: a token that was revoked still works", at)
		}
		if strings.Contains(h.log.String(), token) {
			t.Error("the log holds a token")
		}
	}
}

func TestTokensThatAreNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	b := h.as("ben")
	for _, c := range []struct {
		f    url.Values
		says string
	}{
		{url.Values{"scope": {"read"}, "days": {"30"}}, "a name for the token"},
		{url.Values{"name": {"a\x00b"}, "scope": {"read"}, "days": {"30"}}, "a name for the token"},
		{url.Values{"name": {"kept"}, "days": {"30"}}, `value="kept"`},
		{url.Values{"name": {"x"}, "scope": {"listener"}, "days": {"30"}}, "Choose what the token can do"},
		{url.Values{"name": {"x"}, "scope": {"read", "root"}, "days": {"30"}}, "Choose what the token can do"},
		{url.Values{"name": {"x"}, "scope": {"read"}, "days": {"367"}}, "1 to 366 days"},
		{url.Values{"name": {"x"}, "scope": {"read"}, "days": {"-1"}}, "1 to 366 days"},
		{url.Values{"name": {"x"}, "scope": {"read"}, "days": {"0"}}, "1 to 366 days"},
		{url.Values{"name": {"x"}, "scope": {"admin"}, "days": {"soon"}}, `value="soon"`},
	} {
		wants(t, b.post("/profile/tokens", c.f), 422, c.says)
	}
	wants(t, b.get("/profile/tokens"), 200, "Create one to let a program use the API")
	if got := b.get("/teams/harbour"); strings.Contains(got.body, "/teams/harbour/tokens") {
		t.Error("a member is led to the tokens of the team")
	}
	wants(t, h.as("ada").get("/teams/harbour"), 200, `href="/teams/harbour/tokens"`)
	wants(t, b.get("/profile"), 200, `href="/profile/tokens"`)
}
