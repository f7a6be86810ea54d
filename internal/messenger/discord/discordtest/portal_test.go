package discordtest_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"openmates/internal/messenger/discord/discordtest"
)

// visitor is a browser without JavaScript.
type visitor struct {
	*http.Client
	base string
}

func newVisitor(t *testing.T, s *discordtest.Server) visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return visitor{&http.Client{Jar: jar}, s.URL()}
}

// do sends a form, or opens a page when form is nil, and gives where it ended.
func (v visitor) do(t *testing.T, path string, form url.Values, status int) (page string, at *url.URL) {
	t.Helper()
	var resp *http.Response
	var err error
	if form == nil {
		resp, err = v.Get(v.base + path)
	} else {
		resp, err = v.PostForm(v.base+path, form)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != status {
		t.Fatalf("%s: %d, want %d\n%s", path, resp.StatusCode, status, b)
	}
	return string(b), resp.Request.URL
}

// field is the value of an input by its id.
func field(t *testing.T, page, id string) string {
	t.Helper()
	m := regexp.MustCompile(`<input id="` + id + `" readonly value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the page has no field %q\n%s", id, page)
	}
	return m[1]
}

// The way of the set-up instructions: make an application, take its id, its
// token and its secret, register a redirect, choose the bot's settings.
func TestPortalSetUp(t *testing.T) {
	t.Parallel()
	s := discordtest.Start(t, discordtest.Config{})
	v := newVisitor(t, s)
	v.do(t, "/sim/persons", url.Values{"name": {"Ann"}, "next": {"/developers/applications"}}, 200)
	page, at := v.do(t, "/developers/applications", url.Values{"name": {"Sophia"}}, 200)
	app := "/developers/applications/" + field(t, page, "application-id")
	if at.Path != app+"/information" {
		t.Errorf("after Create at %s", at)
	}

	page, _ = v.do(t, app+"/oauth2", url.Values{"action": {"reset-secret"}}, 200)
	secret := field(t, page, "client-secret")
	page, _ = v.do(t, app+"/oauth2", url.Values{"action": {"add-redirect"}, "redirect": {backHere}}, 200)
	if strings.Contains(page, secret) || !strings.Contains(page, `data-redirect="`+backHere+`"`) {
		t.Error("the secret is shown again, or the redirect is not")
	}
	v.do(t, app+"/oauth2", url.Values{"action": {"add-redirect"}, "redirect": {"nonsense"}}, 400)

	page, _ = v.do(t, app+"/bot", url.Values{"action": {"reset-token"}}, 200)
	token := field(t, page, "token")
	v.do(t, app+"/bot", url.Values{"action": {"bot"}, "username": {"Sophie"}, "code_grant": {"on"}, "content": {"on"}}, 200)

	r, err := http.NewRequest("GET", s.API()+"/v10/applications/@me", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bot "+token)
	r.Header.Set("User-Agent", "DiscordBot (https://example.com, 1)")
	status, me := fetch(t, r)
	bot, _ := me["bot"].(map[string]any)
	if status != 200 || me["name"] != "Sophia" || bot["username"] != "Sophie" || me["bot_public"] != false || me["bot_require_code_grant"] != true {
		t.Errorf("applications/@me: %d %v", status, me)
	}
	if list, _ := me["redirect_uris"].([]any); len(list) != 1 || list[0] != backHere {
		t.Errorf("redirect_uris = %v", me["redirect_uris"])
	}
	v.do(t, app+"/information", url.Values{"action": {"delete"}, "confirm": {"something"}}, 400)
	page, _ = v.do(t, app+"/information", url.Values{"action": {"delete"}, "confirm": {"Sophia"}}, 200)
	if strings.Contains(page, `data-application="Sophia"`) {
		t.Error("the deleted application is still listed")
	}
	if status, _ := fetch(t, r); status != 401 {
		t.Errorf("the token of the deleted application answers %d", status)
	}
}

func TestPortalKeepsStrangersOut(t *testing.T) {
	t.Parallel()
	s := discordtest.Start(t, discordtest.Config{})
	ann, bob := s.AddPerson("Ann"), s.AddPerson("Bob")
	app := s.AddApplication(ann.ID, "Sophia")
	at := "/developers/applications/" + app.ID + "/bot"
	v := newVisitor(t, s)
	page, _ := v.do(t, at, nil, 200)
	if !strings.Contains(page, "Sign in") || strings.Contains(page, "Reset Token") {
		t.Error("a stranger is not asked to sign in")
	}
	v.do(t, at+"?as="+bob.ID, nil, 404)
	v.do(t, at, url.Values{"action": {"reset-token"}}, 404)
	v.do(t, at+"?as="+ann.ID, nil, 200)

	r, err := http.NewRequest("POST", s.URL()+at+"?as="+ann.ID, strings.NewReader("action=reset-token"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := v.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a form of another site answers %d", resp.StatusCode)
	}
}

func TestPortalGeneratesLink(t *testing.T) {
	t.Parallel()
	s := newOAuthScene(t)
	v := newVisitor(t, s.Server)
	page, _ := v.do(t, "/developers/applications/"+s.app.ID+"/oauth2?as="+s.ann.ID+"&scope=bot&permission=1024&permission=2048&redirect="+url.QueryEscape(backHere), nil, 200)
	link := strings.ReplaceAll(field(t, page, "generated"), "&amp;", "&")
	if to, err := s.Approve(link, s.ann.ID, s.home.ID); err != nil || !strings.Contains(to, "permissions=3072") {
		t.Errorf("the link %s leads to %q, %v", link, to, err)
	}
}
