package walk

import (
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/polltest"
	"openmates/internal/walktest"
	"openmates/test/browsertest"
)

// besieged is a server with two teams that nothing is connected to yet: Ada runs
// it and the team Harbour, Eve the team Lighthouse. Each has a guild. Their
// browsers run no JavaScript, so that the way back from a consent page waits
// for a click and can be looked at.
type besieged struct {
	*stage
	ada, eve     *person
	ours, theirs discordtest.Guild
	sophia       discordtest.Application
}

func newBesieged(t *testing.T) *besieged {
	t.Helper()
	b := &besieged{stage: newStage(t)}
	b.ada, b.ours, b.sophia = b.serves(false, "open")
	b.eve = b.enters("eve", false)
	b.theirs = b.Sim.AddGuild(b.eve.account.ID, "Theirs")
	b.eve.goes("/found")
	b.eve.types("name", "Lighthouse")
	for _, step := range []string{"", "/mates", "/apps", "/money", "/connect"} {
		b.eve.presses(`form[action="/found` + step + `"] button`)
	}
	b.eve.newcomer()
	b.eve.presses(`form[action="/found/account"] button`)
	return b
}

// install adds the mate to a guild up to the page that waits, and returns its
// URL.
func (p *person) install(team, guild string) string {
	p.tab.Helper()
	p.goes("/teams/" + team + "/connect")
	p.presses(`form[action="/teams/` + team + `/install"] button`)
	p.consentPage()
	p.tab.do("choose the guild", chromedp.SetValue(chromedp.ID("guild"), guild))
	return p.agrees()
}

// link is the way of the account to its person up to the page that waits.
func (p *person) link() string {
	p.tab.Helper()
	p.goes("/profile")
	p.presses(`form[action="/profile/link"] button`)
	p.consentPage()
	return p.agrees()
}

func (p *person) agrees() string {
	p.tab.Helper()
	p.presses("#authorize")
	p.waits(processing)
	return strings.TrimPrefix(p.tab.read("location.href"), p.Web)
}

// finishes opens the return URL, clicks the button there and returns the status
// of the result.
func (p *person) finishes(at string) string {
	p.tab.Helper()
	p.goes(at)
	if p.has(processing) {
		p.presses(processing + " button")
	}
	if !p.has(`main a[href^="/"]`) {
		p.tab.Errorf("there is no way on: %s", p.page())
	}
	return p.status()
}

// status is how the server answered with the page that is shown.
func (p *person) status() string {
	p.tab.Helper()
	return p.tab.read(`String(performance.getEntriesByType("navigation")[0].responseStatus)`)
}

// with changes one value of an address.
func with(at, name, value string) string {
	path, query, _ := strings.Cut(at, "?")
	q, _ := url.ParseQuery(query)
	q.Set(name, value)
	return path + "?" + q.Encode()
}

func valueOf(at, name string) string {
	_, query, _ := strings.Cut(at, "?")
	q, _ := url.ParseQuery(query)
	return q.Get(name)
}

// What somebody may try in a browser on the way of a mate into a guild and of
// an account to its person. None of it connects anything, and each leaves a way
// on. What needs a clock or a broken Discord is tried in internal/web.
func TestAttacksInABrowser(t *testing.T) {
	t.Parallel()
	b := newBesieged(t)
	again := b.enters("ada-elsewhere", false)
	again.signsIn("ada")
	for _, c := range []struct {
		name   string
		status string
		try    func() (who *person, status string)
	}{
		{"forged guild_id in the address", "403", func() (*person, string) {
			return b.ada, b.ada.finishes(with(b.ada.install("harbour", b.ours.ID), "guild_id", b.theirs.ID))
		}},
		{"state of another way, with the own code", "422", func() (*person, string) {
			other := valueOf(b.ada.link(), "state")
			return b.ada, b.ada.finishes(with(b.ada.install("harbour", b.ours.ID), "state", other))
		}},
		{"code of somebody else's link", "422", func() (*person, string) {
			stolen := valueOf(b.eve.link(), "code")
			return b.ada, b.ada.finishes(with(b.ada.link(), "code", stolen))
		}},
		{"stolen address, opened by somebody else", "403", func() (*person, string) {
			return b.eve, b.eve.finishes(b.ada.install("harbour", b.ours.ID))
		}},
		{"stolen address, opened by the same person in another browser", "403", func() (*person, string) {
			return again, again.finishes(b.ada.install("harbour", b.ours.ID))
		}},
		{"stolen address, opened by nobody", "401", func() (*person, string) {
			thief := b.enters("thief", false)
			return thief, thief.finishes(b.ada.install("harbour", b.ours.ID))
		}},
		{"victim led to the attacker's link", "403", func() (*person, string) {
			return b.ada, b.ada.finishes(b.eve.link())
		}},
		// Signing out ends what the session began, so there is nothing left to finish.
		{"somebody else signs in on the way, in the same browser", "422", func() (*person, string) {
			at := b.ada.install("harbour", b.ours.ID)
			b.ada.presses(`form[action="/signout"] button`)
			b.ada.signsIn("eve")
			status := b.ada.finishes(at)
			b.ada.presses(`form[action="/signout"] button`)
			b.ada.signsIn("ada")
			return b.ada, status
		}},
		{"sent twice from the history", "422", func() (*person, string) {
			at := with(b.ada.install("harbour", b.ours.ID), "code", "nonsense")
			b.ada.finishes(at)
			return b.ada, b.ada.finishes(at)
		}},
	} {
		who, status := c.try()
		if status != c.status {
			t.Errorf("%s: %s, want %s: %s", c.name, status, c.status, who.page())
		}
		b.nothing(c.name)
	}
	b.sendsTwice()
}

// sendsTwice sends one way back from two tabs at once, with values in its
// address that would lead away. It counts once, and nothing leads away.
func (b *besieged) sendsTwice() {
	b.Helper()
	at := with(b.ada.install("harbour", b.ours.ID), "next", "https://evil.example/")
	at = with(at, "redirect_uri", "//evil.example/")
	two := b.ada.opensTab()
	b.ada.goes(at)
	two.goes(at)
	got := b.together(b.ada, two)
	if got["200"] == nil || got["422"] == nil {
		b.Fatalf("sent from two tabs, it ends with %v", got)
	}
	for _, p := range got {
		if to := p.tab.read("location.href"); !strings.HasPrefix(to, b.Web+"/") {
			b.Errorf("it leads to %s", to)
		}
	}
	b.ada.goes("/teams/harbour/connect")
	b.ada.waits(`progress[value="1"]`)
	if again := b.ada.finishes(at); again != "422" { // a reload, or the history
		b.Errorf("once more: %s", again)
	}
}

// together has people click at the button that waits for each of them, at
// once, and gives who got which status.
func (b *besieged) together(people ...*person) map[string]*person {
	b.Helper()
	for _, p := range people { // a click doesn't wait for its result
		p.tab.read(`(document.documentElement.dataset.left = "yes")`)
		p.tab.do("finish", chromedp.Click(chromedp.CSS(processing+" button")))
	}
	got := map[string]*person{}
	for _, p := range people {
		p.until("a page follows", `document.readyState === "complete" && !("left" in document.documentElement.dataset)`)
		got[p.status()] = p
	}
	return got
}

// opensTab opens a second tab in the person's browser.
func (p *person) opensTab() *person {
	p.tab.Helper()
	second := *p
	second.tab = &tab{T: p.tab.T, ctx: browsertest.Tab(p.ctx, p.tab.T)}
	second.runs(p.scripts)
	return &second
}

// nothing makes sure that no guild and no account is connected.
func (b *besieged) nothing(after string) {
	b.Helper()
	for p, team := range map[*person]string{b.ada: "harbour", b.eve: "lighthouse"} {
		p.goes("/teams/" + team + "/connect")
		if p.has("progress") {
			b.Errorf("%s: a guild of %s is connected", after, team)
		}
		p.goes("/profile")
		if p.has(`form[action="/profile/unlink"]`) {
			b.Errorf("%s: an account of %s is linked", after, p.username)
		}
	}
}

func (p *person) signsIn(username string) {
	p.tab.Helper()
	p.goes("/signin")
	p.types("username", username)
	p.pastes("password", walktest.Password(username))
	p.presses(`form[action="/signin"] button`)
}

// Two people bring one guild to their teams at the same moment. One of them
// wins, and the other one is not told whose it is.
func TestTwoTeamsRaceForAGuildInABrowser(t *testing.T) {
	t.Parallel()
	b := newBesieged(t)
	b.eve.account = b.ada.account // both manage the guild
	b.ada.install("harbour", b.ours.ID)
	b.eve.install("lighthouse", b.ours.ID)
	got := b.together(b.ada, b.eve)
	winner, loser := got["200"], got["409"]
	if winner == nil || loser == nil {
		t.Fatalf("the race ends with %v", got)
	}
	if !winner.has("progress") {
		t.Error("the winner's guild is not shown")
	}
	foreign := map[*person]string{b.ada: "Harbour", b.eve: "Lighthouse"}[winner]
	if strings.Contains(loser.page(), foreign) {
		t.Errorf("the loser is told of %s", foreign)
	}
}

// Every form of the pages, sent from another site by a browser that is signed
// in, changes nothing.
func TestFormsOfAnotherSiteInABrowser(t *testing.T) {
	t.Parallel()
	b := newBesieged(t)
	b.ada.install("harbour", b.ours.ID)
	b.ada.presses(processing + " button")
	b.ada.links()
	v := b.ada.visitor()
	forms := formsOf(v.Crawl("/"), b.Web)
	for _, must := range []string{"/profile/unlink", "/signout", "/teams/harbour/install", "/teams/harbour/connect/discord/" + b.ours.ID + "/disconnect", "/server/settings"} {
		if !slices.ContainsFunc(forms, func(f string) bool { return strings.Contains(f, `action="`+b.Web+must+`"`) }) {
			t.Errorf("among %d forms there is none for %s", len(forms), must)
		}
	}
	_, before := v.Get("/server/audit/export.json")

	// The same host with another port is the same site for cookies.
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<!doctype html><title>Evil</title>"+strings.Join(forms, "\n")+
			`<script>for (const f of [...document.forms]) HTMLFormElement.prototype.submit.call(f)</script>`)
	}))
	t.Cleanup(evil.Close)
	answers := b.ada.hears()
	b.ada.runs(true)
	b.ada.open(evil.URL)
	polltest.Until(b.T, "every form was refused", func() bool { return answers()["403"] == len(forms) })
	if got := answers(); len(got) != 1 {
		t.Errorf("%d forms of another site were answered with %v", len(forms), got)
	}
	if _, after := v.Get("/server/audit/export.json"); after != before {
		t.Errorf("the record says that something happened: %s", after)
	}
	b.ada.goes("/profile")
	b.ada.waits(`form[action="/profile/unlink"]`) // still signed in, still linked
	b.ada.goes("/teams/harbour/connect")
	b.ada.waits(`progress[value="1"]`)
}

// formsOf copies the forms of pages, one for each address that they go to, as
// another site would; each goes to a frame of its own.
func formsOf(pages map[string]string, web string) []string {
	form := regexp.MustCompile(`(?s)<form method="post" action="(/[^"]*)".*?</form>`)
	mate := regexp.MustCompile(`^(/server/(?:mates|bots/discord)/)[a-z]+`)
	var all []string
	seen := map[string]bool{}
	for _, body := range pages {
		for _, m := range form.FindAllStringSubmatch(body, -1) {
			action := html.UnescapeString(m[1])
			if key := mate.ReplaceAllString(action, "$1*"); !seen[key] {
				seen[key] = true
				frame := fmt.Sprintf("frame%d", len(all))
				text := strings.Replace(m[0], `action="`, `target="`+frame+`" action="`+web, 1)
				all = append(all, text+`<iframe name="`+frame+`" hidden></iframe>`)
			}
		}
	}
	return all
}

// hears counts the responses to forms by status from now on.
func (p *person) hears() func() map[string]int {
	p.tab.Helper()
	var mu sync.Mutex
	posted, got := map[network.RequestID]bool{}, map[string]int{}
	err := chromedp.Listen(p.ctx, func(ev any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := ev.(type) {
		case *network.EventRequestWillBeSent:
			posted[e.RequestID] = e.Request.Method == http.MethodPost
		case *network.EventResponseReceived:
			if posted[e.RequestID] {
				got[fmt.Sprint(e.Response.Status)]++
			}
		}
	})
	if err != nil {
		p.tab.Fatal(err)
	}
	return func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		return maps.Clone(got)
	}
}
