package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"openmates/internal/messenger/discord/discordtest"
)

// A server moves to another name while somebody looks: the browser shows what
// that costs instead of nothing, the way on works, and the redirect that
// Discord does not know yet is on the overview without anybody asking for it.
func TestAServerMovesInABrowser(t *testing.T) {
	t.Parallel()
	b := browse(t)
	sim := discordtest.Start(t, discordtest.Config{})
	person := sim.AddPerson("Ada")
	p := start(t, map[string]string{"OPENMATES_DISCORD_API": sim.API(), "OPENMATES_DISCORD_AUTHORIZE": sim.Authorize()},
		"serve", "--addr", "127.0.0.1:0", "--data", t.TempDir())
	app := sim.AddApplication(person.ID, "Sophia")
	sim.Configure(app.ID, func(c *discordtest.Settings) {
		c.Redirects = []string{p.web + "/messenger/connect"}
		c.CodeGrant = true
	})
	b.open(setupLink(p))
	b.fill("name", "Ada Lovelace")
	b.fill("username", "ada")
	b.fill("password", "three quiet lighthouses")
	b.fill("team", "Harbour")
	b.click("Set up the server")
	b.sees("Next: Name the server")
	b.open(p.web + "/server/bots/discord/sophia")
	b.fill("token", app.Token)
	b.fill("secret", app.Secret)
	b.click("Check and save")
	b.sees("Online")

	now := strings.Replace(p.web, "127.0.0.1", "localhost", 1)
	b.open(p.web + "/server/settings")
	b.fill("url", now)
	b.click("Save")
	b.sees("The address has changed")
	b.sees(now + "/messenger/connect")
	b.click("Continue at the new address")
	b.sees("Username")
	if at := b.read("location.origin"); at != now {
		t.Errorf("the way on leads to %s", at)
	}
	b.fill("username", "ada")
	b.fill("password", "three quiet lighthouses")
	b.click("Sign in")
	b.sees("The server’s name and address")
	b.open(now + "/server")
	b.sees("replace it with exactly this address, and save: " + now) // the page notices by itself
	b.open(now + "/teams/harbour/connect")
	b.sees("almost right")
	sim.Configure(app.ID, func(c *discordtest.Settings) { c.Redirects = []string{now + "/messenger/connect"} })
	b.open(now + "/server/bots/discord/sophia")
	b.click("Check again")
	b.sees("and the redirect points there")
}

// Every process that shares a database learns of a new address from the one in
// which it was changed.
func TestAllProcessesMoveAlong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, nil, "serve", "--addr", "127.0.0.1:0", "--data", dir)
	second := start(t, nil, "serve", "--role", "web", "--addr", "127.0.0.1:0", "--data", dir)
	v := newVisitor(t, first.web)
	v.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	link, err := url.Parse(setupLink(second)) // the last link that was printed counts
	if err != nil {
		t.Fatal(err)
	}
	status, text := v.send(first.web+"/setup", url.Values{"code": {link.Query().Get("code")}, "name": {"Ada"}, "username": {"ada"},
		"password": {"three quiet lighthouses"}, "team": {"Harbour"}})
	if status != http.StatusSeeOther {
		t.Fatalf("set-up: %d\n%s", status, text)
	}
	now := strings.Replace(first.web, "127.0.0.1", "localhost", 1)
	status, text = v.send(first.web+"/server/settings", url.Values{"name": {"Harbour"}, "url": {now}, "sign_up": {"invite"}, "currency": {"EUR"}})
	if status != http.StatusOK || !strings.Contains(text, "The address has changed") {
		t.Fatalf("settings: %d\n%s", status, text)
	}
	// A cookie knows no port, so that the session is one at both.
	give := time.After(20 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		status, text = v.send(second.web+"/server/settings", nil)
		if status == http.StatusOK && strings.Contains(text, "<code>"+now+"</code>") {
			return
		}
		select {
		case <-tick.C:
		case <-give:
			t.Fatalf("the other process has not moved: %d\n%s", status, text)
		}
	}
}

// An address that somebody has chosen stays the one that counts after a restart:
// the server then answers to no other name.
func TestAChosenAddressOutlivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, nil, "serve", "--addr", "127.0.0.1:0", "--data", dir)
	v := newVisitor(t, first.web)
	v.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	link, err := url.Parse(setupLink(first))
	if err != nil {
		t.Fatal(err)
	}
	v.send(first.web+"/setup", url.Values{"code": {link.Query().Get("code")}, "name": {"Ada"}, "username": {"ada"},
		"password": {"three quiet lighthouses"}, "team": {"Harbour"}})
	if status, text := v.send(first.web+"/server/settings", url.Values{"name": {"Harbour"}, "url": {first.web}, "sign_up": {"invite"}, "currency": {"EUR"}}); status != http.StatusSeeOther {
		t.Fatalf("settings: %d\n%s", status, text)
	}
	again := start(t, nil, "serve", "--role", "web", "--addr", "127.0.0.1:0", "--data", dir)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, again.web+"/signin", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "intranet" // which it answers to as long as nobody has chosen an address
	resp, err := v.c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("after a restart, another name is answered with %d", resp.StatusCode)
	}
}
