package web

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/identity/passkeytest"
	"openmates/internal/mail"
	"openmates/internal/mail/smtp/smtptest"
	"openmates/internal/server"
)

func securitySamples(sh shell) map[string][]any {
	now := time.Now()
	keys := []identity.Passkey{{ID: 3, Name: "<Laptop>", Created: now}, {ID: 4, Name: "Key", Created: now, Used: now}}
	return map[string][]any{
		"security": {securityPage{shell: sh, NoPasskeys: openmates.T("No.")}, securityPage{shell: sh, At: "passkeys", Error: openmates.T("e"), Typed: "t", Host: "h", Passkeys: keys,
			Email:      identity.Email{Address: "a@b.c", Confirmed: true, Awaited: "d@e.f", Mail: true},
			Protection: identity.Protection{Authenticator: true, Passkeys: 2, AskPasskey: true, Recovery: 2},
			Sessions:   []identity.Session{{ID: "x", Here: true, Agent: openmates.T("Firefox")}, {ID: "y", From: "192.0.2.1", Since: now, Seen: now}}},
			securityPage{shell: sh, Protection: identity.Protection{Authenticator: true}, Email: identity.Email{Address: "a@b.c"}}},
		"authenticator": {authenticatorPage{shell: sh, QR: qrCode{10, "M1 1h1v1h-1z"}, Secret: "ABCD EFGH", Error: openmates.T("e")}},
		"recovery":      {recoveryPage{shell: sh, Codes: []string{"AAAA-BBBB-CCCC-DDDD"}}},
		"second":        {secondPage{shell: shell{Title: openmates.T("T")}, Authenticator: true}, secondPage{shell: shell{Title: openmates.T("T")}, Passkeys: true, Next: "/x", Error: openmates.T("e")}},
		"data":          {dataPage{shell: sh}, dataPage{shell: sh, Alone: []openmates.Team{{Name: "A"}, {Name: "B"}}, Error: openmates.T("e")}},
		"forgot":        {forgotPage{shell: shell{Title: openmates.T("T")}}, forgotPage{shell: shell{Title: openmates.T("T")}, Mail: true, Who: "w", Error: openmates.T("e")}, forgotPage{shell: shell{Title: openmates.T("T")}, Mail: true, Sent: true}},
		"reset": {resetPage{shell: shell{Title: openmates.T("T")}, Code: `"><script>`, Error: openmates.T("e")},
			resetPage{shell: shell{Title: openmates.T("T")}, Code: "c", Who: openmates.User{ID: 3, Username: "ben"}, Second: true}},
		"resetlink": {resetLinkPage{shell: sh}, resetLinkPage{shell: sh, Username: "ben", Second: true, Error: openmates.T("e"), Made: madeReset{URL: "https://x", Username: "ben", Second: true, Expires: now}}},
		"address":   {addressPage{sh, `"><script>`}},
		"mail":      {mailPage{shell: sh}, mailPage{shell: sh, Mail: server.MailSettings{Set: true, HasPassword: true}, Error: openmates.T("e")}},
	}
}

const securityAt = "/profile/security"

func pass(more ...string) url.Values {
	f := url.Values{"password": {canaryPassword}}
	for i := 0; i < len(more); i += 2 {
		f.Set(more[i], more[i+1])
	}
	return f
}

// secretOn reads the key that the set-up page shows for typing.
func secretOn(t *testing.T, page answer) string {
	t.Helper()
	m := regexp.MustCompile(`<code class="wrap-code">([A-Z2-7 ]+)</code>`).FindStringSubmatch(page.body)
	if m == nil {
		t.Fatalf("no key on the page:\n%s", page.body)
	}
	return strings.ReplaceAll(m[1], " ", "")
}

func codeOf(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, at)
	must(t, err)
	return c
}

// The whole way of an authenticator app, without JavaScript.
func TestSecondStepByPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ben := h.as("ben")
	wants(t, ben.follow(securityAt+"/authenticator/begin", pass("password", "wrong")), http.StatusForbidden, "isn&#39;t your password")
	page := ben.follow(securityAt+"/authenticator/begin", pass())
	wants(t, page, http.StatusOK, "<svg", "one-time-code")
	secret := secretOn(t, page)
	wants(t, ben.follow(securityAt+"/authenticator", url.Values{"code": {"000000"}}), http.StatusUnprocessableEntity, "This code is wrong")
	shown := ben.follow(securityAt+"/authenticator", url.Values{"code": {codeOf(t, secret, time.Now().Add(-30*time.Second))}})
	wants(t, shown, http.StatusOK, "won’t be shown again")
	codes := regexp.MustCompile(`<code>(\w{4}-\w{4}-\w{4}-\w{4})</code>`).FindAllStringSubmatch(shown.body, -1)
	if len(codes) != 10 {
		t.Fatalf("%d codes:\n%s", len(codes), shown.body)
	}
	again := ben.get(securityAt)
	wants(t, again, http.StatusOK, "10 of ten left")
	if strings.Contains(again.body, codes[0][1]) || strings.Contains(again.body, secret) {
		t.Error("codes or key are shown once more")
	}

	b := h.browser()
	wrong := b.post("/signin", url.Values{"username": {"ben"}, "password": {"wrong"}})
	got := b.post("/signin", url.Values{"username": {"ben"}, "password": {canaryPassword}, "next": {"/teams/harbour"}})
	if wrong.status != http.StatusUnauthorized || got.status != http.StatusSeeOther || got.header.Get("Location") != "/signin/second?next=%2Fteams%2Fharbour" {
		t.Fatalf("after the password: %d, %d %s", wrong.status, got.status, got.header.Get("Location"))
	}
	if home := b.get("/profile"); home.status != http.StatusSeeOther {
		t.Errorf("signed in after the first step: %d", home.status)
	}
	wants(t, b.get(got.header.Get("Location")), http.StatusOK, "Now enter the code from your authenticator app", `value="/teams/harbour"`)
	wants(t, b.post("/signin/second", url.Values{"code": {"123456"}, "next": {"//evil.example"}}), http.StatusUnauthorized, "This code is wrong", `name="next" value="/"`)
	in := b.post("/signin/second", url.Values{"code": {codes[7][1]}, "next": {"/teams/harbour"}})
	if in.status != http.StatusSeeOther || in.header.Get("Location") != "/teams/harbour" {
		t.Fatalf("after the second step: %d %s\n%s", in.status, in.header.Get("Location"), in.body)
	}
	wants(t, b.get(securityAt), http.StatusOK, "9 of ten left", "Sign out everywhere else")
	wants(t, h.browser().get("/signin/second"), http.StatusUnauthorized, "Signing in took too long")

	b2 := h.browser()
	b2.post("/signin", url.Values{"username": {"ben"}, "password": {canaryPassword}})
	fits := codeOf(t, secret, time.Now())
	if got := b2.post("/signin/second", url.Values{"code": {fits}}); got.status != http.StatusSeeOther {
		t.Errorf("a code of the app: %d\n%s", got.status, got.body)
	}
	h.nowhere(secret, codes[0][1], codes[7][1], strings.ReplaceAll(codes[0][1], "-", ""), canaryPassword)
}

// nowhere looks for canaries in the log, the audit record and the files of the
// database.
func (h *house) nowhere(canaries ...string) {
	h.t.Helper()
	lines, err := h.db.Audit(context.Background(), 0, 0, 1000)
	must(h.t, err)
	record, err := json.Marshal(lines)
	must(h.t, err)
	all := h.log.String() + string(record)
	files, err := filepath.Glob(filepath.Join(h.dir, "*"))
	must(h.t, err)
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil {
			all += string(b)
		}
	}
	if !strings.Contains(all, "harbour") {
		h.t.Error("the search would find nothing")
	}
	for _, c := range canaries {
		if strings.Contains(all, c) {
			h.t.Errorf("%s stands readable in the log, the record or the database", c)
		}
	}
}

func TestPasskeyByPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	wants(t, h.as("ben").get(securityAt), http.StatusOK, "Browsers only create passkeys for a server with a domain name")
	h.byName()
	d := &passkeytest.Device{Origin: h.address.URL()}
	ben := h.as("ben")
	wants(t, ben.get(securityAt), http.StatusOK, "needs JavaScript and a browser", "passkey.js", "It will only work for localhost")
	refused := ben.post(securityAt+"/passkeys/begin", pass("name", "Laptop", "password", "wrong"))
	if refused.status != http.StatusForbidden || !strings.Contains(refused.body, `"error":"This isn't your password`) {
		t.Errorf("begin with a wrong password: %d %s", refused.status, refused.body)
	}
	asked := ben.post(securityAt+"/passkeys/begin", pass("name", "Laptop"))
	made, err := d.Make([]byte(asked.body))
	must(t, err)
	wants(t, ben.follow(securityAt+"/passkeys", url.Values{"answer": {string(made)}}), http.StatusOK, "“Laptop” is added")
	wants(t, ben.follow(securityAt+"/passkeys", url.Values{"answer": {string(made)}}), http.StatusUnprocessableEntity, "This passkey request has expired")

	b := h.browser()
	wants(t, b.get("/signin"), http.StatusOK, "Sign in with a passkey")
	asked = b.post("/signin/passkey/begin", url.Values{})
	used, err := d.Use([]byte(asked.body))
	must(t, err)
	wants(t, h.browser().post("/signin/passkey", url.Values{"answer": {string(used)}}), http.StatusUnprocessableEntity, "This passkey request has expired") // in another browser
	got := b.post("/signin/passkey", url.Values{"answer": {string(used)}, "next": {"/teams/harbour"}})
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/teams/harbour" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	wants(t, b.get(securityAt), http.StatusOK, "Laptop", "Require a passkey after the password")
}

func TestPasswordAndSessionsByPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ben, other, ada := h.as("ben"), h.as("ben"), h.as("ada")
	const fresh = "tundra mosaic kayak"
	wants(t, ben.follow(securityAt+"/password", pass("new", "berlinsummer2026")), http.StatusUnprocessableEntity, "easy to guess")
	wants(t, ben.follow(securityAt+"/password", pass("new", fresh)), http.StatusOK, "Your password is changed")
	if other.get("/profile").status == http.StatusOK || ada.get("/profile").status != http.StatusOK {
		t.Error("the wrong sessions ended")
	}
	got := h.browser().post("/signin", url.Values{"username": {"ben"}, "password": {fresh}})
	if got.status != http.StatusSeeOther {
		t.Errorf("signing in with the new password: %d", got.status)
	}
	page := ben.get(securityAt)
	m := regexp.MustCompile(`name="session" value="([^"]+)"`).FindStringSubmatch(page.body)
	if m == nil {
		t.Fatalf("no other session:\n%s", page.body)
	}
	wants(t, ada.post(securityAt+"/sessions/end", url.Values{"session": {html.UnescapeString(m[1])}}), http.StatusNotFound) // somebody else's
	wants(t, ben.confirms(securityAt+"/sessions/end", url.Values{"session": {html.UnescapeString(m[1])}}), http.StatusOK, "That browser is signed out")
	ben.confirms(securityAt+"/sessions/end-all", url.Values{})
	if ben.get("/profile").status == http.StatusOK {
		t.Error("signed in after signing out everywhere")
	}
	h.nowhere(fresh)
}

func TestMailByPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	const canary = "canary-mail-5Gy"
	srv, err := smtptest.Open(smtptest.Config{Username: "mates", Password: canary})
	must(t, err)
	t.Cleanup(srv.Close)
	ada := h.as("ada")
	wants(t, h.as("ben").get("/server/mail"), http.StatusForbidden)
	wants(t, ada.get("/server/mail"), http.StatusOK, "This server doesn’t send mail yet")
	f := url.Values{"host": {srv.Host()}, "port": {strconv.Itoa(srv.Port())}, "security": {string(mail.Plain)}, "username": {"mates"},
		"password": {"wrong-" + canary}, "from": {"mates@example.org"}, "name": {"Mates"}, "to": {"ada@example.org"}}
	bad := ada.post("/server/mail", f)
	wants(t, bad, http.StatusUnprocessableEntity, "rejected the username or the password", `value="mates@example.org"`)
	if strings.Contains(bad.body, canary) {
		t.Error("the page repeats the password")
	}
	f.Set("port", "x")
	wants(t, ada.post("/server/mail", f), http.StatusUnprocessableEntity, "Enter the port", `value="x"`)
	f.Set("port", strconv.Itoa(srv.Port()))
	f.Set("password", canary)
	wants(t, ada.follow("/server/mail", f), http.StatusOK, "Test message sent to ada@example.org", "sends mail as mates@example.org")
	wants(t, ada.follow(securityAt+"/email", pass("email", "new@example.org")), http.StatusOK, "We’ve sent a link to the new address", "We’ve sent a link to new@example.org")
	taken := srv.Taken()
	if len(taken) != 2 {
		t.Fatalf("taken %+v", taken)
	}
	link := regexp.MustCompile(`/profile/address\?code=3D(\w{26})`).FindStringSubmatch(strings.ReplaceAll(taken[1].Data, "=\r\n", ""))
	if link == nil {
		t.Fatalf("no link in\n%s", taken[1].Data)
	}
	wants(t, ada.get("/profile/address?code="+link[1]), http.StatusOK, "Confirm address")
	wants(t, ada.get(securityAt), http.StatusOK, "We’ve sent a link to") // the GET changed nothing
	wants(t, ada.follow("/profile/address", url.Values{"code": {link[1]}}), http.StatusOK, "new@example.org is confirmed", "Confirmed")
	wants(t, ada.post("/profile/address", url.Values{"code": {link[1]}}), http.StatusUnprocessableEntity, "has been used")
	wants(t, ada.confirms("/server/mail/stop", url.Values{}), http.StatusOK, "This server no longer sends mail")
	h.nowhere(canary, link[1])
}

func TestDataByPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ben := h.as("ben")
	got := ben.post("/profile/data/export", url.Values{})
	var e identity.Export
	must(t, json.Unmarshal([]byte(got.body), &e))
	if e.Account.Username != "ben" || len(e.Memberships) != 1 || !strings.Contains(got.header.Get("Content-Disposition"), "attachment") || strings.Contains(got.body, "argon2") {
		t.Errorf("export %s", got.body)
	}
	wants(t, ben.post("/profile/data/delete", pass("username", "ada")), http.StatusUnprocessableEntity, "Type your username")
	wants(t, h.as("ada").post("/profile/data/delete", pass("username", "ada")), http.StatusConflict, "the only server admin")
	wants(t, ben.follow("/profile/data/delete", pass("username", "ben")), http.StatusOK, "Your account has been deleted")
	if ben.get("/profile").status == http.StatusOK {
		t.Error("still signed in")
	}
	wants(t, h.browser().post("/signin", url.Values{"username": {"ben"}, "password": {canaryPassword}}), http.StatusUnauthorized)
}

func TestNobodyReachesSecurityWithoutASession(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	for _, path := range []string{"", "/password", "/email", "/authenticator/begin", "/authenticator", "/authenticator/remove", "/recovery", "/passkeys/begin",
		"/passkeys", "/passkeys/remove", "/passkeys/ask", "/sessions/end", "/sessions/end-others", "/sessions/end-all"} {
		if got := h.browser().post(securityAt+path, pass()); path != "" && (got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), "/signin?")) {
			t.Errorf("%s: %d", path, got.status)
		}
		foreign := h.as("ben").do(http.MethodPost, securityAt+path, pass(), http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}})
		if path != "" && foreign.status != http.StatusForbidden {
			t.Errorf("%s from another site: %d", path, foreign.status)
		}
	}
}
