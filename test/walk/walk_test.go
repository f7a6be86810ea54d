package walk

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/polltest"
	"openmates/internal/walktest"
	"openmates/test/browsertest"
)

// stage is a walk's, with one Chromium in which everybody has a browser of
// their own.
type stage struct {
	*walktest.Stage
	chrome context.Context
}

func newStage(t *testing.T, known ...string) *stage {
	t.Helper()
	s := &stage{Stage: walktest.NewStage(t, known...), chrome: browse(t).ctx}
	if err := browsertest.Do(s.chrome, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	s.Program = start(t, s.Settings(), walktest.Serve(t)...)
	return s
}

// person is somebody with their own browser and a Discord account.
type person struct {
	*tab
	*stage
	username string
	account  discordtest.Person
	scripts  bool // JavaScript runs in their browser
	consents int  // clicks on Authorize
}

func (s *stage) enters(username string, scripts bool) *person {
	s.Helper()
	ctx := browsertest.Tab(s.chrome, s.T, chromedp.WithNewBrowserContext())
	p := &person{tab: &tab{T: s.T, ctx: ctx}, stage: s, username: username}
	p.account = s.Sim.AddPerson(strings.ToUpper(username[:1]) + username[1:] + " on Discord")
	p.tab.do("get a browser", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	}))
	p.runs(scripts)
	return p
}

// runs switches JavaScript on or off for the pages that are opened from now on.
func (p *person) runs(scripts bool) {
	p.tab.Helper()
	p.scripts = scripts
	p.tab.do("switch JavaScript", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
		return err
	}))
}

// goes opens a page of the server and returns its status.
func (p *person) goes(path string) int64 {
	p.tab.Helper()
	res, err := browsertest.Run(p.ctx, chromedp.NavigateResponse(p.Web+path))
	if err != nil {
		p.tab.Fatalf("open %s: %v", path, err)
	}
	return res.Status
}

// waits waits until the page has loaded and contains an element.
func (p *person) waits(css string) {
	p.tab.Helper()
	p.until("there is "+css, fmt.Sprintf(`document.readyState === "complete" && document.querySelector(%q) !== null`, css))
}

// has reports whether the page contains an element.
func (p *person) has(css string) bool {
	p.tab.Helper()
	ok, err := browsertest.Run(p.ctx, chromedp.Evaluate[bool](fmt.Sprintf(`document.querySelector(%q) !== null`, css)))
	if err != nil {
		p.tab.Fatalf("look for %s: %v", css, err)
	}
	return ok
}

// page is all that the page holds, also what is not shown.
func (p *person) page() string {
	p.tab.Helper()
	return p.tab.read("document.documentElement.outerHTML")
}

// types writes into a field of this name, key by key, over what stood there.
func (p *person) types(name, text string) {
	p.tab.Helper()
	p.tab.do("type into "+name, p.field(name), chromedp.KeyEvent(text))
}

// pastes inserts a text into the field with this name at once, as people do
// with long values.
func (p *person) pastes(name, text string) {
	p.tab.Helper()
	p.tab.do("paste into "+name, p.field(name), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: text})
		return err
	}))
}

// field focuses a field and selects its content.
func (p *person) field(name string) chromedp.Action[chromedp.Void] {
	p.fields++
	css := `main [name="` + name + `"]`
	return chromedp.Steps(chromedp.Focus(chromedp.CSS(css), chromedp.NodeVisible),
		chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.querySelector(%q).select()", css)))
}

// ticks clicks something that changes the page without leaving it.
func (p *person) ticks(css string) {
	p.tab.Helper()
	p.clicks++
	p.waits(css)
	p.tab.do("click "+css, chromedp.Click(chromedp.CSS(css)))
}

// presses clicks something and waits for the next page.
func (p *person) presses(css string) {
	p.tab.Helper()
	p.waits(css)
	p.tab.read(`(document.documentElement.dataset.left = "yes")`)
	p.clicks++
	p.tab.do("click "+css, chromedp.Click(chromedp.CSS(css)))
	p.until("a page follows on "+css, `document.readyState === "complete" && !("left" in document.documentElement.dataset)`)
}

// confirms presses a button that asks for confirmation, then confirms.
func (p *person) confirms(css string) {
	p.tab.Helper()
	p.presses(css)
	p.presses(`main form:has(input[name="confirm"]) button`)
}

// authorizes passes the consent page of the simulated Discord, as who is signed
// in there, and the page that waits behind it. Without JavaScript that page has
// a button.
func (p *person) authorizes(guild string) {
	p.tab.Helper()
	p.consentPage()
	if guild != "" {
		p.tab.do("choose the guild", chromedp.SetValue(chromedp.ID("guild"), guild))
	}
	p.consents++
	p.presses("#authorize")
	p.arrives()
}

// consentPage waits for the consent page and says there who it is.
func (p *person) consentPage() {
	p.tab.Helper()
	p.waits("#consent")
	if !p.has("#me") {
		p.presses(`[data-person="` + p.account.Name + `"]`)
	}
}

const processing = `form[action="/messenger/connect"]`

// arrives waits for the result of returning from the consent page.
func (p *person) arrives() {
	p.tab.Helper()
	if !p.scripts {
		p.waits(processing)
		p.presses(processing + " button")
	}
	p.until("the connection is made", `document.readyState === "complete" && document.querySelector("form[data-send]") === null`)
}

// newcomer fills in the form for a new account.
func (p *person) newcomer() {
	p.tab.Helper()
	p.types("name", strings.ToUpper(p.username[:1])+p.username[1:])
	p.types("username", p.username)
	p.pastes("password", walktest.Password(p.username))
}

// tells fills in facts about the person.
func (p *person) tells(facts ...string) {
	p.tab.Helper()
	if p.has("main form details:not([open])") {
		p.ticks("main form details > summary")
	}
	for _, f := range facts {
		p.types(f, walktest.Fact(f, p.username))
	}
}

// links ties the account on Discord to the one here.
func (p *person) links() {
	p.tab.Helper()
	if !p.has(`form[action="/profile/link"]`) {
		p.goes("/profile")
	}
	p.presses(`form[action="/profile/link"] button`)
	p.authorizes("")
	p.waits(`form[action="/profile/unlink"]`)
}

// says has the person post a message on Discord.
func (p *person) says(g discordtest.Guild, app discordtest.Application, text string) discordtest.Message {
	return p.Sim.Say(g.General, p.account.ID, "<@"+app.BotID+"> "+text)
}

// answered waits until a mate's answer is whole.
func (p *person) answered(to discordtest.Message) string {
	p.tab.Helper()
	return p.reply(to, func(text string) bool { return strings.HasSuffix(text, walktest.ModelsEnd) })
}

// reply waits for a reply that ok accepts.
func (p *person) reply(to discordtest.Message, ok func(string) bool) string {
	p.tab.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, polltest.Patience)
	defer cancel()
	m, err := p.Sim.Await(ctx, func(m discordtest.Message) bool { return m.ReplyTo == to.ID && m.Bot && ok(m.Content) })
	if err != nil {
		p.tab.Fatalf("%s is not answered: %v; the replies are %+v", p.username, err, p.Sim.Replies(to.ID))
	}
	return m.Content
}

// toldOnly makes sure that an answer shows these facts and no other ones.
func (p *person) toldOnly(answer string, facts ...string) {
	p.tab.Helper()
	for _, f := range p.Known {
		mine := false
		for _, g := range facts {
			mine = mine || f == g
		}
		if strings.Contains(answer, f) != mine {
			p.tab.Errorf("%s: %q reached the mate: %v; it said %q", p.username, f, !mine, answer)
		}
	}
}

// visitor is the person's browser without its pages: the same cookies.
func (p *person) visitor() *walktest.Visitor {
	p.tab.Helper()
	v := walktest.NewVisitor(p.tab.T, p.Web)
	u, err := url.Parse(p.Web)
	if err != nil {
		p.tab.Fatal(err)
	}
	got, err := browsertest.Run(p.ctx, chromedp.Action[network.GetCookiesResult](func(ctx context.Context, t *chromedp.Target) (network.GetCookiesResult, error) {
		return cdp.Call(ctx, t, network.GetCookies, network.GetCookiesParams{URLs: []string{p.Web}})
	}))
	if err != nil {
		p.tab.Fatal(err)
	}
	var all []*http.Cookie
	for _, c := range got.Cookies {
		all = append(all, &http.Cookie{Name: c.Name, Value: c.Value, Path: "/"})
	}
	v.Client.Jar.SetCookies(u, all)
	return v
}
