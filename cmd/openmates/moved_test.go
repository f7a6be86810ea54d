package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"openmates/internal/polltest"
	"openmates/internal/walktest"
)

// Every process that shares a database learns of a new address from the one in
// which it was changed.
func TestAllProcessesMoveAlong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, nil, "serve", "--addr", "127.0.0.1:0", "--data", dir)
	second := start(t, nil, "serve", "--role", "web", "--addr", "127.0.0.1:0", "--data", dir)
	v := walktest.NewVisitor(t, first.Web)
	v.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	link, err := url.Parse(second.SetupLink()) // the last link that was printed counts
	if err != nil {
		t.Fatal(err)
	}
	status, text := v.Send(first.Web+"/setup", url.Values{"code": {link.Query().Get("code")}, "name": {"Ada"}, "username": {"ada"},
		"password": {"three quiet lighthouses"}, "team": {"Harbour"}})
	if status != http.StatusSeeOther {
		t.Fatalf("set-up: %d\n%s", status, text)
	}
	now := strings.Replace(first.Web, "127.0.0.1", "localhost", 1)
	status, text = v.Send(first.Web+"/server/settings", url.Values{"name": {"Harbour"}, "url": {now}, "sign_up": {"invite"}, "currency": {"EUR"}})
	if status != http.StatusOK || !strings.Contains(text, "The address has changed") {
		t.Fatalf("settings: %d\n%s", status, text)
	}
	// Cookies ignore the port, so both share one session.
	polltest.Until(t, "the other process has moved", func() bool {
		status, text = v.Send(second.Web+"/server/settings", nil)
		return status == http.StatusOK && strings.Contains(text, "<code>"+now+"</code>")
	})
}

// A chosen address survives a restart, and the server answers to no other name.
func TestAChosenAddressOutlivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, nil, "serve", "--addr", "127.0.0.1:0", "--data", dir)
	v := walktest.NewVisitor(t, first.Web)
	v.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	link, err := url.Parse(first.SetupLink())
	if err != nil {
		t.Fatal(err)
	}
	v.Send(first.Web+"/setup", url.Values{"code": {link.Query().Get("code")}, "name": {"Ada"}, "username": {"ada"},
		"password": {"three quiet lighthouses"}, "team": {"Harbour"}})
	if status, text := v.Send(first.Web+"/server/settings", url.Values{"name": {"Harbour"}, "url": {first.Web}, "sign_up": {"invite"}, "currency": {"EUR"}}); status != http.StatusSeeOther {
		t.Fatalf("settings: %d\n%s", status, text)
	}
	again := start(t, nil, "serve", "--role", "web", "--addr", "127.0.0.1:0", "--data", dir)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, again.Web+"/signin", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "intranet" // accepted until somebody chooses an address
	resp, err := v.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("after a restart, another name is answered with %d", resp.StatusCode)
	}
}
