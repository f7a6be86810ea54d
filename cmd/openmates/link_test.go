package main

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"openmates/internal/polltest"
)

// browser is one that is signed in or not, with its cookies.
type browser struct {
	*testing.T
	http.Client
	web string
}

func (p *program) browser() *browser {
	p.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.Fatal(err)
	}
	return &browser{T: p.T, Client: http.Client{Jar: jar, Timeout: 20 * time.Second}, web: p.Web}
}

func (b *browser) read(res *http.Response, err error) string {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.Fatal(err)
	}
	return html.UnescapeString(string(text))
}

func (b *browser) open(address string) string { b.Helper(); return b.read(b.Get(address)) }

func (b *browser) send(path string, fields ...string) string {
	b.Helper()
	f := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		f.Set(fields[i], fields[i+1])
	}
	return b.read(b.PostForm(b.web+path, f))
}

// command runs one of a mate's slash commands and returns what only this person
// sees.
func (m *member) command(app, name string, ok func(string) bool) string {
	m.Helper()
	body := map[string]any{
		"type": 2, "application_id": app, "guild_id": m.guild, "channel_id": m.channel, "data": map[string]any{"name": name},
	}
	polltest.Until(m.T, "/"+name+" is offered", func() bool { return m.tries("/api/v10/interactions", body) })
	said := ""
	polltest.Until(m.T, "/"+name+" is answered", func() bool {
		var list []struct {
			Content string
			Flags   int
		}
		m.get(m.Discord+"/api/v10/channels/"+m.channel+"/messages?limit=100", &list)
		for _, c := range list {
			if c.Flags&(1<<6) != 0 && ok(c.Content) {
				said = c.Content
			}
		}
		return said != ""
	})
	return said
}

func (m *member) tries(path string, body any) bool {
	m.Helper()
	b, _ := json.Marshal(body)
	req, err := http.NewRequestWithContext(m.Context(), http.MethodPost, m.Discord+path, strings.NewReader(string(b)))
	if err != nil {
		m.Fatal(err)
	}
	req.Header.Set("Authorization", m.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		m.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode/100 == 2
}

var identityField = regexp.MustCompile(`name="identity" value="(\d+)"`)

// Somebody whose account isn't linked is told so in the workflow's words,
// follows the mate's link, and gets an answer.
func TestAnUnlinkedPersonLinksAndIsAnswered(t *testing.T) {
	t.Parallel()
	p := start(t, nil, demoArgs(t)...)
	ben, web := p.member("Ben"), p.browser()
	web.send("/signin/demo", "username", "ben")
	found := identityField.FindStringSubmatch(web.open(p.Web + "/profile"))
	if found == nil {
		t.Fatal("Ben has no linked account to begin with")
	}
	web.send("/profile/unlink", "identity", found[1], "confirm", "yes")

	said := ben.say("<@" + ben.bot("Sophia") + "> hello")
	refused := ben.answer(said, func(chatMessage) bool { return true }).Content
	lines := strings.Split(refused, "\n")
	if lines[0] != "Please connect first your Discord account with your OpenMates account" ||
		len(lines) != 2 || lines[1] != "<"+p.Web+"/profile?link=discord>" {
		t.Fatalf("the refusal is %q", refused)
	}
	ben.say("<@" + ben.bot("Mark") + "> are you there?") // not told again

	private := ben.command(ben.bot("Sophia"), "link", func(s string) bool { return strings.Contains(s, "/link?code=") })
	link := regexp.MustCompile(`<(http[^>]+)>`).FindStringSubmatch(private)[1]
	if _, seen := ben.channelSays(p.member("Ada"), "/link?code="); seen {
		t.Error("another person sees the personal link")
	}

	// Who is not signed in signs in first and is led back.
	fresh := p.browser()
	if page := fresh.open(link); !strings.Contains(page, "Sign in first") || !strings.Contains(page, "Discord account Ben") {
		t.Errorf("without a session: %s", page)
	}
	fresh.send("/signin/demo", "username", "ben", "next", "/")
	page := fresh.open(p.Web + "/profile") // as after an invite: the profile leads back
	if !strings.Contains(page, "Link the Discord account Ben to your OpenMates account?") {
		t.Fatalf("the page is %s", page)
	}
	code, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	if page = fresh.send("/link", "code", code.Query().Get("code")); !strings.Contains(page, "Your Discord account Ben is linked.") {
		t.Fatalf("after linking: %s", page)
	}
	if page = web.send("/link", "code", code.Query().Get("code")); !strings.Contains(page, "This code has been used or has expired") {
		t.Errorf("used twice: %s", page)
	}

	said = ben.say("<@" + ben.bot("Sophia") + "> hello")
	ben.answer(said, func(c chatMessage) bool { return strings.Contains(c.Content, "Sophia") })
	if text, seen := ben.channelSays(ben, "Please connect first"); !seen || strings.Count(text, "Please connect first") != 1 {
		t.Errorf("the second refusal within the hour was said, too: %s", text)
	}
	ben.command(ben.bot("Sophia"), "whoami", func(s string) bool { return strings.Contains(s, "the team **Lighthouse**") })
	ben.command(ben.bot("Sophia"), "usage", func(s string) bool {
		return strings.Contains(s, "in the team Lighthouse**") && strings.Contains(s, " USD for 1 request.") && strings.Contains(s, "Left for the team: no limit")
	})
	if strings.Contains(p.Log.String(), code.Query().Get("code")) {
		t.Error("the log holds the code")
	}
}

// channelSays returns everything that a person sees in this member's channel.
func (m *member) channelSays(as *member, part string) (string, bool) {
	m.Helper()
	var list []chatMessage
	as.get(m.Discord+"/api/v10/channels/"+m.channel+"/messages?limit=100", &list)
	var all []string
	for _, c := range list {
		all = append(all, c.Content)
	}
	text := strings.Join(all, "\n")
	return text, slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, part) })
}
