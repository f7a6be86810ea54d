package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// TestMatrix requests every route as each kind of caller. A route that isn't
// listed fails, so that none is added without a decision.
func TestMatrix(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	who := []struct {
		name string
		b    *browser
	}{{"nobody", h.browser()}, {"eve", h.as("eve")}, {"ben", h.as("ben")}, {"ada", h.as("ada")}}
	rows := matrix()
	for _, path := range h.web.asks { // who may do it is asked whether they mean it
		if _, own := rows["GET "+path]; !own {
			rows["GET "+path] = rows["POST "+path]
		}
	}
	patterns := slices.Clone(h.web.patterns)
	slices.SortStableFunc(patterns, func(a, b string) int { return lasts(a) - lasts(b) })
	for _, pattern := range patterns {
		codes, ok := rows[pattern]
		if !ok {
			t.Errorf("%q stands in no row of the matrix: say who may use it", pattern)
			continue
		}
		method, path, _ := strings.Cut(pattern, " ")
		if codes == free || path == "" {
			continue
		}
		if method == http.MethodPost { // may switch it off; others are looked at by later rows
			path = strings.ReplaceAll(path, "{handle}", "lisa")
		}
		if path == "/server/teams/{slug}/remove" { // as above
			path = "/server/teams/nothing/remove"
		}
		path = strings.NewReplacer("{slug}", "harbour", "{username}", "nobody-here", "{handle}", "sophia", "{network}", "testnet", "{$}", "",
			"{id}", "12", "{name}", "nothing", "{step}", "nothing", "{code}", "AAAA", "{model}", "x", "{version}", "9", "{nonce}", "x").Replace(path)
		var form url.Values
		if method == http.MethodPost {
			form = url.Values{}
			if slices.Contains(h.web.asks, strings.TrimPrefix(pattern, "POST ")) {
				form = sure(nil)
			}
		}
		for i, w := range who {
			got := w.b.do(method, path, form, http.Header{"Sec-Fetch-Site": {"same-origin"}})
			if kind := codes[i]; !fits(kind, got) {
				t.Errorf("%s as %s: %d to %q, want %c", pattern, w.name, got.status, got.header.Get("Location"), kind)
			}
			if form != nil { // the same form from another site
				if got := w.b.do(method, path, form, http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}}); got.status != 403 {
					t.Errorf("%s as %s from another site: %d", pattern, w.name, got.status)
				}
			}
		}
	}
}

// lasts sorts last the routes whose empty form changes who is where.
func lasts(pattern string) int {
	if strings.HasSuffix(pattern, "/leave") || strings.HasSuffix(pattern, "/delete") {
		return 1
	}
	return 0
}

// free routes have no roles: they are asked for by tests of their own.
const free = "----"

// fits reports whether an answer is of its kind: s to the sign-in, x forbidden, 0
// nothing here, y let in and
// found, * let in, whatever comes of the empty form, p not
// without the password, or not on a server like this.
func fits(kind byte, got answer) bool {
	in := strings.HasPrefix(got.header.Get("Location"), "/signin")
	switch kind {
	case 's':
		return got.status == 303 && in || got.status == 401
	case 'x':
		return got.status == 403
	case '0':
		return got.status == 404
	case 'p':
		return got.status == 403 || got.status == 503
	case '*':
		return got.status != 403 && got.status < 500 && !in
	case 'y':
		return got.status != 403 && got.status != 401 && got.status < 500 && !in
	}
	return false
}

// matrix lists for each route what nobody, eve (of another team), ben (a
// member) and ada (admin of team and server) get.
func matrix() map[string]string {
	const (
		member   = "s0yy" // of the team in the path
		lead     = "s0xy" // its admins
		everyone = "syyy" // with an account
		server   = "sxx*" // admins of the server
	)
	rows := map[string]string{
		"GET /teams/{slug}": member, "POST /teams/{slug}/install": "s0**",
		"GET /teams/{slug}/people": member, "POST /teams/{slug}/leave": "s0y*",
		"POST /teams/{slug}/people/{username}/role": "s0x*", "POST /teams/{slug}/people/{username}/remove": "s0x0",
		"GET /teams/{slug}/people/{username}/limits": "s0x0", "POST /teams/{slug}/people/{username}/limits": "s0x0",
		"GET /teams/{slug}/limits": lead, "POST /teams/{slug}/limits": lead, "POST /teams/{slug}/name": lead,
		"GET /teams/{slug}/invites": lead, "POST /teams/{slug}/invites": lead, "POST /teams/{slug}/invites/{id}/revoke": "s0x0",
		"GET /teams/{slug}/tokens": lead, "POST /teams/{slug}/tokens": lead, "POST /teams/{slug}/tokens/{id}/revoke": "s0x0",
		"GET /teams/{slug}/usage": lead, "GET /teams/{slug}/usage.csv": lead, "POST /teams/{slug}/notices/{id}/read": lead, "GET /teams/{slug}/connect": member, "GET /teams/{slug}/connect/{network}/{workspace}/{mate}": "s000",
		"POST /teams/{slug}/connect/{network}/{workspace}/{mate}/test": "s000", "POST /teams/{slug}/connect/{network}/{workspace}/{mate}/remove": "s0x0",
		"POST /teams/{slug}/connect/{network}/{workspace}/disconnect": "s0x0",
		"GET /found": "xyyy", "POST /found": "xyyy", "GET /found/{step}": "x000", "POST /found/{step}": "x000", "GET /parts/slug": "xyyy",
		"GET /join/{code}": "0000", "POST /join/{code}": "0000", "POST /join/{code}/proof": "0000",
	}
	for codes, patterns := range map[string]string{
		everyone: `GET /profile; GET /profile/preferences; POST /profile/preferences; GET /profile/privacy; POST /profile/privacy; GET /mates/{handle}; GET /profile/security;
			GET /profile/data; GET /profile/address; GET /profile/tokens; POST /profile/tokens`,
		"s000": `POST /profile/tokens/{id}/revoke`,
		"s***": `GET /profile/code; GET /profile/security/recovery; POST /profile/link; POST /profile/unlink; POST /profile/code; POST /profile/address; GET /profile/security/authenticator;
			POST /profile/security/authenticator; POST /profile/security/passkeys/remove; POST /profile/security/sessions/end; POST /profile/data/export;
			POST /profile/data/delete; POST /messenger/connect; POST /messages/connect; GET /messenger/connect; GET /messages/connect`,
		"sppp": `POST /profile/security/email; POST /profile/security/passkeys/begin; POST /profile/security/authenticator/begin; POST /profile/security/recovery;
			POST /profile/security/passkeys; POST /profile/security/password; POST /profile/security/authenticator/remove; POST /profile/security/passkeys/ask`,
		server: `GET /server/people; GET /server/teams; GET /server/workspaces; POST /server/people/{username}/admin; POST /server/people/{username}/remove;
			POST /server/teams/{slug}/remove; POST /server/workspaces/{network}/{workspace}/untie; GET /parts/mates; GET /server; GET /server/part; GET /server/setup; GET /server/setup/part; GET /server/settings; POST /server/settings; POST /server/settings/check;
			GET /server/audit; GET /server/audit/{file}; GET /server/mail; POST /server/mail; POST /server/mail/stop; GET /server/reset; POST /server/reset; GET /server/limits; POST /server/limits;
			GET /server/bots; GET /server/bots/{network}/{handle}; GET /server/bots/{network}/{handle}/state; POST /server/bots/{network}/{handle};
			POST /server/bots/{network}/{handle}/check; POST /server/bots/{network}/{handle}/remove; POST /server/bots/{network}/{handle}/dress; POST /server/bots/{network}/{handle}/permissions;
			POST /server/bots/{network}/{handle}/restart; POST /server/bots/{network}/{handle}/pause; POST /server/bots/{network}/{handle}/resume;
			GET /server/providers; POST /server/providers; GET /server/providers/new; POST /server/providers/defaults; GET /server/providers/{name};
			POST /server/providers/{name}/change; POST /server/providers/{name}/refresh; POST /server/providers/{name}/models; POST /server/providers/{name}/free;
			POST /server/providers/{name}/model; POST /server/providers/{name}/try; GET /server/providers/{name}/remove; POST /server/providers/{name}/remove;
			GET /server/mates; POST /server/mates; GET /server/mates/new; GET /server/mates/{handle}; POST /server/mates/{handle}; POST /server/mates/{handle}/switch;
			POST /server/mates/{handle}/archive; POST /server/mates/{handle}/duplicate; POST /server/mates/{handle}/limits; POST /server/mates/{handle}/try;
			GET /server/mates/{handle}/versions/{version}; POST /server/mates/{handle}/versions/{version}`,
		// For everybody, and sessions that would end under the test.
		free: `/; GET /{$}; POST /language; GET /setup; POST /setup; GET /signin; POST /signin; POST /signin/demo; POST /signin/passkey; POST /signin/passkey/begin;
			GET /goodbye; GET /signin/second; POST /signin/second; GET /signin/forgot; POST /signin/forgot; GET /signin/reset; POST /signin/reset; POST /signout; GET /link; POST /link; GET /connect; POST /profile/security/sessions/end-others;
			POST /profile/security/sessions/end-all; GET /healthz; GET /readyz; GET /.well-known/openmates/{nonce}; GET /static/{sum}/{name};
			GET /portraits/{sum}/{file}; GET /favicon.ico; GET /robots.txt`,
	} {
		for p := range strings.SplitSeq(patterns, ";") {
			rows[strings.TrimSpace(p)] = codes
		}
	}
	return rows
}
