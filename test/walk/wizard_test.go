package walk

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"openmates/internal/llm/llmtest"
	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/polltest"
	"openmates/test/browsertest"
)

// tab is a tab of a headless Chromium in which the pages are walked.
type tab struct {
	*testing.T
	ctx    context.Context
	fields int // that were filled in
	clicks int
}

// browse opens a tab, or skips the test unless OPENMATES_TEST_CHROMIUM
// names a Chromium.
func browse(t *testing.T) *tab {
	t.Helper()
	return &tab{T: t, ctx: browsertest.Open(t)}
}

func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := browsertest.Do(b.ctx, steps...); err != nil {
		b.Fatalf("%s: %v\nthe page at %s says: %s", what, err, b.read("location.href"), b.read("document.body.innerText"))
	}
}

// read evaluates an expression in the page.
func (b *tab) read(expression string) string {
	b.Helper()
	v, err := browsertest.Run(b.ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		return fmt.Sprintf("(%v)", err)
	}
	return v
}

func (b *tab) open(address string) { b.Helper(); b.do("open "+address, chromedp.Navigate(address)) }

// setsUp opens the setup link of a new server and makes its first admin.
func (b *tab) setsUp(link string) {
	b.Helper()
	b.open(link)
	b.fill("name", "Ada Lovelace")
	b.fill("username", "ada")
	b.fill("password", "three quiet lighthouses")
	b.fill("team", "Harbour")
	b.click("Set up the server")
	b.sees("Next: Name the server")
}

// fill types into the field of this name.
func (b *tab) fill(name, text string) {
	b.Helper()
	b.fields++
	b.do("fill in "+name, chromedp.SetValue(chromedp.CSS(`main [name="`+name+`"]`), text))
}

// click follows what a person sees as a link or button with this text.
func (b *tab) click(text string) {
	b.Helper()
	b.clicks++
	b.until("there is "+text, fmt.Sprintf(`(() => {
		const found = [...document.querySelectorAll("main a, main button, nav a, .next a")].find(e => e.innerText.trim().startsWith(%q));
		found?.setAttribute("data-clicked", "");
		return Boolean(found);
	})()`, text))
	b.do("click "+text, chromedp.Click(chromedp.CSS(`[data-clicked]`)))
}

// sees waits until the page shows this text.
func (b *tab) sees(text string) {
	b.Helper()
	b.until("the page says "+text, fmt.Sprintf(`document.readyState === "complete" && document.body.innerText.includes(%q)`, text))
}

// until asks the page, also while it changes to another one.
func (b *tab) until(what, expression string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browsertest.Patience)
	defer cancel()
	if !polltest.Await(ctx, func() bool {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		return err == nil && ok
	}) {
		b.Fatalf("waited in vain until %s\nthe page at %s says: %s", what, b.read("location.href"), b.read("document.body.innerText"))
	}
}

// consent passes the simulated Discord's own page as somebody.
func (b *tab) consent(person string) {
	b.Helper()
	b.clicks++
	b.do("consent", chromedp.Click(chromedp.CSS(`[data-person="`+person+`"]`)), chromedp.WaitVisible(chromedp.ID("authorize")), chromedp.Click(chromedp.ID("authorize")))
}

// The first flow of the product, from an empty folder to the first answered
// mention, as a person walks it.
func TestTheWizardInABrowser(t *testing.T) {
	t.Parallel()
	b := browse(t)
	sim := discordtest.Start(t, discordtest.Config{})
	model, err := llmtest.New(llmtest.Config{Models: []string{"gpt-5-mini"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(model.Close)
	person := sim.AddPerson("Ada")
	guild := sim.AddGuild(person.ID, "Harbour")
	p := start(t, map[string]string{"OPENMATES_DISCORD_API": sim.API(), "OPENMATES_DISCORD_AUTHORIZE": sim.Authorize()},
		"serve", "--addr", "127.0.0.1:0", "--data", t.TempDir(), "--log-level", "debug")
	begun := time.Now()

	b.setsUp(p.SetupLink())

	b.click("Do it now")
	b.sees("Who can sign up?")
	b.click("Check and save") // all fields are proposed
	b.sees("Next: Add a model")

	b.click("Do it now")
	b.sees("Add your first provider")
	b.click("Add by address")
	b.sees("It usually ends with /v1")
	b.fill("label", "Test")
	b.fill("url", model.URL())
	b.click("Check and save")
	b.sees("gpt-5-mini")
	b.click("Next: Create a bot for a mate")
	b.sees("Every mate has its own application")
	b.click("Sophia")
	b.sees("Set it up in five minutes")
	app := sim.AddApplication(person.ID, "Sophia")
	redirect := b.read(`[...document.querySelectorAll(".copy code")].map(e => e.innerText).find(s => s.includes("/messenger/connect"))`)
	sim.Configure(app.ID, func(c *discordtest.Settings) { c.Redirects = []string{redirect}; c.CodeGrant = true })
	b.fill("token", app.Token)
	b.fill("secret", app.Secret)
	b.click("Check and save")
	b.sees("Online")
	b.open(b.read("location.href")) // the bar at the top is as old as the page
	b.click("Next: Add the mate to your team")
	b.click("Add to Discord")
	b.do("choose the guild", chromedp.Click(chromedp.CSS(`[data-person="Ada"]`)), chromedp.WaitVisible(chromedp.ID("authorize")),
		chromedp.SetValue(chromedp.ID("guild"), guild.ID), chromedp.Click(chromedp.ID("authorize")))
	b.sees("Sophia has joined Harbour")
	b.click("Next: Link your own account")
	b.click("Link to Discord")
	b.consent("Ada")
	b.sees("account Ada is linked")
	b.click("Next: Ask your first question")
	b.sees("In your messenger, type @Sophia hello")

	sim.Say(guild.General, person.ID, "<@"+app.BotID+"> hello")
	b.sees("It works: your server is set up.") // the page notices by itself
	t.Logf("%d fields, %d clicks, %s in the product", b.fields, b.clicks, time.Since(begun).Round(time.Second))
	if b.fields > 12 {
		t.Errorf("%d fields had to be filled in", b.fields)
	}
	b.open(p.Web + "/server")
	b.sees("of 1 connected")
	b.open(p.Web + "/server/audit")
	b.sees("server.setup")
}
