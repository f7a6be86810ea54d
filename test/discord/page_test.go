package discord_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/polltest"
	"openmates/test/browsertest"
)

func run(ctx context.Context, t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := browsertest.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// read evaluates an expression in the page.
func read(ctx context.Context, t *testing.T, expression string) string {
	t.Helper()
	v, err := browsertest.Run(ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// wait is until an expression holds in the page.
func wait(expression string) chromedp.Action[chromedp.Void] {
	return chromedp.Poll[chromedp.Void]("Boolean(" + expression + ")")
}

func TestThePagesOfTheSimulatorWorkInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Open(t)
	t.Run("chat", func(t *testing.T) { browseChat(ctx, t) })
	t.Run("commands", func(t *testing.T) { browseCommands(ctx, t) })
	t.Run("consent", func(t *testing.T) { browseConsent(ctx, t) })
}

func browseChat(ctx context.Context, t *testing.T) {
	s := newPeerScene(t)
	bob := s.AddPerson("Bob")
	s.Join(s.guild.ID, bob.ID)
	run(ctx, t, chromedp.Navigate(s.URL()+chatAt(s, s.guild.General, s.ann.ID)), wait(`document.body.dataset.ready && document.body.dataset.live`))

	composer := chromedp.ID("composer")
	run(ctx, t, chromedp.SendKeys(composer, "@Sophia hi"+kb.Enter))
	said, err := s.Await(ctx, func(m discordtest.Message) bool { return m.AuthorID == s.ann.ID })
	if err != nil || said.Content != "<@"+s.app.BotID+"> hi" {
		t.Fatalf("posted %q, %v", said.Content, err)
	}

	// A reply grows in place, as a streamed answer does.
	r := s.Reply(s.guild.General, s.app.BotID, "first **bold** <img src=x onerror=alert(1)>", said.ID, true)
	row := `document.querySelector('[data-message-id="` + r.ID + `"]')`
	run(ctx, t, wait(row))
	text, reference := read(ctx, t, row+`.querySelector("[data-content]").innerHTML`), read(ctx, t, row+`.querySelector(".reference span:last-child").textContent`)
	if want := "<p>first <strong>bold</strong> &lt;img src=x onerror=alert(1)&gt;</p>"; text != want || reference != "@Sophia hi" {
		t.Errorf("the reply is drawn as %s under %q", text, reference)
	}
	edit(t, s, r, "all of it")
	run(ctx, t, wait(row+`.textContent.includes("all of it")`))

	// The first Enter takes the suggestion, the next one sends.
	run(ctx, t, chromedp.SendKeys(composer, "@bo"), wait(`!document.getElementById("suggestions").hidden`),
		chromedp.SendKeys(composer, kb.Enter+"and"), chromedp.SendKeys(composer, kb.Enter))
	if _, err := s.Await(ctx, func(m discordtest.Message) bool { return m.Content == "<@"+bob.ID+"> and" }); err != nil {
		t.Errorf("the suggestion was not sent: %v", err)
	}
	s.Say(s.guild.General, bob.ID, "- one\n- two\n```go\nx := 1\n```")
	run(ctx, t, wait(`document.querySelectorAll('[data-author="Bob"] li').length === 2 && document.querySelector('[data-author="Bob"] pre[data-language=go]')`))
}

// A command goes to the bot whose entry was chosen, whichever comes first.
func browseCommands(ctx context.Context, t *testing.T) {
	s := newPeerScene(t)
	mark := s.AddApplication(s.ann.ID, "Mark")
	s.Install(s.guild.ID, mark.ID, 377957239872)
	apps := map[string]discordtest.Application{"Sophia": s.app, "Mark": mark}
	for _, app := range apps {
		r, err := http.NewRequest("POST", s.API()+"/v10/applications/"+app.ID+"/commands", strings.NewReader(`{"name":"stop","description":"Stops"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bot "+app.Token)
		r.Header.Set("User-Agent", "DiscordBot (https://example.com, 1)")
		r.Header.Set("Content-Type", "application/json")
		if status, body := fetch(t, r); status != 201 {
			t.Fatalf("register: %d %v", status, body)
		}
	}
	run(ctx, t, chromedp.Navigate(s.URL()+chatAt(s, s.guild.General, s.ann.ID)), wait(`document.body.dataset.ready && document.body.dataset.live`))
	composer := chromedp.ID("composer")
	row := func(app string) string { return `#suggestions [data-suggestion="stop"][data-app="` + app + `"]` }
	ran := func() (bodies []string) {
		for _, r := range s.Requests() {
			if r.Method == "POST" && strings.HasSuffix(r.Path, "/interactions") {
				bodies = append(bodies, string(r.Body))
			}
		}
		return bodies
	}
	for n, name := range []string{"Mark", "Sophia"} {
		run(ctx, t, chromedp.SendKeys(composer, "/st"), wait(`document.querySelector('`+row("Mark")+`') && document.querySelector('`+row("Sophia")+`')`))
		if text := read(ctx, t, `document.querySelector('`+row(name)+`').textContent`); !strings.Contains(text, name) {
			t.Errorf("the entry of %s reads %q", name, text)
		}
		for read(ctx, t, `document.querySelector('#suggestions [aria-selected=true]').dataset.app`) != name {
			run(ctx, t, chromedp.SendKeys(composer, kb.ArrowDown))
		}
		run(ctx, t, chromedp.SendKeys(composer, kb.Enter), chromedp.SendKeys(composer, kb.Enter), wait(`document.getElementById("composer").value === ""`))
		var bodies []string
		polltest.Until(t, "the command goes out", func() bool {
			bodies = ran()
			return len(bodies) > n
		})
		if last := bodies[len(bodies)-1]; len(bodies) != n+1 || !strings.Contains(last, `"application_id":"`+apps[name].ID+`"`) {
			t.Errorf("chosen was %s, and it went out as %s", name, last)
		}
	}
	// Without a choice nothing goes to anybody.
	run(ctx, t, chromedp.SendKeys(composer, "/stop"), wait(`!document.getElementById("suggestions").hidden`),
		chromedp.SendKeys(composer, kb.Escape), chromedp.SendKeys(composer, kb.Enter), wait(`document.body.textContent.includes("Choose one from the list")`))
	if n := len(ran()); n != 2 {
		t.Errorf("%d commands went out", n)
	}
}

func browseConsent(ctx context.Context, t *testing.T) {
	s := newPeerScene(t)
	home := s.AddGuild(s.ann.ID, "Home")
	back := s.URL() + "/developers/applications"
	s.Configure(s.app.ID, func(c *discordtest.Settings) { c.Redirects = []string{back} })
	link := s.Authorize() + "?" + url.Values{
		"client_id": {s.app.ID}, "scope": {"bot identify"}, "permissions": {"377957238848"},
		"response_type": {"code"}, "redirect_uri": {back}, "state": {"xyz"},
	}.Encode()
	arrived := chromedp.WaitVisible(chromedp.ID("applications"))
	run(ctx, t, chromedp.Navigate(link), chromedp.Click(chromedp.CSS(`[data-person="Ann"]`)), chromedp.WaitVisible(chromedp.ID("authorize")),
		chromedp.SetValue(chromedp.ID("guild"), home.ID), chromedp.Click(chromedp.CSS(`[data-permission="64"]`)),
		chromedp.Click(chromedp.ID("authorize")), arrived)
	u, err := url.Parse(read(ctx, t, "location.href"))
	if err != nil {
		t.Fatal(err)
	}
	if q := u.Query(); q.Get("code") == "" || q.Get("guild_id") != home.ID || q.Get("permissions") != "377957238784" {
		t.Errorf("the browser is sent to %s", u)
	}
	run(ctx, t, chromedp.Navigate(link), chromedp.Click(chromedp.ID("cancel")), arrived)
	if at := read(ctx, t, "location.href"); !strings.Contains(at, "error=access_denied") {
		t.Errorf("Cancel sends the browser to %s", at)
	}
}

// edit changes a message of the bot over the REST API.
func edit(t *testing.T, s peerScene, m discordtest.Message, text string) {
	t.Helper()
	r, err := http.NewRequest("PATCH", s.API()+"/v10/channels/"+m.ChannelID+"/messages/"+m.ID, strings.NewReader(`{"content":"`+text+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bot "+s.app.Token)
	r.Header.Set("User-Agent", "DiscordBot (https://example.com, 1)")
	r.Header.Set("Content-Type", "application/json")
	if status, body := fetch(t, r); status != 200 {
		t.Fatalf("edit: %d %v", status, body)
	}
}

// chatAt is the address of a channel's page, as a person sees it.
func chatAt(s peerScene, channel, person string) string {
	return "/channels/" + s.guild.ID + "/" + channel + "?as=" + person
}

// fetch sends a request and returns the status and the JSON object of the answer.
func fetch(t *testing.T, r *http.Request) (int, map[string]any) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body := map[string]any{}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}
