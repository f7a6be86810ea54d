package walk

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/walktest"
)

// Two people follow one invite link, each in their own browser, and end up as
// linked members who talk with a mate that knows the facts about them, with and
// without JavaScript.
func TestFromTheInviteToTheTalkingMember(t *testing.T) {
	t.Parallel()
	for name, scripts := range map[string]bool{"with JavaScript": true, "without JavaScript": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, slices.Concat(walktest.Facts("noor"), walktest.Facts("pavel"))...)
			ada, guild, sophia := s.harbour(scripts)
			link := ada.invites("harbour", "2")

			// Side by side, so that a mix-up of the two would show.
			noor, pavel := s.enters("noor", scripts), s.enters("pavel", scripts)
			both := []*person{noor, pavel}
			for _, p := range both {
				s.Sim.Join(guild.ID, p.account.ID)
				p.open(link)
				p.newcomer()
				if zone := p.read(`document.querySelector("[name=time_zone]").value`); (zone != "") != scripts {
					t.Errorf("JavaScript runs: %v; and the time zone is proposed as %q", scripts, zone)
				}
				p.tells("tone", "about")
			}
			for _, p := range both {
				p.presses(`form[action^="/join/"] button`)
			}
			for _, p := range both {
				p.goes("/profile/preferences")
				p.tells("goals")
				p.presses(`form[action="/profile/preferences"] button`)
			}
			for _, p := range both {
				p.links()
				if page := p.page(); !strings.Contains(page, p.account.Name) {
					t.Errorf("the profile of %s does not name the account %s", p.username, p.account.Name)
				}
			}
			first, second := noor.says(guild, sophia, "What do you know of me?"), pavel.says(guild, sophia, "And of me?")
			noor.toldOnly(noor.answered(first), walktest.Facts("noor")...)
			pavel.toldOnly(pavel.answered(second), walktest.Facts("pavel")...)

			ada.goes("/teams/harbour/people")
			for _, p := range both {
				ada.waits(`form[action="/teams/harbour/people/` + p.username + `/remove"]`)
			}
			third := s.enters("quinn", scripts)
			if status := third.goes(strings.TrimPrefix(link, s.Web)); status/100 != 4 || third.has(`form[action^="/join/"]`) {
				t.Errorf("by a link for two, a third person gets %d: %s", status, third.page())
			}
		})
	}
}

// harbour sets the server up with the team Harbour, whose guild has one mate,
// and returns its admin.
func (s *stage) harbour(scripts bool) (*person, discordtest.Guild, discordtest.Application) {
	s.Helper()
	ada, guild, sophia := s.serves(scripts, "invite")
	ada.goes("/teams/harbour/connect")
	ada.presses(`form[action="/teams/harbour/install"] button`)
	ada.authorizes(guild.ID)
	ada.waits(`progress[value="1"]`)
	return ada, guild, sophia
}

// serves sets the server up with the team Harbour and a mate that it can add
// to its guild. signUp says who may make an account.
func (s *stage) serves(scripts bool, signUp string) (*person, discordtest.Guild, discordtest.Application) {
	s.Helper()
	ada := s.enters("ada", scripts)
	ada.open(s.SetupLink())
	ada.newcomer()
	ada.types("team", "Harbour")
	ada.presses(`form[action="/setup"] button`)
	v := ada.visitor()
	v.Post("/server/settings", url.Values{"name": {"Pier"}, "url": {s.Web}, "sign_up": {signUp}, "currency": {"EUR"}}, "/server/setup")
	v.Post("/server/providers", url.Values{"kind": {"compatible"}, "label": {"Test"}, "url": {s.Model.URL()}}, "gpt-5-mini")
	guild := s.Sim.AddGuild(ada.account.ID, "Quay")
	sophia := s.application(ada.account, "Sophia")
	v.Post("/server/bots/discord/sophia", url.Values{"token": {sophia.Token}, "secret": {sophia.Secret}}, sophia.ID)
	return ada, guild, sophia
}

// application is one at Discord's developer portal, set up as the guide says.
func (s *stage) application(owner discordtest.Person, name string) discordtest.Application {
	app := s.Sim.AddApplication(owner.ID, name)
	s.Sim.Configure(app.ID, func(c *discordtest.Settings) {
		c.Redirects = []string{s.Web + "/messenger/connect"}
		c.CodeGrant = true
	})
	return app
}

// invites makes an invite link for so many people.
func (p *person) invites(team, uses string) string {
	p.tab.Helper()
	p.goes("/teams/" + team + "/invites")
	p.types("note", "For the new colleagues")
	p.types("uses", uses)
	return p.makesLink(team)
}

// makesLink sends the form for an invite and reads the link that it gives.
func (p *person) makesLink(team string) string {
	p.tab.Helper()
	p.presses(`form[action="/teams/` + team + `/invites"] button`)
	link := p.tab.read(`[...document.querySelectorAll("main code")].map(e => e.innerText).find(s => s.includes("/join/")) || ""`)
	if link == "" {
		p.tab.Fatalf("no invite link is shown: %s", p.tab.read("document.body.innerText"))
	}
	return link
}
