package walk

import (
	"strings"
	"testing"

	"openmates/internal/messenger/discord/discordtest"
)

// A server moves to another name while somebody uses it: the browser shows what
// that means, the link to the new address works, and the overview shows the
// redirect that Discord doesn't know yet, without anybody asking.
func TestAServerMovesInABrowser(t *testing.T) {
	t.Parallel()
	b := browse(t)
	sim := discordtest.Start(t, discordtest.Config{})
	person := sim.AddPerson("Ada")
	p := start(t, map[string]string{"OPENMATES_DISCORD_API": sim.API(), "OPENMATES_DISCORD_AUTHORIZE": sim.Authorize()},
		"serve", "--addr", "127.0.0.1:0", "--data", t.TempDir())
	app := sim.AddApplication(person.ID, "Sophia")
	sim.Configure(app.ID, func(c *discordtest.Settings) {
		c.Redirects = []string{p.Web + "/messenger/connect"}
		c.CodeGrant = true
	})
	b.setsUp(p.SetupLink())
	b.open(p.Web + "/server/bots/discord/sophia")
	b.fill("token", app.Token)
	b.fill("secret", app.Secret)
	b.click("Check and save")
	b.sees("Online")

	now := strings.Replace(p.Web, "127.0.0.1", "localhost", 1)
	b.open(p.Web + "/server/settings")
	b.fill("url", now)
	b.click("Save")
	b.sees("The address has changed")
	b.sees(now + "/messenger/connect")
	b.click("Continue at the new address")
	b.sees("Username")
	if at := b.read("location.origin"); at != now {
		t.Errorf("the way on leads to %s", at)
	}
	b.fill("username", "ada")
	b.fill("password", "three quiet lighthouses")
	b.click("Sign in")
	b.sees("The server’s name and address")
	b.open(now + "/server")
	b.sees("replace it with exactly this address, and save: " + now) // the page notices by itself
	b.open(now + "/teams/harbour/connect")
	b.sees("almost right")
	sim.Configure(app.ID, func(c *discordtest.Settings) { c.Redirects = []string{now + "/messenger/connect"} })
	b.open(now + "/server/bots/discord/sophia")
	b.click("Check again")
	b.sees("and the redirect points there")
}
