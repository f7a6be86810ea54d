package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"openmates/internal/sqldb/disktest"
	"openmates/internal/walktest"
)

// If the disk is full, submitting a form says why it wasn't saved and keeps the
// input. The server reports that it isn't ready, still serves pages, and
// recovers as soon as there is space.
func TestAFullDiskIsToldAndKeepsTheForm(t *testing.T) {
	t.Parallel()
	dir := disktest.Small(t, 12)
	p := start(t, nil, "serve", "--addr", "127.0.0.1:0", "--data", dir)
	v := walktest.NewVisitor(t, p.Web)
	v.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	wants := func(what string, status int, code int, text string, all ...string) {
		t.Helper()
		if code != status {
			t.Errorf("%s: %d\n%s", what, code, text)
		}
		for _, want := range all {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q\n%s", what, want, text)
			}
		}
	}
	const full = "disk is full, so nothing was saved"
	code := regexp.MustCompile(`code=(\S+)`).FindStringSubmatch(<-p.Later)[1]
	founder := url.Values{"code": {code}, "name": {"Nora New"}, "username": {"nora"}, "password": {"a long password 1"}, "team": {"Harbour & Sons"}}

	empty := disktest.Fill(t, dir)
	status, text := v.Send(p.Web+"/setup", founder)
	wants("the set-up", 503, status, text, full, `value="Nora New"`, `value="nora"`, `value="Harbour &amp; Sons"`)
	if strings.Contains(text, "a long password") {
		t.Error("the page holds a password")
	}
	status, text = v.Send(p.Web+"/readyz", nil)
	wants("/readyz", 503, status, text, full)
	status, text = v.Send(p.Web+"/healthz", nil)
	wants("/healthz", 200, status, text)
	empty()
	status, text = v.Send(p.Web+"/readyz", nil)
	wants("/readyz with space", 200, status, text)
	status, text = v.Send(p.Web+"/setup", founder)
	wants("the set-up with space", 303, status, text)

	empty = disktest.Fill(t, dir)
	status, text = v.Send(p.Web+"/server", nil)
	wants("a page", 200, status, text, "Nora New")
	settings := url.Values{"name": {"Our “mates”"}, "url": {p.Web}, "sign_up": {"invite"}, "currency": {"EUR"}}
	status, text = v.Send(p.Web+"/server/settings", settings)
	wants("the settings", 503, status, text, full, `action="/server/settings"`, `name="name" value="Our “mates”"`, `value="EUR"`, "Try again")
	empty()
	status, text = v.Send(p.Web+"/server/settings", settings)
	wants("the settings with space", 303, status, text)
	status, text = v.Send(p.Web+"/server/settings", nil)
	wants("the settings afterwards", 200, status, text, "Our “mates”", "EUR")
}
