package walk

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"openmates/internal/llm/llmtest"
	"openmates/internal/messenger/discord"
	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/polltest"
	"openmates/internal/walktest"
)

// workflow is the walk through the product's workflow: Ada runs the server and,
// with Dan, the team Harbour in the guild Quay; Ben founds the team Lighthouse
// with the guild Lamp, and Cleo joins him.
type workflow struct {
	*stage
	mates               []mateOfWalk
	ada, ben, cleo, dan *person
	lamp, quay          discordtest.Guild
}

type mateOfWalk struct {
	handle, name string
	app          discordtest.Application
}

// The workflow of the product from its first line to its last: two teams, two
// guilds, four people, all mates. The quoted lines are those of the workflow.
func TestTheWorkflowInABrowser(t *testing.T) {
	t.Parallel()
	var facts []string
	for _, name := range []string{"ada", "ben", "cleo", "dan"} {
		facts = append(facts, walktest.Facts(name)...)
	}
	w := &workflow{stage: newStage(t, facts...)} // "starts docker compose setup on server via terminal"
	w.setsUpTheServer()
	w.setsUpMates()
	w.foundsATeam()
	w.joinsTheTeam()
	w.strangersAreRefused()
	w.addsMates(w.ben, "lighthouse", w.lamp, 13)
	w.linksAccounts(w.ben, w.cleo)
	w.talks()
	w.secondTeam()
	w.eachByItsTeamsLimits()
	w.teamsDoNotSeeEachOther()
	w.removedOnTheWay()
	w.takesAway()
}

// Of the workflow: "Setup server".
func (w *workflow) setsUpTheServer() {
	w.Helper()
	// "will access web interface to continue setup"
	w.ada = w.enters("ada", true)
	w.ada.open(w.SetupLink())
	w.ada.newcomer()
	w.ada.types("team", "Harbour")
	w.ada.presses(`form[action="/setup"] button`)
	w.ada.presses(`a.button[href^="/server/settings"]`)
	w.ada.ticks(`input[name="sign_up"][value="open"]`) // "Setup a new team: no admin rights required"
	w.ada.presses(`form[action="/server/settings"] button`)
	w.ada.presses(`a.button[href="/server/providers"]`)
	w.ada.presses(`a[href="/server/providers/new?kind=compatible"]`)
	w.ada.types("label", "Test")
	w.ada.types("url", w.Model.URL())
	w.ada.presses(`form[action="/server/providers"] button`)
	w.ada.waits(`a[href^="/server/bots"]`)
	w.ada.goes("/server/providers/test") // a budget counts only models with a price
	w.ada.presses(`form[action="/server/providers/test/models"] button`)
	w.ada.waits(`p.flash`)
}

// Of the workflow: "setup AI mates".
func (w *workflow) setsUpMates() {
	w.Helper()
	// "setup which AI mates can be used"
	w.ada.goes("/server/mates")
	for line := range strings.FieldsSeq(w.ada.tab.read(`[...document.querySelectorAll("main h2 a[href^='/server/mates/']")].map(e => e.pathname.split("/").pop() + ":" + e.textContent).join(" ")`)) {
		handle, name, _ := strings.Cut(line, ":")
		w.mates = append(w.mates, mateOfWalk{handle: handle, name: name})
	}
	if len(w.mates) != 13 {
		w.Fatalf("there are %d mates: %v", len(w.mates), w.mates)
	}
	finn := `form[action="/server/mates/finn/switch"]`
	w.ada.confirms(finn + ` button`)
	w.ada.waits(finn + ` input[name="on"][value="1"]`) // he is off
	w.ada.presses(finn + ` button`)
	w.ada.waits(finn + ` input[name="on"][value="0"]`)
	// "modify settings like limitations in terms of what software/apps/providers they can use"
	w.ada.goes("/server/mates/mark")
	w.ada.ticks(`#app-web`)
	w.ada.presses(`form[action="/server/mates/mark/limits"] > button`)
	w.ada.waits(`#app-web:not([checked])`)
	// "for every AI mate: setup screen for connecting an external messenger"
	for i := range w.mates {
		w.setsUpBot(&w.mates[i])
	}
	// "for every Discord application [...] a Discord Listener [...] starts waiting for new messages"
	for _, m := range w.mates {
		polltest.Until(w.T, m.name+" listens", func() bool {
			return slices.ContainsFunc(w.Sim.Connections(m.app.ID), func(c discordtest.Connection) bool { return c.Identified })
		})
	}
}

func (w *workflow) setsUpBot(m *mateOfWalk) {
	w.Helper()
	w.ada.goes("/server/bots/discord/" + m.handle)
	// "user will be guided throw how to set up an application and bot in discord"
	w.ada.waits("ol.steps li")
	redirect := w.ada.tab.read(`[...document.querySelectorAll("ol.steps code")].map(e => e.textContent).find(s => s.includes("/messenger/connect")) || ""`)
	m.app = w.Sim.AddApplication(w.ada.account.ID, m.name)
	w.Sim.Configure(m.app.ID, func(c *discordtest.Settings) { c.Redirects = []string{redirect}; c.CodeGrant = true })
	// "user is asked to enter the application ID"
	w.ada.pastes("app_id", m.app.ID)
	w.ada.pastes("token", m.app.Token)
	w.ada.pastes("secret", m.app.Secret)
	w.ada.presses(`form[action="/server/bots/discord/` + m.handle + `"] button`)
	// "based on application ID, a link with needed permissions will be generated"
	w.ada.waits("[aria-labelledby=invitation] code")
	link, err := url.Parse(w.ada.tab.read(`document.querySelector("[aria-labelledby=invitation] code").textContent`))
	if err != nil || link.Query().Get("client_id") != m.app.ID || link.Query().Get("permissions") == "" {
		w.Errorf("the invitation of %s is %s: %v", m.name, link, err)
	}
}

// Of the workflow: "Setup a new team".
func (w *workflow) foundsATeam() {
	w.Helper()
	// "user (no admin rights required) creates a new team via web interface"
	w.ben = w.enters("ben", true)
	w.ben.goes("/")
	w.ben.presses(`a[href="/found"]`)
	w.ben.types("name", "Lighthouse")
	w.ben.presses(`form[action="/found"] button`)
	// "set settings and limitations of team (what mates to use, what software/apps/providers to use)"
	w.ben.waits(`input[name="mate"][value="sophia"][checked]`)
	w.ben.presses(`form[action="/found/mates"] button`)
	w.ben.ticks("#app-calculation") // this team does without
	w.ben.presses(`form[action="/found/apps"] button`)
	w.ben.types("per_month", "20")
	w.ben.presses(`form[action="/found/money"] button`)
	w.ben.presses(`form[action="/found/connect"] button`)
	// "user will then be asked to create a new user account [...] incl. preferences / settings"
	w.ben.newcomer()
	w.ben.tells("tone", "about", "goals")
	w.ben.presses(`form[action="/found/account"] button`)
	// "in the end, will direct to screen for connecting discord guildes"
	if at := w.ben.tab.read("location.pathname"); at != "/teams/lighthouse/connect" {
		w.Fatalf("founding ends at %s", at)
	}
}

// Of the workflow: "Join an existing team".
func (w *workflow) joinsTheTeam() {
	w.Helper()
	// "invites can also be limited to certain email addresses"
	w.ben.goes("/teams/lighthouse/invites")
	w.ben.types("only", "example.org")
	link := w.ben.makesLink("lighthouse")
	// "user can join via invite link"
	w.cleo = w.enters("cleo", true)
	w.cleo.open(link)
	// "user will then be asked to create a new user account [...] incl. preferences / settings"
	w.cleo.newcomer()
	w.cleo.tells("tone", "about", "goals")
	w.cleo.types("email", "cleo@example.com")
	w.cleo.presses(`form[action^="/join/"] button`)
	w.cleo.waits(`form[action^="/join/"] input[name="email"]`) // not an address that was invited
	w.cleo.types("email", "cleo@example.org")
	w.cleo.newcomer() // a password is not shown again
	w.cleo.presses(`form[action^="/join/"] button`)
	w.cleo.waits(`a[href="/teams/lighthouse"]`)

	w.dan = w.enters("dan", true) // he has no account here yet
	w.lamp, w.quay = w.Sim.AddGuild(w.ben.account.ID, "Lamp"), w.Sim.AddGuild(w.ada.account.ID, "Quay")
	for _, p := range []*person{w.cleo, w.dan, w.ada} {
		w.Sim.Join(w.lamp.ID, p.account.ID)
	}
	w.Sim.Join(w.quay.ID, w.dan.account.ID)
}

// "if team with discord_guilde_id [...] cannot be found, respond with [...]":
// a bot that somebody added by a bare link.
func (w *workflow) strangersAreRefused() {
	w.Helper()
	sophia := w.mate("sophia")
	w.Sim.Install(w.quay.ID, sophia.ID, int64(discord.Default))
	w.refused(w.ada, w.quay, sophia, walktest.Unconnected)
}

// Of the workflow: "Invite AI mates to Discord, Slack, etc.".
func (w *workflow) addsMates(p *person, team string, guild discordtest.Guild, clicks int) {
	w.Helper()
	// "a user can see all the mates which are allowed to be connected to external messengers"
	p.goes("/teams/" + team + "/connect")
	install := fmt.Sprintf(`form[action="/teams/%s/install"]`, team)
	if n := p.tab.read(fmt.Sprintf(`String(document.querySelectorAll(%q).length)`, install)); n != "13" {
		w.Fatalf("%s can add %s mates", team, n)
	}
	fields, consents := p.fields, p.consents
	p.presses(install + " button")
	p.consentPage()
	// "web interface will show oauth2 links for the mates [...] also attach currently open team and the clicked mate"
	link, err := url.Parse(p.tab.read("location.href"))
	if err != nil {
		w.Fatal(err)
	}
	q := link.Query()
	if q.Get("scope") != "bot applications.commands" || q.Get("response_type") != "code" || q.Get("permissions") == "" || q.Get("state") == "" || q.Get("redirect_uri") != w.Web+"/messenger/connect" {
		w.Errorf("the consent page is %s", link)
	}
	p.authorizes(guild.ID)
	// "user repeats the process for every mate he wants to add to his Discord guilde"
	for p.has(install + " button[autofocus]") {
		p.presses(install + " button[autofocus]")
		p.waits(`#guild[data-guild="` + guild.ID + `"]`) // chosen already
		p.authorizes("")
	}
	p.waits(`progress[max="13"][value="13"]`)
	if p.fields != fields || p.consents-consents != clicks {
		w.Errorf("%d fields and %d consents, want none and %d", p.fields-fields, p.consents-consents, clicks)
	}
}

// Of the workflow: "Link user account with Discord, Slack, etc.".
func (w *workflow) linksAccounts(people ...*person) {
	w.Helper()
	for _, p := range people {
		p.links()
	}
}

// Of the workflow: "A user sends a message to the Ai team mate via messenger".
func (w *workflow) talks() {
	w.Helper()
	sophia, mark := w.mate("sophia"), w.mate("mark")
	// "code checks if the message is mentioning bot directly and is not from the bot itself"
	aside := w.Sim.Say(w.lamp.General, w.ben.account.ID, "Nobody is meant.")
	own := w.Sim.Say(w.lamp.General, sophia.BotID, "<@"+sophia.BotID+"> I talk to myself.")
	// "will load custom user data for specific team and then process message accordingly"
	w.answers(w.ben, w.lamp, sophia, "Lamp one")
	w.answers(w.cleo, w.lamp, sophia, "Lamp two")
	w.answers(w.cleo, w.lamp, mark, "Lamp three")
	w.answers(w.ben, w.lamp, sophia, "Lamp four")
	for _, m := range []discordtest.Message{aside, own} {
		if r := w.Sim.Replies(m.ID); len(r) > 0 {
			w.Errorf("%q is answered: %+v", m.Content, r)
		}
	}
	if n := w.Model.Count(); n != 4 {
		w.Errorf("the model was asked %d times", n)
	}
	for _, m := range w.mates { // all are here
		w.answers(w.ben, w.lamp, m.app, "Lamp, "+m.name)
	}
	// "or user with discord_user_id cannot be found, respond with [...]"
	w.refused(w.dan, w.lamp, sophia, walktest.Unlinked)
}

// The second team takes the same way with its own guild and its own people.
func (w *workflow) secondTeam() {
	w.Helper()
	w.ada.goes("/profile/preferences")
	w.ada.tells("tone", "about", "goals")
	w.ada.presses(`form[action="/profile/preferences"] button`)
	link := w.ada.invites("harbour", "1")
	w.dan.open(link)
	w.dan.newcomer()
	w.dan.tells("tone", "about", "goals")
	w.dan.presses(`form[action^="/join/"] button`)
	w.addsMates(w.ada, "harbour", w.quay, 12) // Sophia is there, and with the guild's team she is in
	w.linksAccounts(w.ada, w.dan)
	for i, m := range w.mates {
		p := []*person{w.ada, w.dan}[i%2]
		w.answers(p, w.quay, m.app, "Quay, "+m.name)
	}
	w.refused(w.ada, w.lamp, w.mate("sophia"), walktest.NoMember) // an account, but not of this team
}

// A guild answers by the limits of its team, and of its mates.
func (w *workflow) eachByItsTeamsLimits() {
	w.Helper()
	for about, want := range map[string]string{"Lamp one": "web", "Lamp, Mark": "", "Quay, Sophia": "calculation web", "Quay, Mark": "calculation"} {
		if got := w.apps(about); got != want {
			w.Errorf("in %q the mate may use the apps %q, want %q", about, got, want)
		}
	}
	w.ada.goes("/teams/harbour/limits")
	w.ada.ticks(`input[name="mate"][value="mark"]`)
	w.ada.presses(`form[action="/teams/harbour/limits"] > button`)
	asked := w.Model.Count()
	said := w.dan.says(w.quay, w.mate("mark"), "May I?")
	if got := w.dan.reply(said, func(string) bool { return true }); !strings.Contains(got, "Harbour") || w.Model.Count() != asked {
		w.Errorf("Harbour may not use Mark, and yet: %q", got)
	}
	w.answers(w.ben, w.lamp, w.mate("mark"), "Lamp five")
}

// Nobody of one team sees the other one.
func (w *workflow) teamsDoNotSeeEachOther() {
	w.Helper()
	for _, c := range []struct {
		who          *person
		own, foreign string
		guild        discordtest.Guild
	}{
		{w.ben, "lighthouse", "harbour", w.quay}, {w.cleo, "lighthouse", "harbour", w.quay}, {w.dan, "harbour", "lighthouse", w.lamp},
	} {
		for _, page := range []string{"", "/people", "/limits", "/invites", "/usage", "/connect", "/connect/discord/" + c.guild.ID + "/sophia"} {
			if status := c.who.goes("/teams/" + c.foreign + page); status != http.StatusNotFound {
				w.Errorf("%s opens %s of %s: %d", c.who.username, page, c.foreign, status)
			}
		}
		pages := c.who.visitor().Crawl("/")
		if pages["/teams/"+c.own] == "" || pages["/teams/"+c.own+"/connect"] == "" {
			w.Errorf("%s did not find the own team among %d pages", c.who.username, len(pages))
		}
		for at, body := range pages {
			if strings.Contains(strings.ToLower(body), c.foreign) || strings.Contains(body, c.guild.ID) {
				w.Errorf("%s sees %s at %s", c.who.username, c.foreign, at)
			}
		}
	}
	if status := w.ada.goes("/teams/lighthouse"); status != http.StatusNotFound { // who runs the server is no member of every team
		w.Errorf("Ada opens Lighthouse: %d", status)
	}
}

// Cleo stands at the consent page when Ben removes her from the team.
func (w *workflow) removedOnTheWay() {
	w.Helper()
	own := w.Sim.AddGuild(w.cleo.account.ID, "Own")
	w.answers(w.cleo, w.lamp, w.mate("sophia"), "Lamp six")
	w.cleo.goes("/teams/lighthouse/connect")
	w.cleo.presses(`[aria-labelledby="new"] form[action="/teams/lighthouse/install"] button`)
	w.cleo.consentPage()

	w.ben.goes("/teams/lighthouse/people")
	w.ben.confirms(`form[action="/teams/lighthouse/people/cleo/remove"] button`)
	w.refused(w.cleo, w.lamp, w.mate("sophia"), walktest.NoMember) // the very next message
	w.cleo.authorizes(own.ID)
	w.ben.goes("/teams/lighthouse/connect")
	if strings.Contains(w.ben.page(), own.ID) {
		w.Error("the guild of somebody who was removed is the team's")
	}
	if status := w.cleo.goes("/teams/lighthouse"); status != http.StatusNotFound {
		w.Errorf("Cleo opens the team that she was removed from: %d", status)
	}
	w.answers(w.ben, w.lamp, w.mate("sophia"), "Lamp seven")
}

// What is walktest.Unlinked or disconnected counts with the very next message.
func (w *workflow) takesAway() {
	w.Helper()
	sophia := w.mate("sophia")
	w.answers(w.dan, w.quay, sophia, "Quay one")
	w.dan.goes("/profile")
	w.dan.confirms(`form[action="/profile/unlink"] button`)
	w.refused(w.dan, w.quay, sophia, walktest.Unlinked)

	w.answers(w.ada, w.quay, sophia, "Quay two")
	w.ada.goes("/teams/harbour/connect")
	w.ada.ticks("main details > summary")
	w.ada.confirms(`form[action="/teams/harbour/connect/discord/` + w.quay.ID + `/disconnect"] button`)
	asked := w.Model.Count()
	unheard := w.ada.says(w.quay, sophia, "Are you still here?")
	w.Sim.Install(w.quay.ID, sophia.ID, int64(discord.Default)) // by a bare link again
	w.refused(w.ada, w.quay, sophia, walktest.Unconnected)
	if r := w.Sim.Replies(unheard.ID); len(r) > 0 || w.Model.Count() != asked {
		w.Errorf("after the disconnect it answered %+v", r)
	}
	w.answers(w.ben, w.lamp, sophia, "Lamp eight")
}

func (w *workflow) mate(handle string) discordtest.Application {
	w.Helper()
	i := slices.IndexFunc(w.mates, func(m mateOfWalk) bool { return m.handle == handle })
	if i < 0 {
		w.Fatalf("there is no mate %s", handle)
	}
	return w.mates[i].app
}

// answers makes sure that a mate answers with the asker's own facts alone.
func (w *workflow) answers(p *person, g discordtest.Guild, app discordtest.Application, text string) {
	w.Helper()
	p.toldOnly(p.answered(p.says(g, app, text)), walktest.Facts(p.username)...)
}

// refused makes sure that a mate refuses with a sentence, to the letter, and
// that no model is asked.
func (w *workflow) refused(p *person, g discordtest.Guild, app discordtest.Application, sentence string) {
	w.Helper()
	asked := w.Model.Count()
	got := p.reply(p.says(g, app, "Do you hear me?"), func(string) bool { return true })
	if first, _, _ := strings.Cut(got, "\n"); first != sentence || w.Model.Count() != asked {
		w.Errorf("%s is refused with %q, want %q", p.username, first, sentence)
	}
}

// apps are those that the model could use when it was asked this.
func (w *workflow) apps(about string) string {
	w.Helper()
	all := w.Model.Questions()
	i := slices.IndexFunc(all, func(q llmtest.Question) bool { return strings.HasSuffix(q.Last(), about) })
	if i < 0 {
		w.Fatalf("the model was not asked %q", about)
	}
	var apps []string
	for _, app := range []string{"calculation", "web"} {
		if strings.Contains(string(all[i].Body), `"name":"`+app+`_`) {
			apps = append(apps, app)
		}
	}
	return strings.Join(apps, " ")
}
