package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Changing the address shows, still at the old one, what that means and what to
// do. The old address is no longer trusted.
func TestANewAddressIsToldWithWhatItCosts(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	old, now := h.url, strings.Replace(h.url, "127.0.0.1", "localhost", 1)
	form := func(address string) url.Values {
		return url.Values{"name": {"Harbour"}, "url": {address}, "sign_up": {"invite"}, "currency": {"USD"}}
	}
	send := func(host, origin string) answer {
		t.Helper()
		req, err := http.NewRequest(http.MethodPost, h.url+"/language", strings.NewReader(url.Values{"language": {"de"}, "next": {"/"}}.Encode()))
		must(t, err)
		req.Host = strings.TrimPrefix(host, "http://")
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", origin)
		resp, err := ada.c.Do(req)
		must(t, err)
		must(t, resp.Body.Close())
		return answer{status: resp.StatusCode, header: resp.Header}
	}
	// A proxy that rewrites Host: the origin is the public address.
	if got := send("http://inside:80", old); got.status != http.StatusSeeOther {
		t.Errorf("the public address is not trusted: %d", got.status)
	}
	got := ada.post("/server/settings", form(now))
	wants(t, got, http.StatusOK, "The address has changed", `href="`+now+`/server/settings"`, "instead of "+old, "so everyone has to sign in again at the new one",
		now+"/messenger/connect", "1 application needs to know it", "Add passkeys again", "for localhost under", "Share new invites")
	checkPage(t, "moved", got.body)
	if got.header.Get("Location") != "" {
		t.Errorf("it leads to %s", got.header.Get("Location"))
	}
	// The tab at the old name of this machine.
	wants(t, ada.post("/server/settings", form(now)), http.StatusConflict, "nothing was changed here", `href="`+now+`"`)
	if got := ada.get("/server"); got.status != http.StatusFound || got.header.Get("Location") != now+"/server" {
		t.Errorf("a page at the old name: %d, %s", got.status, got.header.Get("Location"))
	}
	if got := send(now, old); got.status != http.StatusForbidden {
		t.Errorf("the address of before is still trusted: %d", got.status)
	}
	if got := send(now, now); got.status != http.StatusSeeOther {
		t.Errorf("the new address is not trusted: %d", got.status)
	}
	if got := ada.hosted(strings.TrimPrefix(now, "http://"), "/server/settings"); got.status != http.StatusOK || !strings.Contains(got.body, now) {
		t.Errorf("the settings at the new address: %d\n%s", got.status, got.body)
	}
}

// Other errors are shown on the same page, because the address has already
// changed.
func TestANewAddressAndAMistake(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	now := strings.Replace(h.url, "127.0.0.1", "localhost", 1)
	got := ada.post("/server/settings", url.Values{"from": {"setup"}, "name": {""}, "url": {now}, "sign_up": {"invite"}, "currency": {"USD"}})
	wants(t, got, http.StatusOK, "The address has changed", "Enter the server", `href="`+now+`/server/setup"`)
}
