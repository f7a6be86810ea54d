package main

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/llm/llmtest"
	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/walktest"
)

// Plants secrets as people enter them, then looks for them everywhere: in every
// page and export, in the log, in the output, and in the bytes of the data
// folder.
func TestNoSecretIsReadable(t *testing.T) {
	t.Parallel()
	const password, providerKey = "canary lighthouse seven", "sk-canary-4Jw8Lq2ZpX"
	sim := discordtest.Start(t, discordtest.Config{MaxConcurrency: 16})
	model, err := llmtest.New(llmtest.Config{Models: []string{"gpt-5-mini"}, Key: openmates.Secret(providerKey)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(model.Close)
	ada := sim.AddPerson("Ada")
	app := sim.AddApplication(ada.ID, "Sophia")
	dir := t.TempDir()
	p := start(t, map[string]string{"OPENMATES_DISCORD_API": sim.API(), "OPENMATES_DISCORD_AUTHORIZE": sim.Authorize()},
		"serve", "--addr", "127.0.0.1:0", "--data", dir, "--log-level", "debug")
	link := p.SetupLink()
	_, code, _ := strings.Cut(link, "code=")

	v := walktest.NewVisitor(t, p.Web)
	v.Post("/setup", url.Values{"code": {code}, "name": {"Ada"}, "username": {"ada"}, "password": {password}, "team": {"Harbour"}}, "Next: Name the server")
	v.Post("/server/settings", url.Values{"name": {"Harbour"}, "url": {p.Web}, "sign_up": {"invite"}, "currency": {"USD"}}, "Saved.")
	v.Post("/server/providers", url.Values{"kind": {"compatible"}, "label": {"Test"}, "url": {model.URL()}, "key": {providerKey}}, "gpt-5-mini")
	v.Post("/server/bots/discord/sophia", url.Values{"token": {app.Token}, "secret": {app.Secret}}, "Sophia")
	// A form with an error keeps its input, except the secret.
	v.Post("/server/bots/discord/mark", url.Values{"token": {app.Token}, "secret": {app.Secret}}, "Mark")
	v.Post("/signin", url.Values{"username": {"ada"}, "password": {password + "x"}}, "")

	secrets := map[string]string{"the password": password, "the provider's key": providerKey, "the bot's token": app.Token,
		"the client secret": app.Secret, "the setup code": code}
	check := func(where, text string) {
		t.Helper()
		for name, s := range secrets {
			if s == "" || strings.Contains(text, s) {
				t.Errorf("%s holds %s", where, name)
			}
		}
	}
	pages := v.Crawl("/server")
	for _, must := range []string{"/server/audit", "/server/audit/export.csv?", "/server/audit/export.json?", "/server/providers/test", "/server/bots/discord/sophia", "/server/settings", "/profile"} {
		if pages[must] == "" {
			t.Errorf("the crawl did not find %s", must)
		}
	}
	for at, body := range pages {
		check(at, body)
	}
	if !strings.Contains(pages["/server/audit/export.csv?"], "provider.add") || !strings.Contains(pages["/server/audit/export.json?"], "bot.set") {
		t.Error("the audit record lacks what was done")
	}
	if code := p.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	check("the log", p.Log.String())
	seen := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		seen += len(b)
		check(filepath.Base(path), string(b))
		return err
	})
	if err != nil || seen < 50_000 {
		t.Errorf("%d bytes of the data folder were read: %v", seen, err)
	}
}
