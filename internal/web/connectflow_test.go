package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"openmates/internal/messenger/discord"
)

var aNext = regexp.MustCompile(`name="mate" value="([a-z]+)"><input type="hidden" name="network" value="discord"><input type="hidden" name="workspace" value="(\d+)">\s*<button autofocus>Next: `)

// After the first mate, each further one is one click here and one click on
// Authorize, with the guild chosen already; what the page shows follows what
// happens in the guild.
func TestMatesFollowWithOneClickEach(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	got := a.ada.get("/teams/harbour/connect")
	wants(t, got, 200, "Connect your first workspace", "Authorize on Discord")
	got = a.back(a.ada, a.sophia())
	clicks := 0
	for {
		got = a.ada.get(got.header.Get("Location"))
		next := aNext.FindStringSubmatch(got.body)
		if next == nil {
			break
		}
		page := a.begin(a.ada, "/teams/harbour/install", url.Values{"mate": {next[1]}, "network": {"discord"}, "workspace": {next[2]}})
		if u, _ := url.Parse(page); u.Query().Get("guild_id") != a.ours.ID || u.Query().Get("disable_guild_select") != "true" || u.Query().Get("scope") != "bot applications.commands" {
			t.Errorf("the consent page is %s", page)
		}
		got = a.back(a.ada, a.approve(page, a.ann, ""))
		wants(t, got, 303)
		clicks++
	}
	wants(t, got, 200, "2 of 2 mates added", "All mates are added")
	if clicks != 1 {
		t.Errorf("%d clicks for the mates after the first", clicks)
	}
	guest := fmt.Sprintf("/teams/harbour/connect/discord/%s/", a.ours.ID)

	// A test message, once a minute, where the mate can answer.
	wants(t, a.ada.get(guest+"sophia"), 200, "#general", "Send a test message")
	wants(t, a.ada.follow(guest+"sophia/test", url.Values{"channel": {a.ours.General}}), 200, "has posted in #general")
	wants(t, a.ada.post(guest+"sophia/test", url.Values{"channel": {a.ours.General}}), 429, "Wait a minute before sending another")
	wants(t, a.ada.post(guest+"mark/test", url.Values{"channel": {a.theirs.General}}), 422, "see this channel")
	if said := a.sim.Messages(a.ours.General); len(said) != 1 || said[0].AuthorID != a.app.BotID {
		t.Errorf("said %+v", said)
	}
	// A permission that a channel takes away is named.
	a.sim.SetOverwrite(a.ours.General, a.mark.BotID, 0, int64(discord.SendMessages))
	wants(t, a.ada.get(guest+"mark"), 200, "Send Messages is missing")
	wants(t, a.ada.post(guest+"mark/test", url.Values{"channel": {a.ours.General}}), 422, "is missing a permission")

	// A kick is noticed live, and adding it again is the cure.
	a.sim.Kick(a.ours.ID, a.app.BotID)
	a.shows("/teams/harbour/connect", "Removed", "Add again", "1 of 2 mates added")

	// Another team sees nothing of it and takes nothing away.
	for _, path := range []string{guest + "mark/remove", guest + "mark/test", strings.TrimSuffix(guest, "/") + "/disconnect"} {
		for _, f := range []url.Values{{}, sure(nil)} {
			wants(t, a.eve.post(path, f), 404)
			wants(t, a.eve.post(strings.Replace(path, "harbour", "lighthouse", 1), f), 404)
		}
	}
	wants(t, a.ada.confirms(strings.TrimSuffix(guest, "/")+"/disconnect", url.Values{}), 200, "Ours is disconnected, and all mates have left it", "Connect your first workspace")
	if !a.left(a.ours) {
		t.Error("Mark stayed")
	}
	// Now another team may have it.
	wants(t, a.back(a.eve, a.install(a.eve, "lighthouse", "sophia", a.ann, a.ours)), http.StatusSeeOther)
	lines := 0
	all, err := a.db.InstallationsOf(context.Background(), a.team.ID)
	must(t, err)
	if lines += len(all); lines != 0 {
		t.Errorf("Harbour still has %+v", all)
	}
}

// A mate that left while nobody listened is shown as removed all the same, for
// the page asks.
func TestAKickDuringAnOutageIsSeen(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	wants(t, a.back(a.ada, a.sophia()), 303)
	a.sim.Freeze(a.app.ID, true) // nothing reaches the listener
	a.sim.Kick(a.ours.ID, a.app.BotID)
	a.connect.Forget()
	a.shows("/teams/harbour/connect", "Removed", "Add again")
}

// Several consent pages may be open at once, in any order.
func TestSeveralTabs(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	one := a.sophia()
	two := a.install(a.ada, "harbour", "mark", a.ann, a.ours)
	mine := a.link(a.ada, a.ann)
	wants(t, a.back(a.ada, two), 303)
	wants(t, a.back(a.ada, mine), 303)
	wants(t, a.back(a.ada, one), 303)
	wants(t, a.ada.get("/teams/harbour/connect?at="+a.ours.ID), 200, "2 of 2 mates added")
	if to := a.back(a.ada, mine); to.status != 422 {
		t.Errorf("a link once more: %d", to.status)
	}
}
