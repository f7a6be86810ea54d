package main

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/llm/llmtest"
	"openmates/internal/messenger/discord/discordtest"
)

// visitor is a browser without JavaScript.
type visitor struct {
	*testing.T
	at string
	c  *http.Client
}

func newVisitor(t *testing.T, at string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, at, &http.Client{Jar: jar}}
}

func (v *visitor) get(path string) (status int, body string) {
	v.Helper()
	return v.send(v.at+path, nil)
}

func (v *visitor) post(path string, form url.Values, want string) string {
	v.Helper()
	status, body := v.send(v.at+path, form)
	if !strings.Contains(body, want) {
		v.Fatalf("POST %s: %d, and the page lacks %q:\n%s", path, status, want, body)
	}
	return body
}

// send opens an address, or sends a form to it as its own page would.
func (v *visitor) send(address string, form url.Values) (status int, body string) {
	v.Helper()
	method, sent := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, sent = http.MethodPost, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(v.Context(), method, address, sent)
	if err != nil {
		v.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
	}
	resp, err := v.c.Do(req)
	if err != nil {
		v.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		v.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// crawl reads every page that links lead to.
func (v *visitor) crawl(from string) map[string]string {
	v.Helper()
	link := regexp.MustCompile(`(?:href|data-refresh)="(/[^"#]*)`)
	pages := map[string]string{}
	for todo := []string{from}; len(todo) > 0; todo = todo[1:] {
		at := strings.ReplaceAll(todo[0], "&amp;", "&")
		if _, seen := pages[at]; seen || strings.HasPrefix(at, "/static/") || strings.HasPrefix(at, "/portraits/") {
			continue
		}
		status, body := v.get(at)
		if status >= 500 {
			v.Errorf("GET %s: %d", at, status)
		}
		pages[at] = body
		for _, m := range link.FindAllStringSubmatch(body, -1) {
			todo = append(todo, m[1])
		}
	}
	return pages
}

// Secrets that people enter are planted, and then looked for wherever they
// could show: in every page and export, in the log, in what is printed, and in
// the bytes of the data folder.
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
	link := setupLink(p)
	_, code, _ := strings.Cut(link, "code=")

	v := newVisitor(t, p.web)
	v.post("/setup", url.Values{"code": {code}, "name": {"Ada"}, "username": {"ada"}, "password": {password}, "team": {"Harbour"}}, "Next: Name the server")
	v.post("/server/settings", url.Values{"name": {"Harbour"}, "url": {p.web}, "sign_up": {"invite"}, "currency": {"USD"}}, "Saved.")
	v.post("/server/providers", url.Values{"kind": {"compatible"}, "label": {"Test"}, "url": {model.URL()}, "key": {providerKey}}, "gpt-5-mini")
	v.post("/server/bots/discord/sophia", url.Values{"token": {app.Token}, "secret": {app.Secret}}, "Sophia")
	// What is wrong comes back to be mended, but without the secret.
	v.post("/server/bots/discord/mark", url.Values{"token": {app.Token}, "secret": {app.Secret}}, "Mark")
	v.post("/signin", url.Values{"username": {"ada"}, "password": {password + "x"}}, "")

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
	pages := v.crawl("/server")
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
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	check("the log", p.stderr.String())
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
