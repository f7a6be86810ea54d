package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"openmates/internal/mail"
	"openmates/internal/mail/smtp/smtptest"
)

// mailing has a house send mail, by a mail server of its own.
func (h *house) mailing() *smtptest.Server {
	h.t.Helper()
	srv, err := smtptest.Open(smtptest.Config{})
	must(h.t, err)
	h.t.Cleanup(srv.Close)
	h.t.Cleanup(func() { _ = h.identity.Close() })
	wants(h.t, h.as("ada").follow("/server/mail", url.Values{"host": {srv.Host()}, "port": {strconv.Itoa(srv.Port())}, "security": {string(mail.Plain)},
		"from": {"mates@example.org"}, "to": {"ada@example.org"}}), http.StatusOK, "Test message sent to")
	return srv
}

// unfolded returns the text of a message as its reader sees it.
func unfolded(m smtptest.Message) string {
	return strings.ReplaceAll(strings.ReplaceAll(m.Data, "=\r\n", ""), "=3D", "=")
}

// mailed waits for the nth message.
func mailed(t *testing.T, srv *smtptest.Server, n int) smtptest.Message {
	t.Helper()
	m, err := srv.Wait(t.Context(), n)
	must(t, err)
	return m
}

// A lost password can be reset with the pages alone, and they don't reveal who
// has an account.
func TestALostPasswordComesBackByThePages(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	b := h.browser()
	wants(t, b.get("/signin"), http.StatusOK, "/signin/forgot", "Forgot your password?")
	wants(t, b.get("/signin/forgot"), http.StatusOK, "doesn’t send mail", "openmates admin reset-password")
	wants(t, b.post("/signin/forgot", url.Values{"who": {"ben"}}), http.StatusServiceUnavailable, "Ask a server admin for a link")
	srv := h.mailing()
	ben, err := h.db.UserByName(t.Context(), "ben")
	must(t, err)
	must(t, h.db.SetEmail(t.Context(), ben.ID, "ben@example.org", true))
	signedIn := h.as("ben")
	sent := b.follow("/signin/forgot", url.Values{"who": {"ben"}})
	wants(t, sent, http.StatusOK, "a link is on its way")
	if other := b.follow("/signin/forgot", url.Values{"who": {"nobody"}}); other.body != sent.body {
		t.Error("the page tells who has an account")
	}
	wants(t, b.post("/signin/forgot", url.Values{"who": {""}}), http.StatusUnprocessableEntity, "Enter your username")
	link := regexp.MustCompile(`/signin/reset\?code=(\w{26})`).FindStringSubmatch(unfolded(mailed(t, srv, 2)))
	if link == nil {
		t.Fatalf("no link in %s", unfolded(srv.Taken()[1]))
	}
	for range 2 { // looking changes nothing
		wants(t, b.get(link[0]), http.StatusOK, "For the account", ">ben<", `value="`+link[1]+`"`)
	}
	wants(t, b.post("/signin/reset", url.Values{"code": {link[1]}, "new": {"short"}}), http.StatusUnprocessableEntity, "at least 10", ">ben<")
	wants(t, b.follow("/signin/reset", url.Values{"code": {link[1]}, "new": {"five slow wooden ferries"}}), http.StatusOK, "Your new password is set")
	wants(t, b.post("/signin/reset", url.Values{"code": {link[1]}, "new": {"five slow wooden ferries"}}), http.StatusUnprocessableEntity, "has been used", "Request a new link")
	if got := signedIn.get("/profile"); got.status != http.StatusSeeOther {
		t.Errorf("still signed in: %d", got.status)
	}
	if got := b.post("/signin", url.Values{"username": {"ben"}, "password": {"five slow wooden ferries"}}); got.status != http.StatusSeeOther {
		t.Errorf("signing in by the new one: %d\n%s", got.status, got.body)
	}
	if told := mailed(t, srv, 3); !strings.Contains(unfolded(told), "The password of your account was reset with a link mailed to this address. All its sessions were signed out.") || told.To[0] != "ben@example.org" {
		t.Errorf("told %+v", told)
	}
	h.nowhere(link[1], "five slow wooden ferries")
}

// An admin of the server makes a link, once, and a reload makes no other.
func TestAnAdminLetsSomebodyBackIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	wants(t, ada.get("/server/reset?user=ben"), http.StatusOK, `value="ben"`, "openmates admin make-admin")
	wants(t, ada.post("/server/reset", pass("username", "ben", "password", "wrong", "second", "yes")), http.StatusForbidden, "This isn&#39;t your password", `value="ben"`, "checked")
	wants(t, ada.post("/server/reset", pass("username", "nobody")), http.StatusUnprocessableEntity, "No one on this server")
	page := ada.follow("/server/reset", pass("username", "ben", "second", "yes"))
	link := regexp.MustCompile(`(/signin/reset\?code=\w{26})`).FindString(page.body)
	wants(t, page, http.StatusOK, "The link for ben is ready", "also removes the second step")
	if again := ada.get("/server/reset"); strings.Contains(again.body, link) {
		t.Error("the link is shown twice")
	}
	wants(t, h.browser().get(link), http.StatusOK, ">ben<", "passkeys are removed")
	_, code, _ := strings.Cut(link, "=")
	wants(t, h.browser().follow("/signin/reset", url.Values{"code": {code}, "new": {"five slow wooden ferries"}}), http.StatusOK, "Your new password is set")
	h.nowhere(code)
}

// After creating an invite, the page lists whom it was mailed to and any
// failures; the mailed link needs no second mail.
func TestTheInvitePageTellsOfItsMail(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	srv := h.mailing()
	ada := h.as("ada")
	f := url.Values{"role": {"member"}, "uses": {"3"}, "days": {"7"}, "only": {"nora@example.org"}, "mail": {"yes"}}
	wants(t, ada.follow("/teams/harbour/invites", f), http.StatusOK, "was mailed to nora@example.org")
	link := regexp.MustCompile(`/join/\w{26}\?proof=\w{26}`).FindString(unfolded(mailed(t, srv, 2)))
	wants(t, h.browser().get(link), http.StatusOK, "Your address nora@example.org is confirmed")
	f.Set("only", "example.org")
	wants(t, ada.follow("/teams/harbour/invites", f), http.StatusOK, "It wasn’t mailed to anyone because it has no email address")
	f.Set("only", "nora@example.org, kim@example.org")
	for range 2 {
		ada.follow("/teams/harbour/invites", f)
	}
	page := ada.follow("/teams/harbour/invites", f)
	wants(t, page, http.StatusOK, "was mailed to kim@example.org", "nora@example.org:</span>", "UTC on.")
	if strings.Contains(srv.Taken()[1].Data, "Subject: Ada") || len(srv.Taken()) != 1+3+3 {
		t.Errorf("%d messages were taken", len(srv.Taken()))
	}
}

// resetCode is the code of a link that an admin has just made for ben.
func (h *house) resetCode(admin *browser) string {
	h.t.Helper()
	page := admin.follow("/server/reset", pass("username", "ben"))
	link := regexp.MustCompile(`/signin/reset\?code=(\w{26})`).FindStringSubmatch(page.body)
	if link == nil {
		h.t.Fatalf("no link on\n%s", page.body)
	}
	return link[1]
}
