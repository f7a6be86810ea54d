package web

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/connect/connecttest"
	"openmates/internal/identity/passkeytest"
	"openmates/internal/llm/llmtest"
	"openmates/internal/mail"
	"openmates/internal/mail/smtp/smtptest"
	"openmates/internal/messenger"
)

// formRow is a form and its values. Every successful form is answered with a
// redirect.
type formRow struct {
	pattern string
	who     *browser
	path    string
	form    url.Values
	kind    formKind
}

type formKind int

const (
	makes  formKind = iota // adds or changes something, or only looks
	asks                   // removes or ends something, and asks first
	proves                 // asks for the password on the same page
	file                   // is answered with a file to keep
	script                 // answers a script of the page
)

// tables are the rows of every table, by their number, and a sum of all that
// stands in them. Sessions are left out: each page that is looked at is noted
// there. Leave names more that are left out.
func (h *house) tables(leave ...string) (counts map[string]int, sum string) {
	h.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(h.dir, "openmates.db")+"?mode=ro")
	must(h.t, err)
	defer db.Close()
	names := h.texts(db, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'sessions' ORDER BY name`)
	counts, all := map[string]int{}, sha256.New()
	for _, name := range names {
		if slices.Contains(leave, name) {
			continue
		}
		columns := h.texts(db, `SELECT name FROM pragma_table_info('`+name+`')`)
		rows := h.texts(db, `SELECT quote(`+strings.Join(columns, `) || ',' || quote(`)+`) FROM `+name+` ORDER BY 1`)
		// That a password was wrong is noted, and changes nothing.
		rows = slices.DeleteFunc(rows, func(row string) bool { return name == "audit" && strings.Contains(row, "account.signin_failed") })
		counts[name] = len(rows)
		fmt.Fprintln(all, name, rows)
	}
	return counts, hex.EncodeToString(all.Sum(nil))
}

func (h *house) texts(db *sql.DB, query string) (all []string) {
	h.t.Helper()
	rows, err := db.QueryContext(h.t.Context(), query)
	must(h.t, err)
	defer rows.Close()
	for rows.Next() {
		var s string
		must(h.t, rows.Scan(&s))
		all = append(all, s)
	}
	must(h.t, rows.Err())
	return all
}

// walk submits a form, first without confirmation if it asks for one, and
// reloads the page that it leads to.
func (h *house) walk(row formRow) answer {
	h.t.Helper()
	switch row.kind {
	case asks:
		_, before := h.tables()
		got := row.who.post(row.path, row.form)
		if page := row.who.get(got.header.Get("Location")); got.status != http.StatusSeeOther || !strings.Contains(page.body, `name="confirm" value="yes"`) {
			h.t.Errorf("POST %s does not ask first: %d to %q", row.path, got.status, got.header.Get("Location"))
		}
		at, _, _ := strings.Cut(got.header.Get("Location"), "?")
		row.who.get(at + "?" + sure(row.form).Encode())
		if _, after := h.tables(); after != before {
			h.t.Errorf("POST %s changes something before its question is answered", row.path)
		}
		row.form = sure(row.form)
	case proves: // a wrong password is noted in the record
		_, before := h.tables("audit")
		for _, password := range []string{"", "wrong"} {
			f := maps.Clone(row.form)
			f.Set("password", password)
			row.who.post(row.path, f)
		}
		if _, after := h.tables("audit"); after != before {
			h.t.Errorf("POST %s changes something without the password", row.path)
		}
	}
	got := row.who.post(row.path, row.form)
	switch row.kind {
	case file:
		if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
			h.t.Errorf("POST %s is no file: %d", row.path, got.status)
		}
		return got
	case script:
		if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" {
			h.t.Errorf("POST %s is no answer for a script: %d\n%s", row.path, got.status, got.body)
		}
		return got
	}
	if got.status != http.StatusSeeOther {
		h.t.Errorf("POST %s as it should be: %d, want a redirect\n%s", row.path, got.status, got.body)
		return got
	}
	to := got.header.Get("Location")
	if !strings.HasPrefix(to, "/") {
		return got // a consent page
	}
	if regexp.MustCompile(`om_[A-Z2-7]{20}|[?&](password|token|code=[A-Z2-7]{20})`).MatchString(to) && row.pattern != "POST /link" {
		h.t.Errorf("POST %s has a secret in the address %s", row.path, to)
	}
	page := row.who.get(to)
	first, _ := h.tables()
	row.who.get(to)
	if again, _ := h.tables(); !maps.Equal(first, again) {
		h.t.Errorf("reloading what POST %s leads to makes something again: %v, then %v", row.path, first, again)
	}
	return page
}

// Every form of the pages: what removes or ends something asks first and does
// nothing before, success is a redirect, and a reload repeats nothing.
func TestEveryForm(t *testing.T) {
	t.Parallel()
	w := newFormWalk(t)
	for _, part := range []func(){w.server, w.mates, w.providers, w.bots, w.team, w.own, w.security, w.guests, w.leaving} {
		part()
	}
	// What only a network with channels and profiles has.
	discord := []string{"/server/bots/{network}/{handle}/dress", "/server/bots/{network}/{handle}/permissions", "/teams/{slug}/connect/{network}/{workspace}/{mate}/test"}
	for _, pattern := range w.web.patterns {
		path, post := strings.CutPrefix(pattern, "POST ")
		if post && !w.seen[pattern] && !slices.Contains(discord, path) {
			t.Errorf("%s is walked nowhere: say in forms_test.go how it is sent, and whether it asks first", pattern)
		}
	}
	for _, path := range w.web.asks {
		if !w.asked["POST "+path] {
			t.Errorf("%s asks first, but no test looks whether it does", path)
		}
	}
}

// formWalk sends forms in a house in which there is something of everything.
type formWalk struct {
	*house
	seen, asked map[string]bool
	ada, ben    *browser
	post        *smtptest.Server
}

func newFormWalk(t *testing.T) *formWalk {
	h := newHouse(t, func(c *Config) {
		c.Demo = &Demo{People: []DemoPerson{{Username: "ben", Name: "Ben", Password: canaryPassword}}}
	}).furnish()
	h.inUse()
	post, err := smtptest.Open(smtptest.Config{Username: "mates", Password: "canary-mail"})
	must(t, err)
	t.Cleanup(post.Close)
	w := &formWalk{house: h, post: post, seen: map[string]bool{}, asked: map[string]bool{}, ada: h.as("ada"), ben: h.as("ben")}
	return w
}

// sends walks a form at its pattern; with fills in what the pattern leaves open.
func (w *formWalk) sends(kind formKind, who *browser, path string, form url.Values, with ...string) answer {
	w.t.Helper()
	filled := strings.NewReplacer(append(with, "{slug}", "harbour", "{handle}", "sophia", "{network}", "testnet", "{name}", "house", "{workspace}", "55", "{mate}", "sophia", "{username}", "ben")...).Replace(path)
	w.seen["POST "+path] = true
	w.asked["POST "+path] = w.asked["POST "+path] || kind == asks
	if form == nil {
		form = url.Values{}
	}
	return w.walk(formRow{pattern: "POST " + path, who: who, path: filled, form: form, kind: kind})
}

// found returns what a page contains.
func (w *formWalk) found(who *browser, path, pattern string) string {
	w.t.Helper()
	page := who.get(path)
	m := regexp.MustCompile(pattern).FindStringSubmatch(page.body)
	if m == nil {
		w.t.Fatalf("%s lacks %s:\n%s", path, pattern, page.body)
	}
	return m[1]
}

func (w *formWalk) server() {
	w.sends(makes, w.ada, "/server/settings", url.Values{"name": {"Quay"}, "url": {w.url}, "sign_up": {"open"}, "currency": {"EUR"}})
	w.sends(makes, w.ada, "/server/settings/check", nil)
	w.sends(makes, w.ada, "/server/limits", url.Values{"stamp": {stampOf(w.t, w.ada.get("/server/limits"))}, "app": {"web", "calculation"}, "provider": {"openai"}, "per_minute": {"90"}})
	w.sends(makes, w.ada, "/server/mail", url.Values{"host": {w.post.Host()}, "port": {strconv.Itoa(w.post.Port())}, "security": {string(mail.Plain)},
		"username": {"mates"}, "password": {"canary-mail"}, "from": {"mates@example.org"}, "name": {"Mates"}, "to": {"ada@example.org"}})
	w.sends(makes, w.ada, "/language", url.Values{"language": {"en"}, "next": {"/server"}})
}

func (w *formWalk) mates() {
	const at = "/server/mates/{handle}"
	w.sends(makes, w.ada, "/server/mates", mateValues("name", "Nora"))
	w.sends(makes, w.ada, at, mateValues("name", "Nora", "prompt", "You are Nora, twice."), "{handle}", "nora")
	w.sends(makes, w.ada, at+"/try", url.Values{"text": {"Hello"}})
	w.sends(makes, w.ada, at+"/duplicate", url.Values{"name": {"Otto"}}, "{handle}", "nora")
	w.sends(makes, w.ada, at+"/limits", url.Values{"stamp": {stampOf(w.t, w.ada.get("/server/mates/nora"))}, "app": {"web"}, "provider": {"openai"}}, "{handle}", "nora")
	w.sends(makes, w.ada, at+"/versions/{version}", nil, "{handle}", "nora", "{version}", "1")
	w.sends(asks, w.ada, at+"/switch", url.Values{"on": {"0"}, "from": {"list"}}, "{handle}", "nora")
	w.sends(asks, w.ada, at+"/archive", url.Values{"archived": {"1"}}, "{handle}", "nora")
	for path, f := range map[string]url.Values{"/switch": {"on": {"1"}}, "/archive": {"archived": {"0"}}} { // the way back needs no question
		w.sends(makes, w.ada, at+path, f, "{handle}", "nora")
	}
}

func (w *formWalk) providers() {
	const at = "/server/providers/{name}"
	far := newLLM(w.t, llmtest.Config{Key: canaryKey, Models: []string{"small"}})
	w.sends(makes, w.ada, "/server/providers", url.Values{"kind": {"compatible"}, "label": {"Quay"}, "url": {far.URL()}, "key": {canaryKey}})
	w.sends(makes, w.ada, at+"/change", url.Values{"label": {"Quay"}, "url": {far.URL()}}, "{name}", "quay")
	w.sends(makes, w.ada, at+"/refresh", nil, "{name}", "quay")
	w.sends(makes, w.ada, at+"/models", url.Values{"model-0": {"small"}, "on-0": {"yes"}, "input-0": {"1"}, "output-0": {"2"}}, "{name}", "quay")
	w.sends(makes, w.ada, at+"/model", url.Values{"model": {"hidden"}}, "{name}", "quay")
	w.sends(makes, w.ada, at+"/free", nil, "{name}", "quay")
	w.sends(makes, w.ada, at+"/try", url.Values{"model": {"small"}}, "{name}", "quay")
	w.sends(makes, w.ada, "/server/providers/defaults", url.Values{"any": {"house/gpt-5-mini"}})
	w.sends(asks, w.ada, at+"/remove", nil, "{name}", "quay")
}

func (w *formWalk) bots() {
	const at = "/server/bots/{network}/{handle}"
	mark := url.Values{"app_id": {"1002"}, "token": {"token-mark"}, "secret": {"secret-mark"}}
	w.sends(makes, w.ada, at, mark, "{handle}", "mark")
	w.sends(asks, w.ada, at+"/remove", nil, "{handle}", "mark")
	w.sends(makes, w.ada, at, mark, "{handle}", "mark")
	w.sends(makes, w.ada, at+"/check", nil)
	w.sends(makes, w.ada, at+"/restart", nil)
	w.sends(asks, w.ada, at+"/pause", nil)
	w.sends(makes, w.ada, at+"/resume", nil)
}

func (w *formWalk) team() {
	const at = "/teams/{slug}"
	stamp := func(path string) url.Values {
		return url.Values{"stamp": {stampOf(w.t, w.ada.get(path))}, "per_minute": {"7"}}
	}
	all := url.Values{"mate": {"sophia", "mark", "lisa", "otto"}, "app": {"web", "calculation"}, "provider": {"openai"}}
	limits := stamp("/teams/harbour/limits")
	maps.Copy(limits, all)
	w.sends(makes, w.ada, at+"/limits", limits)
	limits = stamp("/teams/harbour/people/ben/limits")
	maps.Copy(limits, all)
	w.sends(makes, w.ada, at+"/people/{username}/limits", limits)
	w.sends(makes, w.ada, at+"/notices/{id}/read", nil, "{id}", w.found(w.ada, "/teams/harbour", `/notices/(\d+)/read`))
	w.sends(makes, w.ada, at+"/name", url.Values{"name": {"Quay"}})
	w.sends(makes, w.ada, at+"/invites", url.Values{"role": {"member"}, "uses": {"1"}, "days": {"7"}})
	w.sends(asks, w.ada, at+"/invites/{id}/revoke", nil, "{id}", w.found(w.ada, "/teams/harbour/invites", `/invites/(\d+)/revoke`))
	w.sends(makes, w.ada, at+"/tokens", url.Values{"name": {"Report"}, "scope": {"read"}, "days": {"30"}})
	w.sends(asks, w.ada, at+"/tokens/{id}/revoke", nil, "{id}", w.found(w.ada, "/teams/harbour/tokens", `/tokens/(\d+)/revoke`))
	w.sends(makes, w.ada, at+"/people/{username}/role", url.Values{"role": {"admin"}})
	w.sends(asks, w.ada, at+"/people/{username}/role", url.Values{"role": {"member"}})
	got := w.ada.post("/teams/harbour/install", url.Values{"mate": {"mark"}, "network": {"testnet"}, "workspace": {"55"}})
	w.sends(makes, w.ada, at+"/install", url.Values{"mate": {"mark"}, "network": {"testnet"}})
	q, err := w.network.Install(got.header.Get("Location"), messenger.Workspace{ID: "55", Name: "Pier"})
	must(w.t, err)
	w.sends(makes, w.ada, "/messenger/connect", q)
	w.sends(asks, w.ada, at+"/connect/{network}/{workspace}/{mate}/remove", nil, "{mate}", "mark")
	w.sends(asks, w.ada, at+"/connect/{network}/{workspace}/disconnect", nil)
}

func (w *formWalk) own() {
	w.sends(makes, w.ben, "/profile/preferences", url.Values{"name": {"Ben"}, "about": {"I sail."}})
	w.sends(makes, w.ben, "/profile/privacy", url.Values{"fact": {"name"}})
	w.sends(makes, w.ben, "/profile/tokens", url.Values{"name": {"Report"}, "scope": {"read"}, "days": {"30"}})
	w.sends(asks, w.ben, "/profile/tokens/{id}/revoke", nil, "{id}", w.found(w.ben, "/profile/tokens", `/tokens/(\d+)/revoke`))
	w.sends(makes, w.ben, "/profile/code", url.Values{"network": {"testnet"}})
	got := w.ben.post("/profile/link", url.Values{"network": {"testnet"}})
	w.sends(makes, w.ben, "/profile/link", url.Values{"network": {"testnet"}})
	q, err := w.network.Link(got.header.Get("Location"), messenger.Account{ID: "77", Name: "ben#1"})
	must(w.t, err)
	w.sends(makes, w.ben, "/messages/connect", q)
	w.sends(asks, w.ben, "/profile/unlink", url.Values{"identity": {w.found(w.ben, "/profile", `name="identity" value="(\d+)"`)}})
	link, err := w.connect.BeginCode(w.t.Context(), connecttest.Name, messenger.Account{ID: "78", Name: "ben#2"})
	must(w.t, err)
	at, err := url.Parse(link)
	must(w.t, err)
	w.sends(makes, w.ben, "/link", at.Query())
	w.sends(file, w.ben, "/profile/data/export", nil)
}

func (w *formWalk) security() {
	w.sends(proves, w.ben, "/profile/security/authenticator/begin", pass())
	secret := secretOn(w.t, w.ben.get(securityAt+"/authenticator"))
	page := w.sends(makes, w.ben, "/profile/security/authenticator", url.Values{"code": {codeOf(w.t, secret, time.Now().Add(-30*time.Second))}})
	wants(w.t, page, 200, "won’t be shown again")
	page = w.sends(proves, w.ben, "/profile/security/recovery", pass())
	codes := regexp.MustCompile(`<code>(\w{4}-\w{4}-\w{4}-\w{4})</code>`).FindStringSubmatch(page.body)
	b := w.browser()
	w.sends(makes, b, "/signin", url.Values{"username": {"ben"}, "password": {canaryPassword}})
	w.sends(makes, b, "/signin/second", url.Values{"code": {codes[1]}})
	w.sends(makes, b, "/signout", nil)
	w.sends(proves, w.ben, "/profile/security/authenticator/remove", pass())
	w.sends(makes, b, "/signin/demo", url.Values{"username": {"ben"}})
	w.sends(asks, w.ben, "/profile/security/sessions/end", url.Values{"session": {w.found(w.ben, securityAt, `name="session" value="([^"]+)"`)}})
	w.sends(asks, w.ben, "/profile/security/sessions/end-others", nil)

	back := w.byName(w.ben)
	d := &passkeytest.Device{Origin: w.address.URL()}
	made, err := d.Make([]byte(w.sends(script, w.ben, "/profile/security/passkeys/begin", pass("name", "Laptop")).body))
	must(w.t, err)
	w.sends(makes, w.ben, "/profile/security/passkeys", url.Values{"answer": {string(made)}})
	w.sends(proves, w.ben, "/profile/security/passkeys/ask", pass("ask", "yes"))
	b = w.browser()
	used, err := d.Use([]byte(w.sends(script, b, "/signin/passkey/begin", nil).body))
	must(w.t, err)
	w.sends(makes, b, "/signin/passkey", url.Values{"answer": {string(used)}})
	key := w.found(w.ben, securityAt, `name="passkey" value="(\d+)"`)
	w.sends(proves, w.ben, "/profile/security/passkeys/remove", pass("passkey", key))
	back()

	w.sends(proves, w.ben, "/profile/security/email", pass("email", "ben@example.org"))
	w.sends(makes, w.ben, "/profile/address", url.Values{"code": {w.mailed()}})
	w.sends(proves, w.ben, "/profile/security/password", pass("new", "a lantern on quay nine"))
	w.sends(asks, w.ben, "/profile/security/sessions/end-all", nil)
	w.sends(makes, w.browser(), "/signin/forgot", url.Values{"who": {"nobody"}}) // mail to somebody is sent beside the request
}

// mailed is the code in the mail that asks whether an address is right.
func (w *formWalk) mailed() string {
	w.t.Helper()
	for _, m := range w.post.Taken() {
		link := regexp.MustCompile(`/profile/address\?code=3D(\w{26})`).FindStringSubmatch(strings.ReplaceAll(m.Data, "=\r\n", ""))
		if link != nil {
			return link[1]
		}
	}
	w.t.Fatal("no mail asks whether the address is right")
	return ""
}

func (w *formWalk) guests() {
	fresh := newHouse(w.t)
	code, err := fresh.server.SetupCode(w.t.Context())
	must(w.t, err)
	w.seen["POST /setup"], w.seen["POST /server/reset"], w.seen["POST /signin/reset"] = true, true, true
	ada := fresh.browser()
	fresh.walk(formRow{pattern: "POST /setup", who: ada, path: "/setup",
		form: url.Values{"code": {code.Reveal()}, "name": {"Ada"}, "username": {"ada"}, "password": {canaryPassword}, "team": {"Harbour"}}})
	page := fresh.walk(formRow{pattern: "POST /server/reset", who: ada, path: "/server/reset", form: pass("username", "ada"), kind: proves})
	link := regexp.MustCompile(`/signin/reset\?code=(\w{26})`).FindStringSubmatch(page.body)
	fresh.walk(formRow{pattern: "POST /signin/reset", who: fresh.browser(), path: "/signin/reset", form: url.Values{"code": {link[1]}, "new": {"a lantern on quay nine"}}})

	invite := w.inviteBy(w.ada, "harbour", url.Values{"uses": {"0"}, "only": {"example.org"}})
	b := w.browser()
	w.sends(makes, b, "/join/{code}/proof", url.Values{"email": {"nora@example.org"}}, "{code}", invite)
	open := w.inviteBy(w.ada, "harbour", nil)
	w.sends(makes, b, "/join/{code}", newcomerFields("nora"), "{code}", open)
	b = w.browser()
	w.sends(makes, b, "/found", url.Values{"name": {"Pier"}})
	w.sends(makes, b, "/found/{step}", url.Values{"stamp": {stampOf(w.t, b.get("/found/mates"))}, "mate": {"sophia"}}, "{step}", "mates")
}

// leaving lists the forms after which somebody has left.
func (w *formWalk) leaving() {
	w.sends(asks, w.ada, "/server/people/{username}/admin", url.Values{"admin": {"yes"}}, "{username}", "eve")
	w.sends(asks, w.ada, "/server/people/{username}/admin", url.Values{"admin": {"no"}}, "{username}", "eve")
	q, err := w.network.Install(w.ada.post("/teams/harbour/install", url.Values{"mate": {"sophia"}, "network": {"testnet"}}).header.Get("Location"), messenger.Workspace{ID: "56", Name: "Pier"})
	must(w.t, err)
	wants(w.t, w.ada.follow("/messenger/connect", q), 200)
	w.sends(asks, w.ada, "/server/workspaces/{network}/{workspace}/untie", url.Values{"leave": {"yes"}}, "{workspace}", "56")
	w.sends(asks, w.ada, "/server/teams/{slug}/remove", nil, "{slug}", "lighthouse")
	w.sends(asks, w.ada, "/server/people/{username}/remove", nil, "{username}", "eve")
	w.sends(asks, w.ada, "/server/mail/stop", nil)
	w.sends(asks, w.ada, "/teams/{slug}/people/{username}/remove", nil, "{username}", "nora")
	ben := w.as("ben")
	w.sends(asks, ben, "/teams/{slug}/leave", nil)
	f := url.Values{"username": {"ben"}, "password": {"a lantern on quay nine"}}
	page := w.sends(proves, ben, "/profile/data/delete", f)
	wants(w.t, page, 200, "Your account has been deleted")
	if _, err := w.db.UserByName(w.t.Context(), "ben"); openmates.CodeOf(err) != openmates.ENotFound {
		w.t.Error("the account is there still")
	}
}
