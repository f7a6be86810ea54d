package web

import (
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/messenger/discord"
)

// A bot that somebody added by a bare link says once how it is connected, in
// the first channel where it may write; in a team's guild it says nothing.
func TestABareLinkIsGreetedOnce(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	wants(t, a.back(a.ada, a.sophia()), 303)
	a.sim.SetOverwrite(a.theirs.General, a.mark.BotID, 0, int64(discord.SendMessages))
	open := a.sim.AddChannel(a.theirs.ID, "welcome")
	a.sim.Install(a.theirs.ID, a.mark.ID, int64(discord.Default))
	a.sim.Install(a.ours.ID, a.mark.ID, int64(discord.Default))
	mark := a.botID("mark")
	a.await("the gateway has told of both guilds", func() bool {
		_, one := a.db.InstallationAt(t.Context(), mark, openmates.WorkspaceID(a.theirs.ID))
		_, two := a.db.InstallationAt(t.Context(), mark, openmates.WorkspaceID(a.ours.ID))
		return openmates.CodeOf(one) == "" && openmates.CodeOf(two) == ""
	})
	a.later(2 * time.Minute)
	for range 2 {
		must(t, a.connect.GreetStrangers(t.Context()))
	}
	said := a.sim.Messages(open.ID)
	if len(said) != 1 || said[0].AuthorID != a.mark.BotID || !strings.Contains(said[0].Content, a.url) || !strings.Contains(said[0].Content, "Connect") {
		t.Errorf("said %+v", said)
	}
	if got := len(a.sim.Messages(a.ours.General)) + len(a.sim.Messages(a.theirs.General)); got != 0 {
		t.Errorf("%d messages elsewhere", got)
	}
}
